//! A process that is killed when it has nothing to do opens its store again without looking
//! through all of it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use redb::Database;

use super::super::EmbeddedStore;
use super::super::engine::redb::RedbEngine;
use super::super::engine::{Batch, Engine as _, Rows as _};
use crate::domain::ids::CorpId;

/// A file in memory.
#[derive(Debug, Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Bytes {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap()
    }

    /// What a process that is killed now leaves behind.
    fn left_behind(&self) -> Self {
        Self(Arc::new(Mutex::new(self.lock().clone())))
    }

    /// Whether all of it has to be looked through after a kill.
    fn is_looked_through(&self) -> bool {
        let looked = Arc::new(AtomicBool::new(false));
        let noting = Arc::clone(&looked);
        Database::builder()
            .set_repair_callback(move |_| noting.store(true, Ordering::Relaxed))
            .create_with_backend(self.left_behind())
            .unwrap();
        looked.load(Ordering::Relaxed)
    }
}

fn at(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}

impl redb::StorageBackend for Bytes {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        out.copy_from_slice(&self.lock()[at(offset)..at(offset) + out.len()]);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.lock().resize(at(length), 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.lock()[at(offset)..at(offset) + data.len()].copy_from_slice(data);
        Ok(())
    }
}

fn put(engine: &RedbEngine, key: &[u8], value: &[u8]) {
    let batch = Batch::from([(key.to_vec(), Some(value.to_vec()))]);
    engine.commit(batch).unwrap();
}

#[test]
fn a_file_is_not_looked_through_after_a_checkpoint() {
    let file = Bytes::default();
    let engine = RedbEngine::open_on(file.clone()).unwrap();
    for row in 0..100_u8 {
        put(&engine, &[row], &[row; 1000]);
    }
    assert!(file.is_looked_through());
    engine.checkpoint().unwrap();
    assert!(!file.is_looked_through());
    // What is written afterwards is not covered, until the next one.
    for row in 0..50_u8 {
        put(&engine, &[row], &[100 + row; 2000]);
    }
    assert!(file.is_looked_through());
    engine.checkpoint().unwrap();
    assert!(!file.is_looked_through());

    let opened = RedbEngine::open_on(file.left_behind()).unwrap();
    put(&opened, b"new", b"written over free pages");
    for row in 0..100_u8 {
        let value = match row {
            0..50 => vec![100 + row; 2000],
            _ => vec![row; 1000],
        };
        assert_eq!(opened.get(&[row]).unwrap(), Some(value), "{row}");
    }
}

/// Nobody has to ask for it.
#[tokio::test]
async fn a_quiet_store_is_ready_to_be_killed() {
    let file = Bytes::default();
    let store = EmbeddedStore::open_redb_on(file.clone(), &CorpId::from("ww1")).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while file.is_looked_through() {
        assert!(Instant::now() < until, "no checkpoint");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(store);
}
