//! `POST /cgi-bin/kf/sync_msg`: what customers said, page by page (doc 94670).
//!
//! Go on while `has_more`, even over an empty page. Keep `next_cursor` in the
//! same transaction as the messages it covers. What `send_msg` sent does not
//! come back here.

mod event;
mod item;
mod payload;

pub use event::{
    EnterSession, Event, MsgSendFail, RejectSwitchChange, ServicerRecallMsg, ServicerStatusChange,
    SessionStatusChange, UserRecallMsg, WechatChannels,
};
pub use item::{Content, Item, Origin};
pub use payload::{
    BusinessCard, Channels, Link, Location, MediaRef, MenuMessage, MergedItem, MergedMessage,
    Miniprogram, ShopOrder, ShopProduct, Text,
};

use crate::wecom::api::fields::zero_one;
use crate::wecom::client::{Secret, endpoint};
use serde::{Deserialize, Serialize};

/// Most messages of one page, and the default.
pub const LIMIT_MAX: u32 = 1000;
/// How long the token of a callback is good.
pub const TOKEN_SECS: i64 = 600;
/// How far back the first page reaches.
pub const HISTORY_SECS: i64 = 3 * 24 * 3600;

/// Asks for one page.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    open_kfid: String,
    /// `next_cursor` of the page before; the oldest message kept if absent.
    pub cursor: Option<String>,
    /// From the callback. Without it a strict rate limit applies; with an
    /// expired one the answer is 95007.
    pub token: Option<Secret>,
    /// Messages of a page.
    pub limit: Option<u32>,
    /// 0 AMR, 1 Silk.
    pub voice_format: Option<u8>,
}

impl Request {
    /// The first page of an account.
    pub fn new(open_kfid: impl Into<String>) -> Self {
        Self {
            open_kfid: open_kfid.into(),
            cursor: None,
            token: None,
            limit: None,
            voice_format: None,
        }
    }
}

/// One page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// Where the next page begins.
    pub next_cursor: String,
    /// True if there is a next page now.
    #[serde(with = "zero_one")]
    pub has_more: bool,
    /// Messages and events, oldest first. Deduplicate by `msgid`.
    #[serde(deserialize_with = "readable")]
    pub msg_list: Vec<Item>,
}

/// Leaves out what is not an object: one odd entry must not hold up an account.
fn readable<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Item>, D::Error> {
    let entries = Option::<Vec<serde_json::Value>>::deserialize(deserializer)?;
    let entries = entries.unwrap_or_default().into_iter();
    Ok(entries
        .filter_map(|entry| Item::deserialize(entry).ok())
        .collect())
}

endpoint!(Post "/cgi-bin/kf/sync_msg", Request => Response);

#[cfg(test)]
mod tests;
