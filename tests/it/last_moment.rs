//! What was decided in the evening and leaves in the morning is asked about once more: who has
//! bought, wants peace or has gone meanwhile hears nothing, and operators have the last word.

use mock_wecom::{ContactDelete, MockWecom};
use serde_json::{Value, json};

use crate::never_too_much::{add, tagged};
use crate::programmes::{json_of, reported};
use crate::support::{
    Agent, AgentBuilder, MEMBER, applied, calls, errcode, eventually, fault, mock, said_by_bot,
};

const TASK: &str = "externalcontact/add_msg_template";
const APP: &str = "message/send";
const TOO_OFTEN: i64 = 45009;

const RULES: &str = "\
version: 1
rules:
  - {id: new, on: added, do: [{tag: 来源/新客}]}
  - {id: peace, when: {any: [别打扰]}, do: [{tag: 名单/勿扰}]}
  - {id: bought, when: {any: [买了]}, do: [{tag: 客户/已购买}]}
";

const OUTREACH: &str = "\
version: 1
outreach:
  quiet: {from: \"21:00\", to: \"09:00\"}
  do_not_disturb: [名单/勿扰]
sops:
";

fn plan(id: &str, steps: &str) -> String {
    format!(
        "  - id: {id}\n    kind: lifecycle\n    audience: {{has_tag: 来源/新客}}\n    \
         exit_when: [{{has_tag: 客户/已购买}}]\n    steps: [{steps}]\n"
    )
}

async fn start(mock: &MockWecom, plans: &str) -> Agent {
    let agent = AgentBuilder::new()
        .file("rules/rules.yaml", RULES)
        .file("sops/plans.yaml", plans)
        .file("templates/news.txt", "春茶到了")
        .file("templates/more.txt", "茶会")
        .file("templates/card.txt", "给 {{ contact.name | default(0) }}")
        .edit("timeout = \"2s\"", "timeout = \"30s\"")
        .start(mock)
        .await;
    agent.move_to(mock, "2026-11-23 10:00");
    agent
}

fn receivers(mock: &MockWecom) -> Vec<Vec<String>> {
    let tasks = applied(mock, TASK);
    let each = tasks.iter().map(|task| {
        let list = task.request["body"]["external_userid"].as_array();
        let ids = list.into_iter().flatten().filter_map(Value::as_str);
        ids.map(str::to_owned).collect()
    });
    each.collect()
}

async fn gathered(agent: &Agent, count: u64) {
    eventually(&format!("{count} gather"), async || {
        let gathering = agent.broadcasts("gathering").await;
        let each = gathering.iter();
        let planned: u64 = each
            .filter_map(|one| one["counts"]["planned"].as_u64())
            .sum();
        (planned == count).then_some(())
    })
    .await;
}

async fn waits(agent: &Agent, what: &str, why: &str) {
    eventually(&format!("{what} waits: {why}"), async || {
        let held = agent.queue("ready").await;
        let mut held = held.iter().filter(|item| item["what"] == what);
        held.any(|item| item["reason"] == why).then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_leaves_in_the_night_hears_nothing_in_the_morning() {
    let mock = mock().await;
    let group =
        "{at: 0d 20:58, via: broadcast, do: [{send: news}]}, {at: 9d 10:00, do: [{tag: a/b}]}";
    let card = "{at: 0d 20:58, via: staff, do: [{send: card}]}, {at: 9d 10:00, do: [{tag: a/b}]}";
    let plans = format!("{OUTREACH}{}{}", plan("群发", group), plan("手发", card));
    let agent = start(&mock, &plans).await;
    for id in ["wmSTAY", "wmPEACE", "wmBOUGHT", "wmGONE"] {
        add(&mock, &agent, id).await;
    }
    agent.idle().await;
    fault(&mock, APP, errcode(TOO_OFTEN));
    agent.move_to(&mock, "2026-11-23 20:58");
    gathered(&agent, 4).await;
    reported(&agent, "手发", 0, json!({ "delivery": { "planned": 4 } })).await;
    agent.move_to(&mock, "2026-11-23 21:05");
    waits(&agent, "mass_send", "quiet hours").await;
    waits(&agent, "app_send", "quiet hours").await;
    let night = json!({ "quiet hours": 4 });
    reported(&agent, "手发", 0, json!({ "delivery_why": night })).await;

    mock.say("wmPEACE", "别打扰我").await.expect("push");
    mock.say("wmBOUGHT", "我买了").await.expect("push");
    tagged(&agent, "wmPEACE", "名单/勿扰").await;
    tagged(&agent, "wmBOUGHT", "客户/已购买").await;
    let gone = ContactDelete {
        external_userid: "wmGONE".to_owned(),
        userid: MEMBER.to_owned(),
        ..ContactDelete::default()
    };
    mock.deleted(gone).await.expect("a customer");
    eventually("they are gone", async || {
        agent.known("wmGONE").await["lost_at"].as_i64().map(|_| ())
    })
    .await;

    agent.move_to(&mock, "2026-11-24 09:00");
    calls(&mock, TASK, 1).await;
    assert_eq!(receivers(&mock), [["wmSTAY"]]);
    // Why it was held stays known of the one that has left.
    let why = json!({
        "quiet hours": 1,
        "they do not want to be disturbed": 1,
        "they have left the SOP": 1,
        "no longer a contact of the member": 1,
    });
    for plan in ["群发", "手发"] {
        // Who is left out is so by the step's own time; who hears it hears it late.
        reported(&agent, plan, 0, json!({ "late": 1, "on_time": 3 })).await;
        let counts = json!({ "refused": 3, "created": 1 });
        reported(&agent, plan, 0, json!({ "delivery": counts })).await;
        let mut told = json_of(&agent, &["sop", "report", plan])[0]["delivery_why"].take();
        // The task may have been looked at in the night or not.
        told["quiet hours"] = json!(1);
        assert_eq!(told, why, "{plan}");
    }
    // The card comes after what is to be forwarded.
    calls(&mock, APP, 3).await;
    agent.idle().await;
    let told = said_by_bot(&mock, MEMBER);
    let given: Vec<_> = told.iter().filter(|text| text.starts_with("给 ")).collect();
    assert_eq!(given, ["给 wmSTAY"]);
}

#[tokio::test]
async fn operators_hold_and_take_back_what_has_gathered() {
    let mock = mock().await;
    let news =
        "{at: 0d 20:58, via: broadcast, do: [{send: news}]}, {at: 9d 10:00, do: [{tag: a/b}]}";
    let more = news.replace("news", "more");
    let plans = format!("{OUTREACH}{}{}", plan("取消", news), plan("暂停", &more));
    let agent = start(&mock, &plans).await;
    add(&mock, &agent, "wmSTAY").await;
    agent.idle().await;
    agent.move_to(&mock, "2026-11-23 20:58");
    gathered(&agent, 2).await;
    agent.move_to(&mock, "2026-11-23 21:05");
    waits(&agent, "mass_send", "quiet hours").await;
    assert!(
        agent
            .run(&["sop", "cancel", "取消", "--yes"])
            .status
            .success()
    );
    assert!(agent.run(&["sop", "pause", "暂停"]).status.success());

    agent.move_to(&mock, "2026-11-24 09:00");
    waits(&agent, "mass_send", "the plan is paused").await;
    let why = json!({ "the SOP was cancelled": 1 });
    reported(&agent, "取消", 0, json!({ "delivery_why": why })).await;
    agent.move_to(&mock, "2026-11-24 09:05");
    eventually("it is cancelled", async || {
        (agent.broadcasts("cancelled").await.len() == 1).then_some(())
    })
    .await;
    assert_eq!(mock.calls(TASK).len(), 0);

    assert!(agent.run(&["sop", "resume", "暂停"]).status.success());
    agent.move_to(&mock, "2026-11-24 09:10");
    calls(&mock, TASK, 1).await;
    eventually("members are to confirm it", async || {
        (agent.broadcasts("created").await.len() == 1).then_some(())
    })
    .await;
    let output = agent.run(&["sop", "cancel", "暂停", "--yes"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("broadcasts cancel：bc-"), "{text}");
}

/// Two plans that make up for nothing and one that does, at 15:00, when all is decided and
/// nothing has left.
async fn at_three(mock: &MockWecom) -> Agent {
    let news = "{at: 0d 15:00, via: broadcast, do: [{send: news}]}, {at: 9d, do: [{tag: a/b}]}";
    let skip = |id: &str, steps: &str| plan(id, steps).replace("kind:", "missed: skip\n    kind:");
    let card = news.replace("broadcast", "staff").replace("news", "card");
    let more = news.replace("news", "more");
    let plans = [skip("不补", news), skip("不补卡", &card), plan("补", &more)].concat();
    let agent = start(mock, &format!("{OUTREACH}{plans}")).await;
    add(mock, &agent, "wmSTAY").await;
    agent.idle().await;
    fault(mock, APP, errcode(TOO_OFTEN));
    agent.move_to(mock, "2026-11-23 15:00");
    gathered(&agent, 2).await;
    reported(&agent, "不补卡", 0, json!({ "delivery": { "planned": 1 } })).await;
    // A death in the middle of the try would leave its outcome open.
    eventually("WeCom has refused once", async || {
        let held = agent.queue("ready").await;
        let mut held = held.iter().filter(|item| item["what"] == "app_send");
        held.any(|item| item["attempts"] == 1).then_some(())
    })
    .await;
    agent
}

/// What makes up for nothing was left out for this reason, the rest is late.
async fn only_what_makes_up_is_said(mock: &MockWecom, agent: &Agent, why: &str) {
    let missed = json!({ why: 1 });
    for id in ["不补", "不补卡"] {
        reported(agent, id, 0, json!({ "delivery": { "refused": 1 } })).await;
        reported(agent, id, 0, json!({ "delivery_why": missed })).await;
    }
    let late = json!({ "late": 1, "delivery": { "created": 1 } });
    reported(agent, "补", 0, late).await;
    assert_eq!(applied(mock, TASK).len(), 1);
    assert_eq!(applied(mock, APP).len(), 0);
}

#[tokio::test]
async fn what_was_due_in_a_pause_is_left_out_where_nothing_is_made_up_for() {
    let mock = mock().await;
    let agent = at_three(&mock).await;
    for id in ["不补", "不补卡", "补"] {
        assert!(agent.run(&["sop", "pause", id]).status.success());
    }
    agent.move_to(&mock, "2026-11-23 15:10");
    waits(&agent, "mass_send", "the plan is paused").await;
    waits(&agent, "app_send", "the plan is paused").await;
    agent.move_to(&mock, "2026-11-23 17:00");
    for id in ["不补", "不补卡", "补"] {
        assert!(agent.run(&["sop", "resume", id]).status.success());
    }
    agent.ahead(&mock, 90);
    only_what_makes_up_is_said(&mock, &agent, "it was missed: the plan was paused").await;
}

#[tokio::test]
async fn what_was_to_leave_while_nobody_ran_is_left_out_where_nothing_is_made_up_for() {
    let mock = mock().await;
    let mut agent = at_three(&mock).await;
    agent.kill();
    agent.move_to(&mock, "2026-11-23 17:00");
    agent.restart(&mock).await;
    agent.ahead(&mock, 90);
    only_what_makes_up_is_said(&mock, &agent, "it was missed: the server was down").await;
}

#[tokio::test]
async fn a_day_has_room_for_one_whenever_it_was_decided() {
    let mock = mock().await;
    let steps = "{at: 0d 20:59, via: broadcast, do: [{send: news}]}, \
                 {at: 1d 10:00, via: broadcast, do: [{send: more}]}";
    let outreach = OUTREACH.replace("outreach:", "outreach:\n  per_contact: [1/天]");
    let agent = start(&mock, &format!("{outreach}{}", plan("两条", steps))).await;
    add(&mock, &agent, "wmSTAY").await;
    agent.idle().await;
    // A minute later it would be night: it is decided in the morning.
    agent.move_to(&mock, "2026-11-23 20:59");
    reported(&agent, "两条", 0, json!({ "waiting": 1 })).await;
    agent.move_to(&mock, "2026-11-24 09:00");
    gathered(&agent, 1).await;
    agent.move_to(&mock, "2026-11-24 09:02");
    calls(&mock, TASK, 1).await;
    agent.move_to(&mock, "2026-11-24 10:00");
    reported(&agent, "两条", 1, json!({ "waiting": 1 })).await;
    agent.move_to(&mock, "2026-11-25 10:00");
    gathered(&agent, 1).await;
    let report = json_of(&agent, &["sop", "report", "两条"]);
    assert_eq!(
        (&report[0]["late"], &report[1]["late"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test]
async fn what_wecom_let_wait_for_a_day_counts_on_the_day_it_leaves() {
    let mock = mock().await;
    let steps = "{at: 0d 15:00, via: broadcast, do: [{send: news}]}, \
                 {at: 1d 10:00, via: broadcast, do: [{send: more}]}";
    let outreach = OUTREACH.replace("outreach:", "outreach:\n  per_contact: [1/天]");
    let agent = start(&mock, &format!("{outreach}{}", plan("两条", steps))).await;
    add(&mock, &agent, "wmSTAY").await;
    agent.idle().await;
    fault(&mock, TASK, errcode(TOO_OFTEN));
    agent.move_to(&mock, "2026-11-23 15:00");
    gathered(&agent, 1).await;
    agent.move_to(&mock, "2026-11-23 15:02");
    eventually("WeCom refuses", async || {
        (mock.calls(TASK).len() == 1).then_some(())
    })
    .await;
    agent.move_to(&mock, "2026-11-24 09:30");
    eventually("the task", async || {
        agent.ahead(&mock, 5);
        (applied(&mock, TASK).len() == 1).then_some(())
    })
    .await;
    reported(
        &agent,
        "两条",
        0,
        json!({ "late": 1, "delivery": { "created": 1 } }),
    )
    .await;
    agent.move_to(&mock, "2026-11-24 10:00");
    reported(&agent, "两条", 1, json!({ "waiting": 1 })).await;
    agent.move_to(&mock, "2026-11-25 10:00");
    gathered(&agent, 1).await;
    assert_eq!(applied(&mock, TASK).len(), 1);
}

#[tokio::test]
async fn a_report_tells_what_is_still_on_its_way() {
    let mock = mock().await;
    let agent = at_three(&mock).await;
    let said = |args: &[&str]| {
        let args = [&["sop", "report", "不补卡"], args].concat();
        String::from_utf8(agent.run(&args).stdout).expect("UTF-8")
    };
    let table = said(&[]);
    assert!(table.contains("1 × 待发\n"), "{table}");
    let csv = said(&["--format", "csv"]);
    let (head, step) = (csv.lines().next(), csv.lines().nth(1));
    assert!(
        head.is_some_and(|head| head.ends_with(",待发,待成员确认,成员已确认、待结果,结果不明,原因"))
            && step.is_some_and(|step| step.ends_with(",0,0,1,0,0,0,")),
        "{csv}"
    );
}
