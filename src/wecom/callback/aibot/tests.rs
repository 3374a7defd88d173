use proptest::prelude::{any, proptest};
use serde_json::json;

use super::*;

fn parsed(json: &Value) -> AibotCallback {
    parse(json.to_string().as_bytes()).unwrap()
}

fn content_of(json: Value) -> AibotContent {
    let callback = parsed(&json);
    assert_eq!(callback.extra, Map::new());
    callback.content
}

fn event_of(event: Value) -> AibotEvent {
    let AibotContent::Event(event) = content_of(json!({"msgtype": "event", "event": event})) else {
        panic!("not an event");
    };
    event
}

fn owned(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn documented_group_message_with_a_quote() {
    let raw = r#"{"msgid":"MSG_A1","aibotid":"BOT_1","chatid":"CHAT_1","chattype":"group","from":{"userid":"lin.mei"},"response_url":"https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=RC_1","msgtype":"text","text":{"content":"@小助手 查询库存"},"quote":{"msgtype":"text","text":{"content":"旧消息"}}}"#;
    let expected = AibotCallback {
        msg_id: "MSG_A1".to_owned(),
        bot_id: "BOT_1".to_owned(),
        chat_id: owned("CHAT_1"),
        chat_type: ChatType::Group,
        from_user: owned("lin.mei"),
        from_corp: None,
        create_time: None,
        response_url: owned(
            "https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=RC_1",
        ),
        content: AibotContent::Text("@小助手 查询库存".to_owned()),
        quote: Some(AibotContent::Text("旧消息".to_owned())),
        extra: Map::new(),
    };
    assert_eq!(parse(raw.as_bytes()).unwrap(), expected);
    let with_bom = format!("\u{feff}{raw}");
    assert_eq!(parse(with_bom.as_bytes()).unwrap(), expected);
}

#[test]
fn documented_long_connection_body() {
    let callback = parsed(&json!({
        "msgid": "MSG_A2", "aibotid": "BOT_1", "chattype": "single",
        "from": {"userid": "lin.mei"}, "msgtype": "text", "text": {"content": "提醒列表"},
    }));
    assert_eq!(callback.chat_type, ChatType::Single);
    assert_eq!(callback.chat_id, None);
    assert_eq!(callback.content, AibotContent::Text("提醒列表".to_owned()));
}

#[test]
fn every_message_type() {
    let media = |key: Option<&str>| MediaRef {
        url: "https://m".to_owned(),
        aes_key: key.map(str::to_owned),
    };
    let image = json!({"msgtype": "image", "image": {"url": "https://m"}});
    assert_eq!(content_of(image), AibotContent::Image(media(None)));
    let file = json!({"msgtype": "file", "file": {"url": "https://m", "aeskey": "K"}});
    assert_eq!(content_of(file), AibotContent::File(media(Some("K"))));
    let video = json!({"msgtype": "video", "video": {"url": "https://m"}});
    assert_eq!(content_of(video), AibotContent::Video(media(None)));
    let voice = json!({"msgtype": "voice", "voice": {"content": "你好"}});
    assert_eq!(content_of(voice), AibotContent::Voice("你好".to_owned()));
    let stream = json!({"msgtype": "stream", "stream": {"id": "S_1"}});
    let refresh = AibotContent::StreamRefresh {
        id: "S_1".to_owned(),
    };
    assert_eq!(content_of(stream), refresh);
    let mixed = json!({"msgtype": "mixed", "mixed": {"msg_item": [
        {"msgtype": "text", "text": {"content": "看"}},
        {"msgtype": "image", "image": {"url": "https://m"}},
        {"msgtype": "sticker", "sticker": 7},
        8,
    ]}});
    let expected = AibotContent::Mixed(vec![
        AibotContent::Text("看".to_owned()),
        AibotContent::Image(media(None)),
        AibotContent::Unknown {
            msg_type: "sticker".to_owned(),
            body: json!(7),
        },
        AibotContent::Unknown {
            msg_type: String::new(),
            body: json!(8),
        },
    ]);
    assert_eq!(content_of(mixed), expected);
}

#[test]
fn every_event() {
    assert_eq!(
        event_of(json!({"eventtype": "enter_chat"})),
        AibotEvent::EnterChat
    );
    assert_eq!(
        event_of(json!({"eventtype": "disconnected_event"})),
        AibotEvent::Disconnected
    );
    let feedback = json!({"eventtype": "feedback_event", "feedback_event": {
        "id": "F_1", "type": 2, "content": "答非所问", "inaccurate_reason_list": [1, "4"],
    }});
    let expected = AibotEvent::Feedback {
        id: owned("F_1"),
        kind: Some(2),
        content: owned("答非所问"),
        reasons: vec![1, 4],
    };
    assert_eq!(event_of(feedback), expected);
    let unknown = json!({"eventtype": "dance", "dance": {"x": 1}});
    let expected = AibotEvent::Unknown {
        event_type: "dance".to_owned(),
        body: json!({"dance": {"x": 1}}),
    };
    assert_eq!(event_of(unknown), expected);
}

#[test]
fn card_events_in_both_spellings() {
    let snake = json!({"eventtype": "template_card_event", "template_card_event": {
        "card_type": "vote_interaction", "event_key": "submit", "task_id": "t-1",
        "selected_items": {"selected_item": [
            {"question_key": "q1", "option_ids": {"option_id": ["a", "b"]}},
        ]},
    }});
    let squashed = json!({"eventtype": "template_card_event", "template_card_event": {
        "cardtype": "vote_interaction", "eventkey": "submit", "taskid": "t-1",
        "selecteditems": {"selecteditem": [
            {"questionkey": "q1", "optionids": {"optionid": ["a", "b"]}},
        ]},
    }});
    let expected = AibotEvent::TemplateCard {
        card_type: owned("vote_interaction"),
        event_key: owned("submit"),
        task_id: owned("t-1"),
        selected_items: vec![SelectedItem {
            question_key: "q1".to_owned(),
            option_ids: vec!["a".to_owned(), "b".to_owned()],
        }],
    };
    assert_eq!(event_of(snake), expected);
    assert_eq!(event_of(squashed), expected);
}

#[test]
fn the_unknown_is_kept() {
    let callback = parsed(&json!({
        "msgid": 12, "msgtype": "poll", "poll": {"q": [1]}, "create_time": "1760000000",
        "from": {"userid": "u", "name": "n"}, "chattype": "channel", "new": true,
    }));
    assert_eq!(callback.msg_id, "12");
    assert_eq!(callback.create_time, Some(1_760_000_000));
    assert_eq!(callback.chat_type, ChatType::Other("channel".to_owned()));
    let content = AibotContent::Unknown {
        msg_type: "poll".to_owned(),
        body: json!({"q": [1]}),
    };
    assert_eq!(callback.content, content);
    assert_eq!(
        Value::Object(callback.extra),
        json!({"from": {"name": "n"}, "new": true})
    );

    let callback = parsed(&json!({
        "msgtype": "text", "text": {"content": "a", "lang": "zh"}, "create_time": "soon",
    }));
    assert_eq!(callback.content, AibotContent::Text("a".to_owned()));
    assert_eq!(
        Value::Object(callback.extra),
        json!({"text": {"lang": "zh"}, "create_time": "soon"})
    );
}

#[test]
fn known_types_without_substance_are_unknown() {
    for body in [json!({}), json!(null), json!("x"), json!({"url": ""})] {
        let content = content_of(json!({"msgtype": "image", "image": body}));
        let expected = AibotContent::Unknown {
            msg_type: "image".to_owned(),
            body,
        };
        assert_eq!(content, expected);
    }
}

#[test]
fn what_is_not_a_callback() {
    assert!(matches!(parse(b""), Err(AibotParseError::Json(_))));
    assert!(matches!(parse(b"\xff"), Err(AibotParseError::Json(_))));
    assert!(matches!(parse(b"[]"), Err(AibotParseError::NotAnObject)));
    assert!(matches!(
        parse(b"{}"),
        Err(AibotParseError::Missing("msgtype"))
    ));
    let deep = "[".repeat(100_000);
    assert!(matches!(
        parse(deep.as_bytes()),
        Err(AibotParseError::Json(_))
    ));
    let large = format!("{{\"msgtype\":\"{}\"}}", "x".repeat(MAX_BYTES));
    assert!(matches!(
        parse(large.as_bytes()),
        Err(AibotParseError::TooLarge)
    ));
}

#[test]
fn keys() {
    let with_id = parsed(&json!({"msgid": "MSG_A1", "msgtype": "stream", "stream": {"id": "S"}}));
    assert_eq!(dedupe_key(&with_id, b"anything"), "MSG_A1");
    let without = parsed(&json!({"msgtype": "text", "text": {"content": "a"}}));
    // SHA-1 of "abc".
    assert_eq!(
        dedupe_key(&without, b"abc"),
        "a9993e364706816aba3e25717850c26c9cd0d89d"
    );
}

proptest! {
    #[test]
    fn never_panics(bytes in any::<Vec<u8>>()) {
        let _ignored = parse(&bytes);
    }

    #[test]
    fn never_panics_on_json(kind in "(text|image|mixed|event|stream)", body in r#"[\{\}\[\]":,a-c0-9]{0,40}"#) {
        let document = format!(r#"{{"msgtype":"{kind}","{kind}":{body}}}"#);
        let _ignored = parse(document.as_bytes());
    }
}
