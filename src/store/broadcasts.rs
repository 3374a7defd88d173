//! Broadcasts: what many are to hear the same, one task of WeCom each, and what became of it
//! for every target.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};

use super::NewRecord;
use super::sop_rows::{Delivery, SopRowKey};
pub use crate::domain::broadcast::GATHER_QUIET;
use crate::domain::broadcast::{Budget, Reach};
use crate::domain::clock::UnixMillis;
use crate::domain::criteria::ContactTest;
use crate::domain::effect::{Effect, NewEffect};
use crate::domain::ids::{AppName, BroadcastId, EffectId, Person, RecordId, RuleId, Tag, UserId};
use crate::domain::outgoing::Outgoing;

/// A broadcast waits no longer than this after its first target.
pub const GATHER_LONGEST: Duration = Duration::from_secs(900);
/// The `why` of a target that has had as many mass messages as WeCom lets through.
pub const OVER_CEILING: &str = "the ceiling of mass messages is reached";

/// No period of WeCom's is longer.
const REMEMBERED: Duration = Duration::from_secs(62 * 86_400);

/// Something to send to somebody together with everybody else who is to hear the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Gather {
    /// What has the same key goes into one broadcast.
    pub key: String,
    /// What it is.
    pub head: BroadcastHead,
    /// To whom.
    pub to: GatherTo,
    /// What each target can receive in this period; none if it is not counted.
    pub budget: Option<Budget>,
}

impl Gather {
    /// What it will become, before it has a number.
    #[must_use]
    pub fn effect(&self) -> Effect {
        Effect::MassSend {
            app: self.head.app.clone(),
            broadcast: BroadcastId(0),
            messages: self.head.messages.clone(),
        }
    }

    /// What is alike has one name: the caller's key and everything that the task says.
    pub(super) fn name(&self) -> String {
        let mut head = self.head.clone();
        head.record = RecordId(0);
        // Plain data can always be written.
        let said = serde_json::to_vec(&(&self.key, head)).unwrap_or_default();
        let digest = Sha1::digest(said);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// To whom.
#[derive(Debug, Clone, PartialEq)]
pub enum GatherTo {
    /// To one target.
    One(NewTarget),
    /// To all customers for whom every one of these holds when it is made.
    Matching(Vec<ContactTest>),
}

/// Somebody whom a broadcast is to reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTarget {
    /// A customer or a customer group.
    pub person: Person,
    /// The row of the SOP's step that wanted it.
    pub row: Option<SopRowKey>,
    /// What caps said about them; none if whoever wanted it has counted it already.
    pub caps: Option<CapsSaid>,
}

/// What caps and the wish not to be disturbed said about somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapsSaid {
    /// When they had been reached by then. Nobody joins if that is not the newest any more.
    pub reached: Vec<UnixMillis>,
    /// Why they are left out; who is not is reached now, and that is counted.
    pub held: Option<String>,
}

/// What a broadcast says, and on whose behalf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BroadcastHead {
    /// The configured app whose token may do it.
    pub app: AppName,
    /// Whom it reaches.
    pub reach: Reach,
    /// The member who confirms it; `None` leaves each target to whoever last talked with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<UserId>,
    /// The rule, or `sop/<id>`.
    pub rule: RuleId,
    /// Position in its `do` list.
    pub action: u32,
    /// The record whose decision began it.
    pub record: RecordId,
    /// The step of the SOP, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
    /// Moments only: who sees them has one of these tags; everybody if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// One text and up to nine attachments.
    pub messages: Vec<Outgoing>,
}

/// A broadcast and how far it has got.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Broadcast {
    /// Which.
    pub id: BroadcastId,
    /// Counts its changes: who changes it must have seen the last one.
    pub revision: u64,
    /// What gathers in it.
    pub key: String,
    /// What it says.
    pub head: BroadcastHead,
    /// Customers who are still to be looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Audience>,
    /// How far it has got.
    pub state: BroadcastState,
    /// Why it is in that state, if that needs a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// An operator wants no more of it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cancelled: bool,
    /// When it began.
    pub opened_at: UnixMillis,
    /// When it is looked at next; `None` when it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<UnixMillis>,
    /// The effect that creates the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<EffectId>,
    /// When WeCom was asked for a task and has not clearly refused it since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<UnixMillis>,
    /// WeCom's `jobid`, as long as a moment has no id of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// WeCom's `msgid` or `moment_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// When WeCom had the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<UnixMillis>,
    /// The members who are to confirm it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<MemberPart>,
    /// When they were reminded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reminded: Vec<UnixMillis>,
    /// How many targets have got how far.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<Delivery, u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Broadcast {
    /// One that begins.
    #[must_use]
    pub fn begin(id: BroadcastId, key: String, head: BroadcastHead, now: UnixMillis) -> Self {
        Self {
            id,
            revision: 0,
            key,
            head,
            audience: None,
            state: BroadcastState::Gathering,
            why: None,
            cancelled: false,
            opened_at: now,
            due: None,
            effect: None,
            asked_at: None,
            job: None,
            task: None,
            created_at: None,
            members: Vec::new(),
            reminded: Vec::new(),
            counts: BTreeMap::new(),
        }
    }

    /// How many targets it has, those that it will not reach included.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How many targets have not got their end yet.
    #[must_use]
    pub fn open(&self) -> u64 {
        let counts = self.counts.iter();
        let open = counts.filter(|(delivery, _)| is_open(**delivery));
        open.map(|(_, count)| count).sum()
    }

    /// The members who have not confirmed.
    pub fn unconfirmed(&self) -> impl Iterator<Item = &UserId> {
        let members = self.members.iter();
        members
            .filter(|member| member.sent_at.is_none())
            .map(|member| &member.userid)
    }
}

