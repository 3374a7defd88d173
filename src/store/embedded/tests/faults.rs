//! A disk that fails at the worst moment.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

use super::super::engine::layered::Layered;
use super::super::engine::memory::MemoryEngine;
use super::super::engine::{Batch, Engine, KeyRange, Room, Rows, View, Visit};
use super::super::{EmbeddedStore, disk};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{AppName, ConversationKey, CorpId, DedupeKey, RecordId};
use crate::domain::inbound::{Author, Channel, Inbound, Message, ReplyPath, Trigger};
use crate::store::{
    Acceptance, Claim, DecisionCommit, NewRecord, RecordBody, RecordOutcome, Result, Store,
    StoreError,
};

/// When the disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Nothing of the commit arrives.
    Before,
    /// All of it arrives, but nobody hears so.
    After,
}

/// The disk: it outlives the store, as a disk does.
struct Disk {
    rows: MemoryEngine,
    commits: AtomicUsize,
    fails_at: usize,
    fault: Fault,
    /// A commit waits while somebody holds this.
    gate: Mutex<()>,
}

impl Disk {
    fn failing_at(fails_at: usize, fault: Fault) -> Arc<Self> {
        Arc::new(Self {
            rows: MemoryEngine::default(),
            commits: AtomicUsize::new(0),
            fails_at,
            fault,
            gate: Mutex::new(()),
        })
    }
}

#[derive(Clone)]
struct FailingEngine(Arc<Disk>);

impl Rows for FailingEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.0.rows.get(key)
    }

    fn scan(&self, range: &KeyRange, visit: &mut Visit<'_>) -> Result<()> {
        self.0.rows.scan(range, visit)
    }
}

impl Engine for FailingEngine {
    fn commit(&self, batch: Batch) -> Result<()> {
        let _open = self.0.gate.lock().unwrap();
        let failing = self.0.commits.fetch_add(1, Ordering::SeqCst) == self.0.fails_at;
        if failing && self.0.fault == Fault::Before {
            return Err(StoreError::engine("the disk is gone"));
        }
        self.0.rows.commit(batch)?;
        if failing {
            return Err(StoreError::engine("the disk is gone"));
        }
        Ok(())
    }

    fn snapshot(&self) -> Result<Arc<dyn View>> {
        self.0.rows.snapshot()
    }

    fn copy(&self) -> Result<()> {
        self.0.rows.copy()
    }

    fn swap(&self) -> Result<()> {
        self.0.rows.swap()
    }

    fn room(&self) -> Result<Room> {
        self.0.rows.room()
    }
}

fn open(disk: &Arc<Disk>) -> Result<EmbeddedStore> {
    let engine = Layered::over(FailingEngine(Arc::clone(disk)));
    EmbeddedStore::over(Arc::new(engine), &CorpId::from("ww1"), None)
}

fn record(place: usize) -> NewRecord {
    let inbound = Inbound {
        channel: Channel::App,
        app: AppName::from("app"),
        at: UnixMillis(0),
        person: None,
        author: Author::Person,
        conversation: ConversationKey::from("one"),
        trigger: Trigger::Message(Message::text(place.to_string())),
        reply_path: ReplyPath::None,
    };
    NewRecord {
        dedupe: DedupeKey::from(place.to_string()),
        received_at: UnixMillis(0),
        urgent: false,
        body: RecordBody::Inbound {
            inbound,
            raw: String::new(),
        },
    }
}

fn claim() -> Claim {
    Claim {
        now: UnixMillis(0),
        lease: std::time::Duration::from_secs(60),
        limit: 10,
    }
}

/// Accepts two records at a time and decides one, as long as the disk lets it. Returns
/// what was acknowledged.
async fn work(
    store: &EmbeddedStore,
    accepted: &mut Vec<RecordId>,
    decided: &mut Vec<RecordId>,
) -> Result<()> {
    for round in 0..4 {
        let pair = vec![record(2 * round), record(2 * round + 1)];
        for acceptance in store.accept(pair).await? {
            if let Acceptance::New(id) = acceptance {
                accepted.push(id);
            }
        }
        for claimed in store.claim_records(claim()).await? {
            let decision = DecisionCommit {
                record: claimed.id,
                fence: claimed.fence,
                now: UnixMillis(0),
                outcome: RecordOutcome::Done { fired: vec![] },
                contact: None,
                reached: None,
                uses: vec![],
                unsettled: None,
                records: vec![],
                effects: vec![],
                broadcasts: vec![],
                timers: vec![],
                remove_timers: vec![],
                rows: vec![],
                notes: vec![],
                trace: None,
            };
            store.commit_decision(decision).await?;
            decided.push(claimed.id);
        }
    }
    Ok(())
}

