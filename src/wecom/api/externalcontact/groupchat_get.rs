//! `POST /cgi-bin/externalcontact/groupchat/get`: one customer group (doc 92122).

use crate::wecom::api::fields::zero_one;
use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Asks for one group.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    chat_id: String,
    /// Also asks for the members' names.
    #[serde(with = "zero_one")]
    pub need_name: bool,
}

impl Request {
    /// The group, with names.
    pub fn new(chat_id: impl Into<String>) -> Self {
        Self {
            chat_id: chat_id.into(),
            need_name: true,
        }
    }
}

/// The group.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// The group.
    pub group_chat: GroupChat,
}

/// One customer group.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct GroupChat {
    /// The group's id, `wr…`.
    pub chat_id: String,
    /// Shown name, perhaps empty.
    pub name: String,
    /// The owner's userid.
    pub owner: String,
    /// Unix seconds.
    pub create_time: i64,
    /// The notice.
    pub notice: String,
    /// Everyone in the group.
    pub member_list: Vec<GroupMember>,
    /// Administrators.
    pub admin_list: Vec<UserRef>,
    /// Changes whenever the list of members does.
    pub member_version: String,
}

/// Someone in a group.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct GroupMember {
    /// A member's or a customer's id.
    pub userid: String,
    /// 1 member of the corp, 2 customer.
    #[serde(rename = "type")]
    pub kind: i64,
    /// WeChat union id of a customer.
    pub unionid: Option<String>,
    /// Unix seconds.
    pub join_time: i64,
    /// 1 invited, 2 invitation link, 3 QR code.
    pub join_scene: i64,
    /// Who invited; absent for customers who invited.
    pub invitor: Option<UserRef>,
    /// Name inside the group.
    pub group_nickname: String,
    /// Name, if asked for.
    pub name: String,
    /// The `state` of the join way that was used.
    pub state: Option<String>,
}

/// A member's id.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct UserRef {
    /// The id.
    pub userid: String,
}

endpoint!(Post "/cgi-bin/externalcontact/groupchat/get", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::new("wr1"), r#"{"chat_id":"wr1","need_name":1}"#);
        let group = answer::<Request>(
            r#"{"group_chat":{"chat_id":"wr1","name":"老客户","owner":"a",
            "create_time":1760000000,"member_list":[{"userid":"wm1","type":2,
            "join_time":1760000001,"join_scene":3,"invitor":{"userid":"a"},"name":"张三",
            "state":"shop"}],"admin_list":[{"userid":"b"}],"member_version":"v1"}}"#,
        )
        .group_chat;
        assert_eq!(
            (group.owner.as_str(), group.admin_list[0].userid.as_str()),
            ("a", "b")
        );
        let member = &group.member_list[0];
        assert_eq!((member.kind, member.join_scene), (2, 3));
        assert_eq!(member.invitor.as_ref().unwrap().userid, "a");
    }
}
