//! What people see of the queues: states, lines and details.

use serde::{Deserialize, Serialize};

use super::types::RecordBody;
use crate::domain::clock::UnixMillis;
use crate::domain::effect::{Effect, Origin};
use crate::domain::ids::{EffectId, RecordId};
use crate::domain::inbound::{Inbound, Trigger};

/// How many items are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Depths {
    /// Records waiting or being processed.
    pub inbox: u64,
    /// Records kept as dead letters.
    pub dead: u64,
    /// Effects waiting or being sent.
    pub outbox: u64,
    /// Effects refused for good.
    pub failed: u64,
    /// Effects with an unknown outcome.
    pub unknown: u64,
    /// Timers waiting.
    pub timers: u64,
    /// Age of the oldest waiting record, ms.
    pub inbox_age_ms: u64,
    /// Age of the oldest waiting effect that is due, ms.
    pub outbox_age_ms: u64,
}

/// The state of a record or an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// Set by accept, decide, retry, rescue and redrive; a claim follows.
    Ready,
    /// Set by a claim; an end, a retry or a rescue follows.
    Working,
    /// A record that was processed. Nothing follows.
    Done,
    /// An effect that was carried out. `Failed` can follow (`msg_send_fail`).
    Sent,
    /// An effect refused for good. A redrive or discard by a person can follow.
    Failed,
    /// An effect with an unknown outcome. A redrive or discard by a person follows.
    Unknown,
    /// An effect not done on purpose. A redrive by a person can follow.
    Dropped,
    /// A record kept as a dead letter. A redrive or discard by a person follows.
    Dead,
    /// Given up by a person. Nothing follows.
    Discarded,
}

/// A record or an effect. Written as `in-4` or `out-34` everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemId {
    /// `in-…`
    Record(RecordId),
    /// `out-…`
    Effect(EffectId),
}

impl std::fmt::Display for ItemId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Record(id) => id.fmt(f),
            Self::Effect(id) => id.fmt(f),
        }
    }
}

impl Serialize for ItemId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ItemId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|()| serde::de::Error::custom("not an item's id"))
    }
}

impl std::str::FromStr for ItemId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (queue, number) = text.split_once('-').ok_or(())?;
        let number = number.parse().map_err(|_| ())?;
        match queue {
            "in" => Ok(Self::Record(RecordId(number))),
            "out" => Ok(Self::Effect(EffectId(number))),
            _ => Err(()),
        }
    }
}

/// Which items to list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QueueFilter {
    /// These states only; empty means everything that waits or needs a person.
    pub states: Vec<ItemState>,
    /// At most so many.
    pub limit: usize,
}

/// One line of `queue list`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueItem {
    /// Which.
    pub id: ItemId,
    /// Its state.
    pub state: ItemState,
    /// `kf message`, `kf_send`, …
    pub what: String,
    /// Whom it concerns, as an id.
    pub whom: Option<String>,
    /// Attempts so far.
    pub attempts: u32,
    /// When it came to be.
    pub at: UnixMillis,
    /// When it is due, if it waits.
    pub due: Option<UnixMillis>,
    /// Why it is where it is.
    pub reason: Option<String>,
}

/// Everything about one item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueDetail {
    /// The line.
    pub item: QueueItem,
    /// A record's body.
    pub record: Option<RecordBody>,
    /// An effect.
    pub effect: Option<Effect>,
    /// Why the effect exists.
    pub origin: Option<Origin>,
    /// The record's trace.
    pub trace: Option<serde_json::Value>,
    /// The effects that the record led to.
    pub effects: Vec<QueueItem>,
}

/// Why something waits that is not the first of its lane.
pub(super) fn behind(first: ItemId) -> String {
    format!("it waits behind {first}")
}

/// A body that this version cannot read still has a line.
pub(super) const NOT_READABLE: &str = "unreadable";

/// What a line says of a record.
pub(super) fn inbound_words(inbound: &Inbound) -> String {
    let word = match &inbound.trigger {
        Trigger::SendFailed { .. } => "send_failed".to_owned(),
        Trigger::SessionChanged { .. } => "session_changed".to_owned(),
        Trigger::Event {
            event,
            change_type: Some(change),
        } => format!("event:{event}/{change}"),
        Trigger::Event { event, .. } => format!("event:{event}"),
        other => other.word().unwrap_or("event").to_owned(),
    };
    format!("{} {word}", inbound.channel.as_str())
}
