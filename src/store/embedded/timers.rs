//! Timers, found by due time and by key.

use super::engine::{Rows, collect};
use super::inbox::{self, PreparedRecord};
use super::keys::{Keys, Table};
use super::txn::{Counter, Txn, decode, encode};
use crate::domain::clock::UnixMillis;
use crate::domain::timer::Timer;
use crate::store::{FiredTimers, NewRecord, RecordBody, Result, StoreError};

/// A timer made ready for the writer.
pub(crate) struct PreparedTimer {
    key: String,
    due: UnixMillis,
    json: Vec<u8>,
}

/// Does everything that does not need the store.
pub(crate) fn prepare(timers: Vec<Timer>) -> Result<Vec<PreparedTimer>> {
    timers
        .into_iter()
        .map(|timer| {
            Ok(PreparedTimer {
                json: encode("timer", &timer)?,
                due: timer.due,
                key: timer.key,
            })
        })
        .collect()
}

/// Sets timers; one with a known key is moved.
pub(crate) fn set(txn: &mut Txn<'_>, timers: Vec<PreparedTimer>) -> Result<()> {
    for timer in timers {
        remove_one(txn, &timer.key)?;
        let due = timer.due.0.to_be_bytes().to_vec();
        txn.put(txn.keys.text(Table::Timer, &timer.key), due);
        txn.put(txn.keys.timer_due(timer.due, &timer.key), timer.json);
        txn.count(Counter::Timers, 1)?;
        txn.wake.timers = true;
    }
    Ok(())
}

/// Removes timers by key.
pub(crate) fn remove(txn: &mut Txn<'_>, keys: &[String]) -> Result<()> {
    keys.iter().try_for_each(|key| remove_one(txn, key))
}

fn remove_one(txn: &mut Txn<'_>, key: &str) -> Result<()> {
    let by_key = txn.keys.text(Table::Timer, key);
    let Some(due) = txn.get(&by_key)? else {
        return Ok(());
    };
    let due = due
        .try_into()
        .map_err(|_| StoreError::Corrupt { what: "timer" })?;
    txn.delete(by_key);
    txn.delete(txn.keys.timer_due(UnixMillis(i64::from_be_bytes(due)), key));
    txn.count(Counter::Timers, -1)
}

/// Moves timers that are due into the inbox, earliest first: each is a record or a timer and
/// never both. A record of the same key and time that was taken already is not taken again.
pub(crate) fn fire(txn: &mut Txn<'_>, now: UnixMillis, limit: usize) -> Result<FiredTimers> {
    let due = due(txn, txn.keys, now, limit)?;
    let count = due.len();
    let mut records = Vec::with_capacity(count);
    for timer in due {
        remove_one(txn, &timer.key)?;
        records.push(PreparedRecord::new(&NewRecord {
            dedupe: timer.dedupe(),
            received_at: now,
            urgent: false,
            body: RecordBody::Inbound {
                inbound: timer.inbound,
                raw: String::new(),
            },
        })?);
    }
    inbox::accept(txn, records)?;
    let next = collect(txn, &txn.keys.all(Table::TimerDue), 1)?;
    let next = next.first().map(|(_, json)| decode::<Timer>("timer", json));
    Ok(FiredTimers {
        count,
        next: next.transpose()?.map(|timer| timer.due),
    })
}

/// Timers due at `now`, earliest first.
pub(crate) fn due(
    rows: &dyn Rows,
    keys: &Keys,
    now: UnixMillis,
    limit: usize,
) -> Result<Vec<Timer>> {
    collect(rows, &keys.timers_until(now), limit)?
        .iter()
        .map(|(_, json)| decode("timer", json))
        .collect()
}
