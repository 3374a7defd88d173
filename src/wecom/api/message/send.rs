//! `POST /cgi-bin/message/send`: an app writes to members (doc 90236).
//!
//! WeCom drops what exceeds 30 a minute or 1000 an hour to one member and still
//! answers errcode 0, so the sender has to count by itself.

use crate::wecom::api::fields::{join, piped, zero_one};
use crate::wecom::api::messages::messages;
use crate::wecom::api::{Markdown, MediaId, MpNews, News, TemplateCard, Text, TextCard, Video};
use crate::wecom::client::endpoint;
use crate::wecom::text::ByteLimit;
use serde::{Deserialize, Serialize};

/// Limit of `text.content`; WeCom cuts what is beyond.
pub const TEXT_MAX: ByteLimit = ByteLimit(2048);
/// Limit of `markdown.content`.
pub const MARKDOWN_MAX: ByteLimit = ByteLimit(2048);
/// Members in one call.
pub const USERS_MAX: usize = 1000;
/// Departments, and likewise tags, in one call.
pub const PARTIES_MAX: usize = 100;
/// Longest interval of the duplicate check.
pub const DUPLICATE_CHECK_MAX_SECS: u32 = 14_400;

/// Whom to write to. At least one list must not be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Receivers {
    /// Members; `@all` alone means everyone who sees the app.
    #[serde(
        rename = "touser",
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "join"
    )]
    pub users: Vec<String>,
    /// Departments.
    #[serde(
        rename = "toparty",
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "join"
    )]
    pub parties: Vec<String>,
    /// Contact-book tags.
    #[serde(
        rename = "totag",
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "join"
    )]
    pub tags: Vec<String>,
}

impl Receivers {
    /// One member.
    pub fn user(user_id: impl Into<String>) -> Self {
        Self::users([user_id])
    }

    /// Several members.
    pub fn users<I: Into<String>>(user_ids: impl IntoIterator<Item = I>) -> Self {
        Self {
            users: user_ids.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// Everyone who sees the app.
    pub fn everyone() -> Self {
        Self::user("@all")
    }
}

messages! {
    /// What an app can say.
    Message by "msgtype" {
        /// Plain text with `<a href>` links.
        Text(Text) = "text",
        /// An image.
        Image(MediaId) = "image",
        /// A voice message.
        Voice(MediaId) = "voice",
        /// A video.
        Video(Video) = "video",
        /// A file.
        File(MediaId) = "file",
        /// A card with one link.
        TextCard(TextCard) = "textcard",
        /// Linked articles.
        News(News) = "news",
        /// Stored articles.
        MpNews(MpNews) = "mpnews",
        /// Markdown in WeCom's subset.
        Markdown(Markdown) = "markdown",
        /// A notice of a miniprogram; `@all` is not possible.
        MiniprogramNotice(MiniprogramNotice) = "miniprogram_notice",
        /// A card with buttons or choices.
        TemplateCard(TemplateCard) = "template_card",
    }
}

impl Message {
    /// A plain text.
    pub fn text(content: impl Into<String>) -> Self {
        Self::Text(Text::new(content))
    }

    /// A markdown text.
    pub fn markdown(content: impl Into<String>) -> Self {
        Self::Markdown(Markdown::new(content))
    }
}

/// A notice that opens a miniprogram.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct MiniprogramNotice {
    /// The miniprogram.
    pub appid: String,
    /// Page to open.
    pub page: Option<String>,
    /// 4 to 12 Chinese characters.
    pub title: String,
    /// 4 to 12 Chinese characters.
    pub description: Option<String>,
    /// Shows the first item large.
    pub emphasis_first_item: Option<bool>,
    /// At most 10 items.
    pub content_item: Vec<NoticeItem>,
}

/// One line of a miniprogram notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoticeItem {
    /// At most 10 characters.
    pub key: String,
    /// At most 30 characters.
    pub value: String,
}

/// Sends one message.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    /// Whom to write to.
    #[serde(flatten)]
    pub to: Receivers,
    /// The app; not sent with a miniprogram notice.
    agentid: Option<i64>,
    /// What to say.
    #[serde(flatten)]
    message: Message,
    /// 1 confidential with a watermark, 2 only inside the corp (mpnews).
    pub safe: Option<u8>,
    /// Replaces ids in the text by names.
    #[serde(with = "zero_one")]
    pub enable_id_trans: bool,
    /// Delivers the same request only once in the interval.
    #[serde(with = "zero_one")]
    pub enable_duplicate_check: bool,
    /// Seconds; 1800 if absent, at most [`DUPLICATE_CHECK_MAX_SECS`].
    pub duplicate_check_interval: Option<u32>,
}

impl Request {
    /// A message without the optional settings.
    pub fn new(to: Receivers, agent_id: i64, message: Message) -> Self {
        let agentid = match message {
            Message::MiniprogramNotice(_) => None,
            _ => Some(agent_id),
        };
        Self {
            to,
            agentid,
            message,
            safe: None,
            enable_id_trans: false,
            enable_duplicate_check: false,
            duplicate_check_interval: None,
        }
    }

    /// Makes a repetition within `interval_secs` harmless.
    #[must_use]
    pub fn deduplicated(mut self, interval_secs: u32) -> Self {
        self.enable_duplicate_check = true;
        self.duplicate_check_interval = Some(interval_secs.min(DUPLICATE_CHECK_MAX_SECS));
        self
    }
}

/// Accepted, perhaps not for every receiver.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// Needed for a recall within 24 h.
    pub msgid: String,
    /// Updates an interactive card once within 72 h.
    pub response_code: Option<String>,
    /// Members that do not exist or do not see the app.
    #[serde(deserialize_with = "piped")]
    pub invaliduser: Vec<String>,
    /// Departments that do not exist or do not see the app.
    #[serde(deserialize_with = "piped")]
    pub invalidparty: Vec<String>,
    /// Tags that do not exist.
    #[serde(deserialize_with = "piped")]
    pub invalidtag: Vec<String>,
    /// Members without an interface licence.
    #[serde(deserialize_with = "piped")]
    pub unlicenseduser: Vec<String>,
}

impl Response {
    /// Every receiver that the message will not reach.
    pub fn rejected(&self) -> impl Iterator<Item = &str> {
        [
            &self.invaliduser,
            &self.invalidparty,
            &self.invalidtag,
            &self.unlicenseduser,
        ]
        .into_iter()
        .flatten()
        .map(String::as_str)
    }
}

endpoint!(Post "/cgi-bin/message/send", Request => Response);

#[cfg(test)]
mod tests;
