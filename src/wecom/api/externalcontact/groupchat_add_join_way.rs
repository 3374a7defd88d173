//! `POST /cgi-bin/externalcontact/groupchat/add_join_way`: a "join the group" code (doc 92229).
//!
//! Keep the `config_id`: there is no list of them.

use crate::wecom::api::fields::zero_one;
use crate::wecom::client::endpoint;
use crate::wecom::text::CharLimit;
use serde::{Deserialize, Serialize};

/// Most groups of one code.
pub const GROUPS_MAX: usize = 5;
/// Limit of `room_base_name`.
pub const BASE_NAME_MAX: CharLimit = CharLimit(40);

/// Shown as a QR code, not inside a miniprogram.
const QR_CODE: u8 = 2;

/// What a code says; an update replaces all of it.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    scene: u8,
    /// Note for the corp, at most 30 characters.
    pub remark: Option<String>,
    /// Makes a new group when these are full.
    #[serde(with = "zero_one")]
    pub auto_create_room: bool,
    /// What new groups' names begin with.
    pub room_base_name: Option<String>,
    /// The number of the first new group.
    pub room_base_id: Option<u32>,
    chat_id_list: Vec<String>,
    /// Comes back with the members of the group, at most 30 characters.
    pub state: Option<String>,
}

impl Settings {
    /// A QR code into these groups, at most [`GROUPS_MAX`]; no new groups are made.
    pub fn new(chat_ids: Vec<String>) -> Self {
        Self {
            scene: QR_CODE,
            remark: None,
            auto_create_room: false,
            room_base_name: None,
            room_base_id: None,
            chat_id_list: chat_ids,
            state: None,
        }
    }
}

/// Creates a code.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    /// What it says.
    #[serde(flatten)]
    pub settings: Settings,
}

/// The new code.
#[derive(Debug, Clone, Deserialize)]
pub struct Response {
    /// The code's id.
    pub config_id: String,
}

endpoint!(Post "/cgi-bin/externalcontact/groupchat/add_join_way", Request => Response);

#[cfg(test)]
mod tests {
    use super::{Request, Settings};
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut settings = Settings::new(vec!["wr1".into()]);
        settings.state = Some("poster".into());
        settings.auto_create_room = true;
        settings.room_base_name = Some("茶友群".into());
        settings.room_base_id = Some(3);
        assert_sends(
            &Request { settings },
            r#"{"scene":2,"auto_create_room":1,"room_base_name":"茶友群","room_base_id":3,
            "chat_id_list":["wr1"],"state":"poster"}"#,
        );
        assert_eq!(answer::<Request>(r#"{"config_id":"CF1"}"#).config_id, "CF1");
    }
}
