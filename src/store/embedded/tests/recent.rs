//! What has been taken in is recognised, whether its hash is in memory or on the disk.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::{Strategy, prop_oneof, proptest};

use crate::domain::clock::UnixMillis;
use crate::domain::ids::{CorpId, DedupeKey};
use crate::store::embedded::engine::memory::MemoryEngine;
use crate::store::embedded::engine::{Engine, collect};
use crate::store::embedded::inbox::{PreparedRecord, accept};
use crate::store::embedded::keys::{Keys, Table, is_in_memory};
use crate::store::embedded::prune::prune;
use crate::store::embedded::txn::{Counter, Txn};
use crate::store::embedded::{engine, recent, schema};
use crate::store::{Acceptance, DedupeHash, NewRecord, RecordBody, Result, Retention};

/// A store without a disk, of which a restart keeps what would last.
struct Kept {
    engine: MemoryEngine,
    keys: Keys,
    opening: u64,
}

impl Kept {
    fn new() -> Self {
        let keys = Keys::new(&CorpId::from("ww1")).unwrap();
        let engine = MemoryEngine::default();
        let opening = schema::open(&engine, &keys).unwrap();
        Self {
            engine,
            keys,
            opening,
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Txn<'_>) -> Result<T>) -> T {
        let mut txn = Txn::over(&self.engine, &self.keys, self.opening);
        let changed = change(&mut txn).unwrap();
        txn.commit().unwrap();
        changed
    }

    fn restart(&mut self) {
        let all = engine::KeyRange {
            from: vec![],
            to: vec![u8::MAX; 40],
        };
        let rows = collect(&self.engine, &all, usize::MAX).unwrap();
        let lost = rows.into_iter().filter(|(key, _)| is_in_memory(key));
        self.engine
            .commit(lost.map(|(key, _)| (key, None)).collect())
            .unwrap();
        self.opening = schema::open(&self.engine, &self.keys).unwrap();
    }

    fn take(&self, name: u16, at: i64) -> Acceptance {
        let record = PreparedRecord::new(&record(name, at)).unwrap();
        self.change(|txn| accept(txn, vec![record])).remove(0)
    }

    fn in_memory(&self) -> usize {
        let recent = self.keys.all(Table::Recent);
        collect(&self.engine, &recent, usize::MAX).unwrap().len()
    }
}

fn record(name: u16, at: i64) -> NewRecord {
    NewRecord {
        dedupe: DedupeKey::from(name.to_string()),
        received_at: UnixMillis(at),
        urgent: false,
        body: RecordBody::Erased,
    }
}

fn hash(name: u16) -> [u8; 20] {
    DedupeHash::of(&name.to_string()).0
}

#[derive(Debug, Clone)]
enum Step {
    Take(u16),
    /// So many slices of hashes go to the disk.
    File(u64),
    /// What is older than so many steps is forgotten.
    Prune(usize),
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..30_u16).prop_map(Step::Take),
        2 => (1..400_u64).prop_map(Step::File),
        1 => (0..30_usize).prop_map(Step::Prune),
        1 => proptest::strategy::Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..80)
}

proptest! {
    #[test]
    fn a_repetition_is_recognised_until_it_is_forgotten(steps in steps()) {
        let mut store = Kept::new();
        let mut known: BTreeMap<u16, (u64, i64)> = BTreeMap::new();
        for (now, step) in (1_i64..).zip(steps) {
            match step {
                Step::Take(name) => match (store.take(name, now), known.get(&name)) {
                    (Acceptance::Duplicate(id), Some((first, _))) => assert_eq!(id.0, *first),
                    (Acceptance::New(id), None) => {
                        known.insert(name, (id.0, now));
                    }
                    (accepted, known) => panic!("{accepted:?} of {known:?}"),
                },
                Step::File(slices) => store.change(|txn| recent::file(txn, slices, 1)),
                Step::Prune(age) => {
                    let kept = Duration::from_millis(age as u64);
                    let retention = Retention {
                        dedupe: kept,
                        history: kept,
                        traces: kept,
                        reports: kept,
                        audit: kept,
                    };
                    store.change(|txn| prune(txn, retention, UnixMillis(now), 1000));
                    let past = UnixMillis(now).before(kept);
                    known.retain(|_, (_, at)| UnixMillis(*at) >= past);
                }
                Step::Restart => store.restart(),
            }
            let what_lasts = Txn::over(&store.engine, &store.keys, store.opening);
            for (name, (id, _)) in &known {
                let means = recent::means(&what_lasts, &store.keys, &hash(*name), *id);
                assert!(means.unwrap(), "{name} is {id}");
            }
        }
    }
}

#[test]
fn the_hashes_in_memory_are_bounded_and_so_is_what_an_opening_reads() {
    let mut store = Kept::new();
    let mut most = 0;
    for group in 0..50_u16 {
        let names = group * 20..(group + 1) * 20;
        for name in names {
            store.take(name, 0);
            store.change(|txn| recent::file(txn, 1, 1));
        }
        most = most.max(store.in_memory());
    }
    assert!(most < 256, "{most}");
    let filed = Counter::DedupeFiled
        .read(&store.engine, &store.keys)
        .unwrap();
    assert!((1000 - 2 * 256..1000).contains(&filed), "{filed}");
    store.restart();
    assert_eq!(store.in_memory() as u64, 1000 - filed);
}

/// Data of the version before: every hash is on the disk already.
#[test]
fn what_an_earlier_version_took_in_is_recognised() {
    let mut store = Kept::new();
    let first = store.take(7, 0);
    store.change(|txn| {
        recent::file(txn, 256, 1)?;
        txn.set(Counter::DedupeFiled, 0);
        txn.set(Counter::Schema, 1);
        Ok(())
    });
    store.restart();
    assert_eq!(store.in_memory(), 0, "nothing is read that need not be");
    let Acceptance::New(id) = first else {
        panic!("{first:?}")
    };
    assert_eq!(store.take(7, 1), Acceptance::Duplicate(id));
}
