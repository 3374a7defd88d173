//! One group of operations on its way to the disk.
//!
//! A transaction collects writes over an engine. Reads see them. [`Txn::attempt`] takes
//! one operation back without touching the others, so that many can share a commit.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::engine::{Batch, Engine, KeyRange, Rows, Visit, Write, scan_with};
use super::keys::{Keys, Table, read_u64};
use crate::store::{Result, Signals, StoreError};

/// Fences of one opening start here times its number, so that none ever comes twice.
const FENCES_PER_OPENING: u64 = 1 << 40;

/// Numbers that are handed out or counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counter {
    LastRecord,
    LastEffect,
    LastBroadcast,
    LastAudit,
    Inbox,
    Dead,
    Outbox,
    Failed,
    Unknown,
    Timers,
    Opening,
    Schema,
    DedupePruned,
    DedupeFiled,
    TracesPruned,
}

impl Counter {
    fn name(self) -> &'static str {
        match self {
            Self::LastRecord => "last record",
            Self::LastEffect => "last effect",
            Self::LastBroadcast => "last broadcast",
            Self::LastAudit => "last audit",
            Self::Inbox => "inbox",
            Self::Dead => "dead",
            Self::Outbox => "outbox",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Timers => "timers",
            Self::Opening => "opening",
            Self::Schema => "schema",
            Self::DedupePruned => "dedupe pruned",
            Self::DedupeFiled => "dedupe filed",
            Self::TracesPruned => "traces pruned",
        }
    }

    /// Reads it; 0 if it was never written.
    pub(crate) fn read(self, rows: &dyn Rows, keys: &Keys) -> Result<u64> {
        read_number(rows, &keys.text(Table::Meta, self.name()))
    }
}

/// Which bells to ring after the commit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wake {
    pub(crate) inbox: bool,
    pub(crate) outbox: bool,
    pub(crate) kf: bool,
    pub(crate) timers: bool,
    pub(crate) sops: bool,
    pub(crate) broadcasts: bool,
}

impl Wake {
    /// Rings them.
    pub(crate) fn ring(self, signals: &Signals) {
        let bells = [
            (self.inbox, &signals.inbox),
            (self.outbox, &signals.outbox),
            (self.kf, &signals.kf),
            (self.timers, &signals.timers),
            (self.sops, &signals.sops),
            (self.broadcasts, &signals.broadcasts),
        ];
        for (_, bell) in bells.into_iter().filter(|(ring, _)| *ring) {
            bell.notify_one();
        }
    }
}

/// Pending writes over an engine.
pub(crate) struct Txn<'a> {
    pub(crate) keys: &'a Keys,
    pub(crate) wake: Wake,
    /// The number of this opening of the store.
    pub(crate) opening: u64,
    engine: &'a dyn Engine,
    writes: Batch,
    /// What each write replaced in `writes`, to take it back.
    undo: Vec<(Vec<u8>, Option<Write>)>,
}

impl<'a> Txn<'a> {
    /// An empty transaction.
    pub(crate) fn over(engine: &'a dyn Engine, keys: &'a Keys, opening: u64) -> Self {
        Self {
            keys,
            wake: Wake::default(),
            opening,
            engine,
            writes: Batch::new(),
            undo: Vec::new(),
        }
    }

    /// Runs one operation; if it fails, its own writes are taken back.
    pub(crate) fn attempt<T>(
        &mut self,
        operation: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let mark = self.undo.len();
        let outcome = operation(self);
        if outcome.is_err() {
            for (key, before) in self.undo.drain(mark..).rev() {
                match before {
                    Some(before) => self.writes.insert(key, before),
                    None => self.writes.remove(&key),
                };
            }
        }
        outcome
    }

    /// Writes everything. An empty transaction costs nothing.
    pub(crate) fn commit(self) -> Result<()> {
        if self.writes.is_empty() {
            return Ok(());
        }
        self.engine.commit(self.writes)
    }

    /// Writes a row.
    pub(crate) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.write(key, Some(value));
    }

    /// Writes a row as JSON.
    pub(crate) fn put_json<T: Serialize>(
        &mut self,
        key: Vec<u8>,
        what: &'static str,
        value: &T,
    ) -> Result<()> {
        self.put(key, encode(what, value)?);
        Ok(())
    }

    /// Removes a row.
    pub(crate) fn delete(&mut self, key: Vec<u8>) {
        self.write(key, None);
    }

    fn write(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        let before = self.writes.insert(key.clone(), value);
        self.undo.push((key, before));
    }

    /// Reads a row of JSON.
    pub(crate) fn get_json<T: DeserializeOwned>(
        &self,
        key: &[u8],
        what: &'static str,
    ) -> Result<Option<T>> {
        get_json(self, key, what)
    }

    /// The next number of a sequence, from 1.
    pub(crate) fn next(&mut self, counter: Counter) -> Result<u64> {
        let next = counter.read(self, self.keys)? + 1;
        self.set(counter, next);
        Ok(next)
    }

    /// Adds to a counter.
    pub(crate) fn count(&mut self, counter: Counter, by: i64) -> Result<()> {
        let now = counter.read(self, self.keys)?.saturating_add_signed(by);
        self.set(counter, now);
        Ok(())
    }

    /// Sets a counter.
    pub(crate) fn set(&mut self, counter: Counter, number: u64) {
        let key = self.keys.text(Table::Meta, counter.name());
        self.put(key, number.to_be_bytes().to_vec());
    }

    /// A number that no claim has ever had.
    pub(crate) fn next_fence(&mut self) -> Result<u64> {
        let key = self.keys.text(Table::Memory, "fence");
        let start = self.opening.saturating_mul(FENCES_PER_OPENING);
        let next = read_number(self, &key)?.max(start) + 1;
        self.put(key, next.to_be_bytes().to_vec());
        Ok(next)
    }

    /// Whether a fence was handed out by an earlier opening of the store.
    pub(crate) fn is_from_earlier(&self, fence: u64) -> bool {
        fence / FENCES_PER_OPENING < self.opening
    }
}

