//! What a rule can decide. `process` turns each into effects and contact changes.

use serde::{Deserialize, Serialize};

use super::contact::Value;
use super::ids::Tag;

/// One step of a rule's `do` list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Adds a tag.
    Tag(Tag),
    /// Removes a tag.
    Untag(Tag),
    /// Sets the member's remark name of the customer (a template text).
    Remark(String),
    /// Sets an attribute.
    Set {
        /// Which.
        attribute: String,
        /// To what.
        value: Value,
    },
    /// Answers in the chat with a template.
    Reply(TemplateName),
    /// Welcomes a new contact or a visitor with a template.
    Welcome(TemplateName),
    /// Tells members something through the app.
    Notify {
        /// A servicer group of the config, a member id, or `负责人` (the follower).
        to: String,
        /// What.
        content: Content,
    },
    /// Hands the session to a servicer group of the config.
    Transfer(String),
    /// Posts to a named webhook of the config.
    Webhook {
        /// Its name.
        to: String,
        /// The body; every text in it is a template text.
        body: serde_json::Value,
    },
    /// Posts to a named group robot of the config.
    Robot {
        /// Its name.
        to: String,
        /// What.
        content: Content,
    },
}

impl Action {
    /// The key that operators write for it.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::Tag(_) => "tag",
            Self::Untag(_) => "untag",
            Self::Remark(_) => "remark",
            Self::Set { .. } => "set",
            Self::Reply(_) => "reply",
            Self::Welcome(_) => "welcome",
            Self::Notify { .. } => "notify",
            Self::Transfer(_) => "transfer",
            Self::Webhook { .. } => "webhook",
            Self::Robot { .. } => "robot",
        }
    }
}

/// The name of a template: its path below `templates/` without the ending.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TemplateName(pub String);

/// Something to say, written in place or kept in a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A template text in the rule itself.
    Text(String),
    /// A template file.
    Template(TemplateName),
}
