//! Effects: decide, claim, finish.

use super::history::find;
use super::item::{EffectBody, ItemRow, OUTBOX, StepNote};
use super::keys::{Line, Table};
use super::lanes::Taken;
use super::sop_rows;
use super::txn::{Counter, Txn, decode, encode};
use crate::domain::clock::UnixMillis;
use crate::domain::effect::NewEffect;
use crate::domain::ids::EffectId;
use crate::store::{AttemptEnd, Claim, ClaimedEffect, Delivery, ItemState, LaneHash, Result};

/// Behind what is held, so many are told why.
const MOST_BEHIND: usize = 1000;

/// An effect made ready for the writer.
pub(crate) struct PreparedEffect {
    row: ItemRow,
    body: Vec<u8>,
}

impl PreparedEffect {
    /// Does everything that does not need the store.
    pub(crate) fn new(effect: NewEffect, decided_at: UnixMillis) -> Result<Self> {
        let mut row = ItemRow::waiting(LaneHash::of(effect.lane.as_str()), decided_at);
        row.urgent = effect.urgent;
        row.due = effect.due;
        row.step = StepNote::of(&effect);
        let body = EffectBody {
            effect: effect.effect,
            deadline: effect.deadline,
            origin: effect.origin,
        };
        let body = encode("effect", &body)?;
        Ok(Self { row, body })
    }
}

/// Puts an effect into the outbox and the history of a conversation.
pub(crate) fn add(
    txn: &mut Txn<'_>,
    effect: PreparedEffect,
    conversation: LaneHash,
) -> Result<EffectId> {
    let PreparedEffect { mut row, body } = effect;
    let id = txn.next(Counter::LastEffect)?;
    row.seq = id;
    row.conversation = Some(conversation);
    txn.put(txn.keys.number(OUTBOX.body, id), body);
    txn.put(
        txn.keys
            .history(Table::History, conversation, row.at, Line::Effect(id)),
        Vec::new(),
    );
    OUTBOX.push(txn, id, &row)?;
    Ok(EffectId(id))
}

/// Claims effects that are due.
pub(crate) fn claim(txn: &mut Txn<'_>, claim: Claim) -> Result<Vec<Taken>> {
    OUTBOX.take(txn, claim)
}

/// What a claimer gets, or the reason why this version cannot carry it out.
pub(crate) fn claimed(taken: &Taken) -> std::result::Result<ClaimedEffect, String> {
    let body: EffectBody = decode("effect", &taken.body).map_err(|error| error.to_string())?;
    Ok(ClaimedEffect {
        id: EffectId(taken.id),
        fence: taken.claim.fence,
        attempt: taken.claim.attempt,
        interrupted: taken.row.interrupted,
        unclear: taken.row.unclear,
        first_attempt_at: taken.claim.first_attempt_at,
        decided_at: taken.row.at,
        deadline: body.deadline,
        effect: body.effect,
        origin: body.origin,
    })
}

/// Records how an attempt ended.
pub(crate) fn finish(
    txn: &mut Txn<'_>,
    id: EffectId,
    fence: u64,
    end: AttemptEnd,
    now: UnixMillis,
) -> Result<()> {
    let mut held = OUTBOX.held(txn, id.0, fence)?;
    let (state, reason) = match end {
        AttemptEnd::Sent { note } => match held.claim.failed.take() {
            Some(reason) => (ItemState::Failed, Some(reason)),
            None => (ItemState::Sent, note),
        },
        AttemptEnd::Failed { reason } => (ItemState::Failed, Some(reason)),
        AttemptEnd::Unknown { reason } => {
            held.row.unclear = true;
            (ItemState::Unknown, Some(reason))
        }
        AttemptEnd::Dropped { reason } => (ItemState::Dropped, Some(reason)),
        AttemptEnd::Retry {
            at,
            reason,
            unclear,
        } => {
            held.row.attempts = held.claim.attempt;
            held.row.unclear |= unclear;
            held.row.first_attempt_at = Some(held.claim.first_attempt_at);
            held.row.snoozed = false;
            held.row.reason = Some(reason);
            return OUTBOX.give_back(txn, held, at);
        }
        AttemptEnd::Snooze { at, reason } => {
            held.row.snoozed = true;
            held.row.reason = Some(reason);
            return OUTBOX.give_back(txn, held, at);
        }
    };
    held.row.reason = reason;
    tell_step(txn, &held.row, state, now)?;
    OUTBOX.end(txn, held, state)
}

/// The row of the step whose message an effect carries learns why that has not left yet, and
/// so do the rows of what waits behind it, unless they know a reason.
pub(crate) fn note_held(txn: &mut Txn<'_>, id: EffectId, why: &str) -> Result<()> {
    let Some(row) = OUTBOX.row(txn, id.0)? else {
        return Ok(());
    };
    if let Some(step) = &row.step {
        sop_rows::held(txn, &step.row, why, true)?;
    }
    for behind in OUTBOX.behind(txn, txn.keys, &row, MOST_BEHIND)? {
        let step = OUTBOX.row(txn, behind)?.and_then(|row| row.step);
        if let Some(step) = step {
            sop_rows::held(txn, &step.row, why, false)?;
        }
    }
    Ok(())
}

/// The row of the step whose message an effect carries learns how that ended.
pub(crate) fn tell_step(
    txn: &mut Txn<'_>,
    row: &ItemRow,
    state: ItemState,
    now: UnixMillis,
) -> Result<()> {
    let Some(step) = &row.step else {
        return Ok(());
    };
    let delivery = match state {
        ItemState::Ready => Delivery::Planned,
        ItemState::Sent => step.then,
        ItemState::Unknown => Delivery::Unknown,
        ItemState::Discarded => Delivery::Cancelled,
        ItemState::Dropped => Delivery::Refused,
        _ => Delivery::Failed,
    };
    let ended_badly = !matches!(state, ItemState::Ready | ItemState::Sent);
    let why = row.reason.clone().filter(|_| ended_badly);
    sop_rows::carried(txn, &step.row, (delivery, why), now)
}

/// Turns a sent effect, or one with an unknown outcome, into a failed one. If word of the
/// failure comes before the sender's own, it is kept with the claim and decides how that
/// ends.
pub(crate) fn fail_sent(txn: &mut Txn<'_>, id: EffectId, reason: String) -> Result<bool> {
    if let Some(mut claim) = OUTBOX.claim_row(txn, id.0)? {
        claim.failed = Some(reason);
        txn.put_json(txn.keys.number(OUTBOX.claim, id.0), "claim", &claim)?;
        return Ok(true);
    }
    // An unknown outcome is known by this word, too.
    let Some(mut row) = find(txn, txn.keys, &OUTBOX, id.0)? else {
        return Ok(false);
    };
    if !matches!(row.state, ItemState::Sent | ItemState::Unknown) {
        return Ok(false);
    }
    OUTBOX.displace(txn, id.0, &row)?;
    row.state = ItemState::Failed;
    row.reason = Some(reason);
    OUTBOX.place(txn, id.0, &row)?;
    Ok(true)
}
