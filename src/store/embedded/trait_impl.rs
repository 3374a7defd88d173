//! The [`Store`] trait over the files beside: prepare here, write on the writer thread.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::archive::EmbeddedSnapshot;
use super::decision::PreparedDecision;
use super::inbox::PreparedRecord;
use super::item::{INBOX, OUTBOX};
use super::keys::Table;
use super::kf::PreparedPage;
use super::txn::{Txn, get_json};
use super::{
    EmbeddedStore, admin, audit, broadcasts, contacts, decision, erase, facts, fill, history,
    inbox, kf, outbox, past, prune, quotas, sop_rows, timers, uses,
};
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::ids::{BroadcastId, EffectId, OpenKfId, Person, RecordId, RuleId};
use crate::domain::timer::Timer;
use crate::store::{
    Acceptance, ArchiveRow, AttemptEnd, AuditEntry, AuditQuery, Broadcast, BroadcastChange,
    BroadcastQuery, BroadcastTarget, Claim, ClaimedEffect, ClaimedRecord, ContactFacts,
    DecisionCommit, Deed, Depths, Erasure, FactSwap, Filling, FiredTimers, HistoryEntry, ItemId,
    KfPage, KfPush, NewRecord, PastRecord, QueueDetail, QueueFilter, QueueItem, QuotaUse,
    RecordQuery, Rescued, Reservation, Result, Retention, Signals, Snapshot, SopRow, SopRowQuery,
    Store, StoreError, SyncPage,
};

#[async_trait]
impl Store for EmbeddedStore {
    fn signals(&self) -> Arc<Signals> {
        Arc::clone(&self.shared.signals)
    }

    async fn accept(&self, records: Vec<NewRecord>) -> Result<Vec<Acceptance>> {
        let records: Vec<PreparedRecord> = records
            .iter()
            .map(PreparedRecord::new)
            .collect::<Result<_>>()?;
        self.writer
            .run(move |txn| inbox::accept(txn, records))
            .await
    }

    async fn note_kf_push(&self, push: KfPush) -> Result<()> {
        self.writer.run(move |txn| kf::note_push(txn, push)).await
    }

    async fn pending_kf_pushes(&self) -> Result<Vec<KfPush>> {
        self.read(kf::pending_pushes).await
    }

    async fn accept_kf_page(&self, page: KfPage) -> Result<Vec<Acceptance>> {
        let page = PreparedPage::new(page)?;
        self.writer.run(move |txn| kf::accept_page(txn, page)).await
    }

    async fn kf_cursor(&self, account: &OpenKfId) -> Result<Option<String>> {
        kf::cursor(self.shared.engine.as_ref(), &self.shared.keys, account)
    }

    async fn claim_records(&self, claim: Claim) -> Result<Vec<ClaimedRecord>> {
        let taken = self.writer.run(move |txn| inbox::claim(txn, claim)).await?;
        let mut claimed = Vec::with_capacity(taken.len());
        for taken in taken {
            match inbox::claimed(&taken) {
                Ok(record) => claimed.push(record),
                Err(reason) => {
                    let (id, fence) = (RecordId(taken.id), taken.claim.fence);
                    self.bury_record(id, fence, &reason, claim.now).await?;
                }
            }
        }
        Ok(claimed)
    }

    async fn commit_decision(&self, decision: DecisionCommit) -> Result<Vec<EffectId>> {
        let decision = PreparedDecision::new(decision)?;
        self.writer
            .run(move |txn| decision::commit(txn, decision))
            .await
    }

    async fn commit_decisions(
        &self,
        decisions: Vec<DecisionCommit>,
    ) -> Result<Vec<Result<Vec<EffectId>>>> {
        let decisions: Vec<Result<PreparedDecision>> =
            decisions.into_iter().map(PreparedDecision::new).collect();
        self.writer
            .run(move |txn| {
                let each = decisions.into_iter();
                Ok(each
                    .map(|one| txn.attempt(|txn| decision::commit(txn, one?)))
                    .collect())
            })
            .await
    }

