//! Everything that must survive a crash, behind one domain-level trait.
//!
//! Stages meet only here. The trait speaks of records, effects, contacts and
//! timers; no key-value or SQL word leaks above it. `embedded` implements it once over a
//! minimal ordered key-value engine with two engines, redb and sled; `postgres` implements it
//! for several processes at once.

pub mod archive;
mod audit;
mod broadcasts;
mod decision;
pub mod embedded;
pub mod erase;
mod error;
mod hash;
mod merge;
mod own;
pub mod postgres;
mod queue;
mod quota;
mod sop_rows;
mod source;
mod types;

#[cfg(test)]
pub mod conformance;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;

pub use archive::{
    ArchivePage, ArchiveRow, BroadcastRow, CursorRow, EffectRow, FactRow, Filling, Numbers,
    QuotaRow, ReceivedRow, RecordRow, RuleUseRow, Section, Snapshot, Tally, TargetRow,
};
pub use audit::{AuditEntry, AuditQuery, Deed};
pub use broadcasts::{
    Audience, Broadcast, BroadcastChange, BroadcastHead, BroadcastQuery, BroadcastState,
    BroadcastTarget, CapsSaid, GATHER_LONGEST, GATHER_QUIET, Gather, GatherTo, MemberPart,
    NewTarget, OVER_CEILING, TargetNews, is_open,
};
pub use decision::{DecisionCommit, RecordOutcome, RuleUse};
pub use erase::Erasure;
pub use error::StoreError;
pub use hash::{DedupeHash, LaneHash};
pub use merge::{ContactFacts, GroupFacts};
pub use own::{alert_record, own_record};
pub use queue::{Depths, ItemId, ItemState, QueueDetail, QueueFilter, QueueItem};
pub use sop_rows::{Delivery, DeliveryNote, RowOutcome, SopRow, SopRowKey, SopRowQuery};
pub use source::ContactSource;
pub use types::*;

use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::ids::{BroadcastId, EffectId, OpenKfId, Person, RecordId, RuleId};
use crate::domain::timer::Timer;

/// The result of every store call.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A clock is set back by so much now and then, and nobody notices.
const CLOCK_CORRECTION: Duration = Duration::from_secs(2);

/// The small value that says up to when the messages of a kf account are taken in without
/// being answered begins so; the account follows.
pub const KF_HISTORY_ENDS: &str = "kf_history_ends/";

