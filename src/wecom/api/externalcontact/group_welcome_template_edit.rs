//! `POST /cgi-bin/externalcontact/group_welcome_template/edit` (doc 92366).

use super::group_welcome_template_add::Greeting;
use crate::wecom::api::Done;
use crate::wecom::client::endpoint;
use serde::Serialize;

/// Replaces a greeting that the same app created (41058 otherwise).
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    template_id: String,
    #[serde(flatten)]
    greeting: Greeting,
}

impl Request {
    /// The template and its new content.
    pub fn new(template_id: impl Into<String>, greeting: Greeting) -> Self {
        Self {
            template_id: template_id.into(),
            greeting,
        }
    }
}

endpoint!(Post "/cgi-bin/externalcontact/group_welcome_template/edit", Request => Done);

#[cfg(test)]
mod tests {
    use super::{Greeting, Request};
    use crate::wecom::api::externalcontact::{Attachment, Video};
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let greeting = Greeting {
            text: None,
            attachment: Some(Attachment::Video(Video {
                media_id: "V".into(),
            })),
        };
        assert_sends(
            &Request::new("W1", greeting),
            r#"{"template_id":"W1","video":{"media_id":"V"}}"#,
        );
        answer::<Request>("{}");
    }
}
