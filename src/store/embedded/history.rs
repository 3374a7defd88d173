//! What happened in a conversation.

use super::engine::{Rows, collect};
use super::inbox::record_of;
use super::item::{EffectBody, INBOX, ItemRow, OUTBOX, Queue};
use super::keys::{Keys, Line, LineKey, Table};
use super::txn::{decode, get_json};
use crate::domain::ids::{EffectId, RecordId};
use crate::store::{
    HistoryEntry, ItemState, LaneHash, RecordBody, RecordOutcome, Result, StoreError,
};

/// The newest lines of a conversation, newest first.
pub(crate) fn of(
    rows: &dyn Rows,
    keys: &Keys,
    conversation: &str,
    limit: usize,
) -> Result<Vec<HistoryEntry>> {
    let conversation = LaneHash::of(conversation);
    let mut lines: Vec<LineKey> = Vec::new();
    for table in [Table::HistoryWaiting, Table::History] {
        let found = collect(rows, &keys.history_of(table, conversation), limit)?;
        lines.extend(found.iter().filter_map(|(key, _)| Line::end_of(key)));
    }
    // The end of a key sorts like the key. A redriven record stands in both tables.
    lines.sort_unstable();
    lines.dedup();
    lines.truncate(limit);
    let mut entries = Vec::with_capacity(lines.len());
    for end in lines {
        let line = Line::of(&end).ok_or(StoreError::Corrupt {
            what: "history line",
        })?;
        let entry = match line {
            Line::Record(id) => received(rows, keys, id)?,
            Line::Effect(id) => sent(rows, keys, id)?,
        };
        // A line can be pruned between the two reads.
        entries.extend(entry);
    }
    Ok(entries)
}

fn received(rows: &dyn Rows, keys: &Keys, id: u64) -> Result<Option<HistoryEntry>> {
    let Some((row, body)) = load(rows, keys, &INBOX, id)? else {
        return Ok(None);
    };
    let (RecordBody::Inbound { inbound, .. } | RecordBody::Skipped { inbound, .. }) =
        record_of(&body)?
    else {
        return Ok(None);
    };
    let outcome = match row.state {
        ItemState::Dead | ItemState::Discarded => Some(RecordOutcome::Skipped {
            reason: row.reason.unwrap_or_default(),
        }),
        _ => row.outcome,
    };
    Ok(Some(HistoryEntry::Received {
        id: RecordId(id),
        at: row.at,
        inbound,
        outcome,
    }))
}

fn sent(rows: &dyn Rows, keys: &Keys, id: u64) -> Result<Option<HistoryEntry>> {
    let Some((row, body)) = load(rows, keys, &OUTBOX, id)? else {
        return Ok(None);
    };
    Ok(Some(HistoryEntry::Sent {
        id: EffectId(id),
        at: row.at,
        effect: decode::<EffectBody>("effect", &body)?.effect,
        state: row.state,
    }))
}

fn load(
    rows: &dyn Rows,
    keys: &Keys,
    queue: &Queue,
    id: u64,
) -> Result<Option<(ItemRow, Vec<u8>)>> {
    let Some(row) = find(rows, keys, queue, id)? else {
        return Ok(None);
    };
    let body = rows.get(&keys.number(queue.body, id))?;
    Ok(body.map(|body| (row, body)))
}

/// The state row of an item, wherever it stands now. [`ItemState::Working`] if somebody
/// holds it.
pub(crate) fn find(
    rows: &dyn Rows,
    keys: &Keys,
    queue: &Queue,
    id: u64,
) -> Result<Option<ItemRow>> {
    for table in [queue.waiting, queue.kept, queue.ended] {
        let row: Option<ItemRow> = get_json(rows, &keys.number(table, id), "item")?;
        if let Some(mut row) = row {
            if row.state == ItemState::Ready && rows.get(&keys.number(queue.claim, id))?.is_some() {
                row.state = ItemState::Working;
            }
            return Ok(Some(row));
        }
    }
    Ok(None)
}
