//! The second engine: sled 0.34.
//!
//! Three things that sled leaves open are closed here:
//!
//! - `flush` ends in `sync_file_range`, which does not survive a power cut. Every commit
//!   goes on to `fdatasync` the log file before it returns.
//! - A page above 128 KiB goes to a file of its own, which sled never syncs. Values are
//!   therefore cut into parts so small that no page gets there.
//! - Readers can see a batch half applied. A lock keeps them out until it is whole.
//!
//! After a failed sync nobody can tell what has reached the disk, so the engine refuses
//! further commits until it is opened anew.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use super::{Batch, Engine, KeyRange, Rows, Visit};
use crate::store::embedded::lock::sync_folder;
use crate::store::{Result, StoreError};

/// A leaf holds up to 20 values: this keeps it far below 128 KiB.
const PART_BYTES: usize = 4096;
const CACHE_BYTES: u64 = 64 << 20;

/// Key spaces: a value or its number of parts, and the parts.
const VALUE: u8 = b'v';
const PART: u8 = b'p';

/// First byte of a stored value.
const WHOLE: u8 = 0;
const IN_PARTS: u8 = 1;

/// A sled folder.
pub(crate) struct SledEngine {
    database: sled::Db,
    log: File,
    whole_batches: RwLock<()>,
    broken: AtomicBool,
}

impl SledEngine {
    /// Opens or creates the folder. The caller holds the lock file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        // sled panics on some broken files instead of returning an error.
        let database = std::panic::catch_unwind(|| open_database(path))
            .map_err(|_| StoreError::damaged(path, "sled cannot read its files"))?
            .map_err(|error| match error {
                sled::Error::Io(error) => StoreError::opening(path, error),
                other => StoreError::damaged(path, other),
            })?;
        let log = File::open(path.join("db")).map_err(StoreError::engine)?;
        log.sync_all().map_err(StoreError::engine)?;
        sync_folder(path)?;
        Ok(Self {
            database,
            log,
            whole_batches: RwLock::new(()),
            broken: AtomicBool::new(false),
        })
    }

    fn apply(&self, batch: &Batch) -> Result<()> {
        let mut writes = sled::Batch::default();
        for (key, value) in batch {
            let stored_key = in_space(VALUE, key);
            let old = self.database.get(&stored_key).map_err(StoreError::engine)?;
            for part in 0..old.as_deref().map_or(0, parts_of) {
                writes.remove(part_key(key, part));
            }
            match value {
                None => writes.remove(stored_key),
                Some(value) if value.len() < PART_BYTES => {
                    writes.insert(stored_key, [&[WHOLE], value.as_slice()].concat());
                }
                Some(value) => {
                    let mut count: u32 = 0;
                    for part in value.chunks(PART_BYTES) {
                        writes.insert(part_key(key, count), part);
                        count += 1;
                    }
                    writes.insert(stored_key, [&[IN_PARTS][..], &count.to_be_bytes()].concat());
                }
            }
        }
        self.database
            .apply_batch(writes)
            .map_err(StoreError::engine)
    }

    fn whole(&self, key: &[u8], stored: &[u8]) -> Result<Vec<u8>> {
        let count = parts_of(stored);
        if count == 0 {
            return Ok(stored.get(1..).unwrap_or_default().to_vec());
        }
        let mut value = Vec::with_capacity(count as usize * PART_BYTES);
        for part in 0..count {
            let bytes = self
                .database
                .get(part_key(key, part))
                .map_err(StoreError::engine)?
                .ok_or(StoreError::Corrupt { what: "value" })?;
            value.extend_from_slice(&bytes);
        }
        Ok(value)
    }
}

impl Rows for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let _whole = self
            .whole_batches
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let stored = self
            .database
            .get(in_space(VALUE, key))
            .map_err(StoreError::engine)?;
        stored.map(|stored| self.whole(key, &stored)).transpose()
    }

    fn scan(&self, range: &KeyRange, visit: &mut Visit<'_>) -> Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        let _whole = self
            .whole_batches
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let bounds = in_space(VALUE, &range.from)..in_space(VALUE, &range.to);
        for row in self.database.range(bounds) {
            let (stored_key, stored) = row.map_err(StoreError::engine)?;
            let key = stored_key.get(1..).unwrap_or_default();
            if visit(key, &self.whole(key, &stored)?) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }
}

impl Engine for SledEngine {
    fn commit(&self, batch: &Batch) -> Result<()> {
        if self.broken.load(Ordering::Acquire) {
            return Err(StoreError::engine(std::io::Error::other(
                "an earlier write failed; the store has to be opened anew",
            )));
        }
        let applied = {
            let _whole = self
                .whole_batches
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            self.apply(batch)
        };
        let durable = applied
            .and_then(|()| self.database.flush().map_err(StoreError::engine))
            .and_then(|_| self.log.sync_data().map_err(StoreError::engine));
        if durable.is_err() {
            self.broken.store(true, Ordering::Release);
        }
        durable
    }
}

fn open_database(path: &Path) -> sled::Result<sled::Db> {
    sled::Config::new()
        .path(path)
        .cache_capacity(CACHE_BYTES)
        // Every commit flushes; a second flusher thread would only get in its way.
        .flush_every_ms(None)
        .open()
}

fn in_space(space: u8, key: &[u8]) -> Vec<u8> {
    [&[space], key].concat()
}

fn part_key(key: &[u8], part: u32) -> Vec<u8> {
    // The length keeps the parts of one key apart from those of a longer one.
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
    [&[PART][..], &length.to_be_bytes(), key, &part.to_be_bytes()].concat()
}

fn parts_of(stored: &[u8]) -> u32 {
    match stored {
        [IN_PARTS, count @ ..] => count.try_into().map_or(0, u32::from_be_bytes),
        _ => 0,
    }
}
