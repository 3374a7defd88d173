//! Rows in memory that outlive the store, as a disk does: for tests of a process that dies,
//! and for stores that need not last.

use std::sync::Arc;

use super::EmbeddedStore;
use super::engine::layered::Layered;
use super::engine::memory::MemoryEngine;
use super::engine::redb::RedbEngine;
use super::engine::{Batch, Engine, KeyRange, Room, Rows, View, Visit};
use crate::domain::ids::CorpId;
use crate::store::Result;

/// What a store has committed, as long as anybody holds it. A clone is the same disk.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<MemoryEngine>);

impl Rows for Disk {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.0.get(key)
    }

    fn scan(&self, range: &KeyRange, visit: &mut Visit<'_>) -> Result<()> {
        self.0.scan(range, visit)
    }
}

impl Engine for Disk {
    fn commit(&self, batch: &Batch) -> Result<()> {
        self.0.commit(batch)
    }

    fn snapshot(&self) -> Result<Arc<dyn View>> {
        self.0.snapshot()
    }

    fn copy(&self) -> Result<()> {
        self.0.copy()
    }

    fn swap(&self) -> Result<()> {
        self.0.swap()
    }

    fn room(&self) -> Result<Room> {
        self.0.room()
    }
}

impl EmbeddedStore {
    /// Opens or creates a store on redb over anything that keeps bytes as a file does.
    ///
    /// # Errors
    ///
    /// [`StoreError::Engine`](crate::store::StoreError::Engine) if redb cannot use it.
    pub fn open_redb_on(backend: impl redb::StorageBackend, corp: &CorpId) -> Result<Self> {
        let engine = RedbEngine::open_on(backend)?;
        Self::over(Arc::new(Layered::over(engine)), corp, None)
    }

    /// Opens what is on a disk in memory. Nobody else may have it open.
    ///
    /// # Errors
    ///
    /// [`StoreError::NewerSchema`](crate::store::StoreError::NewerSchema) if a newer version
    /// has written it.
    pub fn open_on(disk: &Disk, corp: &CorpId) -> Result<Self> {
        Self::over(Arc::new(Layered::over(disk.clone())), corp, None)
    }
}
