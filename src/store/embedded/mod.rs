//! The embedded store: no server beside the agent, one folder of data.
//!
//! `engine` is the little that it asks of a key-value engine, `keys` says where each
//! row lives, `writer` turns many operations into one durable commit, and `lanes`
//! keeps order within a conversation. The other files hold one concern each, written as
//! plain functions over a transaction.
//!
//! # When is something on the disk?
//!
//! Every write goes through the writer thread, and its caller hears `Ok` only after the
//! engine's commit has returned, which is after `fdatasync` of everything in it (see
//! `engine` for how each engine keeps that). A group of operations shares a commit; if
//! that fails, none of them is acknowledged. Claims of records are the one exception:
//! they are kept in memory, because processing has no effect outside before its decision
//! is committed.
//!
//! When the disk fails, nobody can tell what it still holds. Both engines then refuse
//! further commits with [`StoreError::Engine`] until the store is opened again, which
//! begins with what is really there.

mod admin;
mod archive;
mod audit;
mod broadcasts;
mod contacts;
mod decision;
mod disk;
mod engine;
mod erase;
mod facts;
mod fill;
mod history;
mod inbox;
mod item;
mod keys;
mod kf;
mod lanes;
mod lock;
mod outbox;
mod past;
mod prune;
mod quotas;
mod recent;
mod schema;
mod sop_rows;
mod timers;
mod trait_impl;
mod txn;
mod uses;
mod writer;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

pub use self::disk::Disk;

use self::engine::layered::Layered;
use self::engine::redb::RedbEngine;
use self::engine::sled::SledEngine;
use self::engine::{Engine, Rows};
use self::keys::Keys;
use self::lock::FolderLock;
use self::writer::{Shared, Writer};
use super::{CLOCK_CORRECTION, Result, Signals, StoreError};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::CorpId;

/// The store of one corp in a folder of this machine.
///
/// Dropping it finishes what was asked for and releases the folder.
pub struct EmbeddedStore {
    // The order is the order of closing: writer, then engine, then lock.
    writer: Writer,
    shared: Arc<Shared>,
    /// When claims were last looked after.
    rescued_at: AtomicI64,
    /// One rewriting at a time.
    rewriting: tokio::sync::Mutex<()>,
    _lock: Option<FolderLock>,
}

/// How long the last holder of a folder may take to let go of it. sled's own threads close
/// their file a moment after the database is dropped.
const PATIENCE: Duration = Duration::from_millis(500);

/// Tries to open again while the folder is still held.
fn patiently(open: impl Fn() -> Result<EmbeddedStore>) -> Result<EmbeddedStore> {
    let began = Instant::now();
    loop {
        match open() {
            Err(
                StoreError::InUse { .. } | StoreError::NotOpened { .. } | StoreError::Engine(_),
            ) if began.elapsed() < PATIENCE => std::thread::sleep(PATIENCE / 20),
            opened => return opened,
        }
    }
}

impl EmbeddedStore {
    /// Opens or creates a store on redb.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`] if another process has the folder open,
    /// [`StoreError::NewerSchema`] if a newer version has written it.
    pub fn open_redb(folder: &Path, corp: &CorpId) -> Result<Self> {
        patiently(|| {
            let lock = FolderLock::take(folder)?;
            let engine = RedbEngine::open(&folder.join("store.redb"))?;
            lock.sync_names()?;
            Self::over(Arc::new(Layered::over(engine)), corp, Some(lock))
        })
    }

    /// Opens or creates a store on sled.
    ///
    /// # Errors
    ///
    /// As [`Self::open_redb`].
    pub fn open_sled(folder: &Path, corp: &CorpId) -> Result<Self> {
        patiently(|| {
            let lock = FolderLock::take(folder)?;
            let engine = SledEngine::open(&folder.join("sled"))?;
            lock.sync_names()?;
            Self::over(Arc::new(Layered::over(engine)), corp, Some(lock))
        })
    }

    fn over(engine: Arc<dyn Engine>, corp: &CorpId, lock: Option<FolderLock>) -> Result<Self> {
        let keys = Keys::new(corp)?;
        let opening = schema::open(engine.as_ref(), &keys)?;
        let shared = Arc::new(Shared {
            engine,
            keys,
            opening,
            signals: Arc::new(Signals::default()),
        });
        Ok(Self {
            writer: Writer::start(Arc::clone(&shared))?,
            shared,
            // Nobody knows what the clock did while nobody looked.
            rescued_at: AtomicI64::new(i64::MAX),
            rewriting: tokio::sync::Mutex::new(()),
            _lock: lock,
        })
    }

    /// Whether the clock has been set back since the last time, by more than the machines'
    /// own small corrections.
    fn set_back(&self, now: UnixMillis) -> bool {
        let before = self.rescued_at.swap(now.0, Ordering::Relaxed);
        UnixMillis(before).since(now) > CLOCK_CORRECTION
    }

    /// Finishes what was asked for before; every later change is refused with
    /// [`StoreError::Closed`].
    pub async fn close(&self) {
        self.writer.close().await;
    }

    /// Writes all files anew. Others go on writing while the rows are copied; they wait while
    /// what has changed meanwhile follows.
    async fn rewrite(&self) -> Result<()> {
        let _alone = self.rewriting.lock().await;
        let engine = Arc::clone(&self.shared.engine);
        let copied = tokio::task::spawn_blocking(move || engine.copy());
        copied
            .await
            .unwrap_or_else(|error| Err(StoreError::engine(error)))?;
        self.writer.swap().await
    }

    /// Runs a read that may walk many rows where it does not hold up other tasks.
    async fn read<T, F>(&self, read: F) -> Result<T>
    where
        F: FnOnce(&dyn Rows, &Keys) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        let task = tokio::task::spawn_blocking(move || read(shared.engine.as_ref(), &shared.keys));
        task.await
            .unwrap_or_else(|error| Err(StoreError::engine(error)))
    }
}
