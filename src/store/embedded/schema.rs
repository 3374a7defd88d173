//! The version of the rows, and the number of this opening.

use super::engine::Engine;
use super::item::{INBOX, OUTBOX};
use super::keys::Keys;
use super::recent;
use super::txn::{Counter, Txn};
use crate::store::{Result, StoreError};

/// What this program writes. A change of keys or values raises it and adds an arm to
/// [`migrate`].
pub(crate) const VERSION: u32 = 2;

/// Brings the rows up to date, counts this opening and works out what is kept in memory
/// only. Returns the number of this opening.
pub(crate) fn open(engine: &dyn Engine, keys: &Keys) -> Result<u64> {
    let mut txn = Txn::over(engine, keys, 0);
    let found = Counter::Schema.read(&txn, keys)?;
    let found = u32::try_from(found).unwrap_or(u32::MAX);
    if found > VERSION {
        return Err(StoreError::NewerSchema {
            found,
            known: VERSION,
        });
    }
    for version in found..VERSION {
        migrate(&mut txn, version)?;
    }
    let opening = txn.next(Counter::Opening)?;
    INBOX.rebuild(&mut txn)?;
    OUTBOX.rebuild(&mut txn)?;
    recent::rebuild(&mut txn)?;
    txn.commit()?;
    Ok(opening)
}

/// One step up from `version`, in the transaction of the opening.
fn migrate(txn: &mut Txn<'_>, version: u32) -> Result<()> {
    // Version 0 is an empty store: there is nothing to convert. Version 1 wrote the dedupe row
    // of a record together with it.
    if version == 1 {
        let last = Counter::LastRecord.read(txn, txn.keys)?;
        txn.set(Counter::DedupeFiled, last);
    }
    txn.set(Counter::Schema, u64::from(version) + 1);
    Ok(())
}
