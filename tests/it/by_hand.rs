//! What members send by hand, with a card that asks what became of it; and internal groups.

use mock_wecom::{AppEvent, ContactAdd, Entry, MockWecom};
use serde_json::{Value, json};

use crate::support::{Agent, AgentBuilder, MEMBER, applied, calls, eventually, mock};

const SEND: &str = "message/send";
const UPDATE: &str = "message/update_template_card";
const NEWCOMER: &str = "wmNEWCOMER00000000000000000001";

const PLANS: &str = "\
version: 1
sops:
  - id: 新客
    kind: lifecycle
    audience: {not_tag: 客户/已购买}
    steps:
      - {at: 1d 10:00, via: staff, do: [{send: case}]}
      - {at: 9d 10:00, via: appchat, to: 店长群, do: [{send: case}]}
";

async fn start(mock: &MockWecom) -> Agent {
    start_with(mock, PLANS).await
}

async fn start_with(mock: &MockWecom, plans: &str) -> Agent {
    let agent = AgentBuilder::new()
        .file("sops/plans.yaml", plans)
        .file("templates/case.txt", "案例")
        .config("[appchats]\n\"店长群\" = \"dianzhang1\"\n")
        .start(mock)
        .await;
    agent.move_to(mock, "2026-11-23 10:00");
    let added = ContactAdd {
        external_userid: NEWCOMER.to_owned(),
        userid: MEMBER.to_owned(),
        name: Some("王女士".to_owned()),
        ..ContactAdd::default()
    };
    mock.added(added).await.expect("a member");
    agent.timers(1).await;
    agent.idle().await;
    agent
}

fn card(call: &Entry) -> &Value {
    &call.request["body"]["template_card"]
}

async fn press(mock: &MockWecom, sent: &Entry, button: usize) {
    press_as(mock, MEMBER, sent, button).await;
}

async fn press_as(mock: &MockWecom, member: &str, sent: &Entry, button: usize) {
    let key = card(sent)["button_list"][button]["key"].as_str();
    let press = AppEvent {
        userid: member.to_owned(),
        event: "template_card_event".to_owned(),
        event_key: key.map(str::to_owned),
        msgid: sent.response["msgid"].as_str().map(str::to_owned),
        ..AppEvent::default()
    };
    mock.app_event(press).await.expect("pressed");
}

#[tokio::test]
async fn a_member_says_later_and_then_done_and_the_card_is_changed_in_place() {
    let mock = mock().await;
    let agent = start(&mock).await;
    agent.move_to(&mock, "2026-11-24 10:00");
    let told = calls(&mock, SEND, 3).await;
    assert_eq!(told[1].request["body"]["text"]["content"], "案例");
    assert_eq!(card(&told[2])["main_title"]["title"], "发给 王女士 了吗？");
    assert_eq!(card(&told[2])["sub_title_text"], "案例");
    assert!(told[2].problems.is_empty(), "{:?}", told[2].problems);

    press(&mock, &told[2], 1).await;
    let updates = calls(&mock, UPDATE, 1).await;
    let button = json!({"replace_name": "两小时后再问"});
    assert_eq!(updates[0].request["body"]["button"], button);
    agent.move_to(&mock, "2026-11-24 12:01");
    let told = calls(&mock, SEND, 4).await;
    press(&mock, &told[3], 0).await;
    let updates = calls(&mock, UPDATE, 2).await;
    let button = json!({"replace_name": "已完成"});
    assert_eq!(updates[1].request["body"]["button"], button);
    agent.idle().await;
    assert_eq!(applied(&mock, SEND).len(), 4);
}

#[tokio::test]
async fn later_is_after_the_quiet_hours_and_the_card_says_so() {
    let mock = mock().await;
    let quiet = format!("{PLANS}outreach: {{quiet: {{from: \"21:00\", to: \"08:00\"}}}}\n");
    let agent = start_with(&mock, &quiet).await;
    agent.move_to(&mock, "2026-11-24 10:00");
    let told = calls(&mock, SEND, 3).await;
    agent.move_to(&mock, "2026-11-24 20:30");
    press(&mock, &told[2], 1).await;
    let updates = calls(&mock, UPDATE, 1).await;
    let button = json!({"replace_name": "11月25日 08:00 再问"});
    assert_eq!(updates[0].request["body"]["button"], button);
    agent.idle().await;
    agent.move_to(&mock, "2026-11-25 08:01");
    calls(&mock, SEND, 4).await;
}

