//! Records that were taken in, in their order, with what became of them.

use super::engine::{Rows, collect, first};
use super::history::find;
use super::inbox::{head_of, record_of};
use super::item::{EffectBody, INBOX, OUTBOX};
use super::keys::{Keys, Table, last_u64};
use super::txn::{Counter, decode, get_json};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{EffectId, RecordId};
use crate::store::{PastEffect, PastRecord, RecordBody, RecordQuery, Result, StoreError};

/// The records behind `query.after` that were received at `query.since` or later, in order.
/// Unreadable ones are left out.
pub(crate) fn records(rows: &dyn Rows, keys: &Keys, query: RecordQuery) -> Result<Vec<PastRecord>> {
    let start = first_since(rows, keys, query.since)?.max(query.after.0.saturating_add(1));
    let mut found = Vec::new();
    let mut range = keys.numbers(Table::InboxBody, start, u64::MAX);
    while found.len() < query.limit {
        let page = collect(rows, &range, query.limit - found.len())?;
        let Some((last, _)) = page.last() else { break };
        range.from = [last.as_slice(), &[0]].concat();
        for (key, body) in page {
            let id = last_u64(&key).ok_or(StoreError::Corrupt { what: "record" })?;
            let (_, at) = head_of(&body)?;
            if at >= query.since {
                found.extend(record(rows, keys, id, at, &body)?);
            }
        }
    }
    Ok(found)
}

/// The number of the first record that was received at that time or later. Numbers grow
/// with the time of receipt, so a few looks find it however much is stored.
fn first_since(rows: &dyn Rows, keys: &Keys, since: UnixMillis) -> Result<u64> {
    let (mut low, mut high) = (1, Counter::LastRecord.read(rows, keys)?.saturating_add(1));
    while low < high {
        let middle = low + (high - low) / 2;
        let next = first(rows, &keys.numbers(Table::InboxBody, middle, high))?;
        let Some((key, body)) = next else {
            high = middle;
            continue;
        };
        if head_of(&body)?.1 >= since {
            high = middle;
        } else {
            low = last_u64(&key).unwrap_or(middle).saturating_add(1);
        }
    }
    Ok(low)
}

fn record(
    rows: &dyn Rows,
    keys: &Keys,
    id: u64,
    received_at: UnixMillis,
    body: &[u8],
) -> Result<Option<PastRecord>> {
    let Ok(RecordBody::Inbound { inbound, .. } | RecordBody::Skipped { inbound, .. }) =
        record_of(body)
    else {
        return Ok(None);
    };
    // It can be pruned between the two reads.
    let Some(row) = find(rows, keys, &INBOX, id)? else {
        return Ok(None);
    };
    let mut effects = Vec::with_capacity(row.effects.len());
    for id in &row.effects {
        effects.extend(effect(rows, keys, *id)?);
    }
    Ok(Some(PastRecord {
        id: RecordId(id),
        received_at,
        inbound,
        state: row.state,
        reason: row.reason,
        outcome: row.outcome,
        trace: get_json(rows, &keys.number(Table::Trace, id), "trace")?,
        effects,
    }))
}

fn effect(rows: &dyn Rows, keys: &Keys, id: EffectId) -> Result<Option<PastEffect>> {
    let Some(row) = find(rows, keys, &OUTBOX, id.0)? else {
        return Ok(None);
    };
    let Some(body) = rows.get(&keys.number(Table::OutboxBody, id.0))? else {
        return Ok(None);
    };
    let body: EffectBody = decode("effect", &body)?;
    Ok(Some(PastEffect {
        id,
        effect: body.effect,
        origin: body.origin,
        state: row.state,
        reason: row.reason,
    }))
}
