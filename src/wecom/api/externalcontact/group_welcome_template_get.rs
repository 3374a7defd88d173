//! `POST /cgi-bin/externalcontact/group_welcome_template/get` (doc 92366).

use super::{File, Image, Link, Miniprogram, Text, Video};
use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Asks for one template that the same app created.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    template_id: String,
}

impl Request {
    /// The template.
    pub fn new(template_id: impl Into<String>) -> Self {
        Self {
            template_id: template_id.into(),
        }
    }
}

/// The template; at most one attachment is set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// The text.
    pub text: Option<Text>,
    /// An image.
    pub image: Option<Image>,
    /// A linked page.
    pub link: Option<Link>,
    /// A miniprogram.
    pub miniprogram: Option<Miniprogram>,
    /// A file.
    pub file: Option<File>,
    /// A video.
    pub video: Option<Video>,
}

endpoint!(Post "/cgi-bin/externalcontact/group_welcome_template/get", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::new("W1"), r#"{"template_id":"W1"}"#);
        let template = answer::<Request>(
            r#"{"text":{"content":"欢迎"},"image":{"pic_url":"https://p.invalid"}}"#,
        );
        assert_eq!(template.text.unwrap().content, "欢迎");
        assert_eq!(
            template.image.unwrap().pic_url.as_deref(),
            Some("https://p.invalid")
        );
        assert!(template.link.is_none());
    }
}
