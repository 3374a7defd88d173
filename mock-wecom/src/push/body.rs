//! Plaintext bodies of XML callbacks.

use crate::xml::Xml;

/// The head of an event; the rest is added by the caller.
pub(crate) struct Event<'a> {
    pub(crate) corp_id: &'a str,
    /// The member, `sys`, or absent.
    pub(crate) from: Option<&'a str>,
    pub(crate) now: i64,
    pub(crate) name: &'a str,
}

impl Event<'_> {
    /// `ToUserName` to `Event`, in the platform's order.
    pub(crate) fn open(&self) -> Xml {
        Xml::new()
            .text("ToUserName", self.corp_id)
            .maybe("FromUserName", self.from)
            .number("CreateTime", self.now)
            .text("MsgType", "event")
            .text("Event", self.name)
    }
}
