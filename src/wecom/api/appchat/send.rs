//! `POST /cgi-bin/appchat/send`: an app writes to its internal group (doc 90248).
//!
//! There is no message id in the answer and no duplicate check: a call whose
//! outcome is unknown must not be repeated blindly.

use crate::wecom::api::messages::messages;
use crate::wecom::api::{Done, Markdown, MediaId, MpNews, News, TextCard, Video};
use crate::wecom::client::endpoint;
use serde::Serialize;

/// A text that may mention members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MentioningText {
    /// At most 2048 bytes; `<@userid>` mentions inline.
    pub content: String,
    /// Members to mention; `@all` for everyone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mentioned_list: Vec<String>,
}

messages! {
    /// What an app can say in its group.
    Message by "msgtype" {
        /// Plain text.
        Text(MentioningText) = "text",
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
    }
}

impl Message {
    /// A text that mentions nobody.
    pub fn text(content: impl Into<String>) -> Self {
        Self::Text(MentioningText {
            content: content.into(),
            mentioned_list: Vec::new(),
        })
    }
}

/// Sends one message to one group.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    chatid: String,
    #[serde(flatten)]
    message: Message,
    /// 1 for a confidential message.
    pub safe: Option<u8>,
}

impl Request {
    /// A message to a group that the same app opened.
    pub fn new(chat_id: impl Into<String>, message: Message) -> Self {
        Self {
            chatid: chat_id.into(),
            message,
            safe: None,
        }
    }
}

endpoint!(Post "/cgi-bin/appchat/send", Request => Done);

#[cfg(test)]
mod tests {
    use super::{MentioningText, Message, Request};
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(
            &Request::new("duty1", Message::text("开会")),
            r#"{"chatid":"duty1","msgtype":"text","text":{"content":"开会"}}"#,
        );
        let mention = Message::Text(MentioningText {
            content: "开会".into(),
            mentioned_list: vec!["@all".into()],
        });
        let mut request = Request::new("duty1", mention);
        request.safe = Some(1);
        assert_sends(
            &request,
            r#"{"chatid":"duty1","msgtype":"text",
            "text":{"content":"开会","mentioned_list":["@all"]},"safe":1}"#,
        );
        answer::<Request>("{}");
    }
}
