//! `POST /cgi-bin/kf/send_msg`: the bot writes to a customer (doc 94677).
//!
//! Allowed in session states 0 and 1, within 48 h of the customer's last
//! message, and five times for each of those. errcode 0 means accepted: a later
//! `msg_send_fail` event may still say that it was not delivered.

use crate::wecom::api::messages::messages;
use crate::wecom::api::{MediaId, Text};
use crate::wecom::client::endpoint;
use crate::wecom::text::ByteLimit;
use serde::{Deserialize, Serialize};

/// Limit of `text.content`.
pub const TEXT_MAX: ByteLimit = ByteLimit(2048);
/// Limit of a link's title.
pub const LINK_TITLE_MAX: ByteLimit = ByteLimit(128);
/// Limit of a link's description.
pub const LINK_DESC_MAX: ByteLimit = ByteLimit(512);
/// Limit of a menu's head and tail.
pub const MENU_TEXT_MAX: ByteLimit = ByteLimit(1024);
/// Limit of what a customer sends by clicking a menu item.
pub const MENU_CLICK_MAX: ByteLimit = ByteLimit(128);
/// Menu items of every kind.
pub const MENU_ITEMS_MAX: usize = 50;
/// Menu items that can be clicked.
pub const MENU_CLICKABLE_MAX: usize = 10;
/// Limit of `msgid`.
pub const MSGID_MAX: usize = 32;
/// Messages for each message of the customer.
pub const BUDGET: u32 = 5;
/// How long after the customer's message the bot may write.
pub const WINDOW_SECS: i64 = 48 * 3600;

/// A linked page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// At most [`LINK_TITLE_MAX`].
    pub title: String,
    /// At most [`LINK_DESC_MAX`].
    pub desc: Option<String>,
    /// At most 2048 bytes.
    pub url: String,
    /// Image beside the title.
    pub thumb_media_id: String,
}

/// A miniprogram.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Miniprogram {
    /// The miniprogram.
    pub appid: String,
    /// At most 64 bytes.
    pub title: Option<String>,
    /// Cover image.
    pub thumb_media_id: String,
    /// Page to open; ends with `.html`.
    pub pagepath: String,
}

/// A place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Location {
    /// Degrees.
    pub latitude: f64,
    /// Degrees.
    pub longitude: f64,
    /// Name of the place.
    pub name: Option<String>,
    /// Its address.
    pub address: Option<String>,
}

/// A customer acquisition link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaLink {
    /// The link.
    pub link_url: String,
}

/// Text with answers to click.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Menu {
    /// At most [`MENU_TEXT_MAX`].
    pub head_content: Option<String>,
    /// At most [`MENU_ITEMS_MAX`], of which [`MENU_CLICKABLE_MAX`] can be clicked.
    pub list: Vec<MenuItem>,
    /// At most [`MENU_TEXT_MAX`].
    pub tail_content: Option<String>,
}

messages! {
    /// One line of a menu.
    MenuItem by "type" {
        /// Sends its text as the customer's message.
        Click(MenuClick) = "click",
        /// Opens a page.
        View(MenuView) = "view",
        /// Opens a miniprogram.
        Miniprogram(MenuMiniprogram) = "miniprogram",
        /// Cannot be clicked.
        Text(MenuText) = "text",
    }
}

/// An answer that the customer can click.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MenuClick {
    /// Comes back as `menu_id`; at most [`MENU_CLICK_MAX`].
    pub id: Option<String>,
    /// At most [`MENU_CLICK_MAX`].
    pub content: String,
}

/// A line that opens a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MenuView {
    /// The page.
    pub url: String,
    /// At most 1024 bytes.
    pub content: String,
}

/// A line that opens a miniprogram.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MenuMiniprogram {
    /// The miniprogram.
    pub appid: String,
    /// Page to open.
    pub pagepath: String,
    /// At most 1024 bytes.
    pub content: String,
}

/// A line of text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MenuText {
    /// At most 256 bytes.
    pub content: String,
    /// 1 keeps the next item on the same line.
    pub no_newline: Option<u8>,
}

messages! {
    /// What the bot can say.
    Message by "msgtype" {
        /// Plain text.
        Text(Text) = "text",
        /// An image.
        Image(MediaId) = "image",
        /// A voice message.
        Voice(MediaId) = "voice",
        /// A video.
        Video(MediaId) = "video",
        /// A file.
        File(MediaId) = "file",
        /// A linked page.
        Link(Link) = "link",
        /// A miniprogram.
        Miniprogram(Miniprogram) = "miniprogram",
        /// Text with answers to click.
        Menu(Menu) = "msgmenu",
        /// A place.
        Location(Location) = "location",
        /// A customer acquisition link.
        CaLink(CaLink) = "ca_link",
    }
}

impl Message {
    /// A plain text.
    pub fn text(content: impl Into<String>) -> Self {
        Self::Text(Text::new(content))
    }
}

/// Sends one message.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    touser: String,
    open_kfid: String,
    /// Makes a repetition safe: WeCom refuses a second message with the same id
    /// in the same account. At most [`MSGID_MAX`] of `[0-9A-Za-z_-]`.
    pub msgid: Option<String>,
    #[serde(flatten)]
    message: Message,
}

impl Request {
    /// A message to a customer.
    pub fn new(
        open_kfid: impl Into<String>,
        external_userid: impl Into<String>,
        message: Message,
    ) -> Self {
        Self {
            touser: external_userid.into(),
            open_kfid: open_kfid.into(),
            msgid: None,
            message,
        }
    }
}

/// Accepted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// The request's `msgid`, or one that WeCom chose.
    pub msgid: String,
}

endpoint!(Post "/cgi-bin/kf/send_msg", Request => Response);

#[cfg(test)]
mod tests;
