//! What was taken in lately is recognised from memory; its dedupe rows reach the disk in bulk.
//!
//! A dedupe row lies at the place of its hash, so that the rows of one group of records would
//! touch a page each. The body of a record begins with its hash, so nothing more needs to be
//! written to recognise it: [`rebuild`] reads the bodies of the last records at every opening.
//!
//! Once for so many records one slice of the hashes is filed: rows that are neighbours go to
//! the disk together. When all slices have had their turn, every record that was there at the
//! beginning of the round is filed, and an opening need not read it again.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::engine::{Row, Rows, collect, try_scan};
use super::inbox::head_of;
use super::keys::{Keys, Table, last_u64, read_u64};
use super::txn::{Counter, Txn};
use crate::store::{Result, StoreError};

/// So many records are taken in for each slice that is filed: a round are 32,768, and twice
/// as many bodies are what an opening reads at most.
pub(crate) const RECORDS_A_SLICE: u64 = 128;

const ROUND: &str = "dedupe round";

/// The record that a hash means.
pub(crate) fn find(txn: &Txn<'_>, hash: &[u8; 20]) -> Result<Option<u64>> {
    let recent = txn.get(&txn.keys.recent(hash))?;
    let row = match recent {
        Some(row) => Some(row),
        None => txn.get(&txn.keys.dedupe(hash))?,
    };
    row.map(|row| number(&row)).transpose()
}

/// From now on a hash means this record.
pub(crate) fn note(txn: &mut Txn<'_>, hash: &[u8; 20], id: u64) {
    txn.put(txn.keys.recent(hash), id.to_be_bytes().to_vec());
}

/// Forgets a hash unless it has come to mean a later record.
pub(crate) fn forget(txn: &mut Txn<'_>, hash: &[u8; 20], id: u64) -> Result<()> {
    for key in [txn.keys.recent(hash), txn.keys.dedupe(hash)] {
        if txn.get(&key)?.as_deref().and_then(read_u64) == Some(id) {
            txn.delete(key);
        }
    }
    Ok(())
}

/// Whether a hash means this record, by what lasts alone.
pub(crate) fn means(rows: &dyn Rows, keys: &Keys, hash: &[u8; 20], id: u64) -> Result<bool> {
    match rows.get(&keys.dedupe(hash))? {
        Some(row) => Ok(number(&row)? == id),
        None => Ok(id > known_until(rows, keys)?),
    }
}

/// The last record of which the disk tells whether it is recognised.
fn known_until(rows: &dyn Rows, keys: &Keys) -> Result<u64> {
    let filed = Counter::DedupeFiled.read(rows, keys)?;
    let pruned = Counter::DedupePruned.read(rows, keys)?;
    Ok(filed.max(pruned))
}

/// Brings the hashes of the last records back into memory.
pub(crate) fn rebuild(txn: &mut Txn<'_>) -> Result<()> {
    let from = known_until(txn, txn.keys)? + 1;
    let range = txn.keys.numbers(Table::InboxBody, from, u64::MAX);
    let mut recent = Vec::new();
    try_scan(txn, &range, |key, body| {
        let (hash, _) = head_of(body)?;
        let id = last_u64(key).ok_or(StoreError::Corrupt { what: "record" })?;
        recent.push((hash, id));
        Ok(ControlFlow::Continue(()))
    })?;
    for (hash, id) in recent {
        note(txn, &hash, id);
    }
    Ok(())
}

/// A round through all slices, which are told apart by the first byte of the hash.
#[derive(Serialize, Deserialize)]
struct Round {
    /// Records that came since a slice was filed.
    came: u64,
    slice: u8,
    /// The last record that was there at the beginning.
    until: u64,
}

impl Round {
    fn begin(txn: &Txn<'_>, came: u64) -> Result<Self> {
        Ok(Self {
            came,
            slice: 0,
            until: Counter::LastRecord.read(txn, txn.keys)?,
        })
    }
}

/// Files what is due after `came` more records.
pub(crate) fn file(txn: &mut Txn<'_>, came: u64, records_a_slice: u64) -> Result<()> {
    let place = txn.keys.text(Table::Memory, ROUND);
    let mut round = match txn.get_json(&place, ROUND)? {
        Some(round) => round,
        None => Round::begin(txn, 0)?,
    };
    round.came += came;
    while round.came >= records_a_slice {
        round.came -= records_a_slice;
        file_slice(txn, round.slice)?;
        round = match round.slice.checked_add(1) {
            Some(slice) => Round { slice, ..round },
            None => {
                txn.set(Counter::DedupeFiled, round.until);
                Round::begin(txn, round.came)?
            }
        };
    }
    txn.put_json(place, ROUND, &round)
}

fn file_slice(txn: &mut Txn<'_>, slice: u8) -> Result<()> {
    let rows: Vec<Row> = collect(txn, &txn.keys.recent_slice(slice), usize::MAX)?;
    for (key, id) in rows {
        let hash = txn.keys.rest(&key).first_chunk::<20>();
        let hash = hash.ok_or(StoreError::Corrupt { what: "dedupe row" })?;
        txn.put(txn.keys.dedupe(hash), id);
        txn.delete(key);
    }
    Ok(())
}

fn number(row: &[u8]) -> Result<u64> {
    read_u64(row).ok_or(StoreError::Corrupt { what: "dedupe row" })
}
