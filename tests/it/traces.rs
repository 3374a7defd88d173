//! `trace`: why a message was answered as it was, and where a tag comes from.

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, MEMBER, OTHER_CUSTOMER, answers, errcode, fault, mock, operator,
};

const RULES: &str = "\
version: 1
rules:
  - id: refund
    name: 退款咨询
    when: {any: [退款]}
    do: [{tag: 客户等级/意向}, {reply: refund}]
  - id: vip
    when: {any: [退款], contact: {has_tag: 客户等级/成交}}
    do: [{reply: hello}]
";

async fn start(mock: &mock_wecom::MockWecom) -> Agent {
    AgentBuilder::new()
        .file("rules/rules.yaml", RULES)
        .start(mock)
        .await
}

#[tokio::test]
async fn chatwoot_4504_a_message_shows_what_the_rules_said_and_what_became_of_it() {
    let mock = mock().await;
    let mut agent = start(&mock).await;
    fault(&mock, "externalcontact/mark_tag", errcode(41054));
    mock.say(CUSTOMER, "我要退 款！").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    agent.queued("failed", 1).await;

    let known = agent.run(&["trace", CUSTOMER, "--format", "json"]);
    let known: serde_json::Value = serde_json::from_slice(&known.stdout).expect("JSON");
    let record = &known["records"][0];
    assert_eq!(
        record["outcome"]["done"]["fired"],
        serde_json::json!(["refund"])
    );
    assert_eq!(
        record["trace"]["tags"],
        serde_json::json!(["+客户等级/意向"])
    );
    assert!(record["trace"]["seen"]["at"].is_i64(), "{record}");
    let id = format!("in-{}", record["id"]);

    // The same while it serves and when it is stopped.
    let serving = operator::run(agent.folder(), &["trace", &id]).await;
    assert_eq!(agent.terminate().await, Some(0));
    let stopped = operator::run(agent.folder(), &["trace", &id]).await;
    assert_eq!(serving.stdout, stopped.stdout);
    for part in [
        "我要退 款！",
        "触发 refund",
        "+客户等级/意向",
        "回复客户",
        "退款请提供订单号",
        "已发送",
        "失败",
        "41054",
        "退款咨询",
        "客户等级/成交",
    ] {
        assert!(serving.stdout.contains(part), "{part}: {}", serving.all());
    }
    // A message of ours leads to the message that led to it.
    let effect = record["effects"][0]["id"].as_u64().expect("a number");
    let out = operator::run(agent.folder(), &["trace", &format!("out-{effect}")]).await;
    assert_eq!(out.stdout, stopped.stdout);
    for log in agent.logs() {
        assert!(!log.contains("退"), "a customer's words in the log: {log}");
    }
}

#[tokio::test]
async fn a_contact_shows_their_messages_and_who_set_their_tags() {
    let mock = mock().await;
    let agent = start(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    mock.say(CUSTOMER, "退款").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    mock.say(OTHER_CUSTOMER, "退款").await.expect("push");
    answers(&mock, OTHER_CUSTOMER, 1).await;
    agent.idle().await;
    let known = agent.run(&["trace", CUSTOMER, "--format", "json"]);
    let known: serde_json::Value = serde_json::from_slice(&known.stdout).expect("JSON");
    assert_eq!(known["records"].as_array().map(Vec::len), Some(2));
    let mark = &known["contact"]["tags"]["客户等级/意向"];
    assert_eq!(mark["rule"], "refund");
    assert_eq!(mark["record"], known["records"][0]["id"], "newest first");
    let version = agent.ready().await["rules"]["version"].clone();
    assert_eq!(mark["version"], version);

    let name = known["contact"]["name"]
        .as_str()
        .expect("a name")
        .to_owned();
    let told = operator::run(agent.folder(), &["trace", &name]).await;
    assert_eq!(told.code, Some(0), "{}", told.all());
    for part in [
        CUSTOMER,
        "客户等级/意向",
        "规则 refund",
        "「退款」",
        "没有规则触发",
        "触发 refund",
    ] {
        assert!(told.stdout.contains(part), "{part}: {}", told.all());
    }
    let unknown = operator::run(agent.folder(), &["trace", "没有这个人"]).await;
    assert_eq!(unknown.code, Some(1), "{}", unknown.all());
    let unknown = operator::run(agent.folder(), &["trace", "in-99999"]).await;
    assert_eq!(unknown.code, Some(1), "{}", unknown.all());
    assert_eq!(mock.tags_of(MEMBER, CUSTOMER), ["意向"]);
}
