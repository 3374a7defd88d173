//! Everything that a store holds, as rows that belong to no engine: for backups, for moving
//! from one store to another, for taking the data out.
//!
//! A row says how things stand, not how somebody works on them: what is being processed waits,
//! and what is being sent waits as a rescue would leave it, so that whoever goes on knows that
//! it may have been sent.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::audit::AuditEntry;
use super::broadcasts::{Broadcast, BroadcastTarget};
use super::decision::RecordOutcome;
use super::hash::{DedupeHash, LaneHash};
use super::queue::ItemState;
use super::sop_rows::SopRow;
use super::types::KfPush;
use super::{Result, StoreError};
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::ids::{BroadcastId, EffectId, OpenKfId, Person, RecordId, RuleId};
use crate::domain::timer::Timer;

/// The kinds of rows, in the order of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// The last numbers that were given.
    Numbers,
    /// The inbox, with dedupe keys and traces.
    Record,
    /// The outbox.
    Effect,
    /// Contacts and groups.
    Contact,
    /// Timers.
    Timer,
    /// How far kf accounts were read.
    KfCursor,
    /// Pushes that no pull has answered.
    KfPush,
    /// Small values.
    Fact,
    /// Uses of rules with a daily limit.
    RuleUse,
    /// Uses of WeCom's limits.
    Quota,
    /// What became of the steps of SOPs.
    SopRow,
    /// Broadcasts.
    Broadcast,
    /// Their targets.
    BroadcastTarget,
    /// Mass messages that each target has received.
    Received,
    /// What operators did.
    Audit,
}

impl Section {
    /// All of them, in order.
    pub const ALL: [Self; 15] = [
        Self::Numbers,
        Self::Record,
        Self::Effect,
        Self::Contact,
        Self::Timer,
        Self::KfCursor,
        Self::KfPush,
        Self::Fact,
        Self::RuleUse,
        Self::Quota,
        Self::SopRow,
        Self::Broadcast,
        Self::BroadcastTarget,
        Self::Received,
        Self::Audit,
    ];

    /// The word in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Numbers => "numbers",
            Self::Record => "record",
            Self::Effect => "effect",
            Self::Contact => "contact",
            Self::Timer => "timer",
            Self::KfCursor => "kf_cursor",
            Self::KfPush => "kf_push",
            Self::Fact => "fact",
            Self::RuleUse => "rule_use",
            Self::Quota => "quota",
            Self::SopRow => "sop_row",
            Self::Broadcast => "broadcast",
            Self::BroadcastTarget => "broadcast_target",
            Self::Received => "received",
            Self::Audit => "audit",
        }
    }
}

/// One row of an archive: in JSON an object with one key, the word of its section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveRow {
    /// The last numbers that were given.
    Numbers(Numbers),
    /// A record.
    Record(Box<RecordRow>),
    /// An effect.
    Effect(Box<EffectRow>),
    /// A contact or a group.
    Contact(Box<Contact>),
    /// A timer.
    Timer(Box<Timer>),
    /// How far a kf account was read.
    KfCursor(CursorRow),
    /// A push that no pull has answered.
    KfPush(KfPush),
    /// A small value.
    Fact(FactRow),
    /// How often a rule has fired on a day.
    RuleUse(RuleUseRow),
    /// Uses of one of WeCom's limits.
    Quota(QuotaRow),
    /// What became of a step.
    SopRow(Box<SopRow>),
    /// A broadcast.
    Broadcast(Box<BroadcastRow>),
    /// A target of a broadcast.
    BroadcastTarget(Box<TargetRow>),
    /// The mass messages that somebody has received.
    Received(ReceivedRow),
    /// What an operator did.
    Audit(AuditEntry),
}

impl ArchiveRow {
    /// Its section.
    #[must_use]
    pub fn section(&self) -> Section {
        match self {
            Self::Numbers(_) => Section::Numbers,
            Self::Record(_) => Section::Record,
            Self::Effect(_) => Section::Effect,
            Self::Contact(_) => Section::Contact,
            Self::Timer(_) => Section::Timer,
            Self::KfCursor(_) => Section::KfCursor,
            Self::KfPush(_) => Section::KfPush,
            Self::Fact(_) => Section::Fact,
            Self::RuleUse(_) => Section::RuleUse,
            Self::Quota(_) => Section::Quota,
            Self::SopRow(_) => Section::SopRow,
            Self::Broadcast(_) => Section::Broadcast,
            Self::BroadcastTarget(_) => Section::BroadcastTarget,
            Self::Received(_) => Section::Received,
            Self::Audit(_) => Section::Audit,
        }
    }
}

/// The last numbers that were given: none is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Numbers {
    /// Of records, and of places in their lanes.
    pub record: u64,
    /// Of effects, and of places in their lanes.
    pub effect: u64,
    /// Of broadcasts.
    pub broadcast: u64,
    /// Of what operators did.
    pub audit: u64,
}

