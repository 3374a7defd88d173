//! Records: accept, claim, give back, bury.

use serde::Serialize;

use super::item::{INBOX, ItemRow};
use super::lanes::Taken;
use super::recent;
use super::txn::{Counter, Txn, decode, encode};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{ConversationKey, RecordId};
use crate::store::erase::ERASED;
use crate::store::{
    Acceptance, Claim, ClaimedRecord, DedupeHash, ItemState, LaneHash, NewRecord, RecordBody,
    RecordOutcome, Result, StoreError,
};

/// A record made ready for the writer, which has better things to do than hashing and
/// writing JSON.
pub(crate) struct PreparedRecord {
    dedupe: [u8; 20],
    row: ItemRow,
    /// As stored: see [`body_row`].
    body: Vec<u8>,
}

/// What a body row begins with: the dedupe hash and the time of receipt, so that
/// [`super::prune`] need not parse the record.
const BODY_HEAD: usize = 20 + 8;

/// The body row of a record.
pub(crate) fn body_row(
    dedupe: &[u8; 20],
    at: UnixMillis,
    body: &impl Serialize,
) -> Result<Vec<u8>> {
    let json = encode("record", body)?;
    Ok([&dedupe[..], &at.0.to_be_bytes(), &json].concat())
}

/// The record in a body row.
pub(crate) fn record_of(body: &[u8]) -> Result<RecordBody> {
    decode("record", body_of(body))
}

/// The record in a body row, as JSON.
pub(crate) fn body_of(body: &[u8]) -> &[u8] {
    body.get(BODY_HEAD..).unwrap_or_default()
}

/// The dedupe hash and the time of receipt in a body row.
pub(crate) fn head_of(body: &[u8]) -> Result<([u8; 20], UnixMillis)> {
    let corrupt = StoreError::Corrupt { what: "record" };
    let Some((hash, rest)) = body.split_first_chunk::<20>() else {
        return Err(corrupt);
    };
    let at = rest.first_chunk::<8>().ok_or(corrupt)?;
    Ok((*hash, UnixMillis(i64::from_be_bytes(*at))))
}

impl PreparedRecord {
    /// Does everything that does not need the store.
    pub(crate) fn new(record: &NewRecord) -> Result<Self> {
        let dedupe = DedupeHash::of(record.dedupe.as_str()).0;
        let conversation = record.body.conversation().map(ConversationKey::as_str);
        // An unreadable one belongs to the empty conversation, which nobody asks for.
        let mut row = ItemRow::waiting(
            LaneHash::of(conversation.unwrap_or_default()),
            record.received_at,
        );
        row.urgent = record.urgent;
        match &record.body {
            RecordBody::Inbound { .. } => {}
            RecordBody::Unreadable { reason, .. } => {
                row.state = ItemState::Dead;
                row.reason = Some(reason.clone());
            }
            RecordBody::Skipped { reason, .. } => {
                row.state = ItemState::Done;
                row.outcome = Some(RecordOutcome::Skipped {
                    reason: reason.clone(),
                });
            }
            RecordBody::Erased => {
                row.state = ItemState::Done;
                row.outcome = Some(RecordOutcome::Skipped {
                    reason: ERASED.to_owned(),
                });
            }
        }
        Ok(Self {
            dedupe,
            row,
            body: body_row(&dedupe, record.received_at, &record.body)?,
        })
    }
}

/// Takes records in, unless they are known.
pub(crate) fn accept(txn: &mut Txn<'_>, records: Vec<PreparedRecord>) -> Result<Vec<Acceptance>> {
    let accepted: Vec<Acceptance> = records
        .into_iter()
        .map(|record| accept_one(txn, record))
        .collect::<Result<_>>()?;
    let is_new = |one: &&Acceptance| matches!(one, Acceptance::New(_));
    let came = accepted.iter().filter(is_new).count();
    recent::file(txn, came as u64, recent::RECORDS_A_SLICE)?;
    Ok(accepted)
}

fn accept_one(txn: &mut Txn<'_>, mut record: PreparedRecord) -> Result<Acceptance> {
    if let Some(id) = recent::find(txn, &record.dedupe)? {
        return Ok(Acceptance::Duplicate(RecordId(id)));
    }
    let id = txn.next(Counter::LastRecord)?;
    record.row.seq = id;
    recent::note(txn, &record.dedupe, id);
    txn.put(txn.keys.number(INBOX.body, id), record.body);
    if record.row.state == ItemState::Ready {
        INBOX.push(txn, id, &record.row)?;
    } else {
        INBOX.place(txn, id, &record.row)?;
    }
    Ok(Acceptance::New(RecordId(id)))
}

/// Claims records that are due.
pub(crate) fn claim(txn: &mut Txn<'_>, claim: Claim) -> Result<Vec<Taken>> {
    INBOX.take(txn, claim)
}

/// What a claimer gets, or the reason why this version cannot process it.
pub(crate) fn claimed(taken: &Taken) -> std::result::Result<ClaimedRecord, String> {
    match record_of(&taken.body) {
        Ok(RecordBody::Inbound { inbound, .. }) => Ok(ClaimedRecord {
            id: RecordId(taken.id),
            fence: taken.claim.fence,
            attempt: taken.claim.attempt,
            received_at: taken.row.at,
            inbound,
        }),
        Ok(_) => Err("not a record that can be processed".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Gives a record back, to be claimed again at `retry_at`.
pub(crate) fn retry(
    txn: &mut Txn<'_>,
    id: RecordId,
    fence: u64,
    retry_at: UnixMillis,
    reason: String,
) -> Result<()> {
    let mut held = INBOX.held(txn, id.0, fence)?;
    held.row.attempts = held.claim.attempt;
    held.row.first_attempt_at = Some(held.claim.first_attempt_at);
    held.row.reason = Some(reason);
    INBOX.give_back(txn, held, retry_at)
}

/// Keeps a record as a dead letter.
pub(crate) fn bury(txn: &mut Txn<'_>, id: RecordId, fence: u64, reason: String) -> Result<()> {
    let mut held = INBOX.held(txn, id.0, fence)?;
    held.row.reason = Some(reason);
    INBOX.end(txn, held, ItemState::Dead)
}
