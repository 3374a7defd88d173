//! The values that go in and out of the store.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::decision::RecordOutcome;
use super::merge::ContactFacts;
use super::queue::ItemState;

use crate::domain::clock::UnixMillis;
use crate::domain::effect::{Effect, Origin};
use crate::domain::ids::{AppName, ConversationKey, DedupeKey, EffectId, OpenKfId, RecordId};
use crate::domain::inbound::{Channel, Inbound};

/// Something to take into the inbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewRecord {
    /// What makes a second push of it recognisable.
    pub dedupe: DedupeKey,
    /// When it reached us.
    pub received_at: UnixMillis,
    /// Urgent ones (a welcome code is running out) jump the queue.
    pub urgent: bool,
    /// What it is.
    pub body: RecordBody,
}

/// What a record is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "body")]
pub enum RecordBody {
    /// Understood: goes to the rules.
    Inbound {
        /// The domain value.
        inbound: Inbound,
        /// The decrypted original, for people and for later versions.
        raw: String,
    },
    /// Verified and decrypted, but not understood: kept as a dead letter from the start.
    Unreadable {
        /// Through which channel.
        channel: Channel,
        /// Through which app.
        app: AppName,
        /// The decrypted original (lossy UTF-8).
        raw: String,
        /// Why it could not be read.
        reason: String,
    },
    /// Understood, deliberately not processed (for example older than the first start
    /// accepts): finished from the start.
    Skipped {
        /// The domain value.
        inbound: Inbound,
        /// Why.
        reason: String,
    },
    /// It was about somebody who has been forgotten since.
    Erased,
}

impl RecordBody {
    /// The conversation it belongs to.
    #[must_use]
    pub fn conversation(&self) -> Option<&ConversationKey> {
        match self {
            Self::Inbound { inbound, .. } | Self::Skipped { inbound, .. } => {
                Some(&inbound.conversation)
            }
            Self::Unreadable { .. } | Self::Erased => None,
        }
    }
}

/// What became of a record that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// Taken.
    New(RecordId),
    /// Known already, as this record.
    Duplicate(RecordId),
}

/// A kf push: only a hint that there is something to pull.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KfPush {
    /// The configured kf app it came through.
    pub app: AppName,
    /// The account.
    pub open_kfid: OpenKfId,
    /// Makes the pull cheap for ten minutes.
    pub token: Option<String>,
    /// When it came in.
    pub received_at: UnixMillis,
}

/// One page of `kf/sync_msg`.
#[derive(Debug, Clone, PartialEq)]
pub struct KfPage {
    /// The account.
    pub open_kfid: OpenKfId,
    /// The cursor that the page was asked for with.
    pub expected_cursor: Option<String>,
    /// The cursor after the page; `None` keeps the old one.
    pub next_cursor: Option<String>,
    /// The page's records.
    pub records: Vec<NewRecord>,
    /// Set on the last page of a pull: pushes noted up to then are answered.
    pub answers_pushes_until: Option<UnixMillis>,
}

/// A wish to claim due work.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// The time now.
    pub now: UnixMillis,
    /// How long the claim holds.
    pub lease: Duration,
    /// At most so many.
    pub limit: usize,
}

/// A record that is ours to process.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedRecord {
    /// Which.
    pub id: RecordId,
    /// Proof of the claim.
    pub fence: u64,
    /// 1 for the first try.
    pub attempt: u32,
    /// When it reached us.
    pub received_at: UnixMillis,
    /// What it is.
    pub inbound: Inbound,
}

/// One page of a list of WeCom's: everything in it and the place to go on from, together.
#[derive(Debug, Clone, Default)]
pub struct SyncPage {
    /// What it says.
    pub contacts: Vec<ContactFacts>,
    /// Records of our own to take into the inbox, unless they are known.
    pub records: Vec<NewRecord>,
    /// Small values to write, as [`super::Store::put_facts`] does.
    pub notes: Vec<(String, serde_json::Value)>,
}

/// An effect that is ours to carry out.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedEffect {
    /// Which.
    pub id: EffectId,
    /// Proof of the claim.
    pub fence: u64,
    /// 1 for the first try.
    pub attempt: u32,
    /// An earlier attempt began and its end was never recorded. A redrive ends this.
    pub interrupted: bool,
    /// An earlier attempt was interrupted or got no clear answer: it may have worked.
    pub unclear: bool,
    /// When the first attempt began.
    pub first_attempt_at: UnixMillis,
    /// When it was decided.
    pub decided_at: UnixMillis,
    /// Dropped when it is later than this.
    pub deadline: Option<UnixMillis>,
    /// What to do.
    pub effect: Effect,
    /// Why.
    pub origin: Origin,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptEnd {
    /// Done. `note` is for people (a `msgid`, a partial failure).
    Sent {
        /// For people.
        note: Option<String>,
    },
    /// Refused for good.
    Failed {
        /// Why.
        reason: String,
    },
    /// Sent, no clear answer, and a second try could double it. Kept for a person.
    Unknown {
        /// What happened.
        reason: String,
    },
    /// Not done and not to be done any more: too late, session with a human, …
    Dropped {
        /// Why.
        reason: String,
    },
    /// Try again, counted.
    Retry {
        /// When.
        at: UnixMillis,
        /// Why.
        reason: String,
        /// Whether this attempt may have worked.
        unclear: bool,
    },
    /// Not tried, come back later, not counted (limits).
    Snooze {
        /// When.
        at: UnixMillis,
        /// Why.
        reason: String,
    },
}