/// How far the message of the first step has got.
fn handed_out(agent: &Agent) -> Value {
    let output = agent.run(&["sop", "report", "新客", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    report[0]["delivery"].clone()
}

#[tokio::test]
async fn later_and_skip_survive_a_restart() {
    let mock = mock().await;
    let mut agent = start(&mock).await;
    agent.move_to(&mock, "2026-11-24 10:00");
    let told = calls(&mock, SEND, 3).await;
    agent.idle().await;
    assert_eq!(handed_out(&agent), json!({ "created": 1 }));
    press(&mock, &told[2], 1).await;
    calls(&mock, UPDATE, 1).await;
    agent.idle().await;
    agent.kill();
    agent.restart(&mock).await;
    agent.move_to(&mock, "2026-11-24 11:58");
    agent.idle().await;
    assert_eq!(applied(&mock, SEND).len(), 3);
    agent.move_to(&mock, "2026-11-24 12:01");
    let told = calls(&mock, SEND, 4).await;
    // Killed again before the press: the button carries all it needs.
    agent.idle().await;
    agent.kill();
    agent.restart(&mock).await;
    press(&mock, &told[3], 2).await;
    let updates = calls(&mock, UPDATE, 2).await;
    assert_eq!(
        updates[1].request["body"]["button"],
        json!({"replace_name": "已跳过"})
    );
    agent.idle().await;
    assert_eq!(handed_out(&agent), json!({ "declined": 1 }));
    agent.move_to(&mock, "2026-11-24 20:00");
    agent.idle().await;
    assert_eq!(applied(&mock, SEND).len(), 4);
}

#[tokio::test]
async fn a_step_speaks_in_an_internal_group() {
    let mock = mock().await;
    let agent = start(&mock).await;
    agent.move_to(&mock, "2026-11-24 10:00");
    calls(&mock, SEND, 3).await;
    agent.idle().await;
    agent.move_to(&mock, "2026-12-02 10:00");
    // The group was never opened: the refusal is seen, and nothing is tried blindly.
    eventually("the call", async || {
        (!mock.calls("appchat/send").is_empty()).then_some(())
    })
    .await;
    let sent = &mock.calls("appchat/send")[0];
    assert_eq!(sent.request["body"]["chatid"], "dianzhang1");
    assert_eq!(sent.request["body"]["text"]["content"], "案例");
    agent.queued("dropped", 1).await;
}

/// What the card says after each press, in the order of the answers.
async fn answered(mock: &MockWecom, presses: usize) -> Vec<String> {
    let updates = calls(mock, UPDATE, presses).await;
    let each = updates.iter().map(|update| {
        let text = update.request["body"]["button"]["replace_name"].as_str();
        text.unwrap_or_default().to_owned()
    });
    each.collect()
}

#[tokio::test]
async fn the_first_final_word_counts_on_every_card_of_a_step() {
    let mock = mock().await;
    let agent = start(&mock).await;
    agent.move_to(&mock, "2026-11-24 10:00");
    let first = calls(&mock, SEND, 3).await.swap_remove(2);
    // Put off on one device, done on the other; then they look at the first one again.
    press(&mock, &first, 1).await;
    answered(&mock, 1).await;
    press(&mock, &first, 0).await;
    assert_eq!(answered(&mock, 2).await[1], "已完成");
    press(&mock, &first, 2).await;
    press(&mock, &first, 1).await;
    assert_eq!(answered(&mock, 4).await[2..], ["已处理过", "已处理过"]);
    agent.idle().await;
    assert_eq!(handed_out(&agent), json!({ "by_hand": 1 }));
    let trace = agent.run(&["trace", MEMBER, "--limit", "1"]);
    let trace = String::from_utf8(trace.stdout).expect("UTF-8");
    assert!(trace.contains("已处理过，以第一次按的为准"), "{trace}");
    // What was put off is not asked about again.
    agent.move_to(&mock, "2026-11-24 12:01");
    agent.idle().await;
    assert_eq!(applied(&mock, SEND).len(), 3);
}

#[tokio::test]
async fn of_two_members_who_press_at_once_one_has_the_word() {
    let mock = mock().await;
    let agent = start(&mock).await;
    agent.move_to(&mock, "2026-11-24 10:00");
    let card = calls(&mock, SEND, 3).await.swap_remove(2);
    tokio::join!(
        press_as(&mock, MEMBER, &card, 0),
        press_as(&mock, "wang.wei", &card, 2),
    );
    let mut said = answered(&mock, 2).await;
    said.sort();
    agent.idle().await;
    let done = handed_out(&agent) == json!({ "by_hand": 1 });
    let word = if done { "已完成" } else { "已跳过" };
    let mut wanted = vec![word.to_owned(), "已处理过".to_owned()];
    wanted.sort();
    assert_eq!(said, wanted);
}

/// A card of ten o'clock was put off by two hours.
async fn put_off(mock: &MockWecom) -> Agent {
    let agent = start(mock).await;
    agent.move_to(mock, "2026-11-24 10:00");
    let told = calls(mock, SEND, 3).await;
    press(mock, &told[2], 1).await;
    answered(mock, 1).await;
    agent.idle().await;
    agent
}

#[tokio::test]
async fn what_was_put_off_waits_while_its_plan_is_paused() {
    let mock = mock().await;
    let agent = put_off(&mock).await;
    assert!(agent.run(&["sop", "pause", "新客"]).status.success());
    agent.move_to(&mock, "2026-11-24 15:00");
    agent.queued("ready", 1).await;
    assert_eq!(applied(&mock, SEND).len(), 3);
    assert!(agent.run(&["sop", "resume", "新客"]).status.success());
    agent.ahead(&mock, 90);
    let told = calls(&mock, SEND, 4).await;
    assert_eq!(card(&told[3])["main_title"]["title"], "发给 王女士 了吗？");
}

#[tokio::test]
async fn what_was_put_off_does_not_come_when_its_plan_is_cancelled() {
    let mock = mock().await;
    let agent = put_off(&mock).await;
    assert!(
        agent
            .run(&["sop", "cancel", "新客", "--yes"])
            .status
            .success()
    );
    agent.move_to(&mock, "2026-11-24 12:01");
    agent.idle().await;
    assert_eq!(applied(&mock, SEND).len(), 3);
}
