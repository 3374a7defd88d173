//! What a rule can decide. `process` turns each into effects and contact changes.

use serde::{Deserialize, Serialize};

use super::contact::Value;
use super::criteria::ContactTest;
use super::ids::{SopId, Tag};

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
    /// Ends the kf session.
    EndSession,
    /// Takes the contact into an SOP.
    StartSop(SopId),
    /// Takes the contact out of an SOP.
    StopSop(SopId),
    /// Reminds members of something, now or later.
    Remind {
        /// A servicer group of the config, a member id, or `负责人` (the follower).
        who: String,
        /// When.
        when: RemindWhen,
        /// Of what (a template text).
        text: String,
    },
    /// Gives the contact points, or takes some away.
    Points {
        /// How many.
        add: i64,
        /// What for.
        why: String,
    },
    /// Creates a mass-send task, which a member confirms.
    MassMessage {
        /// What to send.
        template: TemplateName,
        /// To all contacts for whom every one of these holds.
        audience: Vec<ContactTest>,
    },
}

/// When a reminder is due.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemindWhen {
    /// At once.
    Now,
    /// After so many seconds.
    In {
        /// How many.
        secs: u64,
    },
    /// At a time of day: the next such time if `days` is 0, else that many days on.
    Clock {
        /// Days from today.
        days: u16,
        /// The time of day.
        time: jiff::civil::Time,
    },
    /// At a date and time in the company's zone.
    Local(jiff::civil::DateTime),
    /// When these hours (by their name in the calendar file) next begin; at once if they run.
    Opening(String),
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
            Self::EndSession => "end_session",
            Self::StartSop(_) => "start_sop",
            Self::StopSop(_) => "stop_sop",
            Self::Remind { .. } => "remind",
            Self::Points { .. } => "points",
            Self::MassMessage { .. } => "mass_message",
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
