//! `kf/send_msg`: effectively once, inside the session and the five messages.

use futures_util::future::join_all;
use mock_wecom::{Action, KfFail, KfSession, MockWecom};

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, KF, OTHER_CUSTOMER, answers, applied, calls, customers, errcode,
    eventually, fault, mock, refusals, said_by_bot, switch,
};

/// Everything that can happen to a call and leave its outcome open, and one clear refusal.
fn troubles() -> Vec<Action> {
    let http = |applied| Action::Http {
        status: 500,
        applied,
    };
    let busy = |applied| Action::Errcode { code: -1, applied };
    vec![
        Action::DropBefore,
        Action::DropAfter,
        http(false),
        http(true),
        busy(false),
        busy(true),
        Action::Hang,
        Action::Truncate,
        Action::Garble,
        errcode(45033),
    ]
}

#[tokio::test]
async fn whatever_happens_to_the_call_the_answer_arrives_once() {
    tokio::join!(arrives_once(95033), arrives_once(40058));
}

async fn arrives_once(duplicate: i64) {
    let mock = mock().await;
    switch(&mock, "kf_duplicate_msgid_code", duplicate);
    let agent = Agent::start(&mock).await;
    let customers = customers(&mock, troubles().len());
    for action in troubles() {
        fault(&mock, "kf/send_msg", action);
    }

    join_all(customers.iter().map(|id| mock.say(id, "退款"))).await;

    for id in &customers {
        answers(&mock, id, 1).await;
    }
    agent.idle().await;
    for id in &customers {
        assert_eq!(said_by_bot(&mock, id).len(), 1, "{duplicate}");
        let sent = calls_to(&mock, id);
        assert_eq!(sent.len(), 2, "one try and one more");
        assert_eq!(sent[0], sent[1], "the same msgid");
    }
    assert_eq!(
        agent.queue("sent").await.len(),
        sent_effects(customers.len())
    );
    assert!(agent.queue("failed").await.is_empty());
    assert!(agent.queue("unknown").await.is_empty());
}

/// An answer and a tag for each customer.
fn sent_effects(customers: usize) -> usize {
    customers * 2
}

fn calls_to(mock: &MockWecom, customer: &str) -> Vec<String> {
    let calls = mock.calls("kf/send_msg").into_iter();
    calls
        .map(|call| call.request["body"].clone())
        .filter(|body| body["touser"] == customer)
        .map(|body| body["msgid"].to_string())
        .collect()
}

#[tokio::test]
async fn too_frequent_rests_the_endpoint_and_loses_nothing() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    fault(&mock, "kf/send_msg", errcode(45009));

    mock.say(CUSTOMER, "退款").await.expect("push");
    eventually("the refusal is seen", async || {
        let items = agent.queue("ready").await.into_iter();
        let reasons: Vec<String> = items.map(|item| item["reason"].to_string()).collect();
        reasons
            .iter()
            .any(|reason| reason.contains("45009"))
            .then_some(())
    })
    .await;
    mock.say(OTHER_CUSTOMER, "退款").await.expect("push");

    let waiting = eventually("both wait", async || {
        let items = agent.queue("ready").await;
        (items.len() == 2 && items.iter().all(|item| item["reason"].is_string())).then_some(items)
    })
    .await;
    let due = |n: usize| waiting[n]["due"].as_i64().expect("due");
    assert_eq!(due(0), due(1), "the pause holds for the whole endpoint");
    assert_eq!(mock.calls("kf/send_msg").len(), 1);
    // Other endpoints go on.
    calls(&mock, "externalcontact/mark_tag", 2).await;
}

#[tokio::test]
async fn a_message_that_was_not_delivered_in_the_end_counts_as_failed() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    let sent = calls(&mock, "kf/send_msg", 1).await;
    agent.idle().await;

    let msgid = sent[0].request["body"]["msgid"].as_str().expect("msgid");
    let fail = KfFail {
        msgid: msgid.to_owned(),
        fail_type: 4,
    };
    mock.kf_fail(fail).await.expect("a sent message");

    let failed = agent.queued("failed", 1).await;
    assert_eq!(failed[0]["what"], "kf_send");
    let why = failed[0]["reason"].as_str().expect("a reason");
    assert!(why.contains("fail_type 4"), "{why}");
    assert!(agent.queue("sent").await.is_empty());
}

