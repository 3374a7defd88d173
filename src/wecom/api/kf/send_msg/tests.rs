use super::{
    CaLink, Link, Location, Menu, MenuClick, MenuItem, MenuMiniprogram, MenuText, MenuView,
    Message, Miniprogram, Request,
};
use crate::wecom::api::MediaId;
use crate::wecom::api::testing::{answer, assert_sends};

fn assert_message(message: Message, literal: &str) {
    let kind = message.kind();
    assert_sends(
        &Request::new("wk1", "wm1", message),
        &format!(r#"{{"touser":"wm1","open_kfid":"wk1","msgtype":"{kind}","{kind}":{literal}}}"#),
    );
}

#[test]
fn text_with_an_id() {
    let mut request = Request::new("wk1", "wm1", Message::text("您好"));
    request.msgid = Some("out-17".into());
    assert_sends(
        &request,
        r#"{"touser":"wm1","open_kfid":"wk1","msgid":"out-17","msgtype":"text",
        "text":{"content":"您好"}}"#,
    );
    assert_eq!(answer::<Request>(r#"{"msgid":"out-17"}"#).msgid, "out-17");
}

#[test]
fn every_kind() {
    assert_message(Message::Image(MediaId::new("M")), r#"{"media_id":"M"}"#);
    assert_message(Message::Voice(MediaId::new("M")), r#"{"media_id":"M"}"#);
    assert_message(Message::Video(MediaId::new("M")), r#"{"media_id":"M"}"#);
    assert_message(Message::File(MediaId::new("M")), r#"{"media_id":"M"}"#);
    let link = Link {
        title: "T".into(),
        desc: None,
        url: "https://doc.invalid".into(),
        thumb_media_id: "M".into(),
    };
    assert_message(
        Message::Link(link),
        r#"{"title":"T","url":"https://doc.invalid","thumb_media_id":"M"}"#,
    );
    let program = Miniprogram {
        appid: "wx1".into(),
        title: Some("T".into()),
        thumb_media_id: "M".into(),
        pagepath: "pages/a.html".into(),
    };
    assert_message(
        Message::Miniprogram(program),
        r#"{"appid":"wx1","title":"T","thumb_media_id":"M","pagepath":"pages/a.html"}"#,
    );
    let place = Location {
        latitude: 30.5,
        longitude: 120.25,
        name: Some("店".into()),
        address: None,
    };
    assert_message(
        Message::Location(place),
        r#"{"latitude":30.5,"longitude":120.25,"name":"店"}"#,
    );
    let link = CaLink {
        link_url: "https://work.weixin.qq.com/ca/x".into(),
    };
    assert_message(
        Message::CaLink(link),
        r#"{"link_url":"https://work.weixin.qq.com/ca/x"}"#,
    );
}

#[test]
fn a_menu_with_every_kind_of_item() {
    let menu = Menu {
        head_content: Some("满意吗？".into()),
        list: vec![
            MenuItem::Click(MenuClick {
                id: Some("101".into()),
                content: "满意".into(),
            }),
            MenuItem::View(MenuView {
                url: "https://doc.invalid".into(),
                content: "说明".into(),
            }),
            MenuItem::Miniprogram(MenuMiniprogram {
                appid: "wx1".into(),
                pagepath: "a.html".into(),
                content: "下单".into(),
            }),
            MenuItem::Text(MenuText {
                content: "或".into(),
                no_newline: Some(1),
            }),
        ],
        tail_content: None,
    };
    assert_message(
        Message::Menu(menu),
        r#"{"head_content":"满意吗？","list":[
        {"type":"click","click":{"id":"101","content":"满意"}},
        {"type":"view","view":{"url":"https://doc.invalid","content":"说明"}},
        {"type":"miniprogram","miniprogram":{"appid":"wx1","pagepath":"a.html","content":"下单"}},
        {"type":"text","text":{"content":"或","no_newline":1}}]}"#,
    );
}
