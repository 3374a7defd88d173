//! Identities. Each is its own type, so that one cannot stand in for another.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What an SOP does is done on behalf of this and its id.
const SOP_ORIGIN: &str = "sop/";

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident($text:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $text);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

text_id! {
    /// A company in WeCom.
    CorpId(String);
    /// A member (employee).
    UserId(String);
    /// A customer.
    ExternalUserId(String);
    /// A customer-service account (`wk…`).
    OpenKfId(String);
    /// A group chat.
    ChatId(String);
    /// The name of an `[[app]]` in the config: one callback URL, one secret.
    AppName(String);
    /// The `id` of a rule. Everything that a decision leaves behind names it, so it is shared.
    RuleId(Arc<str>);
    /// The `id` of an SOP.
    SopId(String);
    /// Messages of one conversation are handled in order; different ones in parallel.
    ConversationKey(String);
    /// Effects of one lane are sent in order; different lanes in parallel.
    Lane(String);
    /// What makes a second push of the same thing recognisable.
    DedupeKey(String);
}

/// An accepted record in the inbox. Grows with the order of acceptance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordId(pub u64);

/// An effect in the outbox. Grows with the order of decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EffectId(pub u64);

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in-{}", self.0)
    }
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "out-{}", self.0)
    }
}

/// A broadcast. Grows with the order of their beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BroadcastId(pub u64);

impl fmt::Display for BroadcastId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bc-{}", self.0)
    }
}

impl std::str::FromStr for BroadcastId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let number = text.strip_prefix("bc-").unwrap_or(text);
        number.parse().map(Self).map_err(|_| ())
    }
}

/// Whom something is about: a customer outside or a member inside the company, or a group of
/// them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Person {
    /// A customer.
    External(ExternalUserId),
    /// A member.
    Member(UserId),
    /// A customer group, taken as one.
    Group(ChatId),
}

impl Person {
    /// The bare WeCom id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::External(id) => id.as_str(),
            Self::Member(id) => id.as_str(),
            Self::Group(id) => id.as_str(),
        }
    }

    /// A key that tells customers, members and groups apart. All groups stand together in the
    /// order of keys.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::External(id) => format!("ext:{id}"),
            Self::Member(id) => format!("mem:{id}"),
            Self::Group(id) => format!("grp:{id}"),
        }
    }

    /// Reads a [`Self::key`] back.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        let (kind, id) = key.split_once(':')?;
        Some(match kind {
            "ext" => Self::External(id.into()),
            "mem" => Self::Member(id.into()),
            "grp" => Self::Group(id.into()),
            _ => return None,
        })
    }
}

/// A tag as operators write it: `组/标签`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tag(pub String);

impl Tag {
    /// Group and name. A tag without a group belongs to the group `默认`.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        self.0
            .split_once('/')
            .unwrap_or((Self::DEFAULT_GROUP, &self.0))
    }

    /// The group of a tag that names none.
    pub const DEFAULT_GROUP: &'static str = "默认";
}

impl From<&str> for Tag {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl SopId {
    /// On whose behalf a step acts: what a rule's id is for a rule.
    #[must_use]
    pub fn origin(&self) -> RuleId {
        RuleId::from(format!("{SOP_ORIGIN}{self}"))
    }

    /// The SOP on whose behalf something is done, be it in the files still or not.
    #[must_use]
    pub fn of_origin(rule: &RuleId) -> Option<Self> {
        let id = rule.0.strip_prefix(SOP_ORIGIN)?;
        Some(Self(id.to_owned()))
    }

    /// Whether something is done on behalf of an SOP, be it in the files still or not.
    #[must_use]
    pub fn is_origin(rule: &RuleId) -> bool {
        rule.0.starts_with(SOP_ORIGIN)
    }
}