    async fn rule_uses(&self, day: jiff::civil::Date) -> Result<BTreeMap<RuleId, u32>> {
        self.read(move |rows, keys| uses::on(rows, keys, day)).await
    }

    async fn retry_record(
        &self,
        id: RecordId,
        fence: u64,
        retry_at: UnixMillis,
        reason: &str,
    ) -> Result<()> {
        let reason = reason.to_owned();
        self.writer
            .run(move |txn| inbox::retry(txn, id, fence, retry_at, reason))
            .await
    }

    async fn bury_record(
        &self,
        id: RecordId,
        fence: u64,
        reason: &str,
        _now: UnixMillis,
    ) -> Result<()> {
        let reason = reason.to_owned();
        self.writer
            .run(move |txn| inbox::bury(txn, id, fence, reason))
            .await
    }

    async fn claim_effects(&self, claim: Claim) -> Result<Vec<ClaimedEffect>> {
        let taken = self
            .writer
            .run(move |txn| outbox::claim(txn, claim))
            .await?;
        let mut claimed = Vec::with_capacity(taken.len());
        for taken in taken {
            match outbox::claimed(&taken) {
                Ok(effect) => claimed.push(effect),
                Err(reason) => {
                    let (id, fence) = (EffectId(taken.id), taken.claim.fence);
                    let end = AttemptEnd::Failed { reason };
                    self.finish_effect(id, fence, end, claim.now).await?;
                }
            }
        }
        Ok(claimed)
    }

    async fn finish_effect(
        &self,
        id: EffectId,
        fence: u64,
        end: AttemptEnd,
        now: UnixMillis,
    ) -> Result<()> {
        self.writer
            .run(move |txn| outbox::finish(txn, id, fence, end, now))
            .await
    }

    async fn fail_sent_effect(&self, id: EffectId, reason: &str, _now: UnixMillis) -> Result<bool> {
        let reason = reason.to_owned();
        self.writer
            .run(move |txn| outbox::fail_sent(txn, id, reason))
            .await
    }

    async fn rescue(&self, now: UnixMillis) -> Result<Rescued> {
        let set_back = self.set_back(now);
        self.writer
            .run(move |txn| {
                if set_back {
                    INBOX.catch_up(txn, now)?;
                    OUTBOX.catch_up(txn, now)?;
                }
                Ok(Rescued {
                    records: INBOX.rescue(txn, now)?,
                    effects: OUTBOX.rescue(txn, now)?,
                })
            })
            .await
    }

    async fn reserve(&self, uses: &[QuotaUse], now: UnixMillis) -> Result<Reservation> {
        let uses = uses.to_vec();
        self.writer
            .run(move |txn| quotas::reserve(txn, &uses, now))
            .await
    }

    async fn give_back(&self, uses: &[QuotaUse], _now: UnixMillis) -> Result<()> {
        let uses = uses.to_vec();
        self.writer
            .run(move |txn| quotas::give_back(txn, &uses))
            .await
    }

    async fn contact(&self, person: &Person) -> Result<Option<Contact>> {
        let key = contacts::key(&self.shared.keys, person);
        get_json(self.shared.engine.as_ref(), &key, "contact")
    }

    async fn contacts(&self, persons: &[Person]) -> Result<Vec<Option<Contact>>> {
        let persons = persons.to_vec();
        self.read(move |rows, keys| {
            let each = persons.iter();
            each.map(|person| get_json(rows, &contacts::key(keys, person), "contact"))
                .collect()
        })
        .await
    }

    async fn merge_contact(&self, facts: ContactFacts) -> Result<Contact> {
        self.writer
            .run(move |txn| contacts::merge(txn, facts))
            .await
    }

