//! The default engine: redb, a copy-on-write B-tree in one file.
//!
//! `Durability::Immediate` makes redb write the pages and the commit slot and then call
//! `fdatasync` once before `commit` returns. The slot carries a checksum, so that a torn
//! write falls back to the commit before it; the second `fdatasync` of the two-phase
//! mode only guards against crafted checksums and is not used.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use redb::{
    Database, DatabaseError, Durability, ReadOnlyTable, ReadableDatabase, StorageBackend,
    StorageError, TableDefinition,
};

use super::{Batch, Engine, KeyRange, Rows, Visit};
use crate::store::{Result, StoreError};

const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");

/// Pages kept in memory. redb's own default of 1 GiB suits a server of its own.
const CACHE_BYTES: usize = 64 << 20;

type Table = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// A redb file.
pub(crate) struct RedbEngine {
    /// The table as of the last commit. Opening it once a commit keeps a point read to
    /// the tree walk itself. Declared first: it must be gone before the database closes.
    latest: RwLock<Arc<Table>>,
    database: Database,
}

impl RedbEngine {
    /// Opens or creates the file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .create(path)
            .map_err(|error| opening(path, error))?;
        Self::over(database)
    }

    /// The same over anything that keeps bytes as a file does.
    pub(crate) fn open_on(backend: impl StorageBackend) -> Result<Self> {
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .create_with_backend(backend)
            .map_err(StoreError::engine)?;
        Self::over(database)
    }

    fn over(database: Database) -> Result<Self> {
        let transaction = database.begin_write().map_err(StoreError::engine)?;
        transaction.open_table(ROWS).map_err(StoreError::engine)?;
        transaction.commit().map_err(StoreError::engine)?;
        let latest = RwLock::new(Arc::new(newest_table(&database)?));
        Ok(Self { latest, database })
    }

    fn latest(&self) -> Arc<Table> {
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&latest)
    }
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

fn newest_table(database: &Database) -> Result<Table> {
    let transaction = database.begin_read().map_err(StoreError::engine)?;
    transaction.open_table(ROWS).map_err(StoreError::engine)
}

impl Rows for RedbEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let value = self.latest().get(key).map_err(StoreError::engine)?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    fn scan(&self, range: &KeyRange, visit: &mut Visit<'_>) -> Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        let rows = self
            .latest()
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

impl Engine for RedbEngine {
    fn commit(&self, batch: &Batch) -> Result<()> {
        let mut transaction = self.database.begin_write().map_err(StoreError::engine)?;
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
        let newest = Arc::new(newest_table(&self.database)?);
        *self.latest.write().unwrap_or_else(PoisonError::into_inner) = newest;
        Ok(())
    }
}
