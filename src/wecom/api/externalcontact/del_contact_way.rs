//! `POST /cgi-bin/externalcontact/del_contact_way`: removes an "add me" code (doc 92228).

use crate::wecom::api::Done;
use crate::wecom::client::endpoint;
use serde::Serialize;

/// Removes a code.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    config_id: String,
}

impl Request {
    /// The code.
    pub fn new(config_id: impl Into<String>) -> Self {
        Self {
            config_id: config_id.into(),
        }
    }
}

endpoint!(Post "/cgi-bin/externalcontact/del_contact_way", Request => Done);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::new("CF1"), r#"{"config_id":"CF1"}"#);
        answer::<Request>("{}");
    }
}
