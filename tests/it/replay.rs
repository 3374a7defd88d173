//! `replay`: other rules over what was recorded, without sending anything.

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, OTHER_CUSTOMER, answers, mock, operator, said_by_bot,
};

const RULES: &str = "\
version: 1
rules:
  - id: refund
    when: {any: [退款]}
    cooldown: 1h
    do: [{tag: 客户等级/意向}, {reply: refund}]
  - id: address
    when: {any: [地址]}
    do: [{reply: hello}]
";

/// The refund rule knows another word and has no cooldown, the address is not known.
const OTHER: &str = "\
version: 1
rules:
  - id: refund
    when: {any: [退款, 退钱]}
    do: [{tag: 客户等级/意向}, {reply: refund}]
";

#[tokio::test]
async fn what_other_rules_would_have_done_is_told_and_nothing_is_sent() {
    let mock = mock().await;
    let mut agent = AgentBuilder::new()
        .file("rules/rules.yaml", RULES)
        .file("other/rules.yaml", OTHER)
        .start(&mock)
        .await;
    for text in ["我要退款", "退款呢", "地址", "谢谢"] {
        mock.say(CUSTOMER, text).await.expect("push");
    }
    answers(&mock, CUSTOMER, 2).await;
    mock.say(OTHER_CUSTOMER, "退钱").await.expect("push");
    agent.idle().await;
    let sent = || ["kf/send_msg", "message/send", "mark_tag"].map(|path| mock.calls(path).len());
    let before = sent();

    let same = ["replay", "--since", "7d", "--format", "json"];
    let same = operator::run(agent.folder(), &same).await;
    assert_eq!(same.code, Some(0), "{}", same.all());
    assert_eq!(same.json()["compared"], 5);
    assert_eq!(same.json()["different"], 0, "{}", same.all());

    let other = [
        "replay", "--since", "7d", "--rules", "other", "--format", "json",
    ];
    let other = operator::run(agent.folder(), &other).await;
    assert_eq!(other.code, Some(1), "{}", other.all());
    let found = other.json();
    assert_eq!(
        (&found["same"], &found["different"]),
        (&2.into(), &3.into())
    );
    let counts = |rule: &str| {
        let rule = &found["rules"][rule];
        (rule["before"].clone(), rule["after"].clone())
    };
    assert_eq!(counts("refund"), (1.into(), 3.into()));
    assert_eq!(counts("address"), (1.into(), 0.into()));
    let differences = found["differences"].as_array().expect("a list");
    let cooled = &differences[0];
    assert_eq!(cooled["before"]["fired"], serde_json::json!([]));
    assert_eq!(
        cooled["after"]["tags"],
        serde_json::json!(["+客户等级/意向"])
    );

    let table = [
        "replay", "--since", "7d", "--rules", "other", "--limit", "2",
    ];
    let table = operator::run(agent.folder(), &table).await;
    for part in [
        "不一样 3",
        "refund",
        "+2",
        "「退款呢」",
        "当时：没有规则触发",
        "还有 1 条",
    ] {
        assert!(table.stdout.contains(part), "{part}: {}", table.all());
    }
    other_words(&agent).await;
    agent.idle().await;
    assert_eq!(sent(), before, "nothing was sent");
    assert_eq!(said_by_bot(&mock, OTHER_CUSTOMER).len(), 0);

    // The same without a server, up to a time before anything came in.
    assert_eq!(agent.terminate().await, Some(0));
    let stopped = [
        "replay", "--since", "7d", "--until", "1d", "--format", "json",
    ];
    let stopped = operator::run(agent.folder(), &stopped).await;
    assert_eq!(stopped.json()["compared"], 0, "{}", stopped.all());
    let broken = ["replay", "--since", "7d", "--rules", "nowhere"];
    let broken = operator::run(agent.folder(), &broken).await;
    assert_eq!(broken.code, Some(2), "{}", broken.all());
}

/// Other words of the same template are one line, however many got them.
async fn other_words(agent: &Agent) {
    std::fs::create_dir(agent.folder().join("words")).expect("a folder");
    for (name, text) in [("refund.txt", "退款请看说明"), ("hello.txt", "您好呀")] {
        std::fs::write(agent.folder().join("words").join(name), text).expect("written");
    }
    let worded = ["replay", "--since", "7d", "--templates", "words"];
    let worded = operator::run(agent.folder(), &worded).await;
    assert_eq!(worded.code, Some(1), "{}", worded.all());
    for part in [
        "不一样 2",
        "话术 refund：1 条只是文字不同（例如 in-",
        "话术 hello：1 条只是文字不同",
    ] {
        assert!(worded.stdout.contains(part), "{part}: {}", worded.all());
    }
    assert!(!worded.stdout.contains("当时："), "{}", worded.all());
}
