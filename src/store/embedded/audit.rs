//! What operators did.

use super::engine::{KeyRange, Rows, try_scan};
use super::keys::{Keys, Table, last_u64};
use super::txn::{Counter, Txn, decode};
use crate::domain::clock::UnixMillis;
use crate::store::{AuditEntry, AuditQuery, Deed, Result, StoreError};

/// Keeps an entry.
pub(crate) fn note(txn: &mut Txn<'_>, deed: Deed, at: UnixMillis) -> Result<()> {
    let id = txn.next(Counter::LastAudit)?;
    let entry = AuditEntry { id, at, deed };
    txn.put_json(txn.keys.number(Table::Audit, id), "audit", &entry)
}

/// Entries in order.
pub(crate) fn list(rows: &dyn Rows, keys: &Keys, query: &AuditQuery) -> Result<Vec<AuditEntry>> {
    let mut found = Vec::new();
    let range = KeyRange {
        from: keys.number(Table::Audit, query.after.saturating_add(1)),
        ..keys.all(Table::Audit)
    };
    try_scan(rows, &range, |_, json| {
        if found.len() >= query.limit {
            return Ok(std::ops::ControlFlow::Break(()));
        }
        let entry: AuditEntry = decode("audit", json)?;
        if entry.at >= query.since {
            found.push(entry);
        }
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// Removes entries from before `past`, oldest first.
pub(crate) fn prune(txn: &mut Txn<'_>, past: UnixMillis, limit: usize) -> Result<usize> {
    let mut gone = Vec::new();
    try_scan(txn, &txn.keys.all(Table::Audit), |key, json| {
        let entry: AuditEntry = decode("audit", json)?;
        if entry.at >= past || gone.len() >= limit {
            return Ok(std::ops::ControlFlow::Break(()));
        }
        gone.push(last_u64(key).ok_or(StoreError::Corrupt { what: "audit" })?);
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    for id in &gone {
        txn.delete(txn.keys.number(Table::Audit, *id));
    }
    Ok(gone.len())
}
