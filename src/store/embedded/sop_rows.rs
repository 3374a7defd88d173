//! One row for each target, run and step of an SOP.

use super::engine::{Row, Rows, collect};
use super::keys::{Keys, Table};
use super::txn::{Txn, decode, encode};
use crate::domain::clock::UnixMillis;
use crate::store::{Delivery, DeliveryNote, Result, SopRow, SopRowKey, SopRowQuery, StoreError};

/// A row made ready for the writer.
pub(crate) struct PreparedRow {
    key: SopRowKey,
    json: Vec<u8>,
}

/// Does everything that does not need the store.
pub(crate) fn prepare(rows: &[SopRow]) -> Result<Vec<PreparedRow>> {
    let each = rows.iter();
    each.map(|row| {
        Ok(PreparedRow {
            key: row.key(),
            json: encode("SOP row", row)?,
        })
    })
    .collect()
}

/// Writes rows; one with a known key is replaced.
pub(crate) fn put(txn: &mut Txn<'_>, rows: Vec<PreparedRow>) {
    for row in rows {
        txn.put(txn.keys.sop_row(&row.key), row.json);
    }
}

/// Writes news of messages into their rows.
pub(crate) fn note(txn: &mut Txn<'_>, notes: Vec<DeliveryNote>, now: UnixMillis) -> Result<()> {
    for note in notes {
        let key = txn.keys.sop_row(&note.key);
        let Some(mut row) = txn.get_json::<SopRow>(&key, "SOP row")? else {
            continue;
        };
        row.tell(note.delivery, now);
        row.delivery_why = note.why.or(row.delivery_why);
        row.broadcast = note.broadcast.or(row.broadcast);
        txn.put_json(key, "SOP row", &row)?;
    }
    Ok(())
}

/// Writes into a row why its message has not left yet; over a reason that is known only if
/// this one is `newer`.
pub(crate) fn held(txn: &mut Txn<'_>, key: &SopRowKey, why: &str, newer: bool) -> Result<()> {
    let key = txn.keys.sop_row(key);
    let Some(mut row) = txn.get_json::<SopRow>(&key, "SOP row")? else {
        return Ok(());
    };
    let known = row.delivery_why.as_deref();
    let told = if newer {
        known == Some(why)
    } else {
        known.is_some()
    };
    if row.delivery != Delivery::Planned || told {
        return Ok(());
    }
    row.delivery_why = Some(why.to_owned());
    txn.put_json(key, "SOP row", &row)
}

/// Refuses what is decided on the ground that no member has said what became of a step.
pub(crate) fn unsettled(txn: &Txn<'_>, key: &SopRowKey) -> Result<()> {
    let row: Option<SopRow> = txn.get_json(&txn.keys.sop_row(key), "SOP row")?;
    match row.is_some_and(|row| row.delivery.is_said()) {
        true => Err(StoreError::Settled),
        false => Ok(()),
    }
}

/// Writes into a row how an effect ended that carries its message. One message may be several
/// effects: of those the worst counts, until it is tried again; what a member has said about it
/// by then counts more.
pub(crate) fn carried(
    txn: &mut Txn<'_>,
    key: &SopRowKey,
    (delivery, why): (Delivery, Option<String>),
    now: UnixMillis,
) -> Result<()> {
    let key = txn.keys.sop_row(key);
    let Some(mut row) = txn.get_json::<SopRow>(&key, "SOP row")? else {
        return Ok(());
    };
    let bad = |delivery| {
        matches!(
            delivery,
            Delivery::Failed | Delivery::Unknown | Delivery::Cancelled
        )
    };
    let again = delivery == Delivery::Planned;
    if row.delivery.is_said() || (bad(row.delivery) && !bad(delivery) && !again) {
        return Ok(());
    }
    row.tell(delivery, now);
    // Why it was held stays known when it has left.
    let left = matches!(delivery, Delivery::Created | Delivery::Delivered);
    row.delivery_why = why.or_else(|| row.delivery_why.take().filter(|_| left));
    txn.put_json(key, "SOP row", &row)
}

/// The rows of an SOP in order.
pub(crate) fn of(rows: &dyn Rows, keys: &Keys, query: &SopRowQuery) -> Result<Vec<SopRow>> {
    let mut range = keys.sop_rows(&query.sop, query.since);
    if let Some(after) = &query.after {
        let behind = [keys.sop_row(after).as_slice(), &[0]].concat();
        range.from = range.from.max(behind);
    }
    let found = collect(rows, &range, query.limit)?;
    let each = found.iter();
    each.map(|(_, json)| decode("SOP row", json)).collect()
}

/// Looks at so many rows from where the last call stopped, and removes the old ones.
pub(crate) fn prune(txn: &mut Txn<'_>, past: UnixMillis, limit: usize) -> Result<usize> {
    let place = txn.keys.text(Table::Memory, "SOP rows pruned");
    let all = txn.keys.all(Table::SopRow);
    let mut range = all.clone();
    if let Some(from) = txn.get(&place)? {
        range.from = from;
    }
    let rows: Vec<Row> = collect(txn, &range, limit)?;
    let next = match rows.last() {
        Some((last, _)) if rows.len() == limit => [last.as_slice(), &[0]].concat(),
        _ => all.from,
    };
    let mut removed = 0;
    for (key, json) in rows {
        let row: SopRow = decode("SOP row", &json)?;
        if row.actual.max(row.delivery_at.unwrap_or(row.actual)) < past {
            txn.delete(key);
            removed += 1;
        }
    }
    txn.put(place, next);
    Ok(removed)
}
