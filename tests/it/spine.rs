//! The main path: a message in, a tag and a reply out.

use crate::support::{Agent, CUSTOMER, KF, MEMBER, answers, calls, mock};

#[tokio::test]
async fn a_customers_message_is_tagged_and_answered() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;

    let pushed = mock.say(CUSTOMER, "我要退款").await.expect("push");

    assert_eq!(pushed.http_status, Some(200));
    assert_eq!(answers(&mock, CUSTOMER, 1).await, ["退款请提供订单号"]);
    calls(&mock, "externalcontact/mark_tag", 1).await;
    assert_eq!(mock.tags_of(MEMBER, CUSTOMER), ["退款"]);
    agent.idle().await;
    let sent = calls(&mock, "kf/send_msg", 1).await;
    assert_eq!(sent[0].request["body"]["open_kfid"], KF);
}
