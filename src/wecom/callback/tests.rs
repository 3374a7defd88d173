use proptest::collection::vec;
use proptest::prelude::{any, proptest};

use super::message::Content;
use super::*;

fn owned(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A message as the documentation lays it out, around these elements.
fn message(time: i64, inner: &str, id: u64) -> String {
    format!(
        "<xml><ToUserName><![CDATA[ww00000000000000aa]]></ToUserName><FromUserName><![CDATA[lin.mei]]></FromUserName><CreateTime>{time}</CreateTime>{inner}<MsgId>{id}</MsgId><AgentID>1000007</AgentID></xml>"
    )
}

fn content(inner: &str) -> Content {
    let callback = parse(&message(1, inner, 2)).unwrap();
    assert_eq!(callback.extra, Extra::new());
    match callback.body {
        Body::Message(message) => message.content,
        Body::Event(event) => panic!("{event:?}"),
    }
}

#[test]
fn documented_text() {
    let xml = message(
        1_760_000_100,
        "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[价格表]]></Content>",
        7_300_000_000_000_000_001,
    );
    let expected = Callback {
        to_user: "ww00000000000000aa".to_owned(),
        from_user: owned("lin.mei"),
        create_time: Some(1_760_000_100),
        agent_id: Some(1_000_007),
        body: Body::Message(Message {
            msg_id: Some(7_300_000_000_000_000_001),
            content: Content::Text {
                content: "价格表".to_owned(),
            },
        }),
        extra: Extra::new(),
    };
    assert_eq!(parse(&xml), Ok(expected));
}

#[test]
fn documented_media() {
    assert_eq!(
        content(
            "<MsgType><![CDATA[image]]></MsgType><PicUrl><![CDATA[http://img.invalid/p1]]></PicUrl><MediaId><![CDATA[MEDIA_IMG_1]]></MediaId>"
        ),
        Content::Image {
            pic_url: owned("http://img.invalid/p1"),
            media_id: "MEDIA_IMG_1".to_owned(),
        }
    );
    assert_eq!(
        content(
            "<MsgType><![CDATA[voice]]></MsgType><MediaId><![CDATA[MEDIA_VOI_1]]></MediaId><Format><![CDATA[amr]]></Format>"
        ),
        Content::Voice {
            media_id: "MEDIA_VOI_1".to_owned(),
            format: owned("amr"),
        }
    );
    assert_eq!(
        content(
            "<MsgType><![CDATA[video]]></MsgType><MediaId><![CDATA[MEDIA_VID_1]]></MediaId><ThumbMediaId><![CDATA[MEDIA_THUMB_1]]></ThumbMediaId>"
        ),
        Content::Video {
            media_id: "MEDIA_VID_1".to_owned(),
            thumb_media_id: owned("MEDIA_THUMB_1"),
        }
    );
}

#[test]
fn documented_location_and_link() {
    assert_eq!(
        content(
            "<MsgType><![CDATA[location]]></MsgType><Location_X>30.123</Location_X><Location_Y>120.456</Location_Y><Scale>16</Scale><Label><![CDATA[测试路 8 号]]></Label><AppType><![CDATA[wxwork]]></AppType>"
        ),
        Content::Location {
            latitude: 30.123,
            longitude: 120.456,
            scale: Some(16),
            label: owned("测试路 8 号"),
            app_type: owned("wxwork"),
        }
    );
    assert_eq!(
        content(
            "<MsgType><![CDATA[link]]></MsgType><Title><![CDATA[标题]]></Title><Description><![CDATA[摘要]]></Description><Url><![CDATA[https://doc.invalid/1]]></Url><PicUrl><![CDATA[https://doc.invalid/1.png]]></PicUrl>"
        ),
        Content::Link {
            title: owned("标题"),
            description: owned("摘要"),
            url: owned("https://doc.invalid/1"),
            pic_url: owned("https://doc.invalid/1.png"),
        }
    );
}

#[test]
fn plain_text_nodes_and_verbatim_content() {
    // The form of Tencent's own Python sample: no CDATA anywhere.
    let xml = "<xml><ToUserName>ww1436e0e65a779aee</ToUserName><FromUserName>ChenJiaShun</FromUserName><CreateTime>1476422779</CreateTime><MsgType>text</MsgType><Content> 你好 &amp; \n</Content><MsgId>1456453720</MsgId><AgentID>1000002</AgentID></xml>";
    let callback = parse(xml).unwrap();
    assert_eq!(callback.from_user.as_deref(), Some("ChenJiaShun"));
    let Body::Message(message) = callback.body else {
        panic!("not a message");
    };
    let expected = Content::Text {
        content: " 你好 & \n".to_owned(),
    };
    assert_eq!(message.content, expected);
    assert_eq!(message.msg_id, Some(1_456_453_720));
}

#[test]
fn one_byte_order_mark_is_passed_over_and_two_are_refused() {
    let xml = "<xml><FromUserName>ChenJiaShun</FromUserName><MsgType>text</MsgType></xml>";
    let callback = parse(&format!("\u{feff}{xml}")).unwrap();
    assert_eq!(callback.from_user.as_deref(), Some("ChenJiaShun"));
    assert!(parse(&format!("\u{feff}\u{feff}\n\n\n\n{xml}")).is_err());
}

#[test]
fn empty_text_is_a_text() {
    let empty = Content::Text {
        content: String::new(),
    };
    assert_eq!(content("<MsgType>text</MsgType><Content/>"), empty);
}

#[test]
fn unknown_types_and_incomplete_ones_keep_everything() {
    let pairs = |pairs: &[(&str, &str)]| -> Extra {
        pairs
            .iter()
            .map(|&(name, text)| (name.to_owned(), text.to_owned()))
            .collect()
    };
    assert_eq!(
        content("<MsgType>file</MsgType><MediaId>M</MediaId><A><B>1</B><B>2</B></A>"),
        Content::Unknown {
            msg_type: "file".to_owned(),
            fields: pairs(&[("MediaId", "M"), ("A/B", "1"), ("A/B", "2")]),
        }
    );
    assert_eq!(
        content("<MsgType>image</MsgType><PicUrl>http://p</PicUrl>"),
        Content::Unknown {
            msg_type: "image".to_owned(),
            fields: pairs(&[("PicUrl", "http://p")]),
        }
    );
}

#[test]
fn wrong_numbers_and_new_elements_are_extra() {
    let xml = "<xml><MsgType>text</MsgType><Content>a</Content><CreateTime>soon</CreateTime><MsgId>-5</MsgId><AgentID></AgentID><New><![CDATA[n]]></New></xml>";
    let callback = parse(xml).unwrap();
    assert_eq!(callback.create_time, None);
    assert_eq!(callback.agent_id, None);
    assert_eq!(callback.from_user, None);
    let expected: Extra = [("CreateTime", "soon"), ("MsgId", "-5"), ("New", "n")]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into();
    assert_eq!(callback.extra, expected);
    assert!(matches!(
        callback.body,
        Body::Message(Message { msg_id: None, .. })
    ));
}

#[test]
fn what_is_not_a_callback() {
    assert_eq!(
        parse("<xml><Content>a</Content></xml>"),
        Err(ParseError::Missing("MsgType"))
    );
    assert_eq!(
        parse("<!DOCTYPE x><xml/>"),
        Err(ParseError::Xml(XmlError::Doctype))
    );
    let error = parse("<xml><Content>secret</Contents></xml>").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[test]
fn keys() {
    let text = "<MsgType>text</MsgType><Content>a</Content>";
    let callback = parse(&message(1, text, 42)).unwrap();
    assert_eq!(dedupe_key(&callback, b"one"), "lin.mei:42");
    assert_eq!(dedupe_key(&callback, b"two"), "lin.mei:42");

    let event = "<xml><FromUserName>sys</FromUserName><CreateTime>1</CreateTime><MsgType>event</MsgType><Event>low_active</Event></xml>";
    let event = parse(event).unwrap();
    // SHA-1 of "abc".
    assert_eq!(
        dedupe_key(&event, b"abc"),
        "a9993e364706816aba3e25717850c26c9cd0d89d"
    );
    assert_ne!(dedupe_key(&event, b"abc"), dedupe_key(&event, b"abd"));
}

proptest! {
    #[test]
    fn never_panics(xml in any::<String>()) {
        let _ignored = parse(&xml);
    }

    #[test]
    fn never_panics_on_elements(
        kind in "(text|image|location|event)",
        event in "(change_contact|change_external_chat|sys_approval_change|pic_weixin|click)",
        elements in vec(("(Location_X|EventKey|ChangeType|SendPicsInfo|ApprovalInfo)", "[a-z0-9 .,-]{0,6}(<Item>1</Item>)?"), 0..5),
    ) {
        let elements: String = elements
            .iter()
            .map(|(name, inner)| format!("<{name}>{inner}</{name}>"))
            .collect();
        let xml = format!("<xml><MsgType>{kind}</MsgType><Event>{event}</Event>{elements}</xml>");
        assert!(parse(&xml).is_ok());
    }
}
