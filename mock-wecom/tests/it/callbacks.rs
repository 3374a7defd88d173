//! Callbacks: encrypted, repeated, answered; and the replies that come back.

use mock_wecom::{AppEvent, AppSay, Kind, RawCallback};
use serde_json::json;

use crate::support::{CUSTOMER, Corp, Manner, Receiver, between};

fn text(content: &str) -> AppSay {
    AppSay {
        userid: "lin.mei".into(),
        content: Some(content.into()),
        ..AppSay::default()
    }
}

#[tokio::test]
async fn a_member_writes_to_an_app_and_reads_the_passive_reply() {
    let corp = Corp::start().await;
    let reply = "<xml><ToUserName><![CDATA[lin.mei]]></ToUserName><FromUserName><![CDATA[ww0000000000000001]]></FromUserName>\
        <CreateTime>1</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[已收到]]></Content></xml>";
    let receiver = Receiver::of(&corp, Kind::App, vec![Manner::Reply(reply.into())]).await;
    let said = corp.mock.app_say(text("]]> & <b>")).await.expect("said");
    assert_eq!(said.reply.expect("a reply")["Content"], "已收到");
    assert_eq!(said.pushes[0].problems, Vec::<String>::new());
    let seen = receiver.last();
    assert_eq!(between(&seen.raw, "<AgentID><![CDATA[", "]]>"), "1000002");
    assert!(
        seen.plain
            .contains("<Content><![CDATA[]]]]><![CDATA[> & <b>]]></Content>"),
        "{}",
        seen.plain
    );
    assert_eq!(
        between(&seen.plain, "<MsgId>", "</MsgId>"),
        said.facts["msg_id"].to_string()
    );
    let texts: Vec<String> = corp
        .mock
        .chat("lin.mei")
        .into_iter()
        .map(|line| line.text)
        .collect();
    assert_eq!(texts, ["]]> & <b>", "已收到"]);
}

#[tokio::test]
async fn a_reply_to_the_wrong_person_or_with_a_wrong_signature_is_told() {
    let corp = Corp::start().await;
    let wrong =
        "<xml><ToUserName><![CDATA[boss]]></ToUserName><MsgType><![CDATA[text]]></MsgType></xml>";
    Receiver::of(&corp, Kind::App, vec![Manner::Reply(wrong.into())]).await;
    let said = corp.mock.app_say(text("1")).await.expect("said");
    assert_eq!(
        said.pushes[0].problems,
        ["ToUserName of the reply is not the member"]
    );
}

#[tokio::test]
async fn an_event_carries_its_key() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::App, vec![Manner::Empty]).await;
    let click = AppEvent {
        userid: "lin.mei".into(),
        event: "click".into(),
        event_key: Some("MENU_PRICE".into()),
        ..AppEvent::default()
    };
    corp.mock.app_event(click).await.expect("clicked");
    let plain = receiver.last().plain;
    assert_eq!(between(&plain, "<Event><![CDATA[", "]]>"), "click");
    assert_eq!(between(&plain, "<EventKey><![CDATA[", "]]>"), "MENU_PRICE");
    assert!(!plain.contains("MsgId"));
}

#[tokio::test]
async fn a_refused_push_is_repeated_with_a_new_envelope() {
    let corp = Corp::start().await;
    let manners = vec![Manner::Status(500), Manner::Status(503), Manner::Empty];
    let receiver = Receiver::of(&corp, Kind::Kf, manners).await;
    let said = corp.mock.say(CUSTOMER, "1").await.expect("said");
    assert_eq!((said.http_status, said.attempts), (Some(200), 3));
    let seen = receiver.seen();
    assert_eq!(seen[0].plain, seen[2].plain);
    assert_ne!(
        seen[0].query["msg_signature"],
        seen[2].query["msg_signature"]
    );
}

#[tokio::test]
async fn repeats_follow_the_switches() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::Kf, vec![Manner::Status(500)]).await;
    corp.switch("retry_on_non_200", json!(false));
    let said = corp.mock.say(CUSTOMER, "1").await.expect("said");
    assert_eq!((said.http_status, said.attempts), (Some(500), 1));
    corp.switch("retry_on_non_200", json!(true));
    corp.switch("reencrypt_repeats", json!(false));
    let said = corp.mock.say(CUSTOMER, "2").await.expect("said");
    assert_eq!((said.http_status, said.attempts), (Some(500), 4));
    let seen = receiver.seen();
    assert_eq!(seen[1].raw, seen[4].raw);
}

#[tokio::test]
async fn a_silent_or_missing_receiver_is_reported_soon() {
    let corp = Corp::start().await;
    Receiver::of(&corp, Kind::Kf, vec![Manner::Silent]).await;
    corp.switch("callback_timeout_ms", json!(20));
    let said = corp.mock.say(CUSTOMER, "1").await.expect("said");
    assert_eq!((said.http_status, said.attempts), (None, 4));
    corp.switch("callback_timeout_ms", json!(60_000));
    corp.switch("control_wait_ms", json!(20));
    let said = corp.mock.say(CUSTOMER, "2").await.expect("said");
    assert!(said.pushes[0].pending);

    let mut gone = Receiver::start("test", Kind::Kf, vec![Manner::Empty])
        .await
        .spec;
    gone.url = "http://127.0.0.1:1/callback".into();
    corp.mock.set_receiver(gone).expect("a good key");
    corp.switch("control_wait_ms", json!(6_000));
    let said = corp.mock.say(CUSTOMER, "3").await.expect("said");
    assert!(
        said.pushes[0]
            .error
            .as_deref()
            .is_some_and(|error| !error.is_empty())
    );
}

#[tokio::test]
async fn any_plaintext_can_be_sent_again_and_again() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::Contact, vec![Manner::Empty]).await;
    let raw = RawCallback {
        receiver: "test".into(),
        body: "<xml><Odd>1</Odd></xml>".into(),
        repeat: 2,
        reencrypt: Some(false),
    };
    let sent = corp.mock.callback(raw).await.expect("sent");
    assert_eq!(sent.attempts, 3);
    let seen = receiver.seen();
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[0].plain, "<xml><Odd>1</Odd></xml>");
    assert_eq!(seen[0].raw, seen[2].raw);
}

#[tokio::test]
async fn the_console_checks_a_callback_url() {
    let corp = Corp::start().await;
    Receiver::of(&corp, Kind::App, vec![Manner::Empty]).await;
    assert_eq!(
        corp.post("/mock/receivers/verify", &json!({"name": "test"}))
            .await["ok"],
        true
    );
    let mut spec = Receiver::start("other", Kind::App, vec![Manner::Empty])
        .await
        .spec;
    spec.token = "anotherToken".into();
    corp.mock.set_receiver(spec).expect("a good key");
    let checked = corp
        .post("/mock/receivers/verify", &json!({"name": "other"}))
        .await;
    assert_eq!(checked["ok"], false);
}
