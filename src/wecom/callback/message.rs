//! Messages that members send to an app.

use super::fields::{Extra, Fields};

/// A message with the id that identifies its repeats.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// `MsgId`.
    pub msg_id: Option<u64>,
    /// What was sent.
    pub content: Content,
}

/// The content of a message, by `MsgType`.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// `text`
    Text {
        /// Exactly as typed, white space included.
        content: String,
    },
    /// `image`
    Image {
        /// Link to the picture.
        pic_url: Option<String>,
        /// Media id, for three days.
        media_id: String,
    },
    /// `voice`
    Voice {
        /// Media id, for three days.
        media_id: String,
        /// `amr`, `speex`, …
        format: Option<String>,
    },
    /// `video`
    Video {
        /// Media id, for three days.
        media_id: String,
        /// Media id of the still picture.
        thumb_media_id: Option<String>,
    },
    /// `location`
    Location {
        /// `Location_X`, degrees.
        latitude: f64,
        /// `Location_Y`, degrees.
        longitude: f64,
        /// Zoom of the map.
        scale: Option<i64>,
        /// Address.
        label: Option<String>,
        /// `wxwork` when sent from WeCom, absent from WeChat.
        app_type: Option<String>,
    },
    /// `link`
    Link {
        /// Title of the page.
        title: Option<String>,
        /// Summary.
        description: Option<String>,
        /// Address of the page.
        url: Option<String>,
        /// Address of the picture.
        pic_url: Option<String>,
    },
    /// A type that is not documented, or one of the above without what makes it useful.
    Unknown {
        /// `MsgType`.
        msg_type: String,
        /// All its elements.
        fields: Extra,
    },
}

pub(super) fn parse(msg_type: &str, mut fields: Fields<'_, '_>) -> (Message, Extra) {
    let msg_id = fields.number("MsgId");
    // A text, which most messages are, takes nothing when it lacks its content.
    let untouched = (msg_type != "text").then(|| fields.clone());
    match known(msg_type, &mut fields) {
        Some(content) => (Message { msg_id, content }, fields.into_extra()),
        None => {
            let content = Content::Unknown {
                msg_type: msg_type.to_owned(),
                fields: untouched.unwrap_or(fields).into_extra(),
            };
            (Message { msg_id, content }, Extra::new())
        }
    }
}

fn known(msg_type: &str, fields: &mut Fields<'_, '_>) -> Option<Content> {
    Some(match msg_type {
        "text" => Content::Text {
            content: fields.verbatim("Content")?,
        },
        "image" => Content::Image {
            pic_url: fields.filled("PicUrl"),
            media_id: fields.filled("MediaId")?,
        },
        "voice" => Content::Voice {
            media_id: fields.filled("MediaId")?,
            format: fields.filled("Format"),
        },
        "video" => Content::Video {
            media_id: fields.filled("MediaId")?,
            thumb_media_id: fields.filled("ThumbMediaId"),
        },
        "location" => Content::Location {
            latitude: fields.decimal("Location_X")?,
            longitude: fields.decimal("Location_Y")?,
            scale: fields.number("Scale"),
            label: fields.filled("Label"),
            app_type: fields.filled("AppType"),
        },
        "link" => Content::Link {
            title: fields.filled("Title"),
            description: fields.filled("Description"),
            url: fields.filled("Url"),
            pic_url: fields.filled("PicUrl"),
        },
        _ => return None,
    })
}
