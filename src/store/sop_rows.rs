//! What became of each step of each SOP: one row for each target, run and step. Reports and
//! statistics come from these rows alone.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::clock::UnixMillis;
pub use crate::domain::effect::SopRowKey;
use crate::domain::ids::{Person, SopId};

/// A step that is decided within this time of its plan is on time.
const ON_TIME: Duration = Duration::from_secs(300);

/// What is decided leaves within this time, unless something holds it: it gathers for a while.
const LEAVES: Duration = Duration::from_secs(1200);

/// What became of one step for one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SopRow {
    /// The SOP.
    pub sop: SopId,
    /// Its version.
    pub version: String,
    /// The step, counted from 0.
    pub step: u32,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// For whom: a customer or a customer group.
    pub target: Person,
    /// When their enrolment, or the run for everybody, began.
    pub run: UnixMillis,
    /// When the step was to be, whatever held it back.
    pub planned: UnixMillis,
    /// When it was last decided about; when its message left, if that was held back long.
    pub actual: UnixMillis,
    /// What was decided.
    pub outcome: RowOutcome,
    /// Why it was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How far what it sends has got.
    #[serde(default, skip_serializing_if = "Delivery::is_none")]
    pub delivery: Delivery,
    /// Why it got no further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_why: Option<String>,
    /// When that was learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_at: Option<UnixMillis>,
    /// The broadcast that carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broadcast: Option<String>,
}

impl SopRow {
    /// What tells it from every other row.
    #[must_use]
    pub fn key(&self) -> SopRowKey {
        SopRowKey {
            sop: self.sop.clone(),
            run: self.run,
            target: self.target.clone(),
            step: self.step,
        }
    }

    /// News of its message. What was held back long is as late as it left.
    pub(super) fn tell(&mut self, delivery: Delivery, now: UnixMillis) {
        let left = matches!(delivery, Delivery::Created | Delivery::Delivered);
        let leaves = self.delivery == Delivery::Planned && left;
        if leaves && now.since(self.actual) > LEAVES {
            self.actual = now;
        }
        self.delivery = delivery;
        self.delivery_at = Some(now);
    }

    /// Whether it was done later than planned.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.actual.since(self.planned) > ON_TIME
    }
}

/// What was decided about a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowOutcome {
    /// It is done.
    Done,
    /// It is left out.
    Skipped,
    /// It waits until later; the row is written again then.
    Waiting,
    /// The SOP is over for them.
    Exited,
}

impl RowOutcome {
    /// The word used in reports, traces and logs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Waiting => "waiting",
            Self::Exited => "exited",
        }
    }
}

/// How far a message has got.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// The step sends nothing, or was not done.
    #[default]
    None,
    /// Decided; set by the decision.
    Planned,
    /// WeCom has the task, or the member the card; set by delivery.
    Created,
    /// The member has confirmed; set by the poll.
    Confirmed,
    /// It has arrived, as far as WeCom tells.
    Delivered,
    /// The member says that they sent it by hand.
    ByHand,
    /// The member left it out.
    Declined,
    /// WeCom, or our own budget, does not let it through.
    Refused,
    /// It could not be sent.
    Failed,
    /// Operators took it back.
    Cancelled,
    /// Nobody confirmed it in time.
    Expired,
    /// Sent without a clear answer.
    Unknown,
}

impl Delivery {
    /// All of them, in the order of a message's way.
    pub const ALL: [Self; 12] = [
        Self::None,
        Self::Planned,
        Self::Created,
        Self::Confirmed,
        Self::Delivered,
        Self::ByHand,
        Self::Declined,
        Self::Refused,
        Self::Failed,
        Self::Cancelled,
        Self::Expired,
        Self::Unknown,
    ];

    /// The word used in reports and rows.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Planned => "planned",
            Self::Created => "created",
            Self::Confirmed => "confirmed",
            Self::Delivered => "delivered",
            Self::ByHand => "by_hand",
            Self::Declined => "declined",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Unknown => "unknown",
        }
    }

    /// Whether a member has said what became of it.
    #[must_use]
    pub fn is_said(self) -> bool {
        matches!(self, Self::ByHand | Self::Declined)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// News of a message. What is `None` stays as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryNote {
    /// Whose row.
    pub key: SopRowKey,
    /// How far it has got.
    pub delivery: Delivery,
    /// Why no further.
    pub why: Option<String>,
    /// The broadcast that carries it.
    pub broadcast: Option<String>,
}

/// Which rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SopRowQuery {
    /// Of this SOP.
    pub sop: SopId,
    /// Of enrolments and runs that began at this time or later.
    pub since: UnixMillis,
    /// Only those behind this one.
    pub after: Option<SopRowKey>,
    /// At most so many.
    pub limit: usize,
}
