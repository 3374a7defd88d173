//! `POST /cgi-bin/externalcontact/add_contact_way`: an "add me" code (doc 92228).
//!
//! Keep the `config_id`: old ones cannot be listed. At most 500,000 in a corp.

use crate::wecom::client::endpoint;
use crate::wecom::text::CharLimit;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Limit of `remark` and `state`.
pub const STATE_MAX: CharLimit = CharLimit(30);
/// Most members of one code.
pub const USERS_MAX: usize = 100;

/// How the code is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// Inside a miniprogram.
    Miniprogram,
    /// As a QR code.
    QrCode,
}

/// What a new or changed code has beside its kind.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Settings {
    /// Look of the control in a miniprogram.
    pub style: Option<u8>,
    /// Note for the corp.
    pub remark: Option<String>,
    /// True (the default) adds without the member's consent.
    pub skip_verify: Option<bool>,
    /// Comes back in the add event and with the customer.
    pub state: Option<String>,
    /// Members; exactly one for a code of one member. Replaced as a whole.
    pub user: Option<Vec<String>>,
    /// Departments, for a code of several. Replaced as a whole.
    pub party: Option<Vec<i64>>,
    /// Adds a customer to the corp only once.
    pub is_exclusive: Option<bool>,
    /// Seconds that a temporary code lives, at most 14 days.
    pub expires_in: Option<u32>,
    /// Seconds that a temporary chat lives, at most 14 days.
    pub chat_expires_in: Option<u32>,
    /// The one customer of a temporary code.
    pub unionid: Option<String>,
    /// What a temporary chat ends with, as the platform's JSON.
    pub conclusions: Option<Value>,
}

/// Creates a code.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    #[serde(rename = "type")]
    kind: u8,
    scene: u8,
    /// A temporary chat; medical corps only.
    pub is_temp: Option<bool>,
    /// Everything optional.
    #[serde(flatten)]
    pub settings: Settings,
}

impl Request {
    /// A code of one member.
    pub fn single(scene: Scene, user_id: impl Into<String>) -> Self {
        Self::with_kind(1, scene, vec![user_id.into()])
    }

    /// A code of several members, at most [`USERS_MAX`].
    pub fn multi(scene: Scene, users: Vec<String>) -> Self {
        Self::with_kind(2, scene, users)
    }

    fn with_kind(kind: u8, scene: Scene, users: Vec<String>) -> Self {
        Self {
            kind,
            scene: match scene {
                Scene::Miniprogram => 1,
                Scene::QrCode => 2,
            },
            is_temp: None,
            settings: Settings {
                user: Some(users),
                ..Settings::default()
            },
        }
    }
}

/// The new code.
#[derive(Debug, Clone, Deserialize)]
pub struct Response {
    /// The code's id.
    pub config_id: String,
    /// Image URL, for QR codes.
    pub qr_code: Option<String>,
}

endpoint!(Post "/cgi-bin/externalcontact/add_contact_way", Request => Response);

#[cfg(test)]
mod tests {
    use super::{Request, Scene};
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::single(Scene::QrCode, "a");
        request.settings.state = Some("shop".into());
        request.settings.skip_verify = Some(true);
        assert_sends(
            &request,
            r#"{"type":1,"scene":2,"user":["a"],"state":"shop","skip_verify":true}"#,
        );
        assert_sends(
            &Request::multi(Scene::Miniprogram, vec!["a".into(), "b".into()]),
            r#"{"type":2,"scene":1,"user":["a","b"]}"#,
        );
        let response = answer::<Request>(r#"{"config_id":"CF1","qr_code":"https://p.invalid"}"#);
        assert_eq!(response.config_id, "CF1");
        assert_eq!(response.qr_code.as_deref(), Some("https://p.invalid"));
    }
}
