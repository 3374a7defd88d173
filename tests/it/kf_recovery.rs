//! Customer service goes on when WeCom forgets a cursor or hides the accounts.

use mock_wecom::{Action, KfSay};

use crate::support::cluster::Cluster;
use crate::support::{
    Agent, AgentBuilder, CUSTOMER, answers, calls, errcode, fault, faults, mock, said_by_bot,
};

#[tokio::test]
async fn a_cursor_that_wecom_no_longer_knows_begins_the_paging_anew() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;

    fault(&mock, "kf/sync_msg", errcode(50100));
    mock.say(CUSTOMER, "我要退款").await.expect("push");

    answers(&mock, CUSTOMER, 2).await;
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, CUSTOMER), ["您好", "退款请提供订单号"]);
    // The mock refuses once; WeCom would go on refusing the same cursor.
    let pulls = mock.calls("kf/sync_msg");
    let refused = pulls.iter().position(|pull| pull.errcode == Some(50100));
    let after = &pulls[refused.expect("a refusal") + 1].request["body"];
    assert!(
        after["open_kfid"].is_string() && after["cursor"].is_null(),
        "{after}"
    );
}

#[tokio::test]
async fn accounts_that_may_not_be_listed_are_polled_after_a_restart_too() {
    let mock = mock().await;
    faults(&mock, "kf/account/list", 1_000, errcode(48002));
    let mut agent = Agent::start(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    agent.idle().await;
    assert_eq!(agent.terminate().await, Some(0));

    mock.kf_say(unheard("我要退款")).await.expect("said");
    agent.restart(&mock).await;

    answers(&mock, CUSTOMER, 2).await;
}

#[tokio::test]
async fn what_a_dead_replica_was_pulling_is_pulled_soon_and_not_at_the_next_poll() {
    let mock = mock().await;
    // The poll comes by the hour here.
    let mut agent = AgentBuilder::new()
        .database(&Cluster::shared().database())
        .start(&mock)
        .await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    agent.kill();

    let pulls = mock.calls("kf/sync_msg").len();
    fault(&mock, "kf/sync_msg", Action::Hang);
    agent.restart(&mock).await;
    calls(&mock, "kf/sync_msg", pulls + 1).await;
    agent.kill();
    mock.kf_say(unheard("我要退款")).await.expect("said");
    agent.restart(&mock).await;

    answers(&mock, CUSTOMER, 2).await;
}

/// What a customer says while nobody can be told.
fn unheard(text: &str) -> KfSay {
    KfSay {
        external_userid: CUSTOMER.to_owned(),
        content: Some(text.to_owned()),
        silent: true,
        ..KfSay::default()
    }
}
