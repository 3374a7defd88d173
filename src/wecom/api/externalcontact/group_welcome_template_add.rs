//! `POST /cgi-bin/externalcontact/group_welcome_template/add`: a greeting for groups (doc 92366).
//!
//! The owner of a group has to apply it in the client. At most 100 in a corp.

use super::{Attachment, Text};
use crate::wecom::api::fields::zero_one;
use crate::wecom::client::endpoint;
use crate::wecom::text::ByteLimit;
use serde::{Deserialize, Serialize, Serializer};

/// Limit of the text.
pub const TEXT_MAX: ByteLimit = ByteLimit(3000);

/// What newcomers read: a text, one attachment, or both.
#[derive(Debug, Clone, Default)]
pub struct Greeting {
    /// The text; `%NICKNAME%` stands for the newcomer's name.
    pub text: Option<Text>,
    /// One attachment.
    pub attachment: Option<Attachment>,
}

impl Serialize for Greeting {
    /// Unlike in messages, the attachment stands under its own name at the top.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        if let Some(text) = &self.text {
            map.serialize_entry("text", text)?;
        }
        match &self.attachment {
            Some(Attachment::Image(image)) => map.serialize_entry("image", image)?,
            Some(Attachment::Link(link)) => map.serialize_entry("link", link)?,
            Some(Attachment::Miniprogram(page)) => map.serialize_entry("miniprogram", page)?,
            Some(Attachment::Video(video)) => map.serialize_entry("video", video)?,
            Some(Attachment::File(file)) => map.serialize_entry("file", file)?,
            None => {}
        }
        map.end()
    }
}

/// Creates a template.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    #[serde(flatten)]
    greeting: Greeting,
    /// Tells group owners about it.
    #[serde(with = "zero_one")]
    pub notify: bool,
}

impl Request {
    /// A template that owners are told about.
    pub fn new(greeting: Greeting) -> Self {
        Self {
            greeting,
            notify: true,
        }
    }
}

/// The new template.
#[derive(Debug, Clone, Deserialize)]
pub struct Response {
    /// The template's id.
    pub template_id: String,
}

endpoint!(Post "/cgi-bin/externalcontact/group_welcome_template/add", Request => Response);

#[cfg(test)]
mod tests {
    use super::{Greeting, Request};
    use crate::wecom::api::externalcontact::{Attachment, Link, Text};
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let link = Link {
            title: "T".into(),
            url: "https://doc.invalid".into(),
            ..Link::default()
        };
        let greeting = Greeting {
            text: Some(Text::new("欢迎%NICKNAME%")),
            attachment: Some(Attachment::Link(link)),
        };
        assert_sends(
            &Request::new(greeting),
            r#"{"text":{"content":"欢迎%NICKNAME%"},
            "link":{"title":"T","url":"https://doc.invalid"},"notify":1}"#,
        );
        assert_eq!(
            answer::<Request>(r#"{"template_id":"W1"}"#).template_id,
            "W1"
        );
    }
}