/// Whether news of a target is still to come.
#[must_use]
pub fn is_open(delivery: Delivery) -> bool {
    matches!(
        delivery,
        Delivery::Planned | Delivery::Created | Delivery::Confirmed | Delivery::Unknown
    )
}

/// Whether a target in this state has, or will have, one message more.
pub(super) fn is_counted(delivery: Delivery) -> bool {
    is_open(delivery) || delivery == Delivery::Delivered
}

/// Whether this news changes what the ceiling counts for a target, or when: a message counts
/// from when WeCom has its task, which may be in another month than when it was wanted.
pub(super) fn is_counted_anew(before: Delivery, after: Delivery) -> bool {
    let leaves = before == Delivery::Planned && after != before && is_counted(after);
    leaves || is_counted(before) != is_counted(after)
}

/// What one target has received or is to receive.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Received {
    /// When, and by which broadcast.
    pub(super) used: Vec<(UnixMillis, BroadcastId)>,
    /// WeCom says that there is no room before this time: others have used it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) full_until: Option<UnixMillis>,
}

impl Received {
    /// Whether one more fits in.
    pub(super) fn has_room(&self, budget: Budget, now: UnixMillis) -> bool {
        let times = self.used.iter().map(|(at, _)| *at);
        let used = times.filter(|at| (budget.from..budget.until).contains(at));
        let full = self.full_until.is_some_and(|until| until > now);
        !full && used.count() < usize::try_from(budget.most).unwrap_or(usize::MAX)
    }

    /// From when on nothing in it counts any more.
    pub(super) fn over_at(&self) -> UnixMillis {
        let used = self.used.iter().map(|(at, _)| at.after(REMEMBERED));
        used.chain(self.full_until)
            .max()
            .unwrap_or(UnixMillis(i64::MIN))
    }

    /// Counts a broadcast, or counts it no more.
    pub(super) fn count(&mut self, broadcast: BroadcastId, counts: bool, now: UnixMillis) {
        let past = now.before(REMEMBERED);
        self.used.retain(|(at, id)| *id != broadcast && *at > past);
        if counts {
            self.used.push((now, broadcast));
        }
    }
}

/// Customers who are looked for page by page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Audience {
    /// All of these hold for them.
    pub tests: Vec<ContactTest>,
    /// Everybody up to this one has been looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Person>,
}

/// One member's part of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberPart {
    /// The member.
    pub userid: UserId,
    /// When they confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<UnixMillis>,
    /// Whether every target of theirs has got its end.
    #[serde(default, skip_serializing_if = "is_false")]
    pub read: bool,
}

/// How far a broadcast has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum BroadcastState {
    /// Set by the first target; others join until it is closed. `Queued` follows.
    Gathering,
    /// Closed: an effect is to create the task. `Created` or `Failed` follows.
    Queued,
    /// WeCom has the task; members are to confirm it. An end follows.
    Created,
    /// The outcome is known for every target.
    Finished,
    /// An operator has taken it back; what was sent before stays sent.
    Cancelled,
    /// Not everybody confirmed in time. It was taken back.
    Expired,
    /// There is no task. `Created` can follow when the effect is redriven.
    Failed,
    /// Nobody knows whether there is a task. A person decides about the effect.
    Unknown,
}

impl BroadcastState {
    /// The word used in lists and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Gathering => "gathering",
            Self::Queued => "queued",
            Self::Created => "created",
            Self::Finished => "finished",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Whether nothing follows by itself.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(
            self,
            Self::Finished | Self::Cancelled | Self::Expired | Self::Failed
        )
    }
}

/// Somebody whom a broadcast is to reach, and whether it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroadcastTarget {
    /// A customer or a customer group.
    pub person: Person,
    /// How far it has got.
    pub delivery: Delivery,
    /// Why no further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// When that was learned.
    pub at: UnixMillis,
    /// The row of the SOP's step that wanted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<SopRowKey>,
}

/// What became of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetNews {
    /// Whom.
    pub person: Person,
    /// How far it has got.
    pub delivery: Delivery,
    /// Why no further.
    pub why: Option<String>,
}

/// A step of a broadcast, in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct BroadcastChange {
    /// The broadcast as it is to be. Nothing happens unless `revision` is the stored one;
    /// `counts` and `revision` are the store's own.
    pub broadcast: Broadcast,
    /// Targets that join.
    pub join: Vec<NewTarget>,
    /// What each of them can receive in this period.
    pub budget: Option<Budget>,
    /// News of targets.
    pub news: Vec<TargetNews>,
    /// What becomes of all other targets whose end is open.
    pub rest: Option<(Delivery, Option<String>)>,
    /// What carries it out.
    pub effect: Option<NewEffect>,
    /// What goes into the inbox with it.
    pub records: Vec<NewRecord>,
    /// When.
    pub now: UnixMillis,
}

impl BroadcastChange {
    /// Changes nothing but the broadcast itself.
    #[must_use]
    pub fn of(broadcast: Broadcast, now: UnixMillis) -> Self {
        Self {
            broadcast,
            join: Vec::new(),
            budget: None,
            news: Vec::new(),
            rest: None,
            effect: None,
            records: Vec::new(),
            now,
        }
    }
}

/// Which broadcasts, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BroadcastQuery {
    /// In these states only; empty means all.
    pub states: Vec<BroadcastState>,
    /// Only those that are older than this one.
    pub before: Option<BroadcastId>,
    /// At most so many.
    pub limit: usize,
}
