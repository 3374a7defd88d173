//! Access tokens: fetched as rarely as possible, replaced when WeCom says so.

use futures_util::future::join_all;

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, MEMBER, answers, applied, calls, customers, errcode, eventually,
    fault, faults, member_says, members, mock, refusals, said_by_bot, switch,
};

#[tokio::test]
async fn one_gettoken_for_each_app_and_validity_under_load() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let (customers, members) = (customers(&mock, 12), members(&mock, 12));

    let kf = join_all(customers.iter().map(|id| mock.say(id, "退款")));
    let app = join_all(members.iter().map(|id| member_says(&mock, id, "你好")));
    let (kf, app) = tokio::join!(kf, app);

    assert!(kf.iter().all(Result::is_ok) && app.iter().all(|taken| *taken));
    calls(&mock, "kf/send_msg", 12).await;
    calls(&mock, "message/send", 12).await;
    agent.idle().await;
    // Three secrets: kf, contact, app. A token of the corp as a whole would be refused.
    assert_eq!(mock.calls("gettoken").len(), 3);
    assert_eq!(refusals(&mock), []);
}

#[tokio::test]
async fn each_code_for_a_bad_token_fetches_once_and_tries_once_more() {
    join_all([40014, 42001, 41001].map(fetches_once)).await;
}

async fn fetches_once(code: i64) {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    agent.idle().await;
    let fetched = mock.calls("gettoken").len();

    fault(&mock, "kf/send_msg", errcode(code));
    mock.say(CUSTOMER, "退款").await.expect("push");

    answers(&mock, CUSTOMER, 2).await;
    agent.idle().await;
    assert_eq!(mock.calls("gettoken").len(), fetched + 1, "{code}");
    assert_eq!(mock.calls("kf/send_msg").len(), 3, "{code}");
}

#[tokio::test]
async fn an_expired_token_is_replaced_whatever_code_says_so() {
    join_all([42001, 40014].map(replaced)).await;
}

async fn replaced(code: i64) {
    let mock = mock().await;
    switch(&mock, "expired_token_code", code);
    let agent = Agent::start(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;

    mock.advance_secs(7_300);
    mock.say(CUSTOMER, "退款").await.expect("push");

    answers(&mock, CUSTOMER, 2).await;
    agent.idle().await;
    assert!(refusals(&mock).iter().any(|(_, met)| *met == code));
}

#[tokio::test]
async fn a_token_revoked_by_another_instance_is_replaced_once() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let members = members(&mock, 8);
    join_all(members.iter().map(|id| member_says(&mock, id, "你好"))).await;
    calls(&mock, "message/send", 8).await;
    agent.idle().await;
    let fetched = mock.calls("gettoken").len();

    mock.revoke_tokens();
    join_all(members.iter().map(|id| member_says(&mock, id, "退款"))).await;

    calls(&mock, "message/send", 16).await;
    agent.idle().await;
    assert_eq!(mock.calls("gettoken").len(), fetched + 1);
}

#[tokio::test]
async fn while_wecom_takes_no_token_at_all_answers_wait_and_none_is_lost() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let members = members(&mock, 8);
    faults(&mock, "message/send", 1000, errcode(40014));
    join_all(members.iter().map(|id| member_says(&mock, id, "退款"))).await;
    eventually("all wait", async || {
        let waiting = agent.queue("ready").await.len();
        (waiting == 8).then_some(())
    })
    .await;
    // Each with the old token and with its successor at the most, all at once.
    let asked = mock.calls("message/send").len();
    assert!(asked <= 16, "{asked} calls");
    agent.ahead(&mock, 5);
    join_all(members.iter().map(|id| member_says(&mock, id, "你好"))).await;
    eventually("all wait", async || {
        let waiting = agent.queue("ready").await.len();
        (waiting == 16).then_some(())
    })
    .await;
    assert_eq!(mock.calls("message/send").len(), asked);
    mock.clear_faults();
    agent.ahead(&mock, 21);
    agent.idle().await;
    let done = applied(&mock, "message/send").len();
    assert_eq!(done, 16);
}

#[tokio::test]
async fn a_wrong_secret_is_not_hammered_and_hurts_nobody_else() {
    let mock = mock().await;
    let agent = AgentBuilder::new()
        .edit("\"app-secret\"", "\"reset-secret\"")
        .start(&mock)
        .await;
    let members = members(&mock, 6);

    for id in &members {
        assert!(member_says(&mock, id, "你好").await);
    }
    mock.say(CUSTOMER, "退款").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;

    // Each message is tried again meanwhile; none of the tries asks WeCom.
    let waiting = eventually("second tries", async || {
        let items = agent.queue("ready").await;
        let again = |item: &serde_json::Value| item["attempts"].as_u64() >= Some(2);
        (items.len() == 6 && items.iter().all(again)).then_some(items)
    })
    .await;
    let why = waiting[0]["reason"].as_str().expect("a reason");
    assert!(why.contains("40001"), "{why}");
    let asked = mock.calls("gettoken");
    assert_eq!(
        asked
            .iter()
            .filter(|call| call.errcode == Some(40001))
            .count(),
        1
    );
    assert_eq!(said_by_bot(&mock, MEMBER).len(), 0);
    assert_eq!(applied(&mock, "message/send").len(), 0);
}
