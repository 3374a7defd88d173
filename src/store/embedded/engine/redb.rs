//! The default engine: redb, a copy-on-write B-tree in one file.
//!
//! `Durability::Immediate` makes redb write the pages and the commit slot and then call
//! `fdatasync` once before `commit` returns. The slot carries a checksum, so that a torn
//! write falls back to the commit before it; the second `fdatasync` of the two-phase
//! mode only guards against crafted checksums and is not used.
//!
//! A file whose process was killed is read from end to end to find its free pages, unless its
//! last commit says which they are. Saying so in every commit costs a second sync and some
//! 130 kB a gigabyte; [`Engine::checkpoint`] says it once, when there is nothing else to do.
//!
//! A read transaction sees the rows of its commit for as long as it lives, so a snapshot is
//! nothing but the newest one, kept. redb reuses freed pages without wiping them: only
//! [`Engine::copy`] makes a file that holds nothing else than the rows.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use redb::{
    Database, DatabaseError, Durability, ReadOnlyTable, ReadableDatabase, RepairSession,
    StorageBackend, StorageError, TableDefinition,
};

use super::{Batch, Copying, Engine, KeyRange, Room, Rows, View, Visit, broken};
use crate::store::embedded::lock::sync_folder;
use crate::store::{Result, StoreError};

const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");

/// Pages kept in memory. redb's own default of 1 GiB suits a server of its own.
const CACHE_BYTES: usize = 64 << 20;

type Table = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// A redb file.
pub(crate) struct RedbEngine {
    path: PathBuf,
    latest: RwLock<Arc<Commit>>,
    broken: AtomicBool,
    copying: Copying<Self>,
}

/// The table as of a commit. Opening it once a commit keeps a point read to the tree walk
/// itself.
struct Commit {
    // The order is the order of closing: the database must be the last.
    table: Table,
    database: Arc<Database>,
}

impl Commit {
    fn newest(database: Arc<Database>) -> Result<Arc<Self>> {
        let transaction = database.begin_read().map_err(StoreError::engine)?;
        let table = transaction.open_table(ROWS).map_err(StoreError::engine)?;
        Ok(Arc::new(Self { table, database }))
    }
}

impl RedbEngine {
    /// Opens or creates the file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let new = beside(path);
        // A rewriting or a beginning that did not get to its end.
        remove_if_there(&new)?;
        if !is_there(path)? {
            // redb cannot open what it was killed over while it made it.
            drop(Self::create(&new)?);
            std::fs::rename(&new, path).map_err(StoreError::engine)?;
        }
        Self::create(path)
    }

    fn create(path: &Path) -> Result<Self> {
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .set_repair_callback(repairing)
            .create(path)
            .map_err(|error| opening(path, error))?;
        Self::over(database, path)
    }

    /// The same over anything that keeps bytes as a file does.
    pub(crate) fn open_on(backend: impl StorageBackend) -> Result<Self> {
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .create_with_backend(backend)
            .map_err(StoreError::engine)?;
        Self::over(database, Path::new(""))
    }

    fn over(database: Database, path: &Path) -> Result<Self> {
        let transaction = database.begin_write().map_err(StoreError::engine)?;
        transaction.open_table(ROWS).map_err(StoreError::engine)?;
        transaction.commit().map_err(StoreError::engine)?;
        Ok(Self {
            path: path.to_owned(),
            latest: RwLock::new(Commit::newest(Arc::new(database))?),
            broken: AtomicBool::new(false),
            copying: Copying::default(),
        })
    }

    fn write(&self, batch: &Batch) -> Result<()> {
        let database = Arc::clone(&self.latest().database);
        let mut transaction = database.begin_write().map_err(StoreError::engine)?;
        transaction
            .set_durability(Durability::Immediate)
            .map_err(StoreError::engine)?;
        {
            let mut table = transaction.open_table(ROWS).map_err(StoreError::engine)?;
            for (key, value) in batch {
                match value {
                    Some(value) => table.insert(key.as_slice(), value.as_slice()),
                    None => table.remove(key.as_slice()),
                }
                .map_err(StoreError::engine)?;
            }
        }
        transaction.commit().map_err(StoreError::engine)?;
        self.replace(Commit::newest(database)?);
        Ok(())
    }

    /// Commits nothing but where the free pages are.
    fn write_free_pages(&self) -> Result<()> {
        let database = Arc::clone(&self.latest().database);
        let mut transaction = database.begin_write().map_err(StoreError::engine)?;
        transaction.set_quick_repair(true);
        transaction.commit().map_err(StoreError::engine)?;
        self.replace(Commit::newest(database)?);
        Ok(())
    }

    fn latest(&self) -> Arc<Commit> {
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&latest)
    }

    fn replace(&self, commit: Arc<Commit>) {
        *self.latest.write().unwrap_or_else(PoisonError::into_inner) = commit;
    }
}

