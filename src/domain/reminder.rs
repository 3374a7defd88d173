//! What a member wants to be reminded of, and what we asked them about it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::UnixMillis;
use super::ids::UserId;
use super::rhythm::Rhythm;

/// What was shown and never answered is forgotten after this.
const FORGOTTEN: Duration = Duration::from_secs(30 * 86_400);

/// The reminders of one member.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Reminders {
    /// The highest number that was given so far: none is given twice.
    pub last: u32,
    /// Those that are not done, by their number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub open: BTreeMap<u32, Reminder>,
    /// What we asked and they did not answer yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
}

/// One reminder.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reminder {
    /// Of what.
    pub text: String,
    /// When it is due next; when it was, if `card` is shown and it does not come again.
    pub due: UnixMillis,
    /// How it comes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rhythm: Option<Rhythm>,
    /// Between these times it does not come, though its rhythm says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<(UnixMillis, UnixMillis)>,
    /// The task of the card that was shown last and waits for a press.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

impl Reminder {
    /// Whether it was shown and will not come by itself again.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.card.is_some() && self.rhythm.is_none()
    }
}

/// A question of ours, and when it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// When.
    pub at: UnixMillis,
    /// What.
    pub question: Open,
}

/// What we asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Open {
    /// Something about a wish.
    Wish(Question),
    /// To whom this reminder goes.
    HandOver(u32),
    /// Nothing: this one was just set, and what is said next may correct it.
    Set(u32),
    /// Nothing: this one rang, or something was not understood after it was set. What seems to
    /// be about it is.
    #[serde(alias = "unclear")]
    Near(u32),
}

/// When something is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Once.
    Once(UnixMillis),
    /// Again and again.
    Repeating {
        /// How.
        rhythm: Rhythm,
        /// When first.
        first: UnixMillis,
    },
}

impl When {
    /// The first time.
    #[must_use]
    pub fn first(&self) -> UnixMillis {
        match self {
            Self::Once(at) | Self::Repeating { first: at, .. } => *at,
        }
    }
}

/// A question about a wish, kept until it is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What is not clear.
    pub asks: Asks,
    /// What is to be done, if that is known.
    pub what: String,
    /// The times that may be meant.
    pub choices: Vec<When>,
}

/// What is not clear about a reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asks {
    /// Which of these times.
    Which,
    /// The time has passed; perhaps one of these is meant.
    Passed,
    /// When.
    Time,
    /// What; the time is the only choice.
    Text,
    /// Whether the time was understood, which is the only choice: more was said about it.
    Unsure,
    /// Whether they want to be reminded at all, at the time which is the only choice.
    Wanted,
}

/// A customer who waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Since when.
    pub since: UnixMillis,
    /// In which conversation.
    pub conversation: super::ids::ConversationKey,
    /// How many members' steps of the ladder were taken.
    pub step: u32,
}

/// A change to how a customer waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitChange {
    /// They wait like this in its conversation.
    Waits(Waiting),
    /// They do not wait in this conversation any more.
    Over(super::ids::ConversationKey),
}

impl WaitChange {
    /// Applies it.
    pub(super) fn apply(self, waits: &mut Vec<Waiting>) {
        let of = match &self {
            Self::Waits(wait) => &wait.conversation,
            Self::Over(conversation) => conversation,
        };
        waits.retain(|wait| wait.conversation != *of);
        if let Self::Waits(wait) = self {
            waits.push(wait);
        }
    }
}

/// Reads waits; an earlier version kept one for each customer.
pub(super) fn waits<'d, D: serde::Deserializer<'d>>(from: D) -> Result<Vec<Waiting>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Kept {
        Each(Vec<Waiting>),
        One(Waiting),
    }
    Ok(match Kept::deserialize(from)? {
        Kept::Each(waits) => waits,
        Kept::One(wait) => vec![wait],
    })
}

/// A change to the reminders of a member.
#[derive(Debug, Clone, PartialEq)]
pub enum ReminderChange {
    /// Sets the one of this number.
    Set(u32, Reminder),
    /// It is done, cancelled or somebody else's.
    Remove(u32),
    /// We asked something, or need no answer any more.
    Ask(Option<Asked>),
}

impl ReminderChange {
    /// Applies it. `None` is somebody without reminders.
    pub(super) fn apply(self, reminders: &mut Option<Box<Reminders>>, now: UnixMillis) {
        let all = reminders.get_or_insert_default();
        match self {
            Self::Set(number, reminder) => {
                all.last = all.last.max(number);
                all.open.insert(number, reminder);
                all.open
                    .retain(|_, it| !(it.is_shown() && now.since(it.due) > FORGOTTEN));
            }
            Self::Remove(number) => {
                all.open.remove(&number);
            }
            Self::Ask(asked) => all.asked = asked,
        }
    }
}

/// A reminder that another member handed over before it was due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handed {
    /// As it was theirs.
    pub reminder: Reminder,
    /// Who gave it away.
    pub by: UserId,
}

/// A card that was sent to a member from elsewhere: by a rule, or by another member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Of what.
    pub text: String,
    /// The task of the card.
    pub card: String,
}
