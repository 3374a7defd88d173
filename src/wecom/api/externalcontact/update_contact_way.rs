//! `POST /cgi-bin/externalcontact/update_contact_way`: changes an "add me" code (doc 92228).

use super::add_contact_way::Settings;
use crate::wecom::api::Done;
use crate::wecom::client::endpoint;
use serde::Serialize;

/// Changes a code; members and departments are replaced as a whole.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    config_id: String,
    /// What is to change.
    #[serde(flatten)]
    pub settings: Settings,
}

impl Request {
    /// No change yet.
    pub fn new(config_id: impl Into<String>) -> Self {
        Self {
            config_id: config_id.into(),
            settings: Settings::default(),
        }
    }
}

endpoint!(Post "/cgi-bin/externalcontact/update_contact_way", Request => Done);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::new("CF1");
        request.settings.user = Some(vec!["b".into()]);
        request.settings.remark = Some("前台".into());
        assert_sends(
            &request,
            r#"{"config_id":"CF1","user":["b"],"remark":"前台"}"#,
        );
        answer::<Request>("{}");
    }
}
