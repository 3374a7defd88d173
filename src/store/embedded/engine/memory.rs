//! Rows that live as long as the process.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError, RwLock};

use super::{Batch, Engine, KeyRange, Room, Rows, View, Visit};
use crate::store::Result;

/// An engine without a disk.
#[derive(Debug, Default)]
pub(crate) struct MemoryEngine {
    rows: RwLock<BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl Rows for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        Ok(rows.get(key).cloned())
    }

    fn scan(&self, range: &KeyRange, visit: &mut Visit<'_>) -> Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in rows.range::<[u8], _>(range.bounds()) {
            if visit(key, value) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }
}

impl Engine for MemoryEngine {
    fn commit(&self, batch: &Batch) -> Result<()> {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in batch {
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        Ok(())
    }

    fn snapshot(&self) -> Result<Arc<dyn View>> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::new(Self {
            rows: RwLock::new(rows.clone()),
        }))
    }

    fn copy(&self) -> Result<()> {
        Ok(())
    }

    fn swap(&self) -> Result<()> {
        Ok(())
    }

    fn room(&self) -> Result<Room> {
        Ok(Room::default())
    }
}

impl View for MemoryEngine {}
