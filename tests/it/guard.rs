//! No loop: neither our own words, nor a servicer's, nor another bot's set rules off
//! (chatwoot #4070, #6618), and what answers us automatically is not answered for ever.

use mock_wecom::KfSay;

use crate::support::{
    AgentBuilder, CUSTOMER, Callback, MEMBER, OTHER_CUSTOMER, answers, applied, calls, eventually,
    mock, said_by_bot, text_message,
};

/// Answers everything, also its own answer if it ever heard it.
const ECHO: &str = "\
version: 1
rules:
  - id: any
    do: [{reply: hello}, {tag: 来源/官网}]
";

const ALERTS: &str = "[alerts]\nto = [\"wang.wei\"]\n";
const HELD: &str = "wecom_agent_answers_held_total";

fn builder() -> AgentBuilder {
    AgentBuilder::new().file("rules/rules.yaml", ECHO)
}

#[tokio::test]
async fn chatwoot_4070_our_own_words_and_a_servicers_never_set_rules_off() {
    let mock = mock().await;
    let agent = builder().start(&mock).await;
    mock.say(CUSTOMER, "在吗").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    let spoken = KfSay {
        external_userid: CUSTOMER.to_owned(),
        content: Some("您好".to_owned()),
        servicer_userid: Some("zhao.min".to_owned()),
        ..KfSay::default()
    };
    mock.kf_say(spoken).await.expect("said");
    // What it said itself never comes back as somebody's words; the next push proves that
    // everything before it was handled.
    mock.say(OTHER_CUSTOMER, "在吗").await.expect("push");
    answers(&mock, OTHER_CUSTOMER, 1).await;
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, CUSTOMER).len(), 1);
}

#[tokio::test]
async fn chatwoot_6618_words_of_the_platform_and_of_other_bots_never_set_rules_off() {
    let mock = mock().await;
    let agent = builder().start(&mock).await;
    let system = Callback::xml("staff", &text_message("sys", "您好", 1));
    assert_eq!(system.send(&agent).await.0, 200);
    // Somebody without an account of a member speaks in a group: another bot.
    let bot = serde_json::json!({
        "msgid": "M1", "aibotid": "BOT", "chattype": "group", "chatid": "G1", "from": {},
        "msgtype": "text", "text": {"content": "您好"},
        "response_url": format!("{}/cgi-bin/aibot/response?response_code=RC", mock.base_url()),
    });
    let bot = Callback::json("bot", &bot.to_string());
    assert_eq!(bot.send(&agent).await.0, 200);
    let member = Callback::xml("staff", &text_message(MEMBER, "您好", 2));
    assert_eq!(member.send(&agent).await.0, 200);
    answers(&mock, MEMBER, 1).await;
    agent.idle().await;
    let sent = agent.items(&["sent", "failed", "unknown", "dropped"]);
    assert_eq!(sent.len(), 1, "the member's answer: {sent:#?}");
}

#[tokio::test]
async fn a_runaway_is_stopped_and_operators_are_told_once() {
    let mock = mock().await;
    let agent = builder()
        .config("[guard]\nanswers = 3\nwithin = \"10m\"\n")
        .config(ALERTS)
        .start(&mock)
        .await;
    for n in 0..8 {
        mock.say(CUSTOMER, &format!("自动回复 {n}"))
            .await
            .expect("push");
    }
    let told = answers(&mock, "wang.wei", 1).await;
    assert!(
        told[0].contains("防循环") && told[0].contains(CUSTOMER),
        "{told:?}"
    );
    eventually("all are decided", async || {
        (agent.metric(HELD).await >= 5.0).then_some(())
    })
    .await;
    // Others are answered all the while.
    mock.say(OTHER_CUSTOMER, "在吗").await.expect("push");
    answers(&mock, OTHER_CUSTOMER, 1).await;
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, CUSTOMER).len(), 3);
    assert_eq!(said_by_bot(&mock, "wang.wei").len(), 1);

    // The trace says so, in the operator's language.
    let ran = agent.run(&["trace", CUSTOMER, "--limit", "1", "--format", "json"]);
    let known: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    let id = known["records"][0]["id"].as_u64().expect("a number");
    let ran = agent.run(&["trace", &format!("in-{id}")]);
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(text.contains("防循环：600 秒内已自动回答 3 次"), "{text}");
}

#[tokio::test]
async fn a_runaway_floods_no_member_and_still_reaches_a_person() {
    const NOISY: &str = "\
version: 1
rules:
  - id: any
    do: [{reply: hello}, {notify: {to: lin.mei, text: 有人找}}, {robot: {to: 值班群, text: 有人找}}]
  - id: tell
    do: [{remind: {who: lin.mei, text: 回电话}}, {tag: 来源/官网}]
  - id: human
    when: {any: [人工]}
    do: [{transfer: 售后组}]
";
    let mock = mock().await;
    let agent = AgentBuilder::new()
        .file("rules/rules.yaml", NOISY)
        .config("[guard]\nanswers = 2\nwithin = \"10m\"\n")
        .config(ALERTS)
        .start(&mock)
        .await;
    for n in 0..5 {
        mock.say(CUSTOMER, &format!("自动回复 {n}"))
            .await
            .expect("push");
    }
    mock.say(CUSTOMER, "人工").await.expect("push");
    calls(&mock, "kf/service_state/trans", 1).await;
    answers(&mock, "wang.wei", 1).await;
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, CUSTOMER).len(), 2);
    assert_eq!(
        said_by_bot(&mock, MEMBER).len(),
        4,
        "two notices, two reminders"
    );
    assert_eq!(applied(&mock, "webhook/send").len(), 2);
    assert_eq!(said_by_bot(&mock, "wang.wei").len(), 1);
    // Whoever looks at the customer sees it without asking for each message.
    let ran = agent.run(&["trace", CUSTOMER]);
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert_eq!(text.matches("防循环").count(), 4, "{text}");
}

#[tokio::test]
async fn ping_pong_with_an_automatic_answerer_ends_early() {
    let mock = mock().await;
    let agent = builder().config(ALERTS).start(&mock).await;
    // The other end answers each of our answers at once.
    for n in 0..6 {
        mock.say(CUSTOMER, &format!("您的消息已收到 {n}"))
            .await
            .expect("push");
        answers(&mock, CUSTOMER, n + 1).await;
    }
    mock.say(CUSTOMER, "您的消息已收到").await.expect("push");
    let told = answers(&mock, "wang.wei", 1).await;
    assert!(told[0].contains("自动应答"), "{told:?}");
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, CUSTOMER).len(), 6);
}
