//! Welcomes: one use, 20 seconds, and never a silent failure.

use mock_wecom::{Action, ContactAdd, KfEnter, MockWecom, RawCallback};

use crate::support::{
    Agent, CORP, CUSTOMER, MEMBER, applied, calls, errcode, eventually, fault, faults, mock,
    said_by_bot, switch,
};

const NEWCOMER: &str = "wmNEWCOMER00000000000000000001";

fn newcomer() -> ContactAdd {
    ContactAdd {
        external_userid: NEWCOMER.to_owned(),
        userid: MEMBER.to_owned(),
        ..ContactAdd::default()
    }
}

async fn add(mock: &MockWecom, add: ContactAdd) {
    mock.added(add).await.expect("a member");
}

/// The welcome in a state, once it is there.
async fn welcome(agent: &Agent, state: &str) -> serde_json::Value {
    eventually(&format!("the welcome is {state}"), async || {
        let items = agent.queue(state).await;
        items.into_iter().find(|item| item["what"] == "welcome")
    })
    .await
}

fn calls_of(mock: &MockWecom) -> usize {
    mock.calls("send_welcome_msg").len()
}

#[tokio::test]
async fn a_new_contact_is_welcomed_once() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    add(&mock, newcomer()).await;
    calls(&mock, "send_welcome_msg", 1).await;
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, NEWCOMER), ["您好"]);
    assert_eq!(calls_of(&mock), 1);
}

#[tokio::test]
async fn codes_that_cannot_be_used_are_dropped_with_their_reason() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;

    let talking = ContactAdd {
        chat_started: true,
        ..newcomer()
    };
    add(&mock, talking).await;
    let dropped = welcome(&agent, "dropped").await;
    assert!(dropped["reason"].to_string().contains("41051"));
    agent.idle().await;
    assert_eq!(calls_of(&mock), 1, "not tried again");

    fault(&mock, "send_welcome_msg", errcode(41050));
    add(&mock, newcomer()).await;
    let dropped = agent.queued("dropped", 2).await;
    assert!(dropped[1]["reason"].to_string().contains("41050"));
    agent.idle().await;
    assert_eq!(calls_of(&mock), 2, "not tried again");
    assert_eq!(said_by_bot(&mock, NEWCOMER).len(), 0);
}

#[tokio::test]
async fn while_another_app_welcomes_ours_waits_a_moment() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    fault(&mock, "send_welcome_msg", errcode(41096));
    add(&mock, newcomer()).await;
    let sent = welcome(&agent, "sent").await;
    assert_eq!(sent["attempts"], 2);
    assert_eq!(said_by_bot(&mock, NEWCOMER), ["您好"]);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_no_reason_to_greet_twice() {
    for action in [Action::DropAfter, Action::Garble] {
        let mock = mock().await;
        let agent = Agent::start(&mock).await;
        fault(&mock, "send_welcome_msg", action);
        add(&mock, newcomer()).await;
        let sent = welcome(&agent, "sent").await;
        assert!(sent["reason"].to_string().contains("had got through"));
        assert_eq!(said_by_bot(&mock, NEWCOMER), ["您好"]);
    }
}

#[tokio::test]
async fn a_code_that_was_refused_for_sure_is_not_taken_for_a_success() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    // Refused without doubt at first; then it is too late: nobody was greeted.
    fault(&mock, "send_welcome_msg", errcode(45033));
    fault(&mock, "send_welcome_msg", errcode(41050));
    add(&mock, newcomer()).await;
    let dropped = welcome(&agent, "dropped").await;
    assert!(dropped["reason"].to_string().contains("41050"));
}

#[tokio::test]
async fn a_welcome_that_stays_unclear_is_kept_for_a_person() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    faults(&mock, "send_welcome_msg", 5, Action::DropBefore);
    add(&mock, newcomer()).await;
    let unknown = welcome(&agent, "unknown").await;
    assert_eq!(unknown["attempts"], 2, "two quick tries");
}

#[tokio::test]
async fn a_late_welcome_is_dropped_without_a_call() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let at = mock.now() - 60;
    let body = format!(
        "<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>\
         <CreateTime>{at}</CreateTime><MsgType><![CDATA[event]]></MsgType>\
         <Event><![CDATA[change_external_contact]]></Event>\
         <ChangeType><![CDATA[add_external_contact]]></ChangeType><UserID><![CDATA[{MEMBER}]]></UserID>\
         <ExternalUserID><![CDATA[{NEWCOMER}]]></ExternalUserID>\
         <WelcomeCode><![CDATA[LATE]]></WelcomeCode></xml>"
    );
    let push = RawCallback {
        receiver: "contact".to_owned(),
        body,
        ..RawCallback::default()
    };
    mock.callback(push).await.expect("push");
    let dropped = welcome(&agent, "dropped").await;
    assert!(dropped["reason"].to_string().contains("too late by"));
    assert_eq!(calls_of(&mock), 0);
}

#[tokio::test]
async fn without_a_code_the_trace_says_why_nobody_was_greeted() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let silent = ContactAdd {
        without_welcome: true,
        ..newcomer()
    };
    add(&mock, silent).await;
    calls(&mock, "externalcontact/mark_tag", 1).await;
    agent.idle().await;

    let done = agent.queue("done").await;
    let record = done[0]["id"].as_str().expect("an id");
    let shown = agent.run(&["queue", "show", record]);
    let shown = String::from_utf8(shown.stdout).expect("UTF-8");
    assert!(shown.contains("WeCom gave no welcome code"), "{shown}");
    assert_eq!(applied(&mock, "send_welcome_msg").len(), 0);
}

/// The visitor comes back after a long silence: only then is there a code.
async fn visitor_enters(mock: &MockWecom) {
    let enter = KfEnter {
        external_userid: CUSTOMER.to_owned(),
        ..KfEnter::default()
    };
    let entered = mock.kf_enter(enter).await.expect("push");
    assert!(!entered.fact("welcome_code").is_empty());
}

#[tokio::test]
async fn a_visitor_is_welcomed_once_even_if_the_answer_is_lost() {
    tokio::join!(
        visitor_is_welcomed_once(40058),
        visitor_is_welcomed_once(95099)
    );
}

async fn visitor_is_welcomed_once(refusal: i64) {
    let mock = mock().await;
    switch(&mock, "kf_bad_event_code_code", refusal);
    let agent = Agent::start(&mock).await;
    fault(&mock, "kf/send_msg_on_event", Action::DropAfter);
    visitor_enters(&mock).await;
    let sent = agent.queued("sent", 1).await;
    assert_eq!(
        (&sent[0]["what"], &sent[0]["attempts"]),
        (&"kf_event".into(), &2.into())
    );
    assert_eq!(said_by_bot(&mock, CUSTOMER), ["您好"]);
}
