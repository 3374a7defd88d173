//! A customer and the members who added them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A customer, the same for every member.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ExternalContact {
    /// The customer's id: `wm…` on WeChat, `wo…` on WeCom.
    pub external_userid: String,
    /// Nickname.
    pub name: String,
    /// Job title, for customers on WeCom.
    pub position: String,
    /// Image URL.
    pub avatar: String,
    /// Short name of their corp, for customers on WeCom.
    pub corp_name: String,
    /// Full name of their corp, for customers on WeCom.
    pub corp_full_name: String,
    /// 1 on WeChat, 2 on WeCom.
    #[serde(rename = "type")]
    pub kind: i64,
    /// 0 unknown, 1 male, 2 female.
    pub gender: i64,
    /// WeChat union id, if the corp has bound an open platform account.
    pub unionid: Option<String>,
    /// Profile as it came, for customers on WeCom.
    pub external_profile: Option<Value>,
}

/// What one member knows about a customer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FollowUser {
    /// The member.
    pub userid: String,
    /// The member's name for the customer.
    pub remark: String,
    /// The member's note.
    pub description: String,
    /// When the customer was added, in Unix seconds.
    pub createtime: i64,
    /// The customer's tags; they belong to this member and customer alone.
    pub tags: Vec<FollowTag>,
    /// The member's note of the customer's corp.
    pub remark_corp_name: String,
    /// The member's note of phone numbers.
    pub remark_mobiles: Vec<String>,
    /// Who added whom: the member's or the customer's id.
    pub oper_userid: String,
    /// How: 1 QR code, 2 phone search, 3 name card, 4 group, 16 acquisition
    /// link, 202 assigned by an administrator, and so on.
    pub add_way: i64,
    /// The `state` of the contact way that was used.
    pub state: String,
    /// Channels details as they came.
    pub wechat_channels: Option<Value>,
}

/// One tag of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FollowTag {
    /// The tag's group.
    pub group_name: String,
    /// The tag.
    pub tag_name: String,
    /// Absent for personal tags, which the API cannot write.
    pub tag_id: Option<String>,
    /// 1 corp, 2 personal, 3 strategy.
    #[serde(rename = "type")]
    pub kind: i64,
}

/// The form that batches use: tag ids instead of tags.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FollowInfo {
    /// The member.
    pub userid: String,
    /// The member's name for the customer.
    pub remark: String,
    /// The member's note.
    pub description: String,
    /// When the customer was added, in Unix seconds.
    pub createtime: i64,
    /// Ids of corp and strategy tags.
    pub tag_id: Vec<String>,
    /// The member's note of the customer's corp.
    pub remark_corp_name: String,
    /// The member's note of phone numbers.
    pub remark_mobiles: Vec<String>,
    /// Who added whom: the member's or the customer's id.
    pub oper_userid: String,
    /// How, as in [`FollowUser::add_way`].
    pub add_way: i64,
    /// The `state` of the contact way that was used.
    pub state: String,
}
