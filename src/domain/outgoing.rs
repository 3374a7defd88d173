//! A message ready to be sent, before it takes the shape of any endpoint.

use serde::{Deserialize, Serialize};

/// One message. Files are named below `templates/`, never by `media_id`:
/// the deliverer uploads them and renews the upload before it expires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Outgoing {
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
    /// Markdown, where the channel has it; plain text elsewhere.
    Markdown {
        /// The text.
        text: String,
    },
    /// A picture.
    Image {
        /// The file.
        file: MediaFile,
    },
    /// A voice message (AMR).
    Voice {
        /// The file.
        file: MediaFile,
    },
    /// A film (MP4).
    Video {
        /// The file.
        file: MediaFile,
        /// Title, where the channel shows one.
        title: Option<String>,
        /// Description, where the channel shows one.
        description: Option<String>,
    },
    /// Any other file.
    File {
        /// The file.
        file: MediaFile,
    },
    /// A link with a title.
    Link {
        /// Title.
        title: String,
        /// Description.
        description: Option<String>,
        /// Where it leads.
        url: String,
        /// A picture beside it. kf needs one.
        picture: Option<MediaFile>,
        /// A picture by address, for channels that take one.
        picture_url: Option<String>,
    },
    /// A mini-program page.
    Miniprogram {
        /// Its appid.
        appid: String,
        /// The page.
        page: String,
        /// Title.
        title: String,
        /// The cover picture.
        picture: Option<MediaFile>,
    },
    /// A menu of answers (kf); a numbered text elsewhere.
    Menu {
        /// Text above.
        head: Option<String>,
        /// The items.
        items: Vec<MenuItem>,
        /// Text below.
        tail: Option<String>,
    },
    /// A template card, checked as far as the file shows.
    Card {
        /// WeCom's `template_card` object.
        card: serde_json::Value,
    },
}

impl Outgoing {
    /// The key that operators write for it.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Markdown { .. } => "markdown",
            Self::Image { .. } => "image",
            Self::Voice { .. } => "voice",
            Self::Video { .. } => "video",
            Self::File { .. } => "file",
            Self::Link { .. } => "link",
            Self::Miniprogram { .. } => "miniprogram",
            Self::Menu { .. } => "menu",
            Self::Card { .. } => "card",
        }
    }
}

/// One line of a menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum MenuItem {
    /// Sends `content` as the customer's words, with `id`.
    Click {
        /// Comes back as `menu_id`.
        id: String,
        /// What is shown and sent.
        content: String,
    },
    /// Opens a page.
    View {
        /// Its address.
        url: String,
        /// What is shown.
        content: String,
    },
    /// Opens a mini-program page.
    Miniprogram {
        /// Its appid.
        appid: String,
        /// The page.
        page: String,
        /// What is shown.
        content: String,
    },
    /// A line of text.
    Text {
        /// What is shown.
        content: String,
    },
}

/// A file that belongs to a template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaFile(pub String);
