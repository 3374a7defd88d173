//! Follow-up plans over days, with the clock moved.

use mock_wecom::{ContactAdd, Entry, MockWecom};

use crate::support::{Agent, AgentBuilder, CUSTOMER, MEMBER, applied, calls, eventually, mock};

const NEWCOMER: &str = "wmNEWCOMER00000000000000000001";
const TASK: &str = "externalcontact/add_msg_template";

const PLANS: &str = "\
version: 1
sops:
  - id: 新客
    kind: lifecycle
    audience: {not_tag: 客户/已购买}
    exit_when: {has_tag: 客户/已购买}
    then: [{tag: 阶段/老客}]
    quiet: {from: \"21:00\", to: \"09:00\", holidays: skip}
    limits: {per_contact: 1/天}
    steps:
      - {at: 0d, do: [{tag: 阶段/头几天}]}
      - {at: 1d 07:30, via: broadcast, do: [{send: case}]}
      - {at: 1d 10:00, via: staff, do: [{send: case}]}
      - at: 3d 10:00
        if: {replied: false}
        do: [{remind: {who: 负责人, text: \"{{ contact.name | default('客户') }} 三天没说话\"}}]
      - {at: 4d 10:00, do: [{untag: 阶段/头几天}]}
  - id: 送礼
    kind: lifecycle
    steps:
      - {at: +1h, do: [{remind: {who: 负责人, text: 问过礼盒}}]}
      - {at: +1d, do: [{tag: 意向/送礼}]}
";

const RULES: &str = "\
version: 1
rules:
  - id: bought
    when: {any: [买了]}
    do: [{tag: 客户/已购买}]
  - id: gift
    when: {match: exact, any: [礼盒]}
    do: [{start_sop: 送礼}]
  - id: no gift
    when: {any: [不要礼盒]}
    do: [{stop_sop: 送礼}]
";

async fn start(mock: &MockWecom) -> Agent {
    AgentBuilder::new()
        .file("rules/sops.yaml", RULES)
        .file("sops/plans.yaml", PLANS)
        .file("templates/case.txt", "案例")
        .start(mock)
        .await
}

/// Somebody new, on Monday at ten.
async fn add(mock: &MockWecom, agent: &Agent, who: &str) {
    agent.move_to(mock, "2026-11-23 10:00");
    let added = ContactAdd {
        external_userid: who.to_owned(),
        userid: MEMBER.to_owned(),
        name: Some("王女士".to_owned()),
        ..ContactAdd::default()
    };
    mock.added(added).await.expect("a member");
    eventually("tagged as new", async || {
        mock.tags_of(MEMBER, who)
            .contains(&"头几天".to_owned())
            .then_some(())
    })
    .await;
}

/// The words of a message or of a card.
fn text(call: &Entry) -> &str {
    let body = &call.request["body"];
    let said = body["text"]["content"].as_str();
    let said = said.or_else(|| body["template_card"]["sub_title_text"].as_str());
    said.unwrap_or_default()
}

/// Waits until the scheduler has looked at a moment, and everything it led to is over.
async fn rest(agent: &Agent, fired: f64) {
    eventually(&format!("{fired} timers have fired"), async || {
        let seen = agent.metric("wecom_agent_timers_fired_total").await;
        (seen >= fired).then_some(())
    })
    .await;
    agent.idle().await;
}

#[tokio::test]
async fn a_plan_plays_over_days_and_each_step_is_done_once() {
    let mock = mock().await;
    let mut agent = start(&mock).await;
    add(&mock, &agent, NEWCOMER).await;

    // Planned for half past seven: the night is quiet until nine.
    agent.move_to(&mock, "2026-11-24 07:31");
    rest(&agent, 2.0).await;
    agent.move_to(&mock, "2026-11-24 08:59");
    agent.idle().await;
    assert_eq!(mock.calls(TASK).len(), 0);
    agent.kill();
    agent.restart(&mock).await;
    agent.move_to(&mock, "2026-11-24 09:00");
    rest(&agent, 1.0).await;
    // Others could join for a minute.
    agent.move_to(&mock, "2026-11-24 09:02");
    let tasks = calls(&mock, TASK, 1).await;
    let body = &tasks[0].request["body"];
    assert_eq!(body["sender"], MEMBER);
    assert_eq!(body["external_userid"], serde_json::json!([NEWCOMER]));
    assert_eq!(text(&tasks[0]), "案例");
    assert!(tasks[0].problems.is_empty(), "{:?}", tasks[0].problems);

    // The second message of the day waits for the next one.
    agent.move_to(&mock, "2026-11-24 10:01");
    rest(&agent, 2.0).await;
    assert_eq!(applied(&mock, "message/send").len(), 0);
    agent.move_to(&mock, "2026-11-25 10:01");
    let by_hand = calls(&mock, "message/send", 3).await;
    assert_eq!(by_hand[0].request["body"]["touser"], MEMBER);
    assert_eq!(text(&by_hand[0]), "请把下面的内容发给客户 王女士：");
    assert_eq!(text(&by_hand[1]), "案例");
    let asked = &by_hand[2].request["body"]["template_card"]["main_title"]["title"];
    assert_eq!(asked, "发给 王女士 了吗？");

    agent.move_to(&mock, "2026-11-26 10:00");
    let told = calls(&mock, "message/send", 4).await;
    assert_eq!(text(&told[3]), "王女士 三天没说话");

    agent.kill();
    agent.restart(&mock).await;
    agent.move_to(&mock, "2026-11-27 10:00");
    eventually("no longer new", async || {
        let tags = mock.tags_of(MEMBER, NEWCOMER);
        (!tags.contains(&"头几天".to_owned())).then_some(())
    })
    .await;
    agent.move_to(&mock, "2026-12-27 10:00");
    agent.idle().await;
    assert_eq!(applied(&mock, TASK).len(), 1);
    assert_eq!(applied(&mock, "message/send").len(), 4);
    assert_eq!(agent.ready().await["queues"]["timers"], 0);
}

#[tokio::test]
async fn who_has_bought_leaves_before_the_next_step() {
    let mock = mock().await;
    let agent = start(&mock).await;
    add(&mock, &agent, NEWCOMER).await;
    mock.say(NEWCOMER, "买了").await.expect("push");
    eventually("tagged as a buyer", async || {
        mock.tags_of(MEMBER, NEWCOMER)
            .contains(&"已购买".to_owned())
            .then_some(())
    })
    .await;

    agent.move_to(&mock, "2026-11-24 12:00");
    eventually("then", async || {
        mock.tags_of(MEMBER, NEWCOMER)
            .contains(&"老客".to_owned())
            .then_some(())
    })
    .await;
    agent.move_to(&mock, "2026-12-24 12:00");
    agent.idle().await;
    assert_eq!(mock.calls(TASK).len(), 0);
    assert_eq!(mock.calls("message/send").len(), 0);
}

#[tokio::test]
async fn a_rule_begins_a_plan_and_another_ends_it() {
    let mock = mock().await;
    let agent = start(&mock).await;
    agent.move_to(&mock, "2026-11-23 10:00");
    mock.say(CUSTOMER, "礼盒").await.expect("push");
    agent.timers(1).await;
    mock.say(CUSTOMER, "礼盒").await.expect("push");
    agent.queued("done", 2).await;
    agent.move_to(&mock, "2026-11-23 11:01");
    let told = calls(&mock, "message/send", 1).await;
    assert_eq!(text(&told[0]), "问过礼盒");
    agent.idle().await;

    agent.timers(1).await;
    mock.say(CUSTOMER, "不要礼盒").await.expect("push");
    agent.timers(0).await;
    agent.move_to(&mock, "2026-11-26 11:01");
    agent.idle().await;
    let tags = mock.tags_of(MEMBER, CUSTOMER);
    assert!(!tags.contains(&"送礼".to_owned()), "{tags:?}");
    assert_eq!(applied(&mock, "message/send").len(), 1);
}

#[tokio::test]
async fn mochat_who_is_in_a_plan_finishes_on_the_version_they_began_with() {
    let mock = mock().await;
    let agent = start(&mock).await;
    agent.move_to(&mock, "2026-11-23 10:00");
    mock.say(CUSTOMER, "礼盒").await.expect("push");
    agent.timers(1).await;
    let before = agent.ready().await["rules"].clone();

    let changed = PLANS.replace("问过礼盒", "新的话");
    std::fs::write(agent.folder().join("sops/plans.yaml"), changed).expect("a file");
    std::fs::write(
        agent.folder().join("rules/z.yaml"),
        "version: 1\nrules:\n  - {id: z, when: {any: [z]}, do: [{tag: z}]}\n",
    )
    .expect("a file");
    eventually("the new set is in force", async || {
        (agent.ready().await["rules"] != before).then_some(())
    })
    .await;

    agent.move_to(&mock, "2026-11-23 11:01");
    let told = calls(&mock, "message/send", 1).await;
    assert_eq!(text(&told[0]), "问过礼盒");
}
