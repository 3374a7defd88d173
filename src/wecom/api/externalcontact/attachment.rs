//! What goes with a welcome or a mass message.

use crate::wecom::api::messages::messages;
use crate::wecom::text::ByteLimit;
use serde::{Deserialize, Serialize};

/// Limit of the text of a welcome or mass message.
pub const TEXT_MAX: ByteLimit = ByteLimit(4000);
/// Attachments of one message.
pub const ATTACHMENTS_MAX: usize = 9;

/// The text of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Text {
    /// At most [`TEXT_MAX`]; at most 3000 bytes for groups' welcome templates.
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

messages! {
    /// One attachment.
    Attachment by "msgtype" {
        /// An image.
        Image(Image) = "image",
        /// A linked page.
        Link(Link) = "link",
        /// A miniprogram.
        Miniprogram(Miniprogram) = "miniprogram",
        /// A video.
        Video(Video) = "video",
        /// A file.
        File(File) = "file",
    }
}

/// An image; one of the two fields is needed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Image {
    /// From `media/upload`; wins if both are given.
    pub media_id: Option<String>,
    /// From `media/uploadimg`; no other URL is accepted.
    pub pic_url: Option<String>,
}

/// A linked page.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Link {
    /// At most 128 bytes.
    pub title: String,
    /// Cover image URL, at most 2048 bytes.
    pub picurl: Option<String>,
    /// At most 512 bytes.
    pub desc: Option<String>,
    /// At most 2048 bytes.
    pub url: String,
}

/// A miniprogram.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Miniprogram {
    /// At most 64 bytes.
    pub title: String,
    /// Cover image from `media/upload`.
    pub pic_media_id: String,
    /// The miniprogram.
    pub appid: String,
    /// Page to open.
    pub page: String,
}

/// A video from `media/upload`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Video {
    /// The upload.
    pub media_id: String,
}

/// A file from `media/upload`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct File {
    /// The upload.
    pub media_id: String,
}
