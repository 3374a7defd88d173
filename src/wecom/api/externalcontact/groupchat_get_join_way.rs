//! `POST /cgi-bin/externalcontact/groupchat/get_join_way`: one "join the group" code (doc 92229).

use crate::wecom::api::fields::zero_one;
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
    pub join_way: JoinWay,
}

/// One "join the group" code.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct JoinWay {
    /// The code's id.
    pub config_id: String,
    /// Note for the corp.
    pub remark: String,
    /// Whether a new group is made when these are full.
    #[serde(with = "zero_one")]
    pub auto_create_room: bool,
    /// What new groups' names begin with.
    pub room_base_name: String,
    /// The number of the first new group.
    pub room_base_id: u32,
    /// The groups.
    pub chat_id_list: Vec<String>,
    /// Comes back with the members of the group.
    pub state: String,
    /// Image URL of the QR code.
    pub qr_code: String,
}

endpoint!(Post "/cgi-bin/externalcontact/groupchat/get_join_way", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::new("CF1"), r#"{"config_id":"CF1"}"#);
        let way = answer::<Request>(
            r#"{"join_way":{"config_id":"CF1","scene":2,"auto_create_room":1,
            "room_base_name":"茶友群","room_base_id":3,"chat_id_list":["wr1"],
            "qr_code":"https://p.invalid","state":"poster","remark":"海报"}}"#,
        )
        .join_way;
        assert!(way.auto_create_room);
        assert_eq!((way.room_base_id, way.state.as_str()), (3, "poster"));
        assert_eq!(way.chat_id_list, ["wr1"]);
    }
}
