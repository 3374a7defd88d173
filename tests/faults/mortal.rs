//! A store whose process can die right before or right behind any of its writes.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use wecom_agent::domain::clock::UnixMillis;
use wecom_agent::domain::contact::Contact;
use wecom_agent::domain::ids::{BroadcastId, EffectId, OpenKfId, Person, RecordId, RuleId};
use wecom_agent::domain::timer::Timer;
use wecom_agent::store::{
    Acceptance, ArchiveRow, AttemptEnd, AuditEntry, AuditQuery, Broadcast, BroadcastChange,
    BroadcastQuery, BroadcastTarget, Claim, ClaimedEffect, ClaimedRecord, ContactFacts,
    DecisionCommit, Deed, Depths, Erasure, FactSwap, Filling, FiredTimers, HistoryEntry, ItemId,
    KfPage, KfPush, NewRecord, PastRecord, QueueDetail, QueueFilter, QueueItem, QuotaUse,
    RecordQuery, Rescued, Reservation, Result, Retention, Signals, Snapshot, SopRow, SopRowQuery,
    Store, StoreError, SyncPage,
};

/// On which side of a write the process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Nothing of it has reached the disk.
    Before,
    /// It is on the disk, and nobody has heard so.
    After,
}

/// When one process dies, and what it did until then.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    dies_at: Option<(usize, Side)>,
    writes: Mutex<Vec<&'static str>>,
    dead: AtomicBool,
    died: Notify,
    refused: AtomicUsize,
}

impl Fate {
    /// Dies at the write of this number, counted from 0.
    pub(crate) fn dying_at(write: usize, side: Side) -> Arc<Self> {
        Arc::new(Self {
            dies_at: Some((write, side)),
            ..Self::default()
        })
    }

    /// Dies only when told to.
    pub(crate) fn open() -> Arc<Self> {
        Arc::default()
    }

    /// Nothing is written from here on, and nothing that waits is answered.
    pub(crate) fn kill(&self) {
        self.dead.store(true, Ordering::SeqCst);
        self.died.notify_one();
    }

    /// Returns when the process has died.
    pub(crate) async fn death(&self) {
        self.died.notified().await;
    }

    /// The names of the writes so far.
    pub(crate) fn writes(&self) -> Vec<&'static str> {
        self.writes.lock().expect("the writes").clone()
    }

    /// Errors that the store answered with, other than those that callers ask for.
    pub(crate) fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }

    fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// Counts a write; whether the process dies on this side of it.
    fn dies(&self, number: usize, side: Side) -> bool {
        let dies = self.dies_at == Some((number, side));
        if dies {
            self.kill();
        }
        dies
    }

    /// A write as seen by the process: maybe never answered.
    async fn write<T>(
        &self,
        name: &'static str,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        self.always(name, |_| true, true, call).await
    }

    /// A call that may find nothing to change.
    async fn take<T>(
        &self,
        name: &'static str,
        changes: impl Fn(&T) -> bool,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        self.always(name, changes, false, call).await
    }

    async fn read<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        if self.is_dead() {
            return std::future::pending().await;
        }
        to_its_end(call)
    }

    async fn always<T>(
        &self,
        name: &'static str,
        changes: impl Fn(&T) -> bool,
        certain: bool,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let number = self.writes.lock().expect("the writes").len();
        if self.is_dead() || (certain && self.dies(number, Side::Before)) {
            return std::future::pending().await;
        }
        let result = to_its_end(call);
        match &result {
            Ok(value) if changes(value) => {
                self.writes.lock().expect("the writes").push(name);
                let dies = self.dies(number, Side::After);
                if dies || (!certain && self.dies(number, Side::Before)) {
                    return std::future::pending().await;
                }
            }
            Err(StoreError::Engine(_) | StoreError::Corrupt { .. }) => {
                self.refused.fetch_add(1, Ordering::SeqCst);
            }
            _ => {}
        }
        result
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a store call to its end at once: what other threads do for it has no say in the order
/// of things, so that a seed tells the same story every time.
pub(crate) fn to_its_end<T>(call: impl Future<Output = T>) -> T {
    let mut call = pin!(tokio::task::coop::unconstrained(call));
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match call.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// A call whose sockets, timers and tasks belong to another runtime: a server knows nothing
/// of the story's time.
pub(crate) struct Inside<'a, T> {
    pub(crate) runtime: Option<&'a Handle>,
    pub(crate) call: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
}

impl<T> Future for Inside<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let _inside = self.runtime.map(Handle::enter);
        self.call.as_mut().poll(context)
    }
}

/// The store of a process that can die.
pub(crate) struct Mortal {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) fate: Arc<Fate>,
    /// Where the store works if it is not a part of the process.
    pub(crate) elsewhere: Option<Handle>,
}

