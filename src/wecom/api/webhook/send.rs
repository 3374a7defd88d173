//! `POST /cgi-bin/webhook/send`: a robot writes to its group (doc 99110).
//!
//! At most 20 messages a minute for each robot; nothing is deduplicated.

use crate::wecom::api::messages::messages;
use crate::wecom::api::{Done, Markdown, MediaId, News, TemplateCard};
use crate::wecom::client::{Endpoint, OpenEndpoint, Secret, Verb};
use crate::wecom::text::ByteLimit;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde::{Serialize, Serializer};

/// Limit of `text.content`.
pub const TEXT_MAX: ByteLimit = ByteLimit(2048);
/// Limit of both kinds of markdown.
pub const MARKDOWN_MAX: ByteLimit = ByteLimit(4096);
/// Largest image, before base64.
pub const IMAGE_MAX_BYTES: usize = 2 * 1024 * 1024;
/// Messages of one robot in a minute.
pub const PER_MINUTE: u32 = 20;

/// A text that may mention members.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Text {
    /// At most [`TEXT_MAX`].
    pub content: String,
    /// Members to mention by userid; `@all` for everyone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mentioned_list: Vec<String>,
    /// Members to mention by phone number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mentioned_mobile_list: Vec<String>,
}

/// An image that travels inside the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Image {
    base64: String,
    md5: String,
}

impl Image {
    /// A JPG or PNG of at most [`IMAGE_MAX_BYTES`].
    pub fn new(bytes: &[u8]) -> Self {
        let digest = Md5::digest(bytes);
        Self {
            base64: STANDARD.encode(bytes),
            md5: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

messages! {
    /// What a robot can say.
    Message by "msgtype" {
        /// Plain text.
        Text(Text) = "text",
        /// Markdown with colours and `<@userid>`.
        Markdown(Markdown) = "markdown",
        /// Markdown with tables, lists and images, for newer clients.
        MarkdownV2(Markdown) = "markdown_v2",
        /// An image.
        Image(Image) = "image",
        /// Linked articles.
        News(News) = "news",
        /// A file uploaded with the same key.
        File(MediaId) = "file",
        /// A voice message uploaded with the same key.
        Voice(MediaId) = "voice",
        /// A notice card (`text_notice`, `news_notice`).
        TemplateCard(TemplateCard) = "template_card",
    }
}

/// Sends one message to the robot's group.
#[derive(Debug, Clone)]
pub struct Request {
    key: Secret,
    message: Message,
}

impl Request {
    /// A message of the robot with this key.
    pub fn new(key: impl Into<Secret>, message: Message) -> Self {
        Self {
            key: key.into(),
            message,
        }
    }

    /// A plain text.
    pub fn text(key: impl Into<Secret>, content: impl Into<String>) -> Self {
        let text = Text {
            content: content.into(),
            ..Text::default()
        };
        Self::new(key, Message::Text(text))
    }
}

impl Serialize for Request {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.message.serialize(serializer)
    }
}

impl Endpoint for Request {
    const VERB: Verb = Verb::Post;
    const PATH: &'static str = "/cgi-bin/webhook/send";
    type Response = Done;

    fn query(&self) -> Vec<(&'static str, String)> {
        vec![("key", self.key.expose().to_owned())]
    }
}

impl OpenEndpoint for Request {}

#[cfg(test)]
mod tests {
    use super::{Image, Message, Request, Text};
    use crate::wecom::api::Markdown;
    use crate::wecom::api::testing::{answer, assert_sends};
    use crate::wecom::client::Endpoint;

    #[test]
    fn wire() {
        let request = Request::text("K-1", "下班了");
        assert_sends(
            &request,
            r#"{"msgtype":"text","text":{"content":"下班了"}}"#,
        );
        assert_eq!(request.query(), [("key", "K-1".to_owned())]);
        assert!(!format!("{request:?}").contains("K-1"));

        let text = Text {
            content: "hi".into(),
            mentioned_list: vec!["@all".into()],
            mentioned_mobile_list: vec!["13800000000".into()],
        };
        assert_sends(
            &Request::new("K", Message::Text(text)),
            r#"{"msgtype":"text","text":{"content":"hi","mentioned_list":["@all"],
            "mentioned_mobile_list":["13800000000"]}}"#,
        );
        assert_sends(
            &Request::new("K", Message::MarkdownV2(Markdown::new("|a|"))),
            r#"{"msgtype":"markdown_v2","markdown_v2":{"content":"|a|"}}"#,
        );
        answer::<Request>("{}");
    }

    #[test]
    fn an_image_carries_the_md5_of_its_raw_bytes() {
        assert_sends(
            &Request::new("K", Message::Image(Image::new(b"hello"))),
            r#"{"msgtype":"image","image":{"base64":"aGVsbG8=",
            "md5":"5d41402abc4b2a76b9719d911017c592"}}"#,
        );
    }
}