/// Whatever was acknowledged is there after a restart; a pair of records is there whole
/// or not at all; every record is decided once, in order.
#[tokio::test]
async fn a_failed_commit_loses_nothing_that_was_acknowledged() {
    for fault in [Fault::Before, Fault::After] {
        for fails_at in 1..9 {
            let disk = Disk::failing_at(fails_at, fault);
            let (mut accepted, mut decided) = (Vec::new(), Vec::new());
            let store = open(&disk).unwrap();
            let outcome = work(&store, &mut accepted, &mut decided).await;
            assert!(
                matches!(outcome, Err(StoreError::Engine(_))),
                "{fault:?} at {fails_at}"
            );
            drop(store);

            let store = open(&disk).unwrap();
            let mut left = Vec::new();
            while let Some(claimed) = store.claim_records(claim()).await.unwrap().pop() {
                left.push(claimed.id);
                store
                    .bury_record(claimed.id, claimed.fence, "counted", UnixMillis(0))
                    .await
                    .unwrap();
            }
            let seen: Vec<RecordId> = decided.iter().chain(&left).copied().collect();
            // One decision may have arrived without anybody hearing so.
            let unheard = usize::from(fault == Fault::After && seen.len() % 2 == 1);
            assert!(accepted.iter().filter(|id| !seen.contains(id)).count() <= unheard);
            assert_eq!((seen.len() + unheard) % 2, 0, "pairs are whole: {seen:?}");
            assert!(seen.is_sorted(), "{seen:?}");
        }
    }
}

/// What arrived without anybody hearing so may be visible and yet not be on the disk: a
/// repeat of it must not be acknowledged as known. Claims of the failed group do not linger.
#[tokio::test]
async fn after_a_failed_group_nothing_is_acknowledged_until_it_is_opened_anew() {
    let disk = Disk::failing_at(1, Fault::After);
    let store = open(&disk).unwrap();
    assert!(store.accept(vec![record(0)]).await.is_err());
    store.signals().failed.notified().await;
    assert!(store.accept(vec![record(0)]).await.is_err());
    assert!(store.claim_records(claim()).await.is_err());
    drop(store);

    let store = open(&disk).unwrap();
    let again = store.accept(vec![record(0)]).await.unwrap();
    assert!(matches!(again[..], [Acceptance::Duplicate(_)]), "{again:?}");
    assert_eq!(store.claim_records(claim()).await.unwrap().len(), 1);
}

/// Whoever waits while a commit is under way shares the next one.
#[tokio::test]
async fn waiting_operations_share_a_commit() {
    let disk = Disk::failing_at(usize::MAX, Fault::Before);
    let store = open(&disk).unwrap();
    let before = disk.commits.load(Ordering::SeqCst);
    let mut calls = FuturesUnordered::new();
    for place in 0..50 {
        calls.push(store.accept(vec![record(place)]));
    }
    {
        let _gate = disk.gate.lock().unwrap();
        // Asking each call once puts all of them into the queue; none can be answered.
        assert!(calls.next().now_or_never().is_none());
    }
    while let Some(accepted) = calls.next().await {
        assert_eq!(accepted.unwrap().len(), 1);
    }
    // The writer may have begun with a part of them.
    assert!(disk.commits.load(Ordering::SeqCst) - before <= 2);
}

/// What came while the clock was an hour ahead does not wait for that hour to come, nor does
/// what stands behind it in its conversation.
#[tokio::test]
async fn what_came_from_the_future_is_due_when_the_clock_is_set_back() {
    let store = EmbeddedStore::open_on(&disk::Disk::default(), &CorpId::from("ww1")).unwrap();
    let ahead = UnixMillis(3_600_000);
    let early = |place| NewRecord {
        received_at: ahead,
        ..record(place)
    };
    store.rescue(ahead).await.unwrap();
    store.accept(vec![early(0), early(1)]).await.unwrap();
    assert!(store.claim_records(claim()).await.unwrap().is_empty());

    store.rescue(UnixMillis(0)).await.unwrap();
    for _ in 0..2 {
        let claimed = store.claim_records(claim()).await.unwrap();
        assert_eq!(claimed.len(), 1);
        let (id, fence) = (claimed[0].id, claimed[0].fence);
        let buried = store.bury_record(id, fence, "counted", UnixMillis(0));
        buried.await.unwrap();
    }
}
