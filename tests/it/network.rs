//! Between us and WeCom: slow, silent, gone. Each with what is promised, and all of it over
//! without a restart.

use std::time::{Duration, Instant};

use mock_wecom::MockWecom;

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, MEMBER, Network, Proxy, answers, applied, eventually,
    member_says, mock, said_by_bot,
};

const RULES: &str = "\
version: 1
rules:
  - id: again
    when: {any: [第]}
    do: [{reply: echo}]
  - id: alarm
    when: {any: [报警]}
    do: [{robot: {to: 值班群, text: '{{ message.text }}'}}]
";

async fn start(mock: &MockWecom) -> (Agent, Proxy) {
    let proxy = Proxy::to(mock).await;
    let agent = AgentBuilder::new()
        .file("rules/again.yaml", RULES)
        .file("templates/echo.txt", "回 {{ message.text }}")
        .config("[guard]\nanswers = 0\n")
        .edit(&mock.base_url(), &proxy.url)
        .start(mock)
        .await;
    (agent, proxy)
}

/// Waits until an effect of this kind waits for another try.
async fn tried(agent: &Agent, what: &str, attempts: u64) {
    eventually(&format!("{what} was tried {attempts} times"), async || {
        let items = agent.queue("ready").await;
        let tried = |item: &serde_json::Value| {
            item["what"] == what && item["attempts"].as_u64() >= Some(attempts)
        };
        items.iter().any(tried).then_some(())
    })
    .await;
}

#[tokio::test]
async fn wecom_down_for_an_hour_loses_and_doubles_nothing() {
    let mock = mock().await;
    let (agent, proxy) = start(&mock).await;
    assert!(member_says(&mock, MEMBER, "第一").await);
    answers(&mock, MEMBER, 1).await;

    proxy.set(Network::Gone);
    assert!(
        member_says(&mock, MEMBER, "第二").await,
        "taken all the same"
    );
    mock.say(CUSTOMER, "第三").await.expect("the hint is taken");
    tried(&agent, "app_send", 1).await;
    // An hour passes, in steps as long as the waits between tries.
    for (step, secs) in [5, 10, 30, 120, 600, 1200, 1700].into_iter().enumerate() {
        agent.ahead(&mock, secs);
        tried(&agent, "app_send", step.min(4) as u64 + 1).await;
    }
    assert!(agent.queue("failed").await.is_empty(), "nobody gave up");

    proxy.set(Network::Good);
    // The longest pause of the puller.
    agent.ahead(&mock, 61);
    answers(&mock, CUSTOMER, 1).await;
    agent.ahead(&mock, 3600);
    answers(&mock, MEMBER, 2).await;
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, MEMBER), ["回 第一", "回 第二"]);
    assert_eq!(said_by_bot(&mock, CUSTOMER), ["回 第三"]);
}

#[tokio::test]
async fn calls_that_are_never_answered_end_and_only_what_may_be_repeated_is() {
    let mock = mock().await;
    let (agent, proxy) = start(&mock).await;
    mock.say(CUSTOMER, "第一").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    agent.idle().await;

    proxy.set(Network::Silent);
    let began = Instant::now();
    assert!(member_says(&mock, MEMBER, "第二").await);
    assert!(member_says(&mock, MEMBER, "报警").await);
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "callbacks do not wait"
    );
    let unknown = agent.queued("unknown", 1).await;
    assert_eq!(unknown[0]["what"], "robot");
    tried(&agent, "app_send", 1).await;

    proxy.set(Network::Good);
    answers(&mock, MEMBER, 1).await;
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, MEMBER), ["回 第二"]);
    assert_eq!(applied(&mock, "webhook/send").len(), 0, "nobody repeats it");
    assert_eq!(agent.queue("unknown").await.len(), 1, "a person sees it");
}

#[tokio::test]
async fn a_slow_wecom_slows_nobody_who_writes_to_us() {
    let mock = mock().await;
    let (agent, proxy) = start(&mock).await;
    proxy.set(Network::Slow(Duration::from_millis(700)));
    for n in 0..8 {
        let began = Instant::now();
        assert!(member_says(&mock, MEMBER, &format!("第{n}")).await);
        assert!(
            began.elapsed() < Duration::from_millis(600),
            "WeCom waits for nobody"
        );
    }
    proxy.set(Network::Good);
    let expected: Vec<String> = (0..8).map(|n| format!("回 第{n}")).collect();
    answers(&mock, MEMBER, 8).await;
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, MEMBER), expected);
}
