//! `POST /cgi-bin/externalcontact/get_contact_way`: one "add me" code (doc 92228).

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Asks for one code.
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

/// The code.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// The code.
    pub contact_way: ContactWay,
}

/// One "add me" code.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ContactWay {
    /// The code's id.
    pub config_id: String,
    /// 1 one member, 2 several.
    #[serde(rename = "type")]
    pub kind: i64,
    /// 1 miniprogram, 2 QR code.
    pub scene: i64,
    /// Look of the control in a miniprogram.
    pub style: i64,
    /// Note for the corp.
    pub remark: String,
    /// True if members need not consent.
    pub skip_verify: bool,
    /// Comes back in the add event and with the customer.
    pub state: String,
    /// Image URL of a QR code.
    pub qr_code: String,
    /// Members.
    pub user: Vec<String>,
    /// Departments.
    pub party: Vec<i64>,
    /// True for a temporary chat.
    pub is_temp: bool,
    /// True if a customer is added to the corp only once.
    pub is_exclusive: bool,
}

endpoint!(Post "/cgi-bin/externalcontact/get_contact_way", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::new("CF1"), r#"{"config_id":"CF1"}"#);
        let way = answer::<Request>(
            r#"{"contact_way":{"config_id":"CF1","type":1,"scene":2,"skip_verify":true,
            "state":"shop","qr_code":"https://p.invalid","user":["a"],"party":[2]}}"#,
        )
        .contact_way;
        assert_eq!((way.kind, way.scene, way.state.as_str()), (1, 2, "shop"));
        assert_eq!(way.party, [2]);
    }
}
