//! Small values by name.

use serde_json::Value;

use super::engine::{KeyRange, Rows, try_scan};
use super::inbox::{self, PreparedRecord};
use super::keys::{Keys, Table};
use super::txn::{Txn, decode, encode};
use crate::store::{Acceptance, FactSwap, Result, StoreError};

/// Facts as JSON, made ready for the writer.
pub(crate) type PreparedFacts = Vec<(String, Vec<u8>)>;

/// Does everything that does not need the store.
pub(crate) fn prepare(facts: Vec<(String, Value)>) -> Result<PreparedFacts> {
    let each = facts.into_iter();
    each.map(|(name, value)| Ok((name, encode("fact", &value)?)))
        .collect()
}

/// The small values whose names begin so, by name.
pub(crate) fn under(rows: &dyn Rows, keys: &Keys, prefix: &str) -> Result<Vec<(String, Value)>> {
    let range = KeyRange::prefix(keys.text(Table::Fact, prefix));
    let before = keys.text(Table::Fact, "").len();
    let mut found = Vec::new();
    try_scan(rows, &range, |key, json| {
        let name = key.get(before..).map(String::from_utf8_lossy);
        found.push((name.unwrap_or_default().into_owned(), decode("fact", json)?));
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// A swap made ready for the writer.
pub(crate) struct PreparedSwap {
    expected: Vec<(String, Value)>,
    facts: PreparedFacts,
    records: Vec<PreparedRecord>,
}

impl PreparedSwap {
    /// Does everything that does not need the store.
    pub(crate) fn new(swap: FactSwap) -> Result<Self> {
        let records = swap.records.iter().map(PreparedRecord::new);
        Ok(Self {
            expected: swap.expected,
            facts: prepare(swap.facts)?,
            records: records.collect::<Result<_>>()?,
        })
    }
}

/// Writes small values and takes records in, if what was read is still there.
pub(crate) fn swap(txn: &mut Txn<'_>, swap: PreparedSwap) -> Result<Vec<Acceptance>> {
    for (name, expected) in swap.expected {
        let key = txn.keys.text(Table::Fact, &name);
        let now: Option<Value> = txn.get_json(&key, "fact")?;
        if now.unwrap_or_default() != expected {
            return Err(StoreError::FactMoved { name });
        }
    }
    put(txn, swap.facts)?;
    txn.wake.sops = true;
    inbox::accept(txn, swap.records)
}

/// Writes small values; `null` removes one.
pub(crate) fn put(txn: &mut Txn<'_>, facts: PreparedFacts) -> Result<()> {
    for (name, json) in facts {
        let key = txn.keys.text(Table::Fact, &name);
        if json == b"null" {
            txn.delete(key);
        } else {
            txn.put(key, json);
        }
    }
    Ok(())
}