    async fn take_sync_page(&self, page: SyncPage) -> Result<()> {
        let records: Vec<PreparedRecord> = page
            .records
            .iter()
            .map(PreparedRecord::new)
            .collect::<Result<_>>()?;
        let notes = facts::prepare(page.notes)?;
        self.writer
            .run(move |txn| {
                for facts in page.contacts {
                    contacts::merge(txn, facts)?;
                }
                inbox::accept(txn, records)?;
                facts::put(txn, notes)
            })
            .await
    }

    async fn contacts_after(&self, after: Option<&Person>, limit: usize) -> Result<Vec<Contact>> {
        let after = after.cloned();
        self.read(move |rows, keys| contacts::after(rows, keys, after.as_ref(), limit))
            .await
    }

    async fn records(&self, query: RecordQuery) -> Result<Vec<PastRecord>> {
        self.read(move |rows, keys| past::records(rows, keys, query))
            .await
    }

    async fn history(&self, conversation: &str, limit: usize) -> Result<Vec<HistoryEntry>> {
        let conversation = conversation.to_owned();
        self.read(move |rows, keys| history::of(rows, keys, &conversation, limit))
            .await
    }

    async fn due_timers(&self, now: UnixMillis, limit: usize) -> Result<Vec<Timer>> {
        self.read(move |rows, keys| timers::due(rows, keys, now, limit))
            .await
    }

    async fn fire_timers(&self, now: UnixMillis, limit: usize) -> Result<FiredTimers> {
        // Most looks find nothing: they cost a read and no commit.
        let next = self
            .read(|rows, keys| timers::due(rows, keys, UnixMillis(i64::MAX - 1), 1))
            .await?;
        match next.first().map(|timer| timer.due) {
            Some(due) if due <= now => {
                let fire = move |txn: &mut Txn<'_>| timers::fire(txn, now, limit);
                self.writer.run(fire).await
            }
            next => Ok(FiredTimers { count: 0, next }),
        }
    }

    async fn set_timers(&self, timers: Vec<Timer>) -> Result<()> {
        let timers = timers::prepare(timers)?;
        self.writer.run(move |txn| timers::set(txn, timers)).await
    }

    async fn remove_timers(&self, keys: &[String]) -> Result<()> {
        let keys = keys.to_vec();
        self.writer.run(move |txn| timers::remove(txn, &keys)).await
    }

    async fn sop_rows(&self, query: SopRowQuery) -> Result<Vec<SopRow>> {
        self.read(move |rows, keys| sop_rows::of(rows, keys, &query))
            .await
    }

    async fn note_held(&self, id: EffectId, why: &str) -> Result<()> {
        let why = why.to_owned();
        self.writer
            .run(move |txn| outbox::note_held(txn, id, &why))
            .await
    }

    async fn broadcast(&self, id: BroadcastId) -> Result<Option<Broadcast>> {
        self.read(move |rows, keys| broadcasts::load(rows, keys, id))
            .await
    }

    async fn broadcasts(&self, query: BroadcastQuery) -> Result<Vec<Broadcast>> {
        self.read(move |rows, keys| broadcasts::list(rows, keys, &query))
            .await
    }

    async fn broadcasts_due(&self, now: UnixMillis, limit: usize) -> Result<Vec<Broadcast>> {
        self.read(move |rows, keys| broadcasts::due(rows, keys, now, limit))
            .await
    }

    async fn broadcast_targets(
        &self,
        id: BroadcastId,
        after: Option<&Person>,
        limit: usize,
    ) -> Result<Vec<BroadcastTarget>> {
        let after = after.cloned();
        self.read(move |rows, keys| broadcasts::targets(rows, keys, id, after.as_ref(), limit))
            .await
    }

    async fn change_broadcast(&self, change: BroadcastChange) -> Result<bool> {
        self.writer
            .run(move |txn| broadcasts::change(txn, change))
            .await
    }

    async fn fact(&self, name: &str) -> Result<Option<serde_json::Value>> {
        let key = self.shared.keys.text(Table::Fact, name);
        get_json(self.shared.engine.as_ref(), &key, "fact")
    }

