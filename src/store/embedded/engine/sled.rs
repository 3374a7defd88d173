//! The second engine: sled 0.34.
//!
//! Four things that sled leaves open are closed here:
//!
//! - `flush` ends in `sync_file_range`, which does not survive a power cut. Every commit
//!   goes on to `fdatasync` the log file before it returns.
//! - A page above 128 KiB goes to a file of its own, which sled never syncs. Values are
//!   therefore cut into parts so small that no page gets there.
//! - Readers can see a batch half applied. A lock keeps them out until it is whole.
//! - There are no snapshots. While one is wanted, a commit puts what it replaces aside: the
//!   snapshot sees that in place of what came later. It costs memory for what changes while
//!   it lives.
//!
//! A log of segments is never free of what was removed, so [`Engine::copy`] makes a new
//! folder beside the old one; the file `<folder>.current` names the one that counts.
//!
//! After a failed sync nobody can tell what has reached the disk, so the engine refuses
//! further commits until it is opened anew.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, Weak};

use super::{Batch, Copying, Engine, KeyRange, Room, Rows, View, Visit, broken, scan_with};
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

/// A sled folder and its successors.
pub(crate) struct SledEngine {
    /// The first folder: the names of the others begin like it.
    path: PathBuf,
    open: RwLock<Arc<Folder>>,
    broken: AtomicBool,
    copying: Copying<Self>,
}

/// An open folder.
struct Folder {
    // The order is the order of closing.
    database: sled::Db,
    log: File,
    whole_batches: RwLock<()>,
    /// Snapshots that still want to know what is replaced.
    snapshots: Mutex<Vec<Weak<Replaced>>>,
    number: u64,
}

/// What was replaced since a snapshot was taken.
#[derive(Default)]
struct Replaced(Mutex<Batch>);

impl SledEngine {
    /// Opens or creates the folder. The caller holds the lock file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let number = current(path)?;
        remove_others(path, number)?;
        Ok(Self {
            path: path.to_owned(),
            open: RwLock::new(Arc::new(Folder::open(path, number)?)),
            broken: AtomicBool::new(false),
            copying: Copying::default(),
        })
    }

    /// The folder that comes after this one, empty.
    fn next(&self) -> Result<Self> {
        let next = self.folder().number + 1;
        remove_folder(&numbered(&self.path, next))?;
        Ok(Self {
            path: self.path.clone(),
            open: RwLock::new(Arc::new(Folder::open(&self.path, next)?)),
            broken: AtomicBool::new(false),
            copying: Copying::default(),
        })
    }

    fn folder(&self) -> Arc<Folder> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&open)
    }
}

/// The folder with this number; the first has none in its name.
fn numbered(path: &Path, number: u64) -> PathBuf {
    match number {
        0 => path.to_owned(),
        number => path.with_extension(number.to_string()),
    }
}

fn pointer(path: &Path) -> PathBuf {
    path.with_extension("current")
}

/// The number of the folder that counts.
fn current(path: &Path) -> Result<u64> {
    match std::fs::read_to_string(pointer(path)) {
        Ok(text) => {
            let corrupt = StoreError::Corrupt {
                what: "sled.current",
            };
            text.trim().parse().map_err(|_| corrupt)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(StoreError::engine(error)),
    }
}

/// Removes what a rewriting has left over: the folder before, or one that was not finished.
fn remove_others(path: &Path, number: u64) -> Result<()> {
    if let Some(before) = number.checked_sub(1) {
        remove_folder(&numbered(path, before))?;
    }
    remove_folder(&numbered(path, number + 1))
}

fn remove_folder(path: &Path) -> Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::engine(error))
        }
        _ => Ok(()),
    }
}

impl Folder {
    fn open(path: &Path, number: u64) -> Result<Self> {
        let path = numbered(path, number);
        // sled panics on some broken files instead of returning an error.
        let database = std::panic::catch_unwind(|| open_database(&path))
            .map_err(|_| StoreError::damaged(&path, "sled cannot read its files"))?
            .map_err(|error| match error {
                sled::Error::Io(error) => StoreError::opening(&path, error),
                other => StoreError::damaged(&path, other),
            })?;
        let log = File::open(path.join("db")).map_err(StoreError::engine)?;
        log.sync_all().map_err(StoreError::engine)?;
        sync_folder(&path)?;
        Ok(Self {
            database,
            log,
            whole_batches: RwLock::new(()),
            snapshots: Mutex::default(),
            number,
        })
    }

    /// Keeps batches out while several rows are read.
    fn between_batches(&self) -> RwLockReadGuard<'_, ()> {
        let lock = self.whole_batches.read();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    fn commit(&self, batch: &Batch) -> Result<()> {
        {
            let lock = self.whole_batches.write();
            let _whole = lock.unwrap_or_else(PoisonError::into_inner);
            self.put_aside(batch)?;
            self.apply(batch)?;
        }
        self.database.flush().map_err(StoreError::engine)?;
        self.log.sync_data().map_err(StoreError::engine)
    }

