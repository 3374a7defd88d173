//! Customer groups.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Someone in a customer group.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupMember {
    /// A userid or an external userid.
    pub userid: String,
    /// When they joined; 0 in a seed means now.
    #[serde(default)]
    pub join_time: i64,
    /// 1 invited, 2 by invite link, 3 by QR code.
    #[serde(default = "invited")]
    pub join_scene: i64,
    /// Join-way state.
    #[serde(default)]
    pub state: String,
}

fn invited() -> i64 {
    1
}

/// A group with customers in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerGroup {
    /// `wr…`; empty in a seed means "make one".
    #[serde(default)]
    pub chat_id: String,
    /// The name.
    #[serde(default)]
    pub name: String,
    /// The owner's userid.
    pub owner: String,
    /// When it was made; 0 in a seed means now.
    #[serde(default)]
    pub create_time: i64,
    /// The notice.
    #[serde(default)]
    pub notice: String,
    /// Who is in it.
    #[serde(default)]
    pub members: Vec<GroupMember>,
    /// Admins' userids.
    #[serde(default)]
    pub admins: Vec<String>,
    /// Rises with every change of members.
    #[serde(default)]
    pub version: u64,
}

impl CustomerGroup {
    /// The version as events and `groupchat/get` write it.
    pub(crate) fn version_text(&self) -> String {
        format!("{:032x}", self.version)
    }
}

/// Groups by chat id.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Groups(pub(crate) BTreeMap<String, CustomerGroup>);
