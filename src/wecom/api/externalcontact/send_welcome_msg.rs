//! `POST /cgi-bin/externalcontact/send_welcome_msg`: greets a new customer (doc 92137).
//!
//! Once, within 20 s of the event: 41050 is too late, 41051 means that somebody
//! has greeted already, 41096 that another app is doing so right now.

use super::{Attachment, Text};
use crate::wecom::api::Done;
use crate::wecom::client::{Secret, endpoint};
use serde::Serialize;

/// Validity of a welcome code.
pub const WELCOME_SECS: i64 = 20;

/// Uses up a welcome code; text or attachments are needed.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    welcome_code: Secret,
    /// The text.
    pub text: Option<Text>,
    /// At most nine.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
}

impl Request {
    /// An empty greeting for the event that brought the code.
    pub fn new(welcome_code: impl Into<Secret>) -> Self {
        Self {
            welcome_code: welcome_code.into(),
            text: None,
            attachments: Vec::new(),
        }
    }

    /// A greeting with a text.
    pub fn text(welcome_code: impl Into<Secret>, content: impl Into<String>) -> Self {
        Self {
            text: Some(Text::new(content)),
            ..Self::new(welcome_code)
        }
    }
}

endpoint!(Post "/cgi-bin/externalcontact/send_welcome_msg", Request => Done);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::externalcontact::{Attachment, Image};
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::text("WC1", "你好");
        assert_sends(
            &request,
            r#"{"welcome_code":"WC1","text":{"content":"你好"}}"#,
        );
        assert!(!format!("{request:?}").contains("WC1"));
        request.text = None;
        request.attachments = vec![Attachment::Image(Image {
            pic_url: Some("https://p.invalid/1".into()),
            media_id: None,
        })];
        assert_sends(
            &request,
            r#"{"welcome_code":"WC1","attachments":[
            {"msgtype":"image","image":{"pic_url":"https://p.invalid/1"}}]}"#,
        );
        answer::<Request>("{}");
    }
}
