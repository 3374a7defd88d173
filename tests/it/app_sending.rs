//! `message/send`: once inside the duplicate window, paced, partial failures seen.

use futures_util::future::join_all;
use mock_wecom::Action;

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, MEMBER, OTHER_CUSTOMER, answers, applied, calls, errcode,
    eventually, fault, faults, member_says, members, mock, said_by_bot, switch,
};

/// Everything that can happen to a call and leave its outcome open, and one clear refusal.
fn troubles() -> Vec<Action> {
    let http = |applied| Action::Http {
        status: 502,
        applied,
    };
    vec![
        Action::DropBefore,
        Action::DropAfter,
        http(false),
        http(true),
        Action::Errcode {
            code: -1,
            applied: true,
        },
        Action::Hang,
        Action::Garble,
        errcode(45033),
    ]
}

#[tokio::test]
async fn whatever_happens_to_the_call_the_answer_arrives_once() {
    tokio::join!(
        arrives_once("same"),
        arrives_once("fresh"),
        arrives_once("nothing")
    );
}

async fn arrives_once(suppressed: &str) {
    let mock = mock().await;
    switch(&mock, "suppressed_send", suppressed);
    let agent = Agent::start(&mock).await;
    let members = members(&mock, troubles().len());
    for action in troubles() {
        fault(&mock, "message/send", action);
    }

    join_all(members.iter().map(|id| member_says(&mock, id, "你好"))).await;

    let sent = agent.queued("sent", members.len()).await;
    agent.idle().await;
    for id in &members {
        assert_eq!(said_by_bot(&mock, id), ["您好"], "{suppressed}");
    }
    assert!(sent.iter().all(|item| item["attempts"] == 2));
    assert!(agent.queue("unknown").await.is_empty());
}

#[tokio::test]
async fn the_same_answer_to_the_same_question_arrives_again() {
    let mock = mock().await;
    let mut agent = Agent::start(&mock).await;
    for n in 1..=3 {
        assert!(member_says(&mock, MEMBER, "你好").await);
        assert_eq!(answers(&mock, MEMBER, n).await.len(), n);
        agent.idle().await;
        if n == 2 {
            agent.kill();
            agent.restart(&mock).await;
        }
    }
    let calls = mock.calls("message/send");
    assert!(
        calls.iter().all(|call| call.problems.is_empty()),
        "none swallowed"
    );

    // Such a repetition has no handle against doubles, so doubt is left to a person.
    fault(&mock, "message/send", Action::DropAfter);
    assert!(member_says(&mock, MEMBER, "你好").await);
    agent.queued("unknown", 1).await;
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, MEMBER).len(), 4);
}

#[tokio::test]
async fn members_who_were_not_reached_are_named() {
    let mock = mock().await;
    let agent = AgentBuilder::new()
        .edit(
            "[robots]",
            "\"混合组\" = [\"zhao.min\", \"gone.one\"]\n\"空组\" = [\"gone.two\"]\n[robots]",
        )
        .file(
            "rules/notify.yaml",
            "version: 1\nrules:\n\
             \x20 - id: mixed\n    when: {any: [混合]}\n    do: [{notify: {to: 混合组, text: 有客户}}]\n\
             \x20 - id: nobody\n    when: {any: [没人]}\n    do: [{notify: {to: 空组, text: 有客户}}]\n",
        )
        .start(&mock)
        .await;

    mock.say(CUSTOMER, "混合").await.expect("push");
    mock.say(OTHER_CUSTOMER, "没人").await.expect("push");

    let sent = agent.queued("sent", 1).await;
    let note = sent[0]["reason"].as_str().expect("a note");
    assert!(
        note.contains("gone.one") && !note.contains("zhao"),
        "{note}"
    );
    assert_eq!(said_by_bot(&mock, "zhao.min"), ["有客户"]);
    let failed = agent.queued("failed", 1).await;
    assert_eq!(failed[0]["whom"], "gone.two");
    assert!(failed[0]["reason"].to_string().contains("81013"));
}