/// A record and how it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordRow {
    /// Which.
    pub id: RecordId,
    /// The hash of its dedupe key.
    pub dedupe: DedupeHash,
    /// Whether the key still means this record.
    pub recognised: bool,
    /// When it reached us.
    pub received_at: UnixMillis,
    /// The hash of its conversation; of the empty text if it has none.
    pub lane: LaneHash,
    /// Its place in the lane, counted with the numbers of records. A redrive gives a new one.
    pub place: u64,
    /// Urgent ones jump the queue.
    pub urgent: bool,
    /// Ready, done, dead or discarded.
    pub state: ItemState,
    /// When it is due, if it waits.
    pub due: UnixMillis,
    /// Tries so far.
    pub attempts: u32,
    /// When the first one began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_attempt_at: Option<UnixMillis>,
    /// Why it is where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<RecordOutcome>,
    /// What it led to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<EffectId>,
    /// What the rules saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Value>,
    /// A [`super::RecordBody`], also one that this version cannot read.
    pub body: Value,
}

/// An effect and how it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EffectRow {
    /// Which.
    pub id: EffectId,
    /// The hash of its lane.
    pub lane: LaneHash,
    /// The hash of the conversation whose history it belongs to, if that is not its lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<LaneHash>,
    /// Its place in the lane, counted with the numbers of effects.
    pub place: u64,
    /// Urgent ones jump the queue.
    pub urgent: bool,
    /// Never [`ItemState::Working`].
    pub state: ItemState,
    /// When it is due, if it waits.
    pub due: UnixMillis,
    /// When it was decided.
    pub decided_at: UnixMillis,
    /// Tries so far.
    pub attempts: u32,
    /// When the first one began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_attempt_at: Option<UnixMillis>,
    /// A try began and its end was never recorded.
    pub interrupted: bool,
    /// A try may have worked.
    pub unclear: bool,
    /// Why it is where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Dropped when it is later than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<UnixMillis>,
    /// An [`crate::domain::effect::Origin`].
    pub origin: Value,
    /// An [`crate::domain::effect::Effect`], also one that this version cannot read.
    pub effect: Value,
}

/// How far a kf account was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CursorRow {
    /// The account.
    pub account: OpenKfId,
    /// WeCom's cursor.
    pub cursor: String,
}

/// A small value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactRow {
    /// Its name.
    pub name: String,
    /// What it is.
    pub value: Value,
}

/// How often a rule with a daily limit has fired on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleUseRow {
    /// The day.
    pub day: jiff::civil::Date,
    /// The rule.
    pub rule: RuleId,
    /// So often.
    pub used: u64,
}

/// Uses of one of WeCom's limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaRow {
    /// Which.
    pub key: String,
    /// Its window in milliseconds.
    pub window_ms: u64,
    /// When it was used, oldest first.
    pub used: Vec<UnixMillis>,
}

/// A broadcast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BroadcastRow {
    /// What it says and how far it has got.
    pub broadcast: Broadcast,
    /// Whether the next target with its key joins it.
    pub gathers: bool,
}

/// A target of a broadcast.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetRow {
    /// The broadcast.
    pub broadcast: BroadcastId,
    /// The target.
    pub target: BroadcastTarget,
}

/// The mass messages that somebody has received or is to receive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedRow {
    /// Who.
    pub person: Person,
    /// When, and by which broadcast.
    pub used: Vec<(UnixMillis, BroadcastId)>,
    /// WeCom says that there is no room before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_until: Option<UnixMillis>,
}

/// Some rows of one section.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ArchivePage {
    /// In the order of the section.
    pub rows: Vec<ArchiveRow>,
    /// The place to go on from; `None` at the end of the section.
    pub next: Option<String>,
}

/// The store as it was at one moment, whatever is written afterwards.
#[async_trait]
pub trait Snapshot: Send + Sync {
    /// Some rows of a section, from behind `after` on. A page can have fewer rows than `limit`
    /// and not be the last.
    async fn page(
        &self,
        section: Section,
        after: Option<&str>,
        limit: usize,
    ) -> Result<ArchivePage>;
}

/// Where the filling of a store stands. While it is there, the store is not whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filling {
    /// From what: a second filling from something else is refused.
    pub source: String,
    /// How far, in the words of whoever fills.
    pub place: String,
}

/// How many rows there are and what is in them, whatever their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// So many.
    pub rows: u64,
    /// The sum of the rows' hashes.
    #[serde(with = "hex")]
    pub sum: u128,
}

impl Tally {
    /// Counts a row.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn add(&mut self, row: &ArchiveRow) -> Result<()> {
        let corrupt = |_| StoreError::Corrupt { what: "row" };
        let mut value = serde_json::to_value(row).map_err(corrupt)?;
        // Engines keep the keys of an object in an order of their own.
        value.sort_all_objects();
        let bytes = serde_json::to_vec(&value).map_err(corrupt)?;
        let digest = Sha256::digest(bytes);
        let half = digest.first_chunk::<16>().copied().unwrap_or_default();
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(half));
        self.rows += 1;
        Ok(())
    }
}

/// A large number as hex digits: JSON has no word for it.
mod hex {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(sum: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{sum:032x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
        let text = String::deserialize(from)?;
        u128::from_str_radix(&text, 16).map_err(D::Error::custom)
    }
}