/// Whoever waits for a large file sees why.
fn repairing(session: &mut RepairSession) {
    let progress = session.progress();
    tracing::warn!(
        progress,
        "the last process ended without closing the store; its file is looked through"
    );
}

fn beside(path: &Path) -> PathBuf {
    path.with_extension("redb.new")
}

fn opening(path: &Path, error: DatabaseError) -> StoreError {
    match error {
        DatabaseError::DatabaseAlreadyOpen => StoreError::InUse {
            path: path.display().to_string(),
        },
        DatabaseError::Storage(StorageError::Io(error)) => StoreError::opening(path, error),
        other => StoreError::damaged(path, other),
    }
}

/// Whether there is a file with something in it.
fn is_there(path: &Path) -> Result<bool> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(metadata.len() > 0),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::opening(path, error)),
    }
}

fn remove_if_there(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::engine(error))
        }
        _ => Ok(()),
    }
}

impl Rows for Commit {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let value = self.table.get(key).map_err(StoreError::engine)?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    fn scan(&self, range: &KeyRange, visit: &mut Visit<'_>) -> Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        let rows = self
            .table
            .range::<&[u8]>(range.bounds())
            .map_err(StoreError::engine)?;
        for row in rows {
            let (key, value) = row.map_err(StoreError::engine)?;
            if visit(key.value(), value.value()) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }
}

impl View for Commit {}

impl Rows for RedbEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.latest().get(key)
    }

    fn scan(&self, range: &KeyRange, visit: &mut Visit<'_>) -> Result<()> {
        self.latest().scan(range, visit)
    }
}

impl Engine for RedbEngine {
    fn commit(&self, batch: Batch) -> Result<()> {
        if self.broken.load(Ordering::Acquire) {
            return Err(broken());
        }
        self.copying.noting(&batch, || self.write(&batch))
    }

    fn snapshot(&self) -> Result<Arc<dyn View>> {
        Ok(self.latest())
    }

    fn copy(&self) -> Result<()> {
        let path = beside(&self.path);
        remove_if_there(&path)?;
        let copied = self
            .copying
            .copy(|| self.snapshot(), || Self::create(&path));
        if copied.is_err() {
            // The disk may be full.
            remove_if_there(&path)?;
        }
        copied
    }

    /// The new file takes the old one's name once it is whole and synced. Who still reads the
    /// old one has it open; its name is gone.
    fn swap(&self) -> Result<()> {
        let new = self.copying.finish(self)?;
        std::fs::rename(beside(&self.path), &self.path).map_err(StoreError::engine)?;
        self.replace(new.latest());
        let folder = std::path::absolute(&self.path).map_err(StoreError::engine)?;
        let synced = folder.parent().map_or(Ok(()), sync_folder);
        // After a power cut the name could mean the old file again, without what follows.
        self.broken.store(synced.is_err(), Ordering::Release);
        synced
    }

    fn checkpoint(&self) -> Result<()> {
        if self.broken.load(Ordering::Acquire) {
            return Err(broken());
        }
        self.write_free_pages()
    }

    fn room(&self) -> Result<Room> {
        let bytes = std::fs::metadata(&self.path).map_err(StoreError::engine)?;
        let database = Arc::clone(&self.latest().database);
        let transaction = database.begin_write().map_err(StoreError::engine)?;
        let stats = transaction.stats().map_err(StoreError::engine)?;
        transaction.abort().map_err(StoreError::engine)?;
        let used = stats
            .allocated_pages()
            .saturating_mul(stats.page_size() as u64);
        Ok(Room {
            bytes: bytes.len(),
            free: bytes.len().saturating_sub(used),
        })
    }
}
