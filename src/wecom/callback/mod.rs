//! Callbacks: the signed query, the envelope, and the typed content inside.
//!
//! Reading order: [`SignedQuery`], [`envelope`], then [`parse`] for the XML of apps, contacts and
//! customer service or [`aibot::parse`] for the JSON of intelligent bots. Replies are built in
//! [`reply`] and [`aibot_reply`].
//!
//! Parsing is tolerant, because the platform adds elements and leaves others out. What has no
//! typed field is kept in an [`Extra`]; what is of an unknown kind is kept whole.

pub mod aibot;
pub mod aibot_reply;
pub mod envelope;
pub mod event;
pub mod message;
pub mod reply;
pub mod template_card;
pub mod xml;

mod fields;
mod json;
mod query;

use sha1::{Digest as _, Sha1};

pub use event::Event;
pub use fields::Extra;
pub use message::Message;
pub use query::SignedQuery;

use fields::Fields;
use xml::{Element, XmlError};

/// The decrypted content of an XML push.
#[derive(Debug, Clone, PartialEq)]
pub struct Callback {
    /// `ToUserName`: the corp id, or the suite id of a third-party provider.
    pub to_user: String,
    /// `FromUserName`: a member, or `sys`. Absent in customer-service pushes.
    pub from_user: Option<String>,
    /// `CreateTime`, unix seconds.
    pub create_time: Option<i64>,
    /// `AgentID`, where the push belongs to an app.
    pub agent_id: Option<i64>,
    /// What happened.
    pub body: Body,
    /// Elements for which there is no typed field.
    pub extra: Extra,
}

/// A message of a member, or an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// `MsgType` other than `event`.
    Message(Message),
    /// `MsgType` = `event`.
    Event(Event),
}

/// Why decrypted XML could not be understood. Shows nothing of its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not XML that we read.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// Without this element nothing can be told about the callback.
    #[error("the callback has no {0} element")]
    Missing(&'static str),
}

/// Reads decrypted XML.
///
/// # Errors
/// Only when it is not XML, or has no `MsgType`: unknown messages and events are values.
pub fn parse(xml: &str) -> Result<Callback, ParseError> {
    let root = Element::parse(xml)?;
    let mut fields = Fields::new(&root);
    let msg_type = fields
        .name("MsgType")
        .ok_or(ParseError::Missing("MsgType"))?;
    let to_user = fields.text("ToUserName").unwrap_or_default();
    let from_user = fields.filled("FromUserName");
    let create_time = fields.number("CreateTime");
    // `taskcard_click` alone spells it in the second way.
    let agent_id = fields
        .number("AgentID")
        .or_else(|| fields.number("AgentId"));
    let (body, extra) = if msg_type == "event" {
        let (event, extra) = event::parse(fields);
        (Body::Event(event), extra)
    } else {
        let (message, extra) = message::parse(msg_type, fields);
        (Body::Message(message), extra)
    };
    Ok(Callback {
        to_user,
        from_user,
        create_time,
        agent_id,
        body,
        extra,
    })
}

/// A key that a repeated push shares with the first one, and no other callback has.
///
/// Messages with a `MsgId` use sender and `MsgId`. Everything else uses the SHA-1 of `raw`, the
/// decrypted XML: the advice to use sender and second would merge unrelated system events, all of
/// which come from `sys`. `Encrypt`, timestamp and nonce may change between repeats and take no
/// part.
#[must_use]
pub fn dedupe_key(callback: &Callback, raw: &[u8]) -> String {
    match &callback.body {
        Body::Message(Message {
            msg_id: Some(id), ..
        }) => {
            let sender = callback.from_user.as_deref().unwrap_or_default();
            format!("{sender}:{id}")
        }
        _ => content_hash(raw),
    }
}

/// The SHA-1 of decrypted content, in hex.
#[must_use]
pub fn content_hash(bytes: &[u8]) -> String {
    let digest = Sha1::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
