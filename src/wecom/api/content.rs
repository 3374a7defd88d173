//! Payloads that app messages, internal groups and robots have in common.

use serde::Serialize;

/// Plain text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Text {
    /// The text; `\n` breaks lines, and apps may use `<a href>` links.
    pub content: String,
}

impl Text {
    /// A text.
    pub fn new(content: impl Into<String>) -> Self {
        Self {
            content: content.into(),
        }
    }
}

/// An uploaded image, voice or file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MediaId {
    /// From an upload in the last three days.
    pub media_id: String,
}

impl MediaId {
    /// A reference to an upload.
    pub fn new(media_id: impl Into<String>) -> Self {
        Self {
            media_id: media_id.into(),
        }
    }
}

/// An uploaded video with its captions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Video {
    /// From an upload in the last three days.
    pub media_id: String,
    /// Cut at 128 bytes by the platform.
    pub title: Option<String>,
    /// Cut at 512 bytes by the platform.
    pub description: Option<String>,
}

/// A card with text and one link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TextCard {
    /// At most 128 characters.
    pub title: String,
    /// At most 512 characters.
    pub description: String,
    /// At most 2048 bytes.
    pub url: String,
    /// At most 4 characters; the platform's default means "details".
    pub btntxt: Option<String>,
}

/// Linked articles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct News {
    /// One to eight articles.
    pub articles: Vec<Article>,
}

/// One linked article.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Article {
    /// At most 128 bytes.
    pub title: String,
    /// At most 512 bytes.
    pub description: Option<String>,
    /// At most 2048 bytes; needed unless `appid` and `pagepath` are given.
    pub url: Option<String>,
    /// At most 2048 bytes.
    pub picurl: Option<String>,
    /// A miniprogram to open instead of `url`.
    pub appid: Option<String>,
    /// The page of that miniprogram.
    pub pagepath: Option<String>,
}

/// Articles that WeCom itself stores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MpNews {
    /// One to eight articles.
    pub articles: Vec<MpArticle>,
}

/// One stored article.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct MpArticle {
    /// At most 128 bytes.
    pub title: String,
    /// Cover image.
    pub thumb_media_id: String,
    /// HTML, at most 666 KB.
    pub content: String,
    /// At most 64 bytes.
    pub author: Option<String>,
    /// Where "read the original" leads.
    pub content_source_url: Option<String>,
    /// At most 512 bytes.
    pub digest: Option<String>,
}

/// Markdown in WeCom's subset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Markdown {
    /// At most 2048 bytes from an app, 4096 from a robot.
    pub content: String,
}

impl Markdown {
    /// A markdown text.
    pub fn new(content: impl Into<String>) -> Self {
        Self {
            content: content.into(),
        }
    }
}