#[tokio::test]
async fn while_a_human_has_the_session_the_bot_is_silent_and_says_why() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    let taken = KfSession {
        external_userid: CUSTOMER.to_owned(),
        change_type: 1,
        servicer_userid: Some("zhao.min".to_owned()),
        ..KfSession::default()
    };
    mock.kf_session(taken).await.expect("a session");
    agent.idle().await;
    let asked = mock.calls("kf/send_msg").len();

    // The state read for the first answer is remembered for a moment only.
    let dropped = eventually("an answer is held back", async || {
        mock.say(CUSTOMER, "退款").await.expect("push");
        agent.idle().await;
        let dropped = agent.queue("dropped").await;
        let held = |item: &serde_json::Value| item["reason"].to_string().contains("human");
        dropped.iter().any(held).then_some(dropped)
    })
    .await;
    assert!(dropped.iter().all(|item| item["what"] == "kf_send"));
    // What went out before we looked again, WeCom refused: seen as well.
    let refused = mock.calls("kf/send_msg").len() - asked;
    let by_wecom = dropped
        .iter()
        .filter(|item| item["reason"].to_string().contains("95018"));
    assert_eq!(by_wecom.count(), refused);
    assert_eq!(said_by_bot(&mock, CUSTOMER).len(), 1);
}

#[tokio::test]
async fn a_refusal_by_session_state_is_seen_and_not_repeated() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    fault(&mock, "kf/send_msg", errcode(95018));
    mock.say(CUSTOMER, "你好").await.expect("push");

    let dropped = agent.queued("dropped", 1).await;
    assert!(dropped[0]["reason"].to_string().contains("95018"));
    agent.idle().await;
    assert_eq!(mock.calls("kf/send_msg").len(), 1);
}

#[tokio::test]
async fn the_five_messages_are_kept_before_wecom_refuses() {
    let mock = mock().await;
    let replies = "{reply: hello}, ".repeat(7);
    let agent = AgentBuilder::new()
        .file(
            "rules/many.yaml",
            &format!(
                "version: 1\nrules:\n  - id: many\n    when: {{any: [全部]}}\n    do: [{replies}]\n"
            ),
        )
        .start(&mock)
        .await;

    mock.say(CUSTOMER, "全部").await.expect("push");
    answers(&mock, CUSTOMER, 5).await;
    let held = agent.queued("ready", 1).await;
    assert!(held[0]["reason"].to_string().contains("five messages"));
    assert_eq!(said_by_bot(&mock, CUSTOMER).len(), 5);

    // The customer's next message opens the next five: what was held goes first.
    mock.advance_secs(1);
    mock.say(CUSTOMER, "你好").await.expect("push");
    answers(&mock, CUSTOMER, 8).await;
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, CUSTOMER).len(), 8);
    assert_eq!(refusals(&mock), [], "WeCom never had to refuse");
}

#[tokio::test]
async fn what_wecom_refuses_beyond_five_waits_for_the_customer() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    fault(&mock, "kf/send_msg", errcode(95001));

    mock.say(CUSTOMER, "你好").await.expect("push");
    // Before its first attempt it is ready too, without a reason.
    eventually("it is held back", async || {
        let held = agent.queued("ready", 1).await;
        let why = held[0]["reason"].to_string();
        why.contains("five messages").then_some(())
    })
    .await;

    mock.say(CUSTOMER, "什么都不触发").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    agent.idle().await;
}

#[tokio::test]
async fn a_long_text_is_split_and_nothing_is_lost() {
    let mock = mock().await;
    let line = "山岚茶舍的退款说明，请仔细阅读。";
    let long = line.repeat(150);
    let agent = AgentBuilder::new()
        .file("templates/refund.txt", &long)
        .start(&mock)
        .await;

    mock.say(CUSTOMER, "退款").await.expect("push");
    agent.queued("sent", 4 + 1).await;
    agent.idle().await;

    let parts = said_by_bot(&mock, CUSTOMER);
    assert!(
        parts
            .iter()
            .all(|part| part.len() <= 2048 && !part.is_empty())
    );
    assert_eq!(parts.concat(), long);
    assert_eq!(applied(&mock, "kf/send_msg").len(), parts.len());
}

#[tokio::test]
async fn every_pull_names_its_account() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    agent.idle().await;
    let pulls = mock.calls("kf/sync_msg");
    assert!(pulls.len() >= 2, "one at the start, one for the push");
    assert!(
        pulls
            .iter()
            .all(|pull| pull.request["body"]["open_kfid"] == KF)
    );
}
