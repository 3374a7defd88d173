//! `undo`: the tags of a bad rule are taken back, and only those.

use crate::support::operator;
use crate::support::{
    Agent, AgentBuilder, CUSTOMER, MEMBER, OTHER_CUSTOMER, answers, applied, eventually, mock,
};

const RULES: &str = "\
version: 1
rules:
  - id: bad
    when: {any: [茶]}
    do: [{tag: 客户等级/成交}, {tag: 来源/展会}, {reply: hello}]
  - id: good
    when: {any: [展会]}
    do: [{tag: 来源/展会}, {reply: hello}]
";

async fn start(mock: &mock_wecom::MockWecom) -> Agent {
    AgentBuilder::new()
        .file("rules/rules.yaml", RULES)
        .start(mock)
        .await
}

#[tokio::test]
async fn a_preview_changes_nothing_and_yes_takes_back_exactly_what_the_rule_set() {
    let mock = mock().await;
    let mut agent = start(&mock).await;
    // This one carried a tag of the rule before the rule ever fired.
    mock.say(OTHER_CUSTOMER, "展会").await.expect("push");
    answers(&mock, OTHER_CUSTOMER, 1).await;
    for who in [CUSTOMER, OTHER_CUSTOMER] {
        mock.say(who, "买茶").await.expect("push");
    }
    answers(&mock, CUSTOMER, 1).await;
    answers(&mock, OTHER_CUSTOMER, 2).await;
    agent.idle().await;
    let other_member = "wang.wei";
    let tags = || {
        let of = |who| {
            let mut tags = [MEMBER, other_member, "zhao.min"]
                .iter()
                .flat_map(|member| mock.tags_of(member, who))
                .collect::<Vec<_>>();
            tags.sort();
            tags
        };
        (of(CUSTOMER), of(OTHER_CUSTOMER))
    };
    let before = tags();
    assert_eq!(before.0.len(), 2, "{before:?}");
    assert_eq!(before.1.len(), 2, "{before:?}");

    let arguments = ["undo", "--rule", "bad", "--since", "1h"];
    let preview = operator::run(agent.folder(), &arguments).await;
    assert_eq!(preview.code, Some(0), "{}", preview.all());
    for part in [
        "2 位客户",
        "3 个标签",
        "预览",
        "客户等级/成交",
        CUSTOMER,
        "in-",
    ] {
        assert!(preview.stdout.contains(part), "{part}: {}", preview.all());
    }
    agent.idle().await;
    assert_eq!(tags(), before, "a preview changes nothing");

    let calls = applied(&mock, "externalcontact/mark_tag").len();
    let yes = [
        "undo", "--rule", "bad", "--since", "1h", "--yes", "--format", "json",
    ];
    let done = operator::run(agent.folder(), &yes).await;
    assert_eq!(done.json()["queued"], 2, "{}", done.all());
    eventually("taken back", async || {
        let (one, other) = tags();
        (one.is_empty() && other == ["展会"]).then_some(())
    })
    .await;
    agent.idle().await;
    assert_eq!(applied(&mock, "externalcontact/mark_tag").len(), calls + 2);

    // Once more finds nothing, and the trace says what happened.
    let again = operator::run(agent.folder(), &yes).await;
    assert_eq!(again.json()["contacts"], 0, "{}", again.all());
    let trace = operator::run(agent.folder(), &["trace", OTHER_CUSTOMER]).await;
    for part in ["收回规则 bad", "-客户等级/成交", "规则 good"] {
        assert!(trace.stdout.contains(part), "{part}: {}", trace.all());
    }
    assert_eq!(agent.terminate().await, Some(0));
}

#[tokio::test]
async fn what_was_set_before_the_time_stays_and_a_stopped_bot_does_it_later() {
    let mock = mock().await;
    let mut agent = start(&mock).await;
    mock.say(CUSTOMER, "买茶").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    agent.idle().await;
    assert_eq!(agent.terminate().await, Some(0));

    let future = ["undo", "--rule", "bad", "--since", "2099-01-01", "--yes"];
    let nothing = operator::run(agent.folder(), &future).await;
    assert!(nothing.stdout.contains("没有客户带着"), "{}", nothing.all());
    let wrong = operator::run(
        agent.folder(),
        &["undo", "--rule", "bad", "--since", "昨天"],
    )
    .await;
    assert_eq!(wrong.code, Some(2), "{}", wrong.all());
    let slip = ["undo", "--rule", "bed", "--since", "1h", "--yes"];
    let slip = operator::run(agent.folder(), &slip).await;
    assert_eq!(slip.code, Some(2), "{}", slip.all());
    assert!(slip.stderr.contains("是不是想写 bad？"), "{}", slip.all());
    // A rule that is gone from the files is known by what it did.
    let rules = agent.folder().join("rules/rules.yaml");
    let text = std::fs::read_to_string(&rules).expect("the rules");
    std::fs::write(&rules, text.replace("id: bad", "id: better")).expect("written");
    let gone = ["undo", "--rule", "bad", "--since", "2099-01-01"];
    let gone = operator::run(agent.folder(), &gone).await;
    assert_eq!(gone.code, Some(0), "{}", gone.all());
    std::fs::write(&rules, text).expect("written");
    let yes = ["undo", "--rule", "bad", "--since", "1h", "--yes"];
    let queued = operator::run(agent.folder(), &yes).await;
    assert!(queued.stdout.contains("下次启动后办"), "{}", queued.all());
    agent.restart(&mock).await;
    eventually("taken back", async || {
        mock.tags_of(MEMBER, CUSTOMER).is_empty().then_some(())
    })
    .await;
}
