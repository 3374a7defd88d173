//! Customer service: the push is a hint, `sync_msg` has the words.

use mock_wecom::{Action, Fault, KfEnter, KfSay, KfSession};
use serde_json::json;

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, KF, MEMBER, OTHER_CUSTOMER, answers, calls, eventually, mock,
    said_by_bot,
};

fn customer(n: usize) -> String {
    format!("wmTEST{n:026}")
}

fn silent(external_userid: &str, text: &str) -> KfSay {
    KfSay {
        external_userid: external_userid.to_owned(),
        content: Some(text.to_owned()),
        silent: true,
        ..KfSay::default()
    }
}

fn switches(value: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    value.as_object().expect("an object").clone()
}

/// `sync_msg` requests so far, as (cursor, account).
fn pulls(mock: &mock_wecom::MockWecom) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let calls = mock.calls("kf/sync_msg").into_iter();
    calls
        .map(|call| {
            let body = &call.request["body"];
            (text(&body["cursor"]), text(&body["open_kfid"]))
        })
        .collect()
}

#[tokio::test]
async fn every_page_is_pulled_also_empty_ones_and_every_message_is_answered() {
    let mock = mock().await;
    let mut agent = Agent::start(&mock).await;
    mock.set_switches(switches(json!({"kf_page_limit": 2, "kf_empty_pages": 2})))
        .expect("switches");
    for n in 0..7 {
        mock.kf_say(silent(&customer(n), "我要退款"))
            .await
            .expect("said");
    }
    mock.say(CUSTOMER, "我要退款").await.expect("said");

    for n in 0..7 {
        assert_eq!(answers(&mock, &customer(n), 1).await, ["退款请提供订单号"]);
    }
    answers(&mock, CUSTOMER, 1).await;
    assert!(pulls(&mock).iter().all(|(_, account)| account == KF));

    // The cursor was stored with them: after a restart nothing is pulled, let alone answered.
    agent.idle().await;
    assert_eq!(agent.terminate().await, Some(0));
    let before = pulls(&mock).len();
    agent.restart(&mock).await;
    mock.say(OTHER_CUSTOMER, "你好").await.expect("said");
    answers(&mock, OTHER_CUSTOMER, 1).await;
    assert!(
        pulls(&mock)[before..]
            .iter()
            .all(|(cursor, _)| !cursor.is_empty())
    );
    for n in 0..7 {
        assert_eq!(said_by_bot(&mock, &customer(n)).len(), 1);
    }
}

#[tokio::test]
async fn several_messages_of_one_customer_are_all_answered_in_order() {
    let mock = mock().await;
    let _agent = Agent::start(&mock).await;
    for text in ["你好", "我要退款", "你好"] {
        mock.kf_say(silent(CUSTOMER, text)).await.expect("said");
    }
    mock.say(CUSTOMER, "退款").await.expect("said");
    let said = answers(&mock, CUSTOMER, 4).await;
    assert_eq!(
        said,
        ["您好", "退款请提供订单号", "您好", "退款请提供订单号"]
    );
}

#[tokio::test]
async fn a_crash_between_two_pages_loses_and_repeats_nothing() {
    a_crash_between_two_pages("redb").await;
}

#[tokio::test]
async fn a_crash_between_two_pages_loses_and_repeats_nothing_on_sled() {
    a_crash_between_two_pages("sled").await;
}

async fn a_crash_between_two_pages(store: &'static str) {
    let mock = mock().await;
    let mut agent = AgentBuilder::new().store(store).start(&mock).await;
    calls(&mock, "kf/sync_msg", 1).await;
    mock.set_switches(switches(json!({"kf_page_limit": 2})))
        .expect("switches");
    mock.fault(Fault {
        path: "kf/sync_msg".to_owned(),
        times: 1,
        skip: 1,
        action: Action::Hang,
    });
    for n in 0..5 {
        mock.kf_say(silent(&customer(n), "我要退款"))
            .await
            .expect("said");
    }
    mock.say(&customer(5), "我要退款").await.expect("said");
    for n in 0..2 {
        answers(&mock, &customer(n), 1).await;
    }

    agent.kill();
    mock.clear_faults();
    let before = pulls(&mock).len();
    agent.restart(&mock).await;

    for n in 0..6 {
        answers(&mock, &customer(n), 1).await;
    }
    agent.idle().await;
    for n in 0..6 {
        assert_eq!(said_by_bot(&mock, &customer(n)).len(), 1, "customer {n}");
    }
    let (cursor, _) = &pulls(&mock)[before];
    assert!(!cursor.is_empty(), "the first page was pulled again");
}

#[tokio::test]
async fn the_first_start_ignores_what_is_older_than_the_configured_age() {
    let mock = mock().await;
    mock.advance_secs(-2 * 3600);
    mock.kf_say(silent(&customer(1), "我要退款"))
        .await
        .expect("said");
    mock.advance_secs(3600 + 1800);
    mock.kf_say(silent(&customer(2), "我要退款"))
        .await
        .expect("said");
    mock.advance_secs(1800);

    let agent = AgentBuilder::new()
        .kf("poll_every = \"1h\"\nignore_older_than = \"1h\"\n")
        .start(&mock)
        .await;

    assert_eq!(answers(&mock, &customer(2), 1).await.len(), 1);
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, &customer(1)).len(), 0);
    let kept = agent.items(&["done"]);
    let reason = |item: &&serde_json::Value| {
        item["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("ignore_older_than"))
    };
    assert_eq!(kept.iter().filter(reason).count(), 1, "{kept:#?}");
}

