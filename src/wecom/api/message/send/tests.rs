use super::{Message, MiniprogramNotice, NoticeItem, Receivers, Request};
use crate::wecom::api::testing::{answer, assert_sends};
use crate::wecom::api::{Article, MediaId, MpArticle, MpNews, News, TemplateCard, TextCard, Video};

fn assert_message(message: Message, literal: &str) {
    let kind = message.kind();
    assert_sends(
        &Request::new(Receivers::user("a"), 7, message),
        &format!(
            r#"{{"touser":"a","agentid":7,"msgtype":"{kind}","{kind}":{literal},
            "enable_id_trans":0,"enable_duplicate_check":0}}"#
        ),
    );
}

#[test]
fn text_with_every_option() {
    let to = Receivers {
        users: vec!["a".into(), "b".into()],
        parties: vec!["1".into()],
        tags: vec!["2".into(), "3".into()],
    };
    let mut request = Request::new(to, 7, Message::text("你好")).deduplicated(99_999);
    request.safe = Some(1);
    request.enable_id_trans = true;
    assert_sends(
        &request,
        r#"{"touser":"a|b","toparty":"1","totag":"2|3","agentid":7,"msgtype":"text",
        "text":{"content":"你好"},"safe":1,"enable_id_trans":1,
        "enable_duplicate_check":1,"duplicate_check_interval":14400}"#,
    );
}

#[test]
fn every_kind() {
    assert_message(Message::Image(MediaId::new("M")), r#"{"media_id":"M"}"#);
    assert_message(Message::Voice(MediaId::new("M")), r#"{"media_id":"M"}"#);
    assert_message(Message::File(MediaId::new("M")), r#"{"media_id":"M"}"#);
    assert_message(Message::markdown("**x**"), r#"{"content":"**x**"}"#);
    let video = Video {
        media_id: "M".into(),
        title: Some("T".into()),
        description: None,
    };
    assert_message(Message::Video(video), r#"{"media_id":"M","title":"T"}"#);
    let card = TextCard {
        title: "T".into(),
        description: "D".into(),
        url: "https://doc.invalid".into(),
        btntxt: None,
    };
    assert_message(
        Message::TextCard(card),
        r#"{"title":"T","description":"D","url":"https://doc.invalid"}"#,
    );
    let article = Article {
        title: "T".into(),
        url: Some("https://doc.invalid".into()),
        ..Article::default()
    };
    assert_message(
        Message::News(News {
            articles: vec![article],
        }),
        r#"{"articles":[{"title":"T","url":"https://doc.invalid"}]}"#,
    );
    let article = MpArticle {
        title: "T".into(),
        thumb_media_id: "M".into(),
        content: "<p>".into(),
        ..MpArticle::default()
    };
    assert_message(
        Message::MpNews(MpNews {
            articles: vec![article],
        }),
        r#"{"articles":[{"title":"T","thumb_media_id":"M","content":"<p>"}]}"#,
    );
    let card = serde_json::json!({"card_type": "text_notice", "card_action": {"type": 1}});
    assert_message(
        Message::TemplateCard(TemplateCard::new(card).unwrap()),
        r#"{"card_type":"text_notice","card_action":{"type":1}}"#,
    );
}

#[test]
fn a_miniprogram_notice_has_no_agentid() {
    let notice = MiniprogramNotice {
        appid: "wx1".into(),
        title: "会议室预定成功".into(),
        content_item: vec![NoticeItem {
            key: "会议室".into(),
            value: "402".into(),
        }],
        ..MiniprogramNotice::default()
    };
    assert_sends(
        &Request::new(Receivers::user("a"), 7, Message::MiniprogramNotice(notice)),
        r#"{"touser":"a","msgtype":"miniprogram_notice","miniprogram_notice":{"appid":"wx1",
        "title":"会议室预定成功","content_item":[{"key":"会议室","value":"402"}]},
        "enable_id_trans":0,"enable_duplicate_check":0}"#,
    );
}

#[test]
fn a_partial_failure_is_seen() {
    let response = answer::<Request>(
        r#"{"invaliduser":"u1|u2","invalidtag":"9","msgid":"M1","response_code":"RC"}"#,
    );
    assert_eq!(response.msgid, "M1");
    assert_eq!(response.response_code.as_deref(), Some("RC"));
    assert_eq!(response.rejected().collect::<Vec<_>>(), ["u1", "u2", "9"]);
}
