use super::event::{MsgSendFail, SessionStatusChange};
use super::{Content, Event, Item, Origin, Request, Response, Text};
use crate::wecom::api::testing::{answer, assert_sends};

fn item(json: &str) -> Item {
    serde_json::from_str(json).unwrap()
}

fn content(msgtype: &str, payload: &str) -> Content {
    item(&format!(
        r#"{{"msgid":"1","msgtype":"{msgtype}","{msgtype}":{payload}}}"#
    ))
    .content
}

fn event(payload: &str) -> (Item, Event) {
    let item = item(&format!(
        r#"{{"msgid":"1","send_time":1760000000,"origin":4,"msgtype":"event","event":{payload}}}"#
    ));
    match item.content.clone() {
        Content::Event(event) => (item, event),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_always_names_its_account() {
    let mut request = Request::new("wk1");
    assert_sends(&request, r#"{"open_kfid":"wk1"}"#);
    request.cursor = Some("C1".into());
    request.token = Some("CANARY".into());
    request.limit = Some(100);
    request.voice_format = Some(0);
    assert_sends(
        &request,
        r#"{"open_kfid":"wk1","cursor":"C1","token":"CANARY","limit":100,"voice_format":0}"#,
    );
    assert!(!format!("{request:?}").contains("CANARY"));
}

#[test]
fn a_page() {
    let page = answer::<Request>(
        r#"{"next_cursor":"C2","has_more":1,"msg_list":[{"msgid":"m1","open_kfid":"wk1",
        "external_userid":"wm1","send_time":1760000000,"origin":3,"msgtype":"text",
        "text":{"content":"价格","menu_id":"101"}}]}"#,
    );
    assert_eq!((page.next_cursor.as_str(), page.has_more), ("C2", true));
    let expected = Item {
        msgid: "m1".into(),
        open_kfid: "wk1".into(),
        external_userid: "wm1".into(),
        send_time: 1_760_000_000,
        origin: Origin::Customer,
        servicer_userid: String::new(),
        content: Content::Text(Text {
            content: "价格".into(),
            menu_id: Some("101".into()),
        }),
    };
    assert_eq!(page.msg_list, [expected]);
    assert!(
        answer::<Request>(r#"{"next_cursor":"C3","has_more":0}"#)
            .msg_list
            .is_empty()
    );
}

#[test]
fn every_message_type_is_typed() {
    for msgtype in ["image", "voice", "video", "file"] {
        let content = content(msgtype, r#"{"media_id":"M"}"#);
        let (Content::Image(media)
        | Content::Voice(media)
        | Content::Video(media)
        | Content::File(media)) = content
        else {
            panic!("{msgtype}");
        };
        assert_eq!(media.media_id, "M");
    }
    let location = content(
        "location",
        r#"{"latitude":30,"longitude":120.5,"name":"店"}"#,
    );
    assert!(matches!(location, Content::Location(place) if place.latitude == 30.0));
    let link = content(
        "link",
        r#"{"title":"T","desc":"D","url":"U","pic_url":"P"}"#,
    );
    assert!(matches!(link, Content::Link(link) if link.pic_url == "P"));
    let card = content("business_card", r#"{"userid":"a"}"#);
    assert!(matches!(card, Content::BusinessCard(card) if card.userid == "a"));
    let program = content("miniprogram", r#"{"appid":"wx1","thumb_media_id":"M"}"#);
    assert!(matches!(program, Content::Miniprogram(p) if p.appid == "wx1"));
    let menu = content(
        "msgmenu",
        r#"{"head_content":"H","list":[{"type":"click"}]}"#,
    );
    assert!(matches!(menu, Content::Menu(menu) if menu.list.len() == 1));
    let product = content("channels_shop_product", r#"{"product_id":"P"}"#);
    assert!(matches!(product, Content::ShopProduct(p) if p.product_id == "P"));
    let order = content("channels_shop_order", r#"{"order_id":"O"}"#);
    assert!(matches!(order, Content::ShopOrder(order) if order.order_id == "O"));
    let merged = content(
        "merged_msg",
        r#"{"title":"T","item":[{"msg_content":"{}"}]}"#,
    );
    assert!(matches!(merged, Content::Merged(m) if m.item[0].msg_content == "{}"));
    let channels = content("channels", r#"{"sub_type":2,"nickname":"N"}"#);
    assert!(matches!(channels, Content::Channels(c) if c.sub_type == 2));
    assert_eq!(content("meeting", "{}"), Content::Meeting);
    assert_eq!(content("calendar", "{}"), Content::Calendar);
    assert_eq!(content("note", "{}"), Content::Note);
}

#[test]
fn every_event_type_is_typed_and_lends_its_ids_to_the_entry() {
    let (entry, entered) = event(
        r#"{"event_type":"enter_session","open_kfid":"wk1","external_userid":"wm1",
        "scene":"shop","scene_param":"a","welcome_code":"WC",
        "wechat_channels":{"nickname":"N","scene":2}}"#,
    );
    assert_eq!(
        (entry.open_kfid.as_str(), entry.external_userid.as_str()),
        ("wk1", "wm1")
    );
    assert_eq!(entry.origin, Origin::System);
    let Event::EnterSession(entered) = entered else {
        panic!("{entered:?}");
    };
    assert_eq!(entered.welcome_code.unwrap().expose(), "WC");
    assert_eq!(entered.wechat_channels.unwrap().scene, 2);

    let (_, failed) = event(r#"{"event_type":"msg_send_fail","fail_msgid":"M","fail_type":10}"#);
    let expected = MsgSendFail {
        fail_msgid: "M".into(),
        fail_type: 10,
    };
    assert_eq!(expected.reason(), "the customer refuses messages");
    assert_eq!(failed, Event::MsgSendFail(expected));

    let (entry, _) = event(
        r#"{"event_type":"servicer_status_change","servicer_userid":"a","status":2,
        "stop_type":1,"open_kfid":"wk1"}"#,
    );
    assert_eq!(entry.servicer_userid, "a");

    let (_, changed) = event(
        r#"{"event_type":"session_status_change","change_type":1,"new_servicer_userid":"a"}"#,
    );
    let expected = SessionStatusChange {
        change_type: 1,
        new_servicer_userid: "a".into(),
        ..SessionStatusChange::default()
    };
    assert_eq!(changed, Event::SessionStatusChange(expected));

    for name in [
        "user_recall_msg",
        "servicer_recall_msg",
        "reject_customer_msg_switch_change",
    ] {
        let (_, known) = event(&format!(r#"{{"event_type":"{name}","recall_msgid":"M"}}"#));
        assert!(!matches!(known, Event::Unknown { .. }), "{name}");
        assert_eq!(known.event_type(), name);
    }
}

#[test]
fn a_null_counts_as_absent() {
    let text = content("text", r#"{"content":null,"menu_id":null}"#);
    assert_eq!(text, Content::Text(Text::default()));
}

#[test]
fn what_is_not_understood_is_kept() {
    let Content::Unknown { msgtype, payload } = content("hologram", r#"{"a":1}"#) else {
        panic!();
    };
    assert_eq!(
        (msgtype.as_str(), payload["a"].as_i64()),
        ("hologram", Some(1))
    );
    let Content::Unknown { payload, .. } = content("text", r#"{"content":5}"#) else {
        panic!();
    };
    assert_eq!(payload["content"], 5);
    let (_, odd) = event(r#"{"event_type":"new_event","x":1}"#);
    assert!(matches!(odd, Event::Unknown { payload, .. } if payload["x"] == 1));
    assert!(matches!(content("event", "{}"), Content::Unknown { .. }));
    assert!(matches!(item("{}").content, Content::Unknown { .. }));
}

#[test]
fn an_entry_that_is_no_object_holds_up_nothing() {
    let page = r#"{"next_cursor":"c","has_more":0,"msg_list":[null,7,"x",{"msgid":"m"}]}"#;
    let page: Response = serde_json::from_str(page).unwrap();
    let ids: Vec<&str> = page
        .msg_list
        .iter()
        .map(|item| item.msgid.as_str())
        .collect();
    assert_eq!(ids, ["m"]);
    let none: Response = serde_json::from_str(r#"{"msg_list":null}"#).unwrap();
    assert!(none.msg_list.is_empty());
}
