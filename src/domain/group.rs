//! A customer group, as far as WeCom tells.

use serde::{Deserialize, Serialize};

use super::clock::UnixMillis;
use super::ids::UserId;

/// What is known of a customer group besides its name and its creation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Group {
    /// Whose group it is: mass-send tasks to it go to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// Members who may manage it, besides the owner.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub admins: Vec<UserId>,
    /// Who is in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<GroupMember>,
    /// Set when it was dissolved. It is kept, so that reports stay readable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dissolved_at: Option<UnixMillis>,
}

impl Group {
    /// These people came in. Customers' ids begin with `wm` or `wo`.
    pub fn joined(&mut self, who: &[String], at: UnixMillis) {
        for id in who {
            if self.members.iter().all(|known| known.id != *id) {
                self.members.push(GroupMember {
                    id: id.clone(),
                    customer: id.starts_with("wm") || id.starts_with("wo"),
                    joined_at: Some(at),
                    source: None,
                });
            }
        }
    }

    /// These people are gone.
    pub fn left(&mut self, who: &[String]) {
        self.members.retain(|known| !who.contains(&known.id));
    }
}

/// Somebody in a customer group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMember {
    /// Their WeCom id.
    pub id: String,
    /// Whether they are a customer; else they are a member of the company.
    pub customer: bool,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_at: Option<UnixMillis>,
    /// The channel code (`state`) of the join way that they came through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}