    async fn put_facts(&self, facts: Vec<(String, serde_json::Value)>) -> Result<()> {
        let facts = facts::prepare(facts)?;
        self.writer.run(move |txn| facts::put(txn, facts)).await
    }

    async fn facts_under(&self, prefix: &str) -> Result<Vec<(String, serde_json::Value)>> {
        let prefix = prefix.to_owned();
        self.read(move |rows, keys| facts::under(rows, keys, &prefix))
            .await
    }

    async fn swap_facts(&self, swap: FactSwap) -> Result<Vec<Acceptance>> {
        let swap = facts::PreparedSwap::new(swap)?;
        self.writer.run(move |txn| facts::swap(txn, swap)).await
    }

    async fn depths(&self, now: UnixMillis) -> Result<Depths> {
        self.read(move |rows, keys| admin::depths(rows, keys, now))
            .await
    }

    async fn list(&self, filter: QueueFilter) -> Result<Vec<QueueItem>> {
        self.read(move |rows, keys| admin::list(rows, keys, filter))
            .await
    }

    async fn show(&self, item: ItemId) -> Result<Option<QueueDetail>> {
        self.read(move |rows, keys| admin::show(rows, keys, item))
            .await
    }

    async fn redrive(&self, item: ItemId, now: UnixMillis) -> Result<bool> {
        self.writer
            .run(move |txn| admin::redrive(txn, item, now))
            .await
    }

    async fn discard(&self, item: ItemId, reason: &str, now: UnixMillis) -> Result<bool> {
        let reason = reason.to_owned();
        self.writer
            .run(move |txn| admin::discard(txn, item, reason, now))
            .await
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        Ok(Box::new(EmbeddedSnapshot {
            view: self.shared.engine.snapshot()?,
            keys: self.shared.keys.clone(),
        }))
    }

    async fn filling(&self) -> Result<Option<Filling>> {
        self.read(fill::standing).await
    }

    async fn fill(&self, rows: Vec<ArchiveRow>, filling: Filling) -> Result<()> {
        self.writer
            .run(move |txn| fill::take(txn, rows, &filling))
            .await
    }

    async fn finish_filling(&self) -> Result<()> {
        self.writer.run(fill::finish).await
    }

    async fn erasure(&self, person: &Person) -> Result<Erasure> {
        let (shared, person) = (Arc::clone(&self.shared), person.clone());
        let look = tokio::task::spawn_blocking(move || {
            // Done like the real thing, and never committed.
            let mut txn = Txn::over(shared.engine.as_ref(), &shared.keys, shared.opening);
            erase::erase(&mut txn, &person, "")
        });
        look.await
            .unwrap_or_else(|error| Err(StoreError::engine(error)))
    }

    async fn erase(&self, person: &Person, alias: &str) -> Result<Erasure> {
        let (person, alias) = (person.clone(), alias.to_owned());
        self.writer
            .run(move |txn| erase::erase(txn, &person, &alias))
            .await
    }

    async fn compact(&self) -> Result<()> {
        self.rewrite().await
    }

    async fn compact_if_worth(&self) -> Result<bool> {
        let shared = Arc::clone(&self.shared);
        let room = tokio::task::spawn_blocking(move || shared.engine.room());
        let room = room
            .await
            .unwrap_or_else(|error| Err(StoreError::engine(error)))?;
        let worth = room.is_worth_a_rewrite();
        if worth {
            self.rewrite().await?;
        }
        Ok(worth)
    }

    async fn note_deed(&self, deed: Deed, now: UnixMillis) -> Result<()> {
        self.writer
            .run(move |txn| audit::note(txn, deed, now))
            .await
    }

    async fn deeds(&self, query: AuditQuery) -> Result<Vec<AuditEntry>> {
        self.read(move |rows, keys| audit::list(rows, keys, &query))
            .await
    }

    async fn prune(&self, retention: Retention, now: UnixMillis, limit: usize) -> Result<usize> {
        self.writer
            .run(move |txn| prune::prune(txn, retention, now, limit))
            .await
    }
}
