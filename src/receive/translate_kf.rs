//! From `kf/sync_msg` items to domain values.

use super::translate::{filled, is_urgent};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{AppName, ConversationKey, DedupeKey, ExternalUserId, OpenKfId, Person};
use crate::domain::inbound::{Author, Channel, Inbound, Message, ReplyPath, Trigger};
use crate::store::{NewRecord, RecordBody};
use crate::wecom::api::kf::sync_msg::{Content, Event, Item, Origin};

/// Translates one item. `too_old` turns it into a record that is kept and not processed.
pub(super) fn record(
    app: &AppName,
    account: &OpenKfId,
    item: &Item,
    now: UnixMillis,
    ignore_before: Option<UnixMillis>,
) -> NewRecord {
    let inbound = inbound(app, account, item, now);
    let dedupe = if item.msgid.is_empty() {
        // Undocumented, but losing it would be worse than handling it twice.
        format!(
            "{app}:{account}:{}:{}:{:?}",
            inbound.conversation, item.send_time, item.content
        )
    } else {
        format!("{app}:{account}:{}", item.msgid)
    };
    let old = ignore_before.is_some_and(|limit| inbound.at < limit);
    let raw = match &item.content {
        Content::Unknown { msgtype, payload } => format!("{msgtype}: {payload}"),
        _ => String::new(),
    };
    let urgent = !old && is_urgent(&inbound);
    let body = if old {
        let reason = "older than the first start accepts (ignore_older_than)".to_owned();
        RecordBody::Skipped { inbound, reason }
    } else {
        RecordBody::Inbound { inbound, raw }
    };
    NewRecord {
        dedupe: DedupeKey(dedupe),
        received_at: now,
        urgent,
        body,
    }
}

fn inbound(app: &AppName, account: &OpenKfId, item: &Item, now: UnixMillis) -> Inbound {
    let open_kfid = if item.open_kfid.is_empty() {
        account.clone()
    } else {
        OpenKfId(item.open_kfid.clone())
    };
    let customer = Some(item.external_userid.as_str()).filter(|id| !id.is_empty());
    let author = match item.origin {
        Origin::Customer => Author::Person,
        Origin::Servicer => Author::Servicer,
        // An origin that is not documented must not set rules off as if a customer spoke.
        Origin::System | Origin::Other(_) => Author::System,
        Origin::Unknown if matches!(item.content, Content::Event(_)) => Author::System,
        Origin::Unknown => Author::Person,
    };
    Inbound {
        channel: Channel::Kf,
        app: app.clone(),
        at: if item.send_time > 0 {
            UnixMillis::from_secs(item.send_time)
        } else {
            now
        },
        person: customer.map(|id| Person::External(id.into())),
        author,
        conversation: ConversationKey(format!("{open_kfid}/{}", customer.unwrap_or("account"))),
        trigger: trigger(&item.content),
        reply_path: match customer {
            Some(id) => ReplyPath::Kf {
                open_kfid,
                external_userid: ExternalUserId(id.to_owned()),
            },
            None => ReplyPath::None,
        },
    }
}

fn trigger(content: &Content) -> Trigger {
    match content {
        Content::Event(event) => from_event(event),
        other => Trigger::Message(message(other)),
    }
}

fn from_event(event: &Event) -> Trigger {
    match event {
        Event::EnterSession(enter) => Trigger::Entered {
            scene: Some(enter.scene.clone()).filter(|scene| !scene.is_empty()),
            welcome_code: enter
                .welcome_code
                .as_ref()
                .filter(|code| !code.is_empty())
                .map(|code| code.expose().to_owned()),
        },
        Event::MsgSendFail(fail) => Trigger::SendFailed {
            msgid: fail.fail_msgid.clone(),
            fail_type: fail.fail_type,
        },
        Event::SessionStatusChange(change) => Trigger::SessionChanged {
            change: change.change_type,
        },
        other => Trigger::Event {
            event: other.event_type().to_owned(),
            change_type: None,
        },
    }
}

fn message(content: &Content) -> Message {
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let media = |kind: &'static str, media_id: &String| (kind, vec![("media_id", some(media_id))]);
    let (kind, fields) = match content {
        Content::Text(text) => {
            return Message {
                kind: "text".to_owned(),
                text: text.content.clone(),
                fields: filled(vec![("menu_id", text.menu_id.clone())]),
            };
        }
        Content::Image(file) => media("image", &file.media_id),
        Content::Voice(file) => media("voice", &file.media_id),
        Content::Video(file) => media("video", &file.media_id),
        Content::File(file) => media("file", &file.media_id),
        Content::Location(place) => (
            "location",
            vec![
                ("latitude", Some(place.latitude.to_string())),
                ("longitude", Some(place.longitude.to_string())),
                ("name", some(&place.name)),
                ("address", some(&place.address)),
            ],
        ),
        Content::Link(link) => (
            "link",
            vec![
                ("title", some(&link.title)),
                ("description", some(&link.desc)),
                ("url", some(&link.url)),
            ],
        ),
        Content::BusinessCard(card) => ("business_card", vec![("userid", some(&card.userid))]),
        Content::Miniprogram(program) => (
            "miniprogram",
            vec![
                ("title", some(&program.title)),
                ("appid", some(&program.appid)),
                ("pagepath", some(&program.pagepath)),
            ],
        ),
        Content::Menu(_) => ("msgmenu", Vec::new()),
        Content::ShopProduct(product) => (
            "channels_shop_product",
            vec![
                ("product_id", some(&product.product_id)),
                ("title", some(&product.title)),
            ],
        ),
        Content::ShopOrder(order) => (
            "channels_shop_order",
            vec![
                ("order_id", some(&order.order_id)),
                ("state", some(&order.state)),
            ],
        ),
        Content::Merged(merged) => ("merged_msg", vec![("title", some(&merged.title))]),
        Content::Channels(channels) => ("channels", vec![("title", some(&channels.title))]),
        Content::Meeting => ("meeting", Vec::new()),
        Content::Calendar => ("calendar", Vec::new()),
        Content::Note => ("note", Vec::new()),
        Content::Event(event) => (event.event_type(), Vec::new()),
        Content::Unknown { msgtype, .. } => (msgtype.as_str(), Vec::new()),
    };
    Message {
        kind: kind.to_owned(),
        text: String::new(),
        fields: filled(fields),
    }
}
