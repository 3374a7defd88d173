//! One entry of a page.

use super::Event;
use super::payload::{
    BusinessCard, Channels, Link, Location, MediaRef, MenuMessage, MergedMessage, Miniprogram,
    ShopOrder, ShopProduct, Text,
};
use crate::wecom::client::drop_nulls;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// Who caused an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// 3: the customer.
    Customer,
    /// 4: the system.
    System,
    /// 5: a servicer, in the client.
    Servicer,
    /// An origin that the documentation does not know.
    Other(i64),
    /// No origin was given.
    #[default]
    Unknown,
}

impl Origin {
    fn from_code(code: Option<i64>) -> Self {
        match code {
            Some(3) => Self::Customer,
            Some(4) => Self::System,
            Some(5) => Self::Servicer,
            Some(other) => Self::Other(other),
            None => Self::Unknown,
        }
    }
}

/// One message or event.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Unique; what to deduplicate by.
    pub msgid: String,
    /// The account. For events it is taken from the event's own fields.
    pub open_kfid: String,
    /// The customer. For events it is taken from the event's own fields, and is
    /// empty for events that concern no customer.
    pub external_userid: String,
    /// Unix seconds.
    pub send_time: i64,
    /// Who caused it.
    pub origin: Origin,
    /// The servicer, if one is concerned.
    pub servicer_userid: String,
    /// What it is.
    pub content: Content,
}

/// What an entry holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A text.
    Text(Text),
    /// An image.
    Image(MediaRef),
    /// A voice message.
    Voice(MediaRef),
    /// A video.
    Video(MediaRef),
    /// A file.
    File(MediaRef),
    /// A place.
    Location(Location),
    /// A linked page.
    Link(Link),
    /// A member's card.
    BusinessCard(BusinessCard),
    /// A miniprogram.
    Miniprogram(Miniprogram),
    /// A menu that a servicer or another app sent.
    Menu(MenuMessage),
    /// A product of a Channels shop.
    ShopProduct(ShopProduct),
    /// An order of a Channels shop.
    ShopOrder(ShopOrder),
    /// Forwarded messages.
    Merged(MergedMessage),
    /// A Channels post, live stream or card.
    Channels(Channels),
    /// A meeting; WeCom gives no details.
    Meeting,
    /// A calendar entry; WeCom gives no details.
    Calendar,
    /// A note; WeCom gives no details.
    Note,
    /// Something that happened.
    Event(Event),
    /// A kind this version does not know, or one whose fields it cannot read.
    Unknown {
        /// The kind's name.
        msgtype: String,
        /// The fields as they came.
        payload: Value,
    },
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::from_fields)
    }
}

impl Item {
    /// Never fails: one odd entry must not hide the page it came with.
    fn from_fields(mut fields: Map<String, Value>) -> Self {
        let msgtype = text(&fields, "msgtype");
        let mut payload = fields.remove(&msgtype).unwrap_or_default();
        drop_nulls(&mut payload);
        let inside = payload.as_object();
        let either = |name: &str| {
            let outside = text(&fields, name);
            match inside {
                Some(inside) if outside.is_empty() && msgtype == "event" => text(inside, name),
                _ => outside,
            }
        };
        Self {
            msgid: text(&fields, "msgid"),
            open_kfid: either("open_kfid"),
            external_userid: either("external_userid"),
            send_time: number(&fields, "send_time").unwrap_or_default(),
            origin: Origin::from_code(number(&fields, "origin")),
            servicer_userid: either("servicer_userid"),
            content: Content::parse(msgtype, payload),
        }
    }
}

impl Content {
    fn parse(msgtype: String, payload: Value) -> Self {
        let known = match msgtype.as_str() {
            "text" => read(&payload, Self::Text),
            "image" => read(&payload, Self::Image),
            "voice" => read(&payload, Self::Voice),
            "video" => read(&payload, Self::Video),
            "file" => read(&payload, Self::File),
            "location" => read(&payload, Self::Location),
            "link" => read(&payload, Self::Link),
            "business_card" => read(&payload, Self::BusinessCard),
            "miniprogram" => read(&payload, Self::Miniprogram),
            "msgmenu" => read(&payload, Self::Menu),
            "channels_shop_product" => read(&payload, Self::ShopProduct),
            "channels_shop_order" => read(&payload, Self::ShopOrder),
            "merged_msg" => read(&payload, Self::Merged),
            "channels" => read(&payload, Self::Channels),
            "meeting" => Some(Self::Meeting),
            "calendar" => Some(Self::Calendar),
            "note" => Some(Self::Note),
            "event" => Event::parse(&payload).map(Self::Event),
            _ => None,
        };
        known.unwrap_or(Self::Unknown { msgtype, payload })
    }
}

fn read<T: DeserializeOwned>(payload: &Value, wrap: fn(T) -> Content) -> Option<Content> {
    T::deserialize(payload).ok().map(wrap)
}

fn text(fields: &Map<String, Value>, name: &str) -> String {
    fields
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// A number, also where it is written as text.
fn number(fields: &Map<String, Value>, name: &str) -> Option<i64> {
    match fields.get(name)? {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    }
}