/// What [`super::Store::rescue`] took back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rescued {
    /// Records.
    pub records: usize,
    /// Effects.
    pub effects: usize,
}

/// One use of a quota: at most `max` in any `window`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaUse {
    /// Which, for example `app/kefu/member/zhangsan`.
    pub key: String,
    /// At most so many …
    pub max: u32,
    /// … in any span of this length.
    pub window: Duration,
    /// Uses before this time do not count (a customer's new message resets kf's five).
    pub since: Option<UnixMillis>,
    /// Who uses it: the next use of the same takes the place of the one before.
    pub holder: Option<String>,
}

impl QuotaUse {
    /// Under which key it is kept when the holder used it last.
    pub(super) fn held_under(&self) -> Option<String> {
        let holder = self.holder.as_ref()?;
        Some(format!("{}/{holder}", self.key))
    }
}

/// The answer to a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// Go ahead.
    Granted,
    /// Not before this time.
    Until(UnixMillis),
}

/// One line of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "entry")]
pub enum HistoryEntry {
    /// Something came in.
    Received {
        /// The record.
        id: RecordId,
        /// When.
        at: UnixMillis,
        /// What.
        inbound: Inbound,
        /// How it ended; `None` while it waits.
        outcome: Option<RecordOutcome>,
    },
    /// Something went out, or was to.
    Sent {
        /// The effect.
        id: EffectId,
        /// When it was decided.
        at: UnixMillis,
        /// What.
        effect: Effect,
        /// Its state now.
        state: ItemState,
    },
}

/// Which records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordQuery {
    /// Received at this time or later.
    pub since: UnixMillis,
    /// Only those behind this one; `in-0` for all.
    pub after: RecordId,
    /// At most so many.
    pub limit: usize,
}

/// A record with what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PastRecord {
    /// Which.
    pub id: RecordId,
    /// When it reached us.
    pub received_at: UnixMillis,
    /// What it is.
    pub inbound: Inbound,
    /// Its state now.
    pub state: ItemState,
    /// Why it is where it is, if it was not decided.
    pub reason: Option<String>,
    /// How it ended; `None` while it waits.
    pub outcome: Option<RecordOutcome>,
    /// What `try` would have shown, as long as it is kept.
    pub trace: Option<serde_json::Value>,
    /// What it led to.
    pub effects: Vec<PastEffect>,
}

/// An effect with what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PastEffect {
    /// Which.
    pub id: EffectId,
    /// What.
    pub effect: Effect,
    /// Why.
    pub origin: Origin,
    /// Its state now.
    pub state: ItemState,
    /// Why it is in it.
    pub reason: Option<String>,
}

/// What moving timers into the inbox did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FiredTimers {
    /// So many were due.
    pub count: usize,
    /// When the next one is due.
    pub next: Option<UnixMillis>,
}

/// Rings when a commit may have made work due, so that workers need not poll for it.
///
/// Each bell is for one loop: it keeps one ring for a loop that is busy at the moment.
/// Work that becomes due by the clock alone does not ring.
#[derive(Debug, Default)]
pub struct Signals {
    /// A record can be claimed.
    pub inbox: tokio::sync::Notify,
    /// An effect can be claimed.
    pub outbox: tokio::sync::Notify,
    /// A kf push was noted.
    pub kf: tokio::sync::Notify,
    /// A timer was set.
    pub timers: tokio::sync::Notify,
    /// Contacts are to be read from WeCom sooner than planned.
    pub contacts: tokio::sync::Notify,
    /// A small value was swapped: operators may have moved an SOP.
    pub sops: tokio::sync::Notify,
    /// A broadcast is to be looked at at another time.
    pub broadcasts: tokio::sync::Notify,
    /// For loops that go by the clock: only stopping wakes them.
    pub upkeep: tokio::sync::Notify,
    /// A write has failed. From then on the store refuses everything; open it anew.
    pub failed: tokio::sync::Notify,
}

/// A change of small values that somebody else may be changing too.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FactSwap {
    /// What was read; `null` for a value that is not there.
    pub expected: Vec<(String, serde_json::Value)>,
    /// What is written; `null` removes one.
    pub facts: Vec<(String, serde_json::Value)>,
    /// Records of our own to take into the inbox, unless they are known.
    pub records: Vec<NewRecord>,
}

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Dedupe keys.
    pub dedupe: Duration,
    /// Finished records, effects and history.
    pub history: Duration,
    /// Traces; those of decisions that did not work out stay as long as the record.
    pub traces: Duration,
    /// What became of steps of SOPs and of broadcasts: reports are made of them.
    pub reports: Duration,
    /// What operators did.
    pub audit: Duration,
}
