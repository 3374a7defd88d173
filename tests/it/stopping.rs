//! Stopping in good order: what is under way is finished, what waits is kept.

use mock_wecom::{Action, Fault};

use crate::support::{
    Agent, CUSTOMER, Callback, MEMBER, OTHER_CUSTOMER, answers, calls, mock, said_by_bot,
    text_message,
};

#[tokio::test]
async fn sigterm_lets_effects_under_way_finish_and_exits_0() {
    let mock = mock().await;
    let mut agent = Agent::start(&mock).await;
    mock.fault(Fault {
        path: "kf/send_msg".to_owned(),
        times: 1,
        skip: 0,
        action: Action::DelayMs { ms: 1500 },
    });
    mock.say(CUSTOMER, "你好").await.expect("said");
    // The state is read right before the message goes out.
    calls(&mock, "kf/service_state/get", 1).await;
    assert_eq!(said_by_bot(&mock, CUSTOMER).len(), 0);

    assert_eq!(agent.terminate().await, Some(0));

    assert_eq!(said_by_bot(&mock, CUSTOMER), ["您好"]);
    agent.restart(&mock).await;
    mock.say(OTHER_CUSTOMER, "你好").await.expect("said");
    answers(&mock, OTHER_CUSTOMER, 1).await;
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, CUSTOMER), ["您好"]);
    assert_eq!(
        mock.calls("kf/send_msg").len(),
        2,
        "the finished one was sent again"
    );
}

#[tokio::test]
async fn what_was_accepted_right_before_sigterm_is_answered_after_the_next_start() {
    let mock = mock().await;
    let mut agent = Agent::start(&mock).await;
    // The first customer's look-up holds this record back until the program has stopped.
    mock.fault(Fault {
        path: "user/get".to_owned(),
        times: 1,
        skip: 0,
        action: Action::Hang,
    });
    let push = Callback::xml("staff", &text_message(MEMBER, "你好", 1));
    assert_eq!(push.send(&agent).await.0, 200);
    assert_eq!(agent.terminate().await, Some(0));
    assert_eq!(said_by_bot(&mock, MEMBER).len(), 0);

    mock.clear_faults();
    agent.restart(&mock).await;
    assert_eq!(answers(&mock, MEMBER, 1).await, ["您好"]);
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, MEMBER).len(), 1);
}
