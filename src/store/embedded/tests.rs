//! The conformance suite over both engines, and what only an embedded store can do.

mod checkpoint;
mod faults;
mod recent;
mod rewriting;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tempfile::TempDir;

use super::engine::Engine;
use super::engine::redb::RedbEngine;
use super::keys::Keys;
use super::txn::{Counter, Txn};
use super::{EmbeddedStore, schema};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::CorpId;
use crate::store::conformance::Subject;
use crate::store::{Result, Store, StoreError};

/// A store in a folder of its own.
struct InFolder {
    folder: TempDir,
    open: fn(&Path, &CorpId) -> Result<EmbeddedStore>,
}

impl InFolder {
    fn new(open: fn(&Path, &CorpId) -> Result<EmbeddedStore>) -> Self {
        let folder = TempDir::new().unwrap();
        Self { folder, open }
    }
}

#[async_trait]
impl Subject for InFolder {
    async fn open(&self, corp: &str) -> Arc<dyn Store> {
        Arc::new((self.open)(self.folder.path(), &CorpId::from(corp)).unwrap())
    }
}

mod redb {
    use crate::store::conformance::store_conformance;

    store_conformance!(crate::store::embedded::tests::InFolder::new(
        crate::store::embedded::EmbeddedStore::open_redb
    ));
}

mod sled {
    use crate::store::conformance::store_conformance;

    store_conformance!(crate::store::embedded::tests::InFolder::new(
        crate::store::embedded::EmbeddedStore::open_sled
    ));
}

#[tokio::test]
async fn a_folder_that_is_in_use_is_refused() {
    let corp = CorpId::from("ww1");
    for open in [EmbeddedStore::open_redb, EmbeddedStore::open_sled] {
        let folder = TempDir::new().unwrap();
        let first = open(folder.path(), &corp).unwrap();
        let second = open(folder.path(), &corp);
        assert!(matches!(second, Err(StoreError::InUse { .. })));
        drop(first);
        open(folder.path(), &corp).unwrap();
    }
}

#[test]
fn the_data_of_a_newer_version_is_refused() {
    let folder = TempDir::new().unwrap();
    let corp = CorpId::from("ww1");
    drop(EmbeddedStore::open_redb(folder.path(), &corp).unwrap());
    {
        let engine = RedbEngine::open(&folder.path().join("store.redb")).unwrap();
        let keys = Keys::new(&corp).unwrap();
        let mut txn = Txn::over(&engine, &keys, 0);
        assert_eq!(
            Counter::Schema.read(&txn, &keys).unwrap(),
            u64::from(schema::VERSION)
        );
        txn.set(Counter::Schema, 7);
        txn.commit().unwrap();
    }
    let refused = EmbeddedStore::open_redb(folder.path(), &corp);
    assert!(matches!(
        refused,
        Err(StoreError::NewerSchema {
            found: 7,
            known: schema::VERSION
        })
    ));
}

#[tokio::test]
async fn a_closed_store_refuses_changes() {
    let folder = TempDir::new().unwrap();
    let store = EmbeddedStore::open_redb(folder.path(), &CorpId::from("ww1")).unwrap();
    store.set_timers(vec![]).await.unwrap();
    store.close().await;
    assert!(matches!(
        store.rescue(UnixMillis(0)).await,
        Err(StoreError::Closed)
    ));
    store.close().await;
}

#[test]
fn a_broken_file_is_an_error() {
    let corp = CorpId::from("ww1");
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("store.redb"), b"not a database at all").unwrap();
    assert!(matches!(
        EmbeddedStore::open_redb(folder.path(), &corp),
        Err(StoreError::Damaged { path, .. }) if path.ends_with("store.redb")
    ));

    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("sled")).unwrap();
    std::fs::write(folder.path().join("sled/conf"), b"segment_size: what").unwrap();
    assert!(matches!(
        EmbeddedStore::open_sled(folder.path(), &corp),
        Err(StoreError::Damaged { path, .. }) if path.ends_with("sled")
    ));
}

/// Both engines keep rows alike, large ones too.
#[test]
fn engines_keep_large_rows_and_order() {
    let folder = TempDir::new().unwrap();
    let engines: [Box<dyn Engine>; 2] = [
        Box::new(RedbEngine::open(&folder.path().join("r")).unwrap()),
        Box::new(super::engine::sled::SledEngine::open(&folder.path().join("s")).unwrap()),
    ];
    for engine in engines {
        let large: Vec<u8> = (0..300_000_u32)
            .map(|place| place.to_le_bytes()[0])
            .collect();
        let rows = [
            (b"a1".to_vec(), Some(large.clone())),
            (b"a2".to_vec(), Some(b"x".to_vec())),
        ];
        engine.commit(rows.into()).unwrap();
        assert_eq!(engine.get(b"a1").unwrap(), Some(large.clone()));
        let shorter = large[..10_000].to_vec();
        engine
            .commit([(b"a1".to_vec(), Some(shorter.clone()))].into())
            .unwrap();
        let range = super::engine::KeyRange::prefix(b"a".to_vec());
        let found = super::engine::collect(engine.as_ref(), &range, 9).unwrap();
        assert_eq!(
            found,
            [(b"a1".to_vec(), shorter), (b"a2".to_vec(), b"x".to_vec())]
        );
        engine.commit([(b"a1".to_vec(), None)].into()).unwrap();
        assert_eq!(
            super::engine::collect(engine.as_ref(), &range, 9)
                .unwrap()
                .len(),
            1
        );
    }
}