#[tokio::test]
async fn thirty_a_minute_for_one_member_the_rest_waits_with_a_reason() {
    let mock = mock().await;
    let agent = AgentBuilder::new()
        .file("templates/hello.txt", "收到 {{ message.text }}")
        .config("[guard]\nanswers = 0\n")
        .start(&mock)
        .await;

    for n in 0..36 {
        assert!(member_says(&mock, MEMBER, &format!("你好 {n:02}")).await);
    }
    let waiting = eventually("the limit holds", async || {
        let items = agent.queue("ready").await;
        let held = |item: &serde_json::Value| item["reason"].to_string().contains("limit");
        items.iter().any(held).then_some(items)
    })
    .await;

    // Somebody else's answer passes by.
    assert!(member_says(&mock, "zhao.min", "你好").await);
    answers(&mock, "zhao.min", 1).await;
    assert_eq!(
        waiting.len(),
        6,
        "kept in the outbox, none dropped by WeCom"
    );
    let expected: Vec<String> = (0..30).map(|n| format!("收到 你好 {n:02}")).collect();
    assert_eq!(said_by_bot(&mock, MEMBER), expected);
    let calls = mock.calls("message/send");
    assert!(calls.iter().all(|call| call.problems.is_empty()));
    let paced = "wecom_agent_paced_total{endpoint=\"app_send\"}";
    assert!(agent.metric(paced).await >= 1.0);
}

#[tokio::test]
async fn an_address_that_is_not_trusted_is_named() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    fault(&mock, "message/send", errcode(60020));

    assert!(member_says(&mock, MEMBER, "你好").await);

    let failed = agent.queued("failed", 1).await;
    let why = failed[0]["reason"].as_str().expect("a reason");
    assert!(
        why.contains("add 127.0.0.1 to the app's trusted IPs"),
        "{why}"
    );
    let logged = agent.logs().into_iter();
    assert!(
        logged
            .filter(|line| line.contains("127.0.0.1 to the app"))
            .count()
            > 0
    );
    let id = failed[0]["id"].as_str().expect("an id");
    let redriven = agent.run(&["queue", "redrive", id]);
    assert!(redriven.status.success());
    answers(&mock, MEMBER, 1).await;
}

#[tokio::test]
async fn a_missing_permission_of_one_app_leaves_the_rest_working() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    for path in [
        "externalcontact/get",
        "externalcontact/mark_tag",
        "externalcontact/get_corp_tag_list",
    ] {
        faults(&mock, path, 100, errcode(48002));
    }
    faults(&mock, "message/send", 100, errcode(48002));

    assert!(member_says(&mock, MEMBER, "你好").await);
    for (customer, n) in [(CUSTOMER, 1), (OTHER_CUSTOMER, 1), (CUSTOMER, 2)] {
        mock.say(customer, "退款").await.expect("push");
        answers(&mock, customer, n).await;
    }

    let failed = agent.queued("failed", 1).await;
    assert!(failed[0]["reason"].to_string().contains("48002"));
    agent.idle().await;
    assert_eq!(applied(&mock, "kf/send_msg").len(), 3);
    // Told once, then left alone for a while.
    assert_eq!(mock.calls("externalcontact/get").len(), 1);
    let told = agent.logs().into_iter();
    assert!(
        told.filter(|line| line.contains("does not let this app read contacts"))
            .count()
            == 1
    );
}

#[tokio::test]
async fn the_customers_answer_does_not_wait_for_a_members() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    fault(&mock, "message/send", Action::Hang);

    assert!(member_says(&mock, MEMBER, "你好").await);
    eventually("the call hangs", async || {
        (mock.calls("message/send").len() == 1).then_some(())
    })
    .await;
    mock.say(CUSTOMER, "你好").await.expect("push");

    calls(&mock, "kf/send_msg", 1).await;
    assert_eq!(said_by_bot(&mock, MEMBER).len(), 0, "the other still hangs");
    answers(&mock, MEMBER, 1).await;
    agent.idle().await;
}

#[tokio::test]
async fn a_long_text_is_split_before_wecom_cuts_or_refuses_it() {
    let mock = mock().await;
    switch(&mock, "oversize_text", "refuse");
    let long = "请先核对收货地址，再点确认。\n".repeat(120);
    let agent = AgentBuilder::new()
        .file("templates/hello.txt", &long)
        .start(&mock)
        .await;

    assert!(member_says(&mock, MEMBER, "你好").await);
    agent.queued("sent", 3).await;
    agent.idle().await;

    let parts = said_by_bot(&mock, MEMBER);
    assert!(parts.iter().all(|part| part.len() <= 2048));
    let (sent, whole) = (parts.concat(), long.trim_end());
    assert_eq!(sent.replace('\n', ""), whole.replace('\n', ""));
}
