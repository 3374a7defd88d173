//! What a decision changes, as the store takes it.

use serde::{Deserialize, Serialize};

use super::broadcasts::Gather;
use super::sop_rows::{DeliveryNote, SopRow, SopRowKey};
use super::types::NewRecord;
use crate::domain::change::ContactChange;
use crate::domain::clock::UnixMillis;
use crate::domain::effect::NewEffect;
use crate::domain::ids::{RecordId, RuleId};
use crate::domain::timer::Timer;

/// Everything that one decision changes.
#[derive(Debug, Clone)]
pub struct DecisionCommit {
    /// The record.
    pub record: RecordId,
    /// Proof of the claim.
    pub fence: u64,
    /// When it was decided.
    pub now: UnixMillis,
    /// How the record ended.
    pub outcome: RecordOutcome,
    /// Changes to the contact, applied to its newest stored state.
    pub contact: Option<ContactChange>,
    /// When the contact had been reached unasked, as far as the decision knew; given if it
    /// reaches them again. Refused with [`StoreError::ReachedMeanwhile`] if that is not the
    /// newest any more.
    ///
    /// [`StoreError::ReachedMeanwhile`]: super::StoreError::ReachedMeanwhile
    pub reached: Option<Vec<UnixMillis>>,
    /// Rules with a daily limit that fired. Refused with [`StoreError::LimitReached`], and
    /// nothing is changed, if one of them has no use left.
    ///
    /// [`StoreError::LimitReached`]: super::StoreError::LimitReached
    pub uses: Vec<RuleUse>,
    /// The step of which no member has said yet what became of it, as far as the decision
    /// knew. Refused with [`StoreError::Settled`] if one has: the first word counts.
    ///
    /// [`StoreError::Settled`]: super::StoreError::Settled
    pub unsettled: Option<SopRowKey>,
    /// Records of our own to take into the inbox, unless they are known.
    pub records: Vec<NewRecord>,
    /// Effects, in order.
    pub effects: Vec<NewEffect>,
    /// What is sent together with others who are to hear the same.
    pub broadcasts: Vec<Gather>,
    /// Timers to set.
    pub timers: Vec<Timer>,
    /// Timers to remove, by key.
    pub remove_timers: Vec<String>,
    /// What became of steps of SOPs; a row with a known key is replaced.
    pub rows: Vec<SopRow>,
    /// News of messages for rows of steps.
    pub notes: Vec<DeliveryNote>,
    /// What `try` would have shown, as JSON.
    pub trace: Option<serde_json::Value>,
}

/// One use of a rule that may fire so often a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleUse {
    /// The rule.
    pub rule: RuleId,
    /// The day in the company's zone.
    pub day: jiff::civil::Date,
    /// At most so many on that day.
    pub max: u32,
}

/// How a processed record ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordOutcome {
    /// Rules looked at it; these fired.
    Done {
        /// The rules that fired, in order.
        fired: Vec<RuleId>,
    },
    /// Nothing was done, for this reason.
    Skipped {
        /// Why.
        reason: String,
    },
}
