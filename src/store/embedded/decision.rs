//! Everything that one decision changes, in one go.

use super::inbox::{self, PreparedRecord};
use super::item::{INBOX, OUTBOX};
use super::keys::Table;
use super::outbox::{self, PreparedEffect};
use super::sop_rows::{self, PreparedRow};
use super::timers::{self, PreparedTimer};
use super::txn::{Txn, encode};
use super::{broadcasts, contacts, uses};
use crate::domain::change::ContactChange;
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{EffectId, RecordId};
use crate::store::{
    DecisionCommit, DeliveryNote, Gather, ItemState, RecordOutcome, Result, RuleUse, SopRowKey,
    StoreError,
};

/// A decision made ready for the writer.
pub(crate) struct PreparedDecision {
    record: RecordId,
    fence: u64,
    now: UnixMillis,
    outcome: RecordOutcome,
    contact: Option<ContactChange>,
    reached: Option<Vec<UnixMillis>>,
    uses: Vec<RuleUse>,
    unsettled: Option<SopRowKey>,
    records: Vec<PreparedRecord>,
    effects: Vec<PreparedEffect>,
    broadcasts: Vec<Gather>,
    timers: Vec<PreparedTimer>,
    remove_timers: Vec<String>,
    rows: Vec<PreparedRow>,
    notes: Vec<DeliveryNote>,
    trace: Option<Vec<u8>>,
}

impl PreparedDecision {
    /// Does everything that does not need the store.
    pub(crate) fn new(decision: DecisionCommit) -> Result<Self> {
        let now = decision.now;
        let effects = decision.effects.into_iter();
        Ok(Self {
            record: decision.record,
            fence: decision.fence,
            now,
            outcome: decision.outcome,
            contact: decision.contact,
            reached: decision.reached,
            uses: decision.uses,
            unsettled: decision.unsettled,
            records: decision
                .records
                .iter()
                .map(PreparedRecord::new)
                .collect::<Result<_>>()?,
            effects: effects
                .map(|effect| PreparedEffect::new(effect, now))
                .collect::<Result<_>>()?,
            broadcasts: decision.broadcasts,
            timers: timers::prepare(decision.timers)?,
            remove_timers: decision.remove_timers,
            rows: sop_rows::prepare(&decision.rows)?,
            notes: decision.notes,
            trace: decision
                .trace
                .map(|trace| encode("trace", &trace))
                .transpose()?,
        })
    }
}

/// Refuses a decision if something else has reached the contact since it was made.
fn ask_caps_again(txn: &Txn<'_>, decision: &PreparedDecision) -> Result<()> {
    let person = decision.contact.as_ref().and_then(|it| it.person.as_ref());
    let (Some(known), Some(person)) = (&decision.reached, person) else {
        return Ok(());
    };
    match contacts::load(txn, person.clone())?.reached == *known {
        true => Ok(()),
        false => Err(StoreError::ReachedMeanwhile),
    }
}

/// Commits a decision, if its claim still holds.
pub(crate) fn commit(txn: &mut Txn<'_>, decision: PreparedDecision) -> Result<Vec<EffectId>> {
    let record = decision.record.0;
    let mut held = INBOX.held(txn, record, decision.fence)?;
    uses::take(txn, &decision.uses)?;
    ask_caps_again(txn, &decision)?;
    if let Some(row) = &decision.unsettled {
        sop_rows::unsettled(txn, row)?;
    }
    let conversation = held.row.lane;
    if let Some(change) = decision.contact {
        if change.wrote_at.is_some() {
            OUTBOX.hurry(txn, conversation, decision.now)?;
        }
        contacts::change(txn, change, decision.now)?;
    }
    inbox::accept(txn, decision.records)?;
    timers::remove(txn, &decision.remove_timers)?;
    timers::set(txn, decision.timers)?;
    sop_rows::put(txn, decision.rows);
    sop_rows::note(txn, decision.notes, decision.now)?;
    for gather in decision.broadcasts {
        broadcasts::gather(txn, gather, decision.now)?;
    }
    let mut effects = Vec::with_capacity(decision.effects.len());
    for effect in decision.effects {
        effects.push(outbox::add(txn, effect, conversation)?);
    }
    if let Some(trace) = decision.trace {
        txn.put(txn.keys.number(Table::Trace, record), trace);
    }
    held.row.outcome = Some(decision.outcome);
    held.row.effects.clone_from(&effects);
    held.row.reason = None;
    INBOX.end(txn, held, ItemState::Done)?;
    Ok(effects)
}
