//! Customers who wait, and who is told: the ladder and the roster.

use mock_wecom::{Entry, KfSay, MockWecom};

use crate::support::{Agent, AgentBuilder, CUSTOMER, KF, applied, calls, mock};

const SEND: &str = "message/send";

const CALENDAR: &str = "\
version: 1
hours:
  工作时间: {days: 工作日, from: \"09:00\", to: \"18:00\"}
holidays: cn
";

const ROSTER: &str = "\
version: 1
groups:
  值班组:
    shifts:
      - {who: wang.wei, days: 工作日, from: \"09:00\", to: \"13:00\"}
      - {who: zhao.min, days: 工作日, from: \"13:00\", to: \"18:00\"}
      - {who: lin.mei, dates: [2026-11-25], from: \"09:00\", to: \"18:00\"}
unanswered:
  hours: 工作时间
  hand_over: 值班组
  steps:
    - {after: 5m, tell: 值班组}
    - {after: 10m, tell: 值班组}
    - {after: 20m, tell: lin.mei}
";

const RULES: &str = "\
version: 1
rules:
  - id: price
    when: {any: [价格]}
    do: [{reply: hello}]
  - id: urgent
    when: {any: [加急]}
    do: [{notify: {to: 值班组, text: 有急事}}]
";

async fn start(mock: &MockWecom) -> Agent {
    AgentBuilder::new()
        .file("rules/rules.yaml", RULES)
        .file("rules/calendar.yaml", CALENDAR)
        .file("rules/roster.yaml", ROSTER)
        .start(mock)
        .await
}

fn told(call: &Entry) -> (&str, &str) {
    let body = &call.request["body"];
    let text = body["text"]["content"].as_str().unwrap_or_default();
    (body["touser"].as_str().unwrap_or_default(), text)
}

async fn servicer_says(mock: &MockWecom, text: &str) {
    let said = KfSay {
        open_kfid: Some(KF.to_owned()),
        external_userid: CUSTOMER.to_owned(),
        content: Some(text.to_owned()),
        servicer_userid: Some("zhao.min".to_owned()),
        ..KfSay::default()
    };
    mock.kf_say(said).await.expect("said");
}

#[tokio::test]
async fn who_waits_is_told_of_step_by_step_until_somebody_answers() {
    let mock = mock().await;
    let agent = start(&mock).await;
    agent.move_to(&mock, "2026-11-23 12:50");
    mock.say(CUSTOMER, "在吗").await.expect("push");
    agent.timers(1).await;
    agent.move_to(&mock, "2026-11-23 12:56");
    let sent = calls(&mock, SEND, 1).await;
    let (who, text) = told(&sent[0]);
    assert_eq!(who, "wang.wei");
    assert!(text.ends_with("还没有人回：在吗"), "{text}");
    // The next shift has begun.
    agent.move_to(&mock, "2026-11-23 13:01");
    assert_eq!(told(&calls(&mock, SEND, 2).await[1]).0, "zhao.min");
    servicer_says(&mock, "您好，请讲").await;
    agent.timers(0).await;
    agent.move_to(&mock, "2026-11-23 14:00");
    agent.idle().await;
    assert_eq!(applied(&mock, SEND).len(), 2);
    // Who is answered by a rule does not wait.
    mock.say(CUSTOMER, "价格").await.expect("push");
    calls(&mock, "kf/send_msg", 1).await;
    agent.idle().await;
    agent.timers(0).await;
}

#[tokio::test]
async fn who_wrote_after_hours_is_handed_over_at_the_opening() {
    let mock = mock().await;
    let agent = start(&mock).await;
    agent.move_to(&mock, "2026-11-24 20:00");
    mock.say(CUSTOMER, "有人吗").await.expect("push");
    agent.timers(1).await;
    agent.move_to(&mock, "2026-11-25 08:58");
    agent.idle().await;
    assert_eq!(applied(&mock, SEND).len(), 0);
    agent.move_to(&mock, "2026-11-25 09:00");
    // On this date the roster names somebody else.
    assert_eq!(told(&calls(&mock, SEND, 1).await[0]).0, "lin.mei");
    agent.move_to(&mock, "2026-11-25 09:06");
    assert_eq!(calls(&mock, SEND, 2).await.len(), 2);
    agent.move_to(&mock, "2026-11-25 09:30");
    calls(&mock, SEND, 4).await;
    agent.timers(0).await;
    agent.move_to(&mock, "2026-11-26 12:00");
    agent.idle().await;
    assert_eq!(applied(&mock, SEND).len(), 4);
}

#[tokio::test]
async fn nobody_on_duty_means_who_comes_next() {
    let mock = mock().await;
    let agent = start(&mock).await;
    agent.move_to(&mock, "2026-11-23 20:00");
    mock.say(CUSTOMER, "加急").await.expect("push");
    assert_eq!(
        told(&calls(&mock, SEND, 1).await[0]),
        ("wang.wei", "有急事")
    );
}
