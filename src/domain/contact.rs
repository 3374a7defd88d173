//! What the agent knows about somebody: the rule engine's only view of a person.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::clock::UnixMillis;
use super::group::Group;
use super::ids::{ConversationKey, Person, RecordId, RuleId, SopId, Tag, UserId};
use super::reminder::{Reminders, Waiting};

/// A customer, a member or a customer group, with what rules and SOPs can ask about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// Who.
    pub person: Person,
    /// The name they use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is known of a customer group; `name` is its name and `added_at` its creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Box<Group>>,
    /// Members who have this customer as a contact.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub followers: Vec<Follower>,
    /// The company's tags, each with where it came from.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<Tag, TagMark>,
    /// Values set by rules or imported.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Value>,
    /// The channel code they came through first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When they first became a contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_at: Option<UnixMillis>,
    /// Since when no member has them any more. They are kept, so that reports stay readable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_at: Option<UnixMillis>,
    /// When they last wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_inbound_at: Option<UnixMillis>,
    /// When we took in their last message, by our own clock: what we sent is counted from
    /// here, because WeCom's clock is another and its times are whole seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_at: Option<UnixMillis>,
    /// When WeCom was last asked about them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synced_at: Option<UnixMillis>,
    /// When each rule last fired for them: what `cooldown` looks at.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fired: BTreeMap<RuleId, UnixMillis>,
    /// When rules with `hits` matched and did not fire yet, oldest first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hits: BTreeMap<RuleId, Vec<UnixMillis>>,
    /// Their points.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub points: i64,
    /// The SOPs they are in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sops: BTreeMap<SopId, Enrolment>,
    /// When something was said to them unasked, oldest first: what caps look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<UnixMillis>,
    /// When rules last answered them, oldest first: what the loop guard looks at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answered: Vec<UnixMillis>,
    /// A member's reminders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminders: Option<Box<Reminders>>,
    /// The conversations in which they wait for an answer, one entry each.
    #[serde(
        default,
        deserialize_with = "super::reminder::waits",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub waiting: Vec<Waiting>,
    /// The conversations that they were last in, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conversations: Vec<ConversationKey>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_zero(points: &i64) -> bool {
    *points == 0
}

/// Somebody's way through an SOP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The version of the SOP they began with; they finish on it.
    pub version: String,
    /// When they began.
    pub started_at: UnixMillis,
    /// The step that is due next, counted from 0; the number of steps when all are over.
    pub step: u32,
    /// The number under which its row is written, where that is not the step's: edits of a
    /// campaign have moved its phases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// The time by which it is judged whether the step that waits was missed. Waiting for the
    /// end of quiet hours moves it, waiting for an operator does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<UnixMillis>,
    /// When the step before it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_step_at: Option<UnixMillis>,
    /// Set when it is over. It is kept, so that nobody enters twice by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<SopEnd>,
}

/// The end of somebody's way through an SOP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SopEnd {
    /// When.
    pub at: UnixMillis,
    /// How.
    pub how: SopEnding,
}

/// How somebody's way through an SOP ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SopEnding {
    /// All steps are over.
    Finished,
    /// Its `exit_when` held.
    Exited,
    /// A rule or another SOP took them out of it.
    Stopped,
    /// Operators removed the SOP.
    Removed,
    /// Operators ended it for everybody.
    Cancelled,
    /// The group was dissolved.
    Dissolved,
}

impl Enrolment {
    /// Somebody at the beginning.
    #[must_use]
    pub fn begin(version: String, now: UnixMillis) -> Self {
        Self {
            version,
            started_at: now,
            step: 0,
            number: None,
            held: None,
            last_step_at: None,
            ended: None,
        }
    }

    /// The number of the row of the step that is due next.
    #[must_use]
    pub fn row(&self) -> u32 {
        self.number.unwrap_or(self.step)
    }

    /// Whether steps are to come.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.ended.is_none()
    }
}

impl Contact {
    /// Somebody about whom nothing is known yet.
    #[must_use]
    pub fn unknown(person: Person) -> Self {
        Self {
            person,
            name: None,
            group: None,
            followers: Vec::new(),
            tags: BTreeMap::new(),
            attributes: BTreeMap::new(),
            source: None,
            added_at: None,
            lost_at: None,
            last_inbound_at: None,
            heard_at: None,
            synced_at: None,
            fired: BTreeMap::new(),
            hits: BTreeMap::new(),
            points: 0,
            sops: BTreeMap::new(),
            reached: Vec::new(),
            answered: Vec::new(),
            reminders: None,
            waiting: Vec::new(),
            conversations: Vec::new(),
        }
    }

    /// The conversation that something of our own about them belongs to: the one they were
    /// last in, so that it keeps its place among their messages.
    #[must_use]
    pub fn conversation(&self) -> ConversationKey {
        let last = self.conversations.last().cloned();
        last.unwrap_or_else(|| ConversationKey(format!("own/{}", self.person.key())))
    }

    /// Their wait for an answer in a conversation.
    #[must_use]
    pub fn waits_in(&self, conversation: &ConversationKey) -> Option<&Waiting> {
        let mut waits = self.waiting.iter();
        waits.find(|wait| wait.conversation == *conversation)
    }

    /// Whether they carry a tag. A name without a group matches in any group.
    #[must_use]
    pub fn has_tag(&self, tag: &Tag) -> bool {
        if self.tags.contains_key(tag) {
            return true;
        }
        !tag.0.contains('/') && self.tags.keys().any(|held| held.parts().1 == tag.0)
    }

    /// Whole days (of 24 hours) since they became a contact.
    #[must_use]
    pub fn added_days(&self, now: UnixMillis) -> Option<u64> {
        let added = self.added_at?;
        Some(now.since(added).as_secs() / 86_400)
    }
}

/// The relation between a customer and one member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follower {
    /// The member.
    pub userid: UserId,
    /// The name the member gave the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_at: Option<UnixMillis>,
    /// The channel code of this relation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The member's note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How they were added, by WeCom's `add_way`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add_way: Option<i64>,
    /// The company's tags on this pair of member and customer; `None` if WeCom never told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<Tag>>,
    /// When WeCom last told of this relation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<UnixMillis>,
}

impl Follower {
    /// A member of whom nothing else is known.
    #[must_use]
    pub fn of(userid: UserId) -> Self {
        Self {
            userid,
            remark: None,
            added_at: None,
            source: None,
            description: None,
            add_way: None,
            tags: None,
            seen_at: None,
        }
    }
}

/// Where a tag came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagMark {
    /// When it was set, as far as is known.
    pub at: UnixMillis,
    /// The rule that set it; `None` if WeCom told us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    /// The version of the rules that set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The record that led to it: its trace says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordId>,
}

impl TagMark {
    /// A tag that WeCom told us about.
    #[must_use]
    pub fn told(at: UnixMillis) -> Self {
        Self {
            at,
            rule: None,
            version: None,
            record: None,
        }
    }
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(value),
        }
    }
}