impl Rows for Txn<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        match self.writes.get(key) {
            Some(pending) => Ok(pending.clone()),
            None => self.engine.get(key),
        }
    }

    fn scan(&self, range: &KeyRange, visit: &mut Visit<'_>) -> Result<()> {
        scan_with(self.engine, &self.writes, range, visit)
    }
}

fn read_number(rows: &dyn Rows, key: &[u8]) -> Result<u64> {
    match rows.get(key)? {
        None => Ok(0),
        Some(value) => read_u64(&value).ok_or(StoreError::Corrupt { what: "number" }),
    }
}

/// Reads a row of JSON.
pub(crate) fn get_json<T: DeserializeOwned>(
    rows: &dyn Rows,
    key: &[u8],
    what: &'static str,
) -> Result<Option<T>> {
    rows.get(key)?.map(|value| decode(what, &value)).transpose()
}

/// A value out of its JSON.
pub(crate) fn decode<T: DeserializeOwned>(what: &'static str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|_| StoreError::Corrupt { what })
}

/// A value as JSON.
pub(crate) fn encode<T: Serialize>(what: &'static str, value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|_| StoreError::Corrupt { what })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

    use super::*;
    use crate::domain::ids::CorpId;
    use crate::store::embedded::engine::memory::MemoryEngine;
    use crate::store::embedded::engine::{Row, collect};

    fn keys() -> Keys {
        Keys::new(&CorpId::from("ww1")).unwrap()
    }

    #[test]
    fn a_failed_operation_takes_back_only_its_own_writes() {
        let (engine, keys) = (MemoryEngine::default(), keys());
        let mut txn = Txn::over(&engine, &keys, 1);
        txn.attempt(|txn| {
            txn.put(vec![1], vec![1]);
            txn.put(vec![2], vec![1]);
            Ok(())
        })
        .unwrap();
        let failed: Result<()> = txn.attempt(|txn| {
            txn.put(vec![1], vec![9]);
            txn.put(vec![1], vec![8]);
            txn.delete(vec![2]);
            txn.put(vec![3], vec![9]);
            Err(StoreError::CursorMoved)
        });
        assert!(matches!(failed, Err(StoreError::CursorMoved)));
        txn.commit().unwrap();
        let all = KeyRange {
            from: vec![],
            to: vec![u8::MAX],
        };
        let rows = collect(&engine, &all, 10).unwrap();
        assert_eq!(rows, [(vec![1], vec![1]), (vec![2], vec![1])]);
    }

    #[test]
    fn fences_never_come_twice() {
        let (engine, keys) = (MemoryEngine::default(), keys());
        let mut txn = Txn::over(&engine, &keys, 3);
        let (first, second) = (txn.next_fence().unwrap(), txn.next_fence().unwrap());
        assert!(first < second);
        assert!(!txn.is_from_earlier(first));
        let mut next = Txn::over(&engine, &keys, 4);
        assert!(next.is_from_earlier(second));
        assert!(next.next_fence().unwrap() > second);
    }

    fn writes() -> impl Strategy<Value = Vec<(u8, Write)>> {
        let value = prop_oneof![Just(None), any::<u8>().prop_map(|byte| Some(vec![byte]))];
        proptest::collection::vec((0..12_u8, value), 0..20)
    }

    proptest! {
        /// Reads over pending writes see what reads after their commit see.
        #[test]
        fn reads_see_pending_writes(stored in writes(), pending in writes(), limit in 1..12_usize) {
            let (engine, keys) = (MemoryEngine::default(), keys());
            let stored = stored.into_iter().map(|(key, value)| (vec![key], value));
            engine.commit(stored.collect()).unwrap();
            let mut txn = Txn::over(&engine, &keys, 1);
            for (key, value) in pending {
                txn.write(vec![key], value);
            }
            let range = KeyRange { from: vec![2], to: vec![10] };
            let before: Vec<Row> = collect(&txn, &range, limit).unwrap();
            let single = txn.get(&[5]).unwrap();
            txn.commit().unwrap();
            assert_eq!(before, collect(&engine, &range, limit).unwrap());
            assert_eq!(single, engine.get(&[5]).unwrap());
        }
    }
}