    /// Shows every snapshot what is about to be replaced.
    fn put_aside(&self, batch: &Batch) -> Result<()> {
        let snapshots = self.snapshots.lock();
        let mut snapshots = snapshots.unwrap_or_else(PoisonError::into_inner);
        snapshots.retain(|snapshot| snapshot.strong_count() > 0);
        for snapshot in snapshots.iter().filter_map(Weak::upgrade) {
            let mut replaced = snapshot.0.lock().unwrap_or_else(PoisonError::into_inner);
            for key in batch.keys() {
                if !replaced.contains_key(key) {
                    replaced.insert(key.clone(), Locked(self).get(key)?);
                }
            }
        }
        Ok(())
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

/// The rows of a folder, for who keeps batches out already.
struct Locked<'f>(&'f Folder);

impl Rows for Locked<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let stored = self.0.database.get(in_space(VALUE, key));
        let stored = stored.map_err(StoreError::engine)?;
        stored.map(|stored| self.0.whole(key, &stored)).transpose()
    }

    fn scan(&self, range: &KeyRange, visit: &mut Visit<'_>) -> Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        let bounds = in_space(VALUE, &range.from)..in_space(VALUE, &range.to);
        for row in self.0.database.range(bounds) {
            let (stored_key, stored) = row.map_err(StoreError::engine)?;
            let key = stored_key.get(1..).unwrap_or_default();
            if visit(key, &self.0.whole(key, &stored)?) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }
}

/// The rows as they were when it was taken.
struct SledSnapshot {
    folder: Arc<Folder>,
    replaced: Arc<Replaced>,
}

impl Rows for SledSnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let _whole = self.folder.between_batches();
        let replaced = self.replaced.0.lock();
        let replaced = replaced.unwrap_or_else(PoisonError::into_inner);
        match replaced.get(key) {
            Some(before) => Ok(before.clone()),
            None => Locked(&self.folder).get(key),
        }
    }

    fn scan(&self, range: &KeyRange, visit: &mut Visit<'_>) -> Result<()> {
        let _whole = self.folder.between_batches();
        let replaced = self.replaced.0.lock();
        let replaced = replaced.unwrap_or_else(PoisonError::into_inner);
        scan_with(&Locked(&self.folder), &replaced, range, visit)
    }
}

impl View for SledSnapshot {}

impl Rows for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let folder = self.folder();
        let _whole = folder.between_batches();
        Locked(&folder).get(key)
    }

    fn scan(&self, range: &KeyRange, visit: &mut Visit<'_>) -> Result<()> {
        let folder = self.folder();
        let _whole = folder.between_batches();
        Locked(&folder).scan(range, visit)
    }
}

impl Engine for SledEngine {
    fn commit(&self, batch: &Batch) -> Result<()> {
        if self.broken.load(Ordering::Acquire) {
            return Err(broken());
        }
        let durable = self.copying.noting(batch, || self.folder().commit(batch));
        if durable.is_err() {
            self.broken.store(true, Ordering::Release);
        }
        durable
    }

    fn snapshot(&self) -> Result<Arc<dyn View>> {
        let folder = self.folder();
        let replaced = Arc::new(Replaced::default());
        {
            let _whole = folder.between_batches();
            let snapshots = folder.snapshots.lock();
            let mut snapshots = snapshots.unwrap_or_else(PoisonError::into_inner);
            snapshots.push(Arc::downgrade(&replaced));
        }
        Ok(Arc::new(SledSnapshot { folder, replaced }))
    }

    fn copy(&self) -> Result<()> {
        let copied = self.copying.copy(|| self.snapshot(), || self.next());
        if copied.is_err() {
            // The disk may be full.
            remove_folder(&numbered(&self.path, self.folder().number + 1))?;
        }
        copied
    }

    fn swap(&self) -> Result<()> {
        let new = self.copying.finish(self)?;
        let (old, next) = (self.folder().number, new.folder().number);
        let swapped = point_to(&self.path, next);
        if swapped.is_err() {
            // The next opening decides by what the pointer says.
            self.broken.store(true, Ordering::Release);
            return swapped;
        }
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = new.folder();
        // sled has its log open: who still reads the old folder can go on.
        remove_folder(&numbered(&self.path, old))
    }

    fn room(&self) -> Result<Room> {
        let bytes = self.folder().database.size_on_disk();
        Ok(Room {
            bytes: bytes.map_err(StoreError::engine)?,
            // sled cleans its segments itself and does not tell how far it has got.
            free: 0,
        })
    }
}

/// Makes a folder the one that counts.
fn point_to(path: &Path, number: u64) -> Result<()> {
    let pointer = pointer(path);
    let new = pointer.with_extension("new");
    std::fs::write(&new, number.to_string()).map_err(StoreError::engine)?;
    let written = File::open(&new).map_err(StoreError::engine)?;
    written.sync_all().map_err(StoreError::engine)?;
    std::fs::rename(&new, &pointer).map_err(StoreError::engine)?;
    let folder = std::path::absolute(path).map_err(StoreError::engine)?;
    folder.parent().map_or(Ok(()), sync_folder)
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
