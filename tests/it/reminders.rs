//! What rules leave for later, and what they do beyond answering.

use mock_wecom::{Action, Entry, MockWecom};

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, MEMBER, OTHER_CUSTOMER, applied, calls, eventually, fault, mock,
};

const TASK: &str = "externalcontact/add_msg_template";

const RULES: &str = "\
version: 1
rules:
  - id: later
    when: {any: [明天再说]}
    do: [{remind: {who: 负责人, in: 2h, text: \"{{ contact.name | default('客户') }}：{{ message.text }}\"}}]
  - id: opening
    when: {any: [下班了吗]}
    do: [{remind: {who: 售后组, at: 下一个工作时间, text: 有客户等着}}]
  - id: bye
    when: {any: [再见]}
    do: [{reply: hello}, {end_session: true}]
  - id: points
    when: {any: [签到]}
    do: [{points: {add: 5, why: 签到}}]
  - id: many points
    when: {any: [兑换], contact: {points: \">= 10\"}}
    do: [{reply: hello}]
  - id: mass
    channel: [app]
    when: {match: exact, any: [发活动]}
    do: [{mass_message: {template: hello, audience: {has_tag: 意向/退款}}}]
";

const CALENDAR: &str = "\
version: 1
hours:
  工作时间: {days: 工作日, from: \"09:00\", to: \"18:00\"}
holidays: cn
";

async fn start(mock: &MockWecom) -> Agent {
    AgentBuilder::new()
        .file("rules/more.yaml", RULES)
        .file("rules/calendar.yaml", CALENDAR)
        .start(mock)
        .await
}

/// What a message or a card says.
fn text(call: &Entry) -> &str {
    let body = &call.request["body"];
    let said = body["text"]["content"].as_str();
    let said = said.or_else(|| body["template_card"]["sub_title_text"].as_str());
    said.unwrap_or_default()
}

#[tokio::test]
async fn a_reminder_comes_when_it_is_due_also_after_a_crash() {
    let mock = mock().await;
    let mut agent = start(&mock).await;
    agent.move_to(&mock, "2026-11-23 15:00");
    mock.say(CUSTOMER, "明天再说吧").await.expect("push");
    agent.timers(1).await;
    agent.move_to(&mock, "2026-11-23 16:58");
    agent.kill();
    agent.restart(&mock).await;
    agent.idle().await;
    assert_eq!(mock.calls("message/send").len(), 0);
    agent.move_to(&mock, "2026-11-23 17:01");
    let told = calls(&mock, "message/send", 1).await;
    assert_eq!(told[0].request["body"]["touser"], MEMBER);
    assert!(
        text(&told[0]).ends_with("：明天再说吧"),
        "{}",
        text(&told[0])
    );
    agent.move_to(&mock, "2026-11-25 17:00");
    agent.idle().await;
    assert_eq!(applied(&mock, "message/send").len(), 1);
}

#[tokio::test]
async fn a_reminder_can_wait_for_the_next_opening() {
    let mock = mock().await;
    let agent = start(&mock).await;
    // A Friday evening: Monday at nine is next.
    agent.move_to(&mock, "2026-11-27 20:00");
    mock.say(CUSTOMER, "下班了吗").await.expect("push");
    agent.timers(1).await;
    agent.move_to(&mock, "2026-11-30 08:58");
    agent.idle().await;
    assert_eq!(mock.calls("message/send").len(), 0);
    agent.move_to(&mock, "2026-11-30 09:00");
    let told = calls(&mock, "message/send", 1).await;
    assert_eq!(told[0].request["body"]["touser"], "zhao.min");
    assert_eq!(text(&told[0]), "有客户等着");
}

#[tokio::test]
async fn a_session_ends_behind_the_last_answer() {
    let mock = mock().await;
    let agent = start(&mock).await;
    mock.say(CUSTOMER, "再见").await.expect("push");
    let moves = calls(&mock, "service_state/trans", 2).await;
    agent.idle().await;
    let states: Vec<_> = moves
        .iter()
        .map(|call| call.request["body"]["service_state"].clone())
        .collect();
    assert_eq!(states, [1, 4]);
    let said = applied(&mock, "kf/send_msg");
    assert_eq!(said.len(), 1);
    assert!(said[0].id < moves[0].id);
    // A second wish finds the next session, which the next message opened.
    mock.say(CUSTOMER, "再见").await.expect("push");
    calls(&mock, "service_state/trans", 4).await;
    agent.idle().await;
    assert_eq!(agent.queue("failed").await.len(), 0);
}

#[tokio::test]
async fn points_add_up_once_each() {
    let mock = mock().await;
    let agent = start(&mock).await;
    let words = ["兑换", "签到", "兑换", "签到", "兑换"];
    for (said, word) in words.into_iter().enumerate() {
        mock.say(CUSTOMER, word).await.expect("push");
        agent.queued("done", said + 1).await;
    }
    agent.idle().await;
    assert_eq!(applied(&mock, "kf/send_msg").len(), 1);
}

#[tokio::test]
async fn a_mass_message_becomes_one_task_for_those_who_match() {
    let mock = mock().await;
    let agent = start(&mock).await;
    for customer in [CUSTOMER, OTHER_CUSTOMER] {
        mock.say(customer, "退款").await.expect("push");
    }
    calls(&mock, "externalcontact/mark_tag", 2).await;
    agent.idle().await;
    crate::support::member_says(&mock, MEMBER, "发活动").await;
    let tasks = calls(&mock, TASK, 1).await;
    let mut to: Vec<String> =
        serde_json::from_value(tasks[0].request["body"]["external_userid"].clone())
            .expect("a list");
    to.sort();
    assert_eq!(to, [CUSTOMER, OTHER_CUSTOMER]);
    assert_eq!(text(&tasks[0]), "您好");

    // Whether a lost answer made a task is looked up before anything is tried again.
    fault(&mock, TASK, Action::DropAfter);
    crate::support::member_says(&mock, MEMBER, "发活动").await;
    eventually("a second call", async || {
        (mock.calls(TASK).len() == 2).then_some(())
    })
    .await;
    // The minute until the look begins when the agent has noted what happened.
    eventually("the task is found", async || {
        agent.ahead(&mock, 60);
        (agent.ready().await["queues"]["outbox"] == 0).then_some(())
    })
    .await;
    assert_eq!(mock.calls(TASK).len(), 2);
}