/// Passes every call on: as a `read`, as a `write`, or as one that `takes` something if there
/// is something.
macro_rules! mortal {
    ($($how:ident $name:ident($($argument:ident: $type:ty),*) -> $out:ty $(, if $changes:expr)?;)*) => {
        #[async_trait]
        impl Store for Mortal {
            fn signals(&self) -> Arc<Signals> {
                self.inner.signals()
            }

            $(async fn $name(&self, $($argument: $type),*) -> Result<$out> {
                let call = Inside {
                    runtime: self.elsewhere.as_ref(),
                    call: self.inner.$name($($argument),*),
                };
                mortal!(@ self, $how, $name, call $(, $changes)?)
            })*
        }
    };
    (@ $self:ident, read, $name:ident, $call:ident) => { $self.fate.read($call).await };
    (@ $self:ident, write, $name:ident, $call:ident) => {
        $self.fate.write(stringify!($name), $call).await
    };
    (@ $self:ident, take, $name:ident, $call:ident, $changes:expr) => {
        $self.fate.take(stringify!($name), $changes, $call).await
    };
}

mortal! {
    write accept(records: Vec<NewRecord>) -> Vec<Acceptance>;
    write note_kf_push(push: KfPush) -> ();
    read pending_kf_pushes() -> Vec<KfPush>;
    write accept_kf_page(page: KfPage) -> Vec<Acceptance>;
    read kf_cursor(account: &OpenKfId) -> Option<String>;
    take claim_records(claim: Claim) -> Vec<ClaimedRecord>, if |claimed| !claimed.is_empty();
    write commit_decision(decision: DecisionCommit) -> Vec<EffectId>;
    write commit_decisions(decisions: Vec<DecisionCommit>) -> Vec<Result<Vec<EffectId>>>;
    read rule_uses(day: jiff::civil::Date) -> std::collections::BTreeMap<RuleId, u32>;
    write retry_record(id: RecordId, fence: u64, retry_at: UnixMillis, reason: &str) -> ();
    write bury_record(id: RecordId, fence: u64, reason: &str, now: UnixMillis) -> ();
    take claim_effects(claim: Claim) -> Vec<ClaimedEffect>, if |claimed| !claimed.is_empty();
    write finish_effect(id: EffectId, fence: u64, end: AttemptEnd, now: UnixMillis) -> ();
    write fail_sent_effect(id: EffectId, reason: &str, now: UnixMillis) -> bool;
    take rescue(now: UnixMillis) -> Rescued, if |rescued| rescued.records + rescued.effects > 0;
    write reserve(uses: &[QuotaUse], now: UnixMillis) -> Reservation;
    write give_back(uses: &[QuotaUse], now: UnixMillis) -> ();
    read contact(person: &Person) -> Option<Contact>;
    read contacts(persons: &[Person]) -> Vec<Option<Contact>>;
    write merge_contact(facts: ContactFacts) -> Contact;
    write take_sync_page(page: SyncPage) -> ();
    read contacts_after(after: Option<&Person>, limit: usize) -> Vec<Contact>;
    read history(conversation: &str, limit: usize) -> Vec<HistoryEntry>;
    read records(query: RecordQuery) -> Vec<PastRecord>;
    take fire_timers(now: UnixMillis, limit: usize) -> FiredTimers, if |fired| fired.count > 0;
    read due_timers(now: UnixMillis, limit: usize) -> Vec<Timer>;
    write set_timers(timers: Vec<Timer>) -> ();
    write remove_timers(keys: &[String]) -> ();
    read sop_rows(query: SopRowQuery) -> Vec<SopRow>;
    write note_held(id: EffectId, why: &str) -> ();
    read broadcast(id: BroadcastId) -> Option<Broadcast>;
    read broadcasts(query: BroadcastQuery) -> Vec<Broadcast>;
    read broadcasts_due(now: UnixMillis, limit: usize) -> Vec<Broadcast>;
    read broadcast_targets(id: BroadcastId, after: Option<&Person>, limit: usize) -> Vec<BroadcastTarget>;
    take change_broadcast(change: BroadcastChange) -> bool, if |changed| *changed;
    read fact(name: &str) -> Option<serde_json::Value>;
    read facts_under(prefix: &str) -> Vec<(String, serde_json::Value)>;
    write put_facts(facts: Vec<(String, serde_json::Value)>) -> ();
    write swap_facts(swap: FactSwap) -> Vec<Acceptance>;
    read depths(now: UnixMillis) -> Depths;
    read list(filter: QueueFilter) -> Vec<QueueItem>;
    read show(item: ItemId) -> Option<QueueDetail>;
    take redrive(item: ItemId, now: UnixMillis) -> bool, if |changed| *changed;
    take discard(item: ItemId, reason: &str, now: UnixMillis) -> bool, if |changed| *changed;
    read snapshot() -> Box<dyn Snapshot>;
    read filling() -> Option<Filling>;
    write fill(rows: Vec<ArchiveRow>, filling: Filling) -> ();
    write finish_filling() -> ();
    read erasure(person: &Person) -> Erasure;
    write erase(person: &Person, alias: &str) -> Erasure;
    write compact() -> ();
    take compact_if_worth() -> bool, if |did| *did;
    write note_deed(deed: Deed, now: UnixMillis) -> ();
    read deeds(query: AuditQuery) -> Vec<AuditEntry>;
    take prune(retention: Retention, now: UnixMillis, limit: usize) -> usize, if |removed| *removed > 0;
}
