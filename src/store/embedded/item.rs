//! The small rows that say how a record or an effect stands.

use serde::{Deserialize, Serialize};

use super::keys::Table;
use super::txn::Counter;
use crate::domain::clock::UnixMillis;
use crate::domain::effect::{Effect, NewEffect, Origin, SopRowKey};
use crate::domain::ids::EffectId;
use crate::store::{Delivery, ItemId, ItemState, LaneHash, RecordOutcome};

/// How a record or an effect stands. What it is lies in its body row, written once.
///
/// `state` is never [`ItemState::Working`]: that is a claim row beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ItemRow {
    pub(crate) state: ItemState,
    /// A record's conversation, an effect's lane.
    pub(crate) lane: LaneHash,
    /// The conversation whose history an effect belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) conversation: Option<LaneHash>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) urgent: bool,
    /// The place in the lane. A redrive gives a new one, at the end.
    pub(crate) seq: u64,
    pub(crate) due: UnixMillis,
    /// When it was received or decided.
    pub(crate) at: UnixMillis,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) first_attempt_at: Option<UnixMillis>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) interrupted: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) unclear: bool,
    /// It waits for a limit, not after a try that failed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) snoozed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// Of a processed record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) outcome: Option<RecordOutcome>,
    /// The step of an SOP whose message an effect carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) step: Option<StepNote>,
    /// What a processed record led to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) effects: Vec<EffectId>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl ItemRow {
    /// Something new that waits.
    pub(crate) fn waiting(lane: LaneHash, at: UnixMillis) -> Self {
        Self {
            state: ItemState::Ready,
            lane,
            conversation: None,
            urgent: false,
            seq: 0,
            due: at,
            at,
            attempts: 0,
            first_attempt_at: None,
            interrupted: false,
            unclear: false,
            snoozed: false,
            reason: None,
            outcome: None,
            step: None,
            effects: Vec::new(),
        }
    }

    /// The conversation whose history it belongs to.
    pub(crate) fn history(&self) -> LaneHash {
        self.conversation.unwrap_or(self.lane)
    }
}

/// The row of a step that learns what becomes of an effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StepNote {
    pub(crate) row: SopRowKey,
    /// How far the message has got once the effect is sent.
    pub(crate) then: Delivery,
}

impl StepNote {
    /// A member who gets it sends it on; an internal group has it.
    pub(crate) fn of(effect: &NewEffect) -> Option<Self> {
        Some(Self::told(&effect.effect, effect.origin.row.clone()?))
    }

    /// The row of an effect as it is stored; what this version cannot read has none.
    pub(crate) fn of_body(body: &EffectBodyJson) -> Option<Self> {
        let effect = serde_json::from_value(body.effect.clone()).ok()?;
        let origin: Origin = serde_json::from_value(body.origin.clone()).ok()?;
        Some(Self::told(&effect, origin.row?))
    }

    fn told(effect: &Effect, row: SopRowKey) -> Self {
        let then = match effect {
            Effect::AppSend { .. } => Delivery::Created,
            _ => Delivery::Delivered,
        };
        Self { row, then }
    }
}

/// Who works on an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClaimRow {
    pub(crate) fence: u64,
    pub(crate) until: UnixMillis,
    pub(crate) attempt: u32,
    pub(crate) first_attempt_at: UnixMillis,
    /// Word of the failure that came before the sender's own (`msg_send_fail`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failed: Option<String>,
}

/// The body row of an effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct EffectBody {
    pub(crate) effect: Effect,
    pub(crate) deadline: Option<UnixMillis>,
    pub(crate) origin: Origin,
}

/// The same with the parts that only people and later versions read left as they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct EffectBodyJson {
    pub(crate) effect: serde_json::Value,
    pub(crate) deadline: Option<UnixMillis>,
    pub(crate) origin: serde_json::Value,
}

/// The tables and counters of the inbox or the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Queue {
    pub(crate) kind: Kind,
    pub(crate) body: Table,
    pub(crate) waiting: Table,
    pub(crate) kept: Table,
    pub(crate) ended: Table,
    pub(crate) lane: Table,
    pub(crate) ready: Table,
    pub(crate) claim: Table,
    pub(crate) last: Counter,
}

/// Which queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Inbox,
    Outbox,
}

/// Records on their way to the rules.
pub(crate) const INBOX: Queue = Queue {
    kind: Kind::Inbox,
    body: Table::InboxBody,
    waiting: Table::InboxWaiting,
    kept: Table::InboxKept,
    ended: Table::InboxEnded,
    lane: Table::InboxLane,
    ready: Table::InboxReady,
    claim: Table::InboxClaim,
    last: Counter::LastRecord,
};

/// Effects on their way to WeCom.
pub(crate) const OUTBOX: Queue = Queue {
    kind: Kind::Outbox,
    body: Table::OutboxBody,
    waiting: Table::OutboxWaiting,
    kept: Table::OutboxKept,
    ended: Table::OutboxEnded,
    lane: Table::OutboxLane,
    ready: Table::OutboxReady,
    claim: Table::OutboxClaim,
    last: Counter::LastEffect,
};

impl Queue {
    /// The table that holds items of this state.
    pub(crate) fn table(&self, state: ItemState) -> Table {
        match state {
            ItemState::Ready | ItemState::Working => self.waiting,
            ItemState::Failed | ItemState::Unknown | ItemState::Dropped | ItemState::Dead => {
                self.kept
            }
            ItemState::Done | ItemState::Sent | ItemState::Discarded => self.ended,
        }
    }

    /// The counter of this state, if it has one.
    pub(crate) fn counter(&self, state: ItemState) -> Option<Counter> {
        match (self.kind, state) {
            (Kind::Inbox, ItemState::Ready | ItemState::Working) => Some(Counter::Inbox),
            (Kind::Outbox, ItemState::Ready | ItemState::Working) => Some(Counter::Outbox),
            (Kind::Inbox, ItemState::Dead) => Some(Counter::Dead),
            (Kind::Outbox, ItemState::Failed) => Some(Counter::Failed),
            (Kind::Outbox, ItemState::Unknown) => Some(Counter::Unknown),
            _ => None,
        }
    }

    /// The name that people see.
    pub(crate) fn name(&self, id: u64) -> ItemId {
        match self.kind {
            Kind::Inbox => ItemId::Record(crate::domain::ids::RecordId(id)),
            Kind::Outbox => ItemId::Effect(EffectId(id)),
        }
    }

    /// The queue and number of an item.
    pub(crate) fn of(item: ItemId) -> (Self, u64) {
        match item {
            ItemId::Record(id) => (INBOX, id.0),
            ItemId::Effect(id) => (OUTBOX, id.0),
        }
    }
}
