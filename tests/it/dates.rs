//! Days that attributes of customers name.

use crate::support::{Agent, AgentBuilder, CUSTOMER, MEMBER, calls, eventually, mock, operator};

const RULES: &str = "\
version: 1
rules:
  - id: birthday is
    when: {regex: '生日(?<day>[\\d月日历农]+)'}
    do: [{set: {生日: \"{{ m.day }}\"}}]
";

const DAYS: &str = "\
version: 1
rules:
  - id: birthday
    on: date:生日
    date: {before: 1d, at: \"10:00\"}
    do: [{notify: {to: 负责人, text: 明天过生日}}]
";

fn told(call: &mock_wecom::Entry) -> (&str, &str) {
    let body = &call.request["body"];
    let text = body["text"]["content"].as_str().unwrap_or_default();
    (body["touser"].as_str().unwrap_or_default(), text)
}

async fn attribute_is_set(agent: &Agent) {
    agent.queued("done", 1).await;
    agent.idle().await;
}

#[tokio::test]
async fn a_birthday_is_remembered_every_year_also_by_the_lunar_calendar() {
    let mock = mock().await;
    let agent = AgentBuilder::new()
        .file("rules/rules.yaml", RULES)
        .file("rules/days.yaml", DAYS)
        .start(&mock)
        .await;
    agent.move_to(&mock, "2026-11-23 10:00");
    mock.say(CUSTOMER, "我生日12月3日").await.expect("push");
    agent.timers(1).await;
    agent.move_to(&mock, "2026-12-02 09:58");
    agent.idle().await;
    assert_eq!(mock.calls("message/send").len(), 0);
    agent.move_to(&mock, "2026-12-02 10:00");
    let sent = calls(&mock, "message/send", 1).await;
    assert_eq!(told(&sent[0]), (MEMBER, "明天过生日"));
    // The next year's timer is there; a lunar day takes its place.
    agent.timers(1).await;
    mock.say(CUSTOMER, "其实我生日农历8月15日")
        .await
        .expect("push");
    agent.queued("done", 3).await;
    agent.idle().await;
    agent.timers(1).await;
    agent.move_to(&mock, "2027-09-14 10:00");
    calls(&mock, "message/send", 2).await;
}

#[tokio::test]
async fn a_rule_that_comes_later_finds_the_birthdays_known_before() {
    let mock = mock().await;
    let agent = AgentBuilder::new()
        .file("rules/rules.yaml", RULES)
        .start(&mock)
        .await;
    agent.move_to(&mock, "2026-11-23 10:00");
    mock.say(CUSTOMER, "我生日12月3日").await.expect("push");
    attribute_is_set(&agent).await;
    agent.timers(0).await;
    std::fs::write(agent.folder().join("rules/days.yaml"), DAYS).expect("a file");
    eventually("the timer is set", async || {
        (agent.ready().await["queues"]["timers"] == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_day_that_cannot_be_read_is_marked_and_counted() {
    let mock = mock().await;
    let agent = AgentBuilder::new()
        .file("rules/rules.yaml", RULES)
        .file("rules/days.yaml", DAYS)
        .start(&mock)
        .await;
    mock.say(CUSTOMER, "我生日农历日").await.expect("push");
    attribute_is_set(&agent).await;
    agent.timers(0).await;
    let shown = agent.run(&["contacts", "show", CUSTOMER]).stdout;
    let shown = String::from_utf8(shown).expect("UTF-8");
    assert!(
        shown.contains("负责人 lin.mei") && shown.contains("  扫二维码\n"),
        "{shown}"
    );
    let line = shown.lines().find(|line| line.contains("生日 = 农历日"));
    assert!(
        line.is_some_and(|line| line.contains("读不出日期")),
        "{shown}"
    );
    let ran = operator::run(agent.folder(), &["doctor"]).await;
    let told = ran.stdout.as_str();
    assert_eq!(ran.code, Some(0), "a hint: {}", ran.all());
    assert!(told.contains("! 客户资料里的日期"), "{told}");
    assert!(told.contains(CUSTOMER), "{told}");
    assert!(!told.contains("农历日"), "{told}");
}