#[tokio::test]
async fn what_was_said_while_the_agent_was_down_is_answered_once() {
    let mock = mock().await;
    let mut agent = Agent::start(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("said");
    answers(&mock, CUSTOMER, 1).await;
    agent.idle().await;
    assert_eq!(agent.terminate().await, Some(0));

    mock.kf_say(silent(CUSTOMER, "我要退款"))
        .await
        .expect("said");
    agent.restart(&mock).await;

    assert_eq!(
        answers(&mock, CUSTOMER, 2).await,
        ["您好", "退款请提供订单号"]
    );
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, CUSTOMER).len(), 2);
}

#[tokio::test]
async fn a_message_without_any_push_is_found_by_the_slow_poll() {
    let mock = mock().await;
    let _agent = AgentBuilder::new()
        .kf("poll_every = \"1s\"\n")
        .start(&mock)
        .await;
    calls(&mock, "kf/sync_msg", 1).await;
    mock.kf_say(silent(CUSTOMER, "我要退款"))
        .await
        .expect("said");
    answers(&mock, CUSTOMER, 1).await;
}

#[tokio::test]
async fn a_push_whose_token_has_expired_still_brings_the_messages() {
    let mock = mock().await;
    let _agent = Agent::start(&mock).await;
    calls(&mock, "kf/sync_msg", 1).await;
    mock.fault(Fault {
        path: "kf/sync_msg".to_owned(),
        times: 1,
        skip: 0,
        action: Action::Errcode {
            code: 95007,
            applied: false,
        },
    });
    mock.say(CUSTOMER, "我要退款").await.expect("said");
    answers(&mock, CUSTOMER, 1).await;
}

#[tokio::test]
async fn a_servicers_words_never_trigger() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let spoken = KfSay {
        external_userid: CUSTOMER.to_owned(),
        content: Some("我要退款".to_owned()),
        servicer_userid: Some("zhao.min".to_owned()),
        ..KfSay::default()
    };
    mock.kf_say(spoken).await.expect("said");
    mock.say(CUSTOMER, "你好").await.expect("said");

    assert_eq!(answers(&mock, CUSTOMER, 1).await, ["您好"]);
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, CUSTOMER), ["您好"]);
    assert_eq!(mock.tags_of(MEMBER, CUSTOMER).len(), 0);
    let kept = agent.items(&["done"]);
    assert!(
        kept.iter()
            .any(|item| item["reason"] == "written by a servicer"),
        "{kept:#?}"
    );
}

#[tokio::test]
async fn while_a_human_has_the_session_the_bot_is_silent_and_says_why() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("said");
    answers(&mock, CUSTOMER, 1).await;
    agent.idle().await;
    let taken = KfSession {
        external_userid: CUSTOMER.to_owned(),
        change_type: 1,
        servicer_userid: Some("zhao.min".to_owned()),
        ..KfSession::default()
    };
    mock.kf_session(taken).await.expect("taken");
    mock.say(CUSTOMER, "我要退款").await.expect("said");

    let dropped = eventually("a dropped answer", async || agent.items(&["dropped"]).pop()).await;
    let reason = dropped["reason"].as_str().expect("a reason");
    assert!(reason.contains("human servicer"), "{reason}");
    // The tag needs no session.
    calls(&mock, "externalcontact/mark_tag", 1).await;
    assert_eq!(mock.tags_of(MEMBER, CUSTOMER), ["退款"]);
    assert_eq!(said_by_bot(&mock, CUSTOMER), ["您好"]);
    // The agent looked before it spoke: WeCom never had to refuse.
    assert_eq!(mock.calls("kf/send_msg").len(), 1);
}

#[tokio::test]
async fn opening_the_chat_is_welcomed_by_the_code() {
    let mock = mock().await;
    let _agent = Agent::start(&mock).await;
    let enter = KfEnter {
        external_userid: CUSTOMER.to_owned(),
        scene: "shop".to_owned(),
        ..KfEnter::default()
    };
    let entered = mock.kf_enter(enter).await.expect("entered");
    assert_eq!(answers(&mock, CUSTOMER, 1).await, ["您好"]);
    let sent = calls(&mock, "kf/send_msg_on_event", 1).await;
    assert_eq!(
        sent[0].request["body"]["code"],
        entered.fact("welcome_code")
    );
}

#[tokio::test]
async fn unknown_kinds_of_items_are_kept_and_stop_nothing() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let item = |msgtype: &str, payload: serde_json::Value| KfSay {
        external_userid: CUSTOMER.to_owned(),
        msgtype: Some(msgtype.to_owned()),
        payload: Some(payload),
        silent: true,
        ..KfSay::default()
    };
    let event = json!({"event_type": "moon_phase", "open_kfid": KF, "external_userid": CUSTOMER});
    for odd in [
        item("hologram", json!({"url": "https://x.example"})),
        item("event", event),
        item("event", json!({})),
        item("text", json!("not an object")),
        item("text", json!({"content": 5})),
        item("location", json!({"latitude": "north"})),
    ] {
        mock.kf_say(odd).await.expect("said");
    }
    mock.say(CUSTOMER, "我要退款").await.expect("said");

    assert_eq!(answers(&mock, CUSTOMER, 1).await, ["退款请提供订单号"]);
    agent.idle().await;
    assert_eq!(agent.items(&["done"]).len(), 7);
}