/// The store of one corp. Every call that returns `Ok` after a change has made the
/// change durable (`fdatasync` or equivalent has returned).
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Rings when there may be new work.
    fn signals(&self) -> std::sync::Arc<Signals>;

    /// Whether other processes may have the same data open. Such a store comes back by itself
    /// after a failure.
    fn is_shared(&self) -> bool {
        false
    }

    /// Says goodbye to other processes with the same data. Nothing can be asked afterwards.
    async fn leave(&self) {}

    /// Whether no other process works with the data. A store that only one process can open
    /// needs no look.
    async fn is_alone(&self) -> Result<bool> {
        Ok(true)
    }

    /// Takes the turn at a job that one process does for all, or keeps it for `lease` more.
    /// `false` while another process has it.
    async fn take_turn(&self, _job: &str, _lease: Duration) -> Result<bool> {
        Ok(true)
    }

    /// Lets another process have the turn at once.
    async fn leave_turn(&self, _job: &str) -> Result<()> {
        Ok(())
    }

    /// Nobody works on these claims any more, though their end could not be stored: they need
    /// not wait for the end of their lease. A claim that is held all the same is fenced.
    fn let_go(&self, _fences: &[u64]) {}

    // --- receive ---------------------------------------------------------------------

    /// Takes records into the inbox, all or none. A record whose dedupe key is known
    /// is not taken again. The answer says for each which it was, in order.
    async fn accept(&self, records: Vec<NewRecord>) -> Result<Vec<Acceptance>>;

    /// Remembers that a kf push came in; the newest token per account is kept.
    async fn note_kf_push(&self, push: KfPush) -> Result<()>;

    /// The pushes that no completed pull has answered yet.
    async fn pending_kf_pushes(&self) -> Result<Vec<KfPush>>;

    /// Takes one `sync_msg` page: its records and the cursor that covers them, together.
    /// Refused with [`StoreError::CursorMoved`] if the stored cursor is not
    /// `page.expected_cursor`. The last page of a pull clears pushes noted up to
    /// `page.answers_pushes_until`.
    async fn accept_kf_page(&self, page: KfPage) -> Result<Vec<Acceptance>>;

    /// The cursor of one kf account; `None` before the first page.
    async fn kf_cursor(&self, account: &OpenKfId) -> Result<Option<String>>;

    // --- process ---------------------------------------------------------------------

    /// Claims records that are due, at most one per conversation and always its oldest
    /// unfinished one, urgent ones first. A claim ends at `now + lease`.
    async fn claim_records(&self, claim: Claim) -> Result<Vec<ClaimedRecord>>;

    /// Finishes a record: outcome, contact changes, uses of rules with a limit, history,
    /// timers, records of our own and effects in one transaction. Refused with
    /// [`StoreError::Fenced`] when the claim is no longer held; with
    /// [`StoreError::LimitReached`] when a rule has no use left on its day, with
    /// [`StoreError::ReachedMeanwhile`] when the caps are to be asked again and with
    /// [`StoreError::Settled`] when a member's first word about a step is known: then the
    /// claim stays good for another decision.
    async fn commit_decision(&self, decision: DecisionCommit) -> Result<Vec<EffectId>>;

    /// Several decisions in one transaction; each stands or falls by itself.
    async fn commit_decisions(
        &self,
        decisions: Vec<DecisionCommit>,
    ) -> Result<Vec<Result<Vec<EffectId>>>>;

    /// How often each rule with a daily limit has fired on a day.
    async fn rule_uses(&self, day: jiff::civil::Date) -> Result<BTreeMap<RuleId, u32>>;

    /// Gives a claimed record back, to be claimed again at `retry_at`. Counted.
    async fn retry_record(
        &self,
        id: RecordId,
        fence: u64,
        retry_at: UnixMillis,
        reason: &str,
    ) -> Result<()>;

    /// Keeps a claimed record as a dead letter; its conversation goes on without it.
    async fn bury_record(
        &self,
        id: RecordId,
        fence: u64,
        reason: &str,
        now: UnixMillis,
    ) -> Result<()>;

    // --- deliver ---------------------------------------------------------------------

    /// Claims effects that are due, at most one per lane and always its oldest
    /// unfinished one, urgent ones first. The attempt is durable before this returns:
    /// a crash leaves rows that are known to be ambiguous.
    async fn claim_effects(&self, claim: Claim) -> Result<Vec<ClaimedEffect>>;

    /// Records how an attempt ended. Refused with [`StoreError::Fenced`] when the claim
    /// is no longer held.
    async fn finish_effect(
        &self,
        id: EffectId,
        fence: u64,
        end: AttemptEnd,
        now: UnixMillis,
    ) -> Result<()>;

    /// An effect that was sent, is being sent or has an unknown outcome turned out to have
    /// failed (`msg_send_fail`). `false` for any other, or if there is none.
    async fn fail_sent_effect(&self, id: EffectId, reason: &str, now: UnixMillis) -> Result<bool>;

    /// Takes back claims whose lease has ended. Records and effects become due again;
    /// the attempt of an effect counts, and `ClaimedEffect::interrupted` tells the next
    /// claimer that its outcome is not known.
    async fn rescue(&self, now: UnixMillis) -> Result<Rescued>;

    /// Reserves one use of every named quota, or none: then says when to come back.
    async fn reserve(&self, uses: &[QuotaUse], now: UnixMillis) -> Result<Reservation>;

    /// Counts no more what the holders of these quotas used: what they used them for never
    /// came to be.
    async fn give_back(&self, uses: &[QuotaUse], now: UnixMillis) -> Result<()>;

    // --- contacts, conversations -----------------------------------------------------

    /// One contact.
    async fn contact(&self, person: &Person) -> Result<Option<Contact>>;

    /// Several contacts, in the order asked.
    async fn contacts(&self, persons: &[Person]) -> Result<Vec<Option<Contact>>>;

    /// Writes what WeCom says about a contact, keeping what only we know
    /// (attributes, cooldowns, tag provenance).
    async fn merge_contact(&self, facts: ContactFacts) -> Result<Contact>;

    /// Takes one page of a list of WeCom's: its contacts, records of our own, and the place
    /// to go on from, in one transaction.
    async fn take_sync_page(&self, page: SyncPage) -> Result<()>;

    /// Contacts in a fixed order, from behind `after` on: page by page, all of them.
    async fn contacts_after(&self, after: Option<&Person>, limit: usize) -> Result<Vec<Contact>>;

    /// What happened in one conversation, newest first.
    async fn history(&self, conversation: &str, limit: usize) -> Result<Vec<HistoryEntry>>;

    /// Records in the order of their coming, with what became of them.
    async fn records(&self, query: RecordQuery) -> Result<Vec<PastRecord>>;

    // --- timers ----------------------------------------------------------------------

    /// Moves timers due at `now` into the inbox, earliest first and at most `limit`, in one
    /// transaction: whoever else does the same, each fires once.
    async fn fire_timers(&self, now: UnixMillis, limit: usize) -> Result<FiredTimers>;

    /// Timers due at `now`, earliest first. They stay until they are fired or removed.
    async fn due_timers(&self, now: UnixMillis, limit: usize) -> Result<Vec<Timer>>;

    /// Sets timers; one with a known key is moved.
    async fn set_timers(&self, timers: Vec<Timer>) -> Result<()>;

    /// Removes timers by key.
    async fn remove_timers(&self, keys: &[String]) -> Result<()>;

    // --- SOPs ------------------------------------------------------------------------

    /// The rows of an SOP: what became of its steps, by run, target and step.
    async fn sop_rows(&self, query: SopRowQuery) -> Result<Vec<SopRow>>;

    /// Writes into the row of the step whose message an effect carries why that has not left
    /// yet, and into the rows of those behind it in the lane that know no reason.
    async fn note_held(&self, id: EffectId, why: &str) -> Result<()>;

    // --- broadcasts ------------------------------------------------------------------

    /// One broadcast.
    async fn broadcast(&self, id: BroadcastId) -> Result<Option<Broadcast>>;

    /// Broadcasts, the newest first.
    async fn broadcasts(&self, query: BroadcastQuery) -> Result<Vec<Broadcast>>;

    /// Broadcasts that are to be looked at now, the longest due first.
    async fn broadcasts_due(&self, now: UnixMillis, limit: usize) -> Result<Vec<Broadcast>>;

    /// The targets of a broadcast in a fixed order, from behind `after` on.
    async fn broadcast_targets(
        &self,
        id: BroadcastId,
        after: Option<&Person>,
        limit: usize,
    ) -> Result<Vec<BroadcastTarget>>;

    /// Takes a broadcast one step further, in one transaction with its targets, the rows of
    /// SOPs and the effect. `false`, and nothing is changed, if it has moved on since it was
    /// read.
    async fn change_broadcast(&self, change: BroadcastChange) -> Result<bool>;

    // --- small facts -----------------------------------------------------------------

    /// A small value kept for later: uploaded media, the tag library, …
    async fn fact(&self, name: &str) -> Result<Option<serde_json::Value>>;

    /// The small values whose names begin so, by name.
    async fn facts_under(&self, prefix: &str) -> Result<Vec<(String, serde_json::Value)>>;

    /// Writes small values, all or none; `null` removes one.
    async fn put_facts(&self, facts: Vec<(String, serde_json::Value)>) -> Result<()>;

    /// Writes small values and takes records of our own in, together. Refused with
    /// [`StoreError::FactMoved`] unless every expected value is still there.
    async fn swap_facts(&self, swap: FactSwap) -> Result<Vec<Acceptance>>;

    // --- people looking after the queues ---------------------------------------------

    /// How many records and effects are in each state, and how old the oldest due one is.
    async fn depths(&self, now: UnixMillis) -> Result<Depths>;

    /// Records or effects by state, oldest first.
    async fn list(&self, filter: QueueFilter) -> Result<Vec<QueueItem>>;

    /// One item with everything that is known about it.
    async fn show(&self, item: ItemId) -> Result<Option<QueueDetail>>;

    /// Puts a dead letter, a failed or an unknown effect back into its queue.
    async fn redrive(&self, item: ItemId, now: UnixMillis) -> Result<bool>;

    /// Gives up on an item for good; it stays visible as discarded.
    async fn discard(&self, item: ItemId, reason: &str, now: UnixMillis) -> Result<bool>;

    // --- the data as a whole ---------------------------------------------------------

    /// Everything as it is now, to be read page by page whatever is written meanwhile. What
    /// is being worked on is told as a rescue would leave it.
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>>;

    /// Where the filling stands; `None` if the store is whole.
    async fn filling(&self) -> Result<Option<Filling>>;

    /// Takes rows of an archive and the place behind them in one transaction. They come in the
    /// order of the sections and are not there yet. Refused with [`StoreError::NotEmpty`]
    /// unless the store is empty or is being filled from the same source.
    async fn fill(&self, rows: Vec<ArchiveRow>, filling: Filling) -> Result<()>;

    /// The filling is over: the store can be served.
    async fn finish_filling(&self) -> Result<()>;

    /// What [`Self::erase`] would do.
    async fn erasure(&self, person: &Person) -> Result<Erasure>;

    /// Forgets a person in one transaction, as [`erase`] says. Who works on something about
    /// them loses the claim. `alias` stands in the place of their id where something has to.
    async fn erase(&self, person: &Person, alias: &str) -> Result<Erasure>;

    /// Leaves nothing in the files of what was removed or changed, as far as the engine can
    /// reach.
    async fn compact(&self) -> Result<()>;

    /// Compacts if much of the files is free. Says whether it did.
    async fn compact_if_worth(&self) -> Result<bool>;

    /// Keeps what an operator did.
    async fn note_deed(&self, deed: Deed, now: UnixMillis) -> Result<()>;

    /// What operators did, in order.
    async fn deeds(&self, query: AuditQuery) -> Result<Vec<AuditEntry>>;

    /// Removes what is past its retention; at most `limit` rows a call. Returns how many.
    async fn prune(&self, retention: Retention, now: UnixMillis, limit: usize) -> Result<usize>;
}
