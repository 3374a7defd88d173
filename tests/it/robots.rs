//! Group robots and the company's own endpoints: what has no handle against doubles.

use mock_wecom::{Action, MockWecom};

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, answers, errcode, eventually, fault, mock, said_by_bot,
};

const ROBOT: &str = "sample-robot-key";

const RULES: &str = "\
version: 1
rules:
  - id: alarm
    when: {any: [报警]}
    do: [{robot: {to: 值班群, text: '{{ message.text }}'}}]
";

async fn start(mock: &MockWecom) -> Agent {
    AgentBuilder::new()
        .file("rules/robot.yaml", RULES)
        .start(mock)
        .await
}

fn id(item: &serde_json::Value) -> String {
    item["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn an_unclear_outcome_is_kept_for_a_person_and_never_sent_twice_blindly() {
    let http = |applied| Action::Http {
        status: 500,
        applied,
    };
    let busy = Action::Errcode {
        code: -1,
        applied: true,
    };
    let unclear = [
        Action::DropBefore,
        Action::DropAfter,
        http(false),
        http(true),
        busy,
        Action::Garble,
        Action::Hang,
    ];
    let mock = mock().await;
    let agent = start(&mock).await;
    for action in unclear.clone() {
        fault(&mock, "webhook/send", action);
    }

    for n in 0..unclear.len() {
        mock.say(CUSTOMER, &format!("报警 {n}"))
            .await
            .expect("push");
    }
    let unknown = agent.queued("unknown", unclear.len()).await;
    agent.idle().await;

    assert_eq!(mock.calls("webhook/send").len(), unclear.len());
    assert_eq!(said_by_bot(&mock, ROBOT).len(), 4, "those that took effect");
    let depth = "wecom_agent_queue_depth{queue=\"unknown\"}";
    assert!(agent.metric(depth).await > 6.0);

    // Listed without being asked for, and a person may send it after all.
    let listed = agent.run(&["queue", "list"]);
    let listed = String::from_utf8(listed.stdout).expect("UTF-8");
    assert!(listed.contains(&id(&unknown[0])) && listed.contains("不明"));
    let redriven = agent.run(&["queue", "redrive", &id(&unknown[0])]);
    assert!(redriven.status.success());
    eventually("the first is sent", async || {
        said_by_bot(&mock, ROBOT)
            .contains(&"报警 0".to_owned())
            .then_some(())
    })
    .await;
    agent.idle().await;
    assert_eq!(agent.queue("unknown").await.len(), unclear.len() - 1);

    // Or give it up.
    let discarded = agent.run(&[
        "queue",
        "discard",
        &id(&unknown[1]),
        "--reason",
        "已电话通知",
    ]);
    assert!(discarded.status.success());
    let kept = agent.queue("discarded").await;
    assert_eq!(kept[0]["reason"], "已电话通知");
}

#[tokio::test]
async fn a_call_that_never_left_is_no_unclear_outcome() {
    let mock = mock().await;
    let agent = start(&mock).await;
    fault(&mock, "webhook/send", errcode(45033));
    mock.say(CUSTOMER, "报警").await.expect("push");

    eventually("sent at the second try", async || {
        (said_by_bot(&mock, ROBOT).len() == 1).then_some(())
    })
    .await;
    assert!(agent.queue("unknown").await.is_empty());
}

#[tokio::test]
async fn twenty_a_minute_the_rest_waits_with_a_reason() {
    let mock = mock().await;
    let agent = start(&mock).await;
    for n in 0..24 {
        mock.say(CUSTOMER, &format!("报警 {n:02}"))
            .await
            .expect("push");
    }

    let waiting = eventually("the limit holds", async || {
        let items = agent.queue("ready").await;
        let held = |item: &serde_json::Value| item["reason"].to_string().contains("limit");
        (items.len() == 4 && items.iter().any(held)).then_some(items)
    })
    .await;
    assert!(waiting.iter().all(|item| item["whom"] == "值班群"));
    mock.say(CUSTOMER, "你好").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;

    let expected: Vec<String> = (0..20).map(|n| format!("报警 {n:02}")).collect();
    assert_eq!(said_by_bot(&mock, ROBOT), expected);
    let refused = mock.calls("webhook/send").into_iter();
    assert_eq!(refused.filter(|call| call.errcode != Some(0)).count(), 0);
}

#[tokio::test]
async fn a_robot_that_was_removed_fails_and_says_so() {
    let mock = mock().await;
    let agent = AgentBuilder::new()
        .file("rules/robot.yaml", RULES)
        .edit(ROBOT, "another-robot-key")
        .start(&mock)
        .await;
    mock.say(CUSTOMER, "报警").await.expect("push");
    let failed = agent.queued("failed", 1).await;
    assert!(failed[0]["reason"].to_string().contains("93000"));
}
