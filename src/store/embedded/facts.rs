//! Small values by name.

use super::keys::Table;
use super::txn::{Txn, encode};
use crate::store::Result;

/// Facts as JSON, made ready for the writer.
pub(crate) type PreparedFacts = Vec<(String, Vec<u8>)>;

/// Does everything that does not need the store.
pub(crate) fn prepare(facts: Vec<(String, serde_json::Value)>) -> Result<PreparedFacts> {
    let each = facts.into_iter();
    each.map(|(name, value)| Ok((name, encode("fact", &value)?)))
        .collect()
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
