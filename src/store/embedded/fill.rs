//! Rows of an archive into a store that is empty.

use super::broadcasts;
use super::engine::first;
use super::inbox::body_row;
use super::item::{EffectBodyJson, INBOX, ItemRow, OUTBOX, StepNote};
use super::keys::{Line, Table};
use super::txn::{Counter, Txn, encode};
use super::{quotas, timers};
use crate::store::broadcasts::Received;
use crate::store::{ArchiveRow, EffectRow, Filling, Numbers, RecordRow, Result, StoreError};

const MARK: &str = "filling";

/// Where the filling stands; `None` if the store is whole.
pub(crate) fn standing(
    rows: &dyn super::engine::Rows,
    keys: &super::keys::Keys,
) -> Result<Option<Filling>> {
    super::txn::get_json(rows, &keys.text(Table::Meta, MARK), MARK)
}

/// Takes rows and the place behind them.
pub(crate) fn take(txn: &mut Txn<'_>, rows: Vec<ArchiveRow>, filling: &Filling) -> Result<()> {
    match standing(txn, txn.keys)? {
        Some(begun) if begun.source == filling.source => {}
        None if first(txn, &txn.keys.content())?.is_none() => {}
        _ => return Err(StoreError::NotEmpty),
    }
    for row in rows {
        put(txn, row)?;
    }
    txn.put_json(txn.keys.text(Table::Meta, MARK), MARK, filling)
}

/// The store is whole: works out what is kept in memory only.
pub(crate) fn finish(txn: &mut Txn<'_>) -> Result<()> {
    txn.delete(txn.keys.text(Table::Meta, MARK));
    for queue in [INBOX, OUTBOX] {
        queue.forget_lanes(txn)?;
        queue.rebuild(txn)?;
    }
    txn.wake.kf = true;
    txn.wake.timers = true;
    txn.wake.sops = true;
    txn.wake.broadcasts = true;
    Ok(())
}

fn put(txn: &mut Txn<'_>, row: ArchiveRow) -> Result<()> {
    let keys = txn.keys;
    match row {
        ArchiveRow::Numbers(numbers) => put_numbers(txn, numbers),
        ArchiveRow::Record(record) => return put_record(txn, *record),
        ArchiveRow::Effect(effect) => return put_effect(txn, *effect),
        ArchiveRow::Contact(contact) => {
            let key = keys.text(Table::Contact, &contact.person.key());
            txn.put_json(key, "contact", &contact)?;
        }
        ArchiveRow::Timer(timer) => timers::set(txn, timers::prepare(vec![*timer])?)?,
        ArchiveRow::KfCursor(row) => {
            let key = keys.text(Table::KfCursor, row.account.as_str());
            txn.put(key, row.cursor.into_bytes());
        }
        ArchiveRow::KfPush(push) => {
            let key = keys.text(Table::KfPush, push.open_kfid.as_str());
            txn.put_json(key, "kf push", &push)?;
        }
        ArchiveRow::Fact(fact) => {
            txn.put_json(keys.text(Table::Fact, &fact.name), "fact", &fact.value)?;
        }
        ArchiveRow::RuleUse(row) => {
            let key = keys.rule_use(row.day, row.rule.as_str());
            txn.put(key, row.used.to_be_bytes().to_vec());
        }
        ArchiveRow::Quota(row) => {
            let window = std::time::Duration::from_millis(row.window_ms);
            txn.put(keys.quota(window, &row.key), quotas::pack(&row.used));
        }
        ArchiveRow::SopRow(row) => txn.put_json(keys.sop_row(&row.key()), "SOP row", &row)?,
        ArchiveRow::Broadcast(row) => {
            let (id, broadcast) = (row.broadcast.id, row.broadcast);
            if let Some(due) = broadcast.due {
                txn.put(keys.broadcast_due(due, id), Vec::new());
            }
            if row.gathers {
                let open = keys.text(Table::BroadcastOpen, &broadcast.key);
                txn.put(open, id.0.to_be_bytes().to_vec());
            }
            txn.put_json(keys.number(Table::Broadcast, id.0), "broadcast", &broadcast)?;
        }
        ArchiveRow::BroadcastTarget(row) => {
            let key = keys.broadcast_target(row.broadcast, &row.target.person);
            txn.put_json(key, broadcasts::TARGET, &row.target)?;
        }
        ArchiveRow::Received(row) => {
            let received = Received {
                used: row.used,
                full_until: row.full_until,
            };
            let key = keys.text(Table::Received, &row.person.key());
            txn.put_json(key, broadcasts::RECEIVED, &received)?;
        }
        ArchiveRow::Audit(entry) => {
            txn.put_json(keys.number(Table::Audit, entry.id), "audit", &entry)?;
        }
    }
    Ok(())
}

fn put_numbers(txn: &mut Txn<'_>, numbers: Numbers) {
    txn.set(Counter::LastRecord, numbers.record);
    // Rows say themselves whether they are recognised.
    txn.set(Counter::DedupeFiled, numbers.record);
    txn.set(Counter::LastEffect, numbers.effect);
    txn.set(Counter::LastBroadcast, numbers.broadcast);
    txn.set(Counter::LastAudit, numbers.audit);
}

fn put_record(txn: &mut Txn<'_>, record: RecordRow) -> Result<()> {
    let id = record.id.0;
    let hash = record.dedupe.0;
    let body = body_row(&hash, record.received_at, &record.body)?;
    txn.put(txn.keys.number(INBOX.body, id), body);
    if record.recognised {
        txn.put(txn.keys.dedupe(&hash), id.to_be_bytes().to_vec());
    }
    if let Some(trace) = &record.trace {
        txn.put_json(txn.keys.number(Table::Trace, id), "trace", trace)?;
    }
    let row = ItemRow {
        state: record.state,
        urgent: record.urgent,
        seq: record.place,
        due: record.due,
        attempts: record.attempts,
        first_attempt_at: record.first_attempt_at,
        reason: record.reason,
        outcome: record.outcome,
        effects: record.effects,
        ..ItemRow::waiting(record.lane, record.received_at)
    };
    INBOX.place(txn, id, &row)
}

fn put_effect(txn: &mut Txn<'_>, effect: EffectRow) -> Result<()> {
    let id = effect.id.0;
    let body = EffectBodyJson {
        effect: effect.effect,
        deadline: effect.deadline,
        origin: effect.origin,
    };
    txn.put(txn.keys.number(OUTBOX.body, id), encode("effect", &body)?);
    let row = ItemRow {
        state: effect.state,
        conversation: effect.conversation,
        urgent: effect.urgent,
        seq: effect.place,
        due: effect.due,
        attempts: effect.attempts,
        first_attempt_at: effect.first_attempt_at,
        interrupted: effect.interrupted,
        unclear: effect.unclear,
        reason: effect.reason,
        step: StepNote::of_body(&body),
        ..ItemRow::waiting(effect.lane, effect.decided_at)
    };
    let line = Line::Effect(id);
    let line = txn
        .keys
        .history(Table::History, row.history(), row.at, line);
    txn.put(line, Vec::new());
    OUTBOX.place(txn, id, &row)
}
