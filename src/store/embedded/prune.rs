//! Removes what is past its retention, a bounded piece at a time.
//!
//! Records and effects are numbered in the order of their coming, so the oldest stand
//! first in every table and a pass ends at the first that is still to be kept. What
//! waits is never removed, however old. Dead letters and unknown outcomes that nobody
//! has looked after go like the rest: they hold a customer's words, too.

use std::ops::ControlFlow;
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::engine::{Row, Rows, collect, try_scan};
use super::history::find;
use super::inbox::head_of;
use super::item::{INBOX, ItemRow, Kind, OUTBOX, Queue};
use super::keys::{Line, Table, last_u64};
use super::recent::forget;
use super::txn::{Counter, Txn, decode};
use super::{audit, broadcasts, quotas, sop_rows, uses};
use crate::domain::clock::UnixMillis;
use crate::store::{Result, Retention, StoreError};

/// Removes at most `limit` things and says how many.
pub(crate) fn prune(
    txn: &mut Txn<'_>,
    retention: Retention,
    now: UnixMillis,
    limit: usize,
) -> Result<usize> {
    let mut removed = dedupe(txn, now.before(retention.dedupe), limit)?;
    // A record holds its own dedupe key, so it stays at least as long as that.
    let past = now.before(retention.history.max(retention.dedupe));
    for queue in [INBOX, OUTBOX] {
        for table in [queue.ended, queue.kept] {
            removed += items(txn, &queue, table, past, limit - removed)?;
        }
    }
    removed += traces(txn, retention, now, limit - removed)?;
    removed += uses::forget_before(txn, uses_end(now), limit - removed)?;
    removed += used_quotas(txn, now, limit - removed)?;
    let reported = now.before(retention.reports);
    removed += sop_rows::prune(txn, reported, limit - removed)?;
    removed += broadcasts::prune(txn, reported, limit - removed)?;
    removed += broadcasts::forget_received(txn, now, limit - removed)?;
    removed += audit::prune(txn, now.before(retention.audit), limit - removed)?;
    Ok(removed)
}

/// Forgets dedupe keys in the order of the records that they led to.
fn dedupe(txn: &mut Txn<'_>, past: UnixMillis, limit: usize) -> Result<usize> {
    let pruned = Counter::DedupePruned.read(txn, txn.keys)?;
    let range = txn.keys.numbers(Table::InboxBody, pruned + 1, u64::MAX);
    let mut gone = Vec::new();
    // Bodies can be large: only their heads are kept.
    try_scan(txn, &range, |key, body| {
        let (hash, at) = head_of(body)?;
        if at >= past || gone.len() >= limit {
            return Ok(ControlFlow::Break(()));
        }
        let id = last_u64(key).ok_or(StoreError::Corrupt { what: "record" })?;
        gone.push((id, hash));
        Ok(ControlFlow::Continue(()))
    })?;
    if let Some((last, _)) = gone.last() {
        txn.set(Counter::DedupePruned, *last);
    }
    for (id, hash) in &gone {
        forget(txn, hash, *id)?;
    }
    Ok(gone.len())
}

/// Forgets traces in the order of their records, but not those of failures: they stay as
/// long as the record.
fn traces(txn: &mut Txn<'_>, retention: Retention, now: UnixMillis, limit: usize) -> Result<usize> {
    let past = now.before(retention.traces);
    let pruned = Counter::TracesPruned.read(txn, txn.keys)?;
    let range = txn.keys.numbers(Table::Trace, pruned + 1, u64::MAX);
    let mut removed = 0;
    for (key, json) in collect(txn, &range, limit)? {
        let id = last_u64(&key).ok_or(StoreError::Corrupt { what: "trace" })?;
        let row = find(txn, txn.keys, &INBOX, id)?;
        if row.as_ref().is_some_and(|row| row.at >= past) {
            break;
        }
        txn.set(Counter::TracesPruned, id);
        if !is_failure(txn, row.as_ref(), &json)? {
            txn.delete(key);
            removed += 1;
        }
    }
    Ok(removed)
}

/// Whether something did not become what the rules say.
fn is_failure(txn: &Txn<'_>, row: Option<&ItemRow>, trace: &[u8]) -> Result<bool> {
    let Some(row) = row else { return Ok(false) };
    for effect in &row.effects {
        let effect = find(txn, txn.keys, &OUTBOX, effect.0)?;
        if effect.is_some_and(|effect| OUTBOX.table(effect.state) == OUTBOX.kept) {
            return Ok(true);
        }
    }
    let trace: Problems = decode("trace", trace).unwrap_or_default();
    Ok(trace.steps.iter().any(|step| step.problem.is_some()))
}

/// Of a trace: which steps did not work out.
#[derive(Default, Deserialize)]
struct Problems {
    #[serde(default)]
    steps: Vec<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    problem: Option<IgnoredAny>,
}

/// The first day whose uses of rules may still count in some zone.
fn uses_end(now: UnixMillis) -> jiff::civil::Date {
    let two_days_ago = now.before(Duration::from_secs(2 * 86_400)).timestamp();
    two_days_ago.to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn items(
    txn: &mut Txn<'_>,
    queue: &Queue,
    table: Table,
    past: UnixMillis,
    limit: usize,
) -> Result<usize> {
    let mut removed = 0;
    for (key, json) in collect(txn, &txn.keys.all(table), limit)? {
        let row: ItemRow = decode("item", &json)?;
        if row.at >= past {
            break;
        }
        let id = last_u64(&key).ok_or(StoreError::Corrupt { what: "item" })?;
        queue.displace(txn, id, &row)?;
        let body = txn.keys.number(queue.body, id);
        if queue.kind == Kind::Inbox {
            // Times of receipt need not grow strictly, so its key may still be there.
            if let Some(body) = txn.get(&body)? {
                forget(txn, &head_of(&body)?.0, id)?;
            }
            txn.delete(txn.keys.number(Table::Trace, id));
        }
        txn.delete(body);
        let line = match queue.kind {
            Kind::Inbox => Line::Record(id),
            Kind::Outbox => Line::Effect(id),
        };
        txn.delete(
            txn.keys
                .history(Table::History, row.history(), row.at, line),
        );
        removed += 1;
    }
    Ok(removed)
}

/// Looks at so many quotas from where the last call stopped, and removes the idle ones.
fn used_quotas(txn: &mut Txn<'_>, now: UnixMillis, limit: usize) -> Result<usize> {
    let place = txn.keys.text(Table::Memory, "quota pruned");
    let mut range = txn.keys.all(Table::Quota);
    if let Some(from) = txn.get(&place)? {
        range.from = from;
    }
    let rows: Vec<Row> = collect(txn, &range, limit)?;
    let next = match rows.last() {
        Some((last, _)) if rows.len() == limit => [last.as_slice(), &[0]].concat(),
        _ => txn.keys.all(Table::Quota).from,
    };
    let mut removed = 0;
    for (key, packed) in rows {
        if quotas::is_over(&packed, txn.keys.quota_window(&key), now)? {
            txn.delete(key);
            removed += 1;
        }
    }
    txn.put(place, next);
    Ok(removed)
}
