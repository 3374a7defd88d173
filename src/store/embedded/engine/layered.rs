//! A lasting engine with one in memory beside it, told apart by table.
//!
//! The memory tables hold what a restart works out afresh: which records are claimed,
//! and which are due. Treating them as rows gives them the transaction's roll-back
//! without a second mechanism, and a commit that touches nothing else costs no disk.

use std::sync::Arc;

use super::memory::MemoryEngine;
use super::{Batch, Engine, KeyRange, Room, Rows, View, Visit};
use crate::store::Result;
use crate::store::embedded::keys;

/// Two engines that look like one.
pub(crate) struct Layered<E> {
    lasting: E,
    memory: MemoryEngine,
}

impl<E: Engine> Layered<E> {
    /// Puts an empty memory engine beside `lasting`.
    pub(crate) fn over(lasting: E) -> Self {
        Self {
            lasting,
            memory: MemoryEngine::default(),
        }
    }

    fn of(&self, key: &[u8]) -> &dyn Rows {
        if keys::is_in_memory(key) {
            &self.memory
        } else {
            &self.lasting
        }
    }
}

impl<E: Engine> Rows for Layered<E> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.of(key).get(key)
    }

    fn scan(&self, range: &KeyRange, visit: &mut Visit<'_>) -> Result<()> {
        self.of(&range.from).scan(range, visit)
    }
}

impl<E: Engine> Engine for Layered<E> {
    fn commit(&self, mut batch: Batch) -> Result<()> {
        let memory = batch.extract_if(.., |key, _| keys::is_in_memory(key));
        let memory: Batch = memory.collect();
        if !batch.is_empty() {
            self.lasting.commit(batch)?;
        }
        self.memory.commit(memory)
    }

    /// Of what lasts: the rest follows from it.
    fn snapshot(&self) -> Result<Arc<dyn View>> {
        self.lasting.snapshot()
    }

    fn copy(&self) -> Result<()> {
        self.lasting.copy()
    }

    fn swap(&self) -> Result<()> {
        self.lasting.swap()
    }

    fn room(&self) -> Result<Room> {
        self.lasting.room()
    }

    fn checkpoint(&self) -> Result<()> {
        self.lasting.checkpoint()
    }
}
