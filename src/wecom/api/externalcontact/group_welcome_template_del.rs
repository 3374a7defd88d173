//! `POST /cgi-bin/externalcontact/group_welcome_template/del` (doc 92366).

use crate::wecom::api::Done;
use crate::wecom::client::endpoint;
use serde::Serialize;

/// Removes a template that the same app created (41058 otherwise).
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

endpoint!(Post "/cgi-bin/externalcontact/group_welcome_template/del", Request => Done);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::new("W1"), r#"{"template_id":"W1"}"#);
        answer::<Request>("{}");
    }
}
