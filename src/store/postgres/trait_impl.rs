//! The [`Store`] trait over the files beside.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::accept::{self, Offered};
use super::archive::PostgresSnapshot;
use super::contacts::Locked;
use super::session::{at_once, in_transaction};
use super::{
    PostgresStore, admin, alone, audit, broadcasts, contacts, decision, erase, facts, fill,
    history, inbox, kf, others, outbox, past, prune, quotas, sop_rows, timers, turns, uses,
};
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::ids::{BroadcastId, EffectId, OpenKfId, Person, RecordId, RuleId};
use crate::domain::timer::Timer;
use crate::store::merge::take_over;
use crate::store::{
    Acceptance, ArchiveRow, AttemptEnd, AuditEntry, AuditQuery, Broadcast, BroadcastChange,
    BroadcastQuery, BroadcastTarget, Claim, ClaimedEffect, ClaimedRecord, ContactFacts,
    DecisionCommit, Deed, Depths, Erasure, FactSwap, Filling, FiredTimers, HistoryEntry, ItemId,
    KfPage, KfPush, NewRecord, PastRecord, QueueDetail, QueueFilter, QueueItem, QuotaUse,
    RecordQuery, Rescued, Reservation, Result, Retention, Signals, Snapshot, SopRow, SopRowQuery,
    Store, StoreError, SyncPage,
};

#[async_trait]
impl Store for PostgresStore {
    fn signals(&self) -> Arc<Signals> {
        Arc::clone(&self.shared.bells.signals)
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn leave(&self) {
        self.close().await;
    }

    async fn is_alone(&self) -> Result<bool> {
        others::none(&self.shared).await
    }

    fn let_go(&self, fences: &[u64]) {
        for fence in fences {
            self.shared.claims.let_go(*fence);
        }
    }

    async fn take_turn(&self, job: &str, lease: Duration) -> Result<bool> {
        turns::take(&self.shared, job, lease).await
    }

    async fn leave_turn(&self, job: &str) -> Result<()> {
        turns::leave(&self.shared, job).await
    }

    async fn accept(&self, records: Vec<NewRecord>) -> Result<Vec<Acceptance>> {
        self.batcher.accept(Offered::all(&records)?).await
    }

    async fn note_kf_push(&self, push: KfPush) -> Result<()> {
        kf::note_push(&self.shared, &push).await
    }

    async fn pending_kf_pushes(&self) -> Result<Vec<KfPush>> {
        at_once!(&self.shared, session => kf::pending(&session).await)
    }

    async fn accept_kf_page(&self, page: KfPage) -> Result<Vec<Acceptance>> {
        kf::accept_page(&self.shared, page).await
    }

    async fn kf_cursor(&self, account: &OpenKfId) -> Result<Option<String>> {
        at_once!(&self.shared, session => kf::cursor(&session, account).await)
    }

    async fn claim_records(&self, claim: Claim) -> Result<Vec<ClaimedRecord>> {
        inbox::claim(&self.shared, claim).await
    }

    async fn commit_decision(&self, decision: DecisionCommit) -> Result<Vec<EffectId>> {
        let mut outcomes = self.commit_decisions(vec![decision]).await?;
        outcomes.pop().unwrap_or(Err(StoreError::Closed))
    }

    async fn commit_decisions(
        &self,
        decisions: Vec<DecisionCommit>,
    ) -> Result<Vec<Result<Vec<EffectId>>>> {
        decision::commit(&self.shared, &decisions).await
    }

    async fn rule_uses(&self, day: jiff::civil::Date) -> Result<BTreeMap<RuleId, u32>> {
        at_once!(&self.shared, session => uses::on(&session, day).await)
    }

    async fn retry_record(
        &self,
        id: RecordId,
        fence: u64,
        retry_at: UnixMillis,
        reason: &str,
    ) -> Result<()> {
        inbox::retry(&self.shared, id, fence, retry_at, reason).await
    }

    async fn bury_record(
        &self,
        id: RecordId,
        fence: u64,
        reason: &str,
        _now: UnixMillis,
    ) -> Result<()> {
        inbox::bury(&self.shared, id, fence, reason).await
    }

    async fn claim_effects(&self, claim: Claim) -> Result<Vec<ClaimedEffect>> {
        outbox::claim(&self.shared, claim).await
    }

    async fn finish_effect(
        &self,
        id: EffectId,
        fence: u64,
        end: AttemptEnd,
        now: UnixMillis,
    ) -> Result<()> {
        outbox::finish(&self.shared, id, fence, &end, now).await
    }

    async fn fail_sent_effect(&self, id: EffectId, reason: &str, _now: UnixMillis) -> Result<bool> {
        outbox::fail_sent(&self.shared, id, reason).await
    }

    async fn rescue(&self, now: UnixMillis) -> Result<Rescued> {
        // No claim of ours is on its way while it is looked which of them nobody works on.
        let ours = self.shared.claims.settled().await;
        let set_back = self.set_back(now);
        in_transaction!(&self.shared, session => {
            if set_back {
                inbox::RESCUE.catch_up(&session, now).await?;
                outbox::RESCUE.catch_up(&session, now).await?;
            }
            Ok(Rescued {
                records: inbox::RESCUE.give_back(&session, now, &ours.fences()).await?,
                effects: outbox::RESCUE.give_back(&session, now, &ours.fences()).await?,
            })
        })
    }

    async fn reserve(&self, uses: &[QuotaUse], now: UnixMillis) -> Result<Reservation> {
        quotas::reserve(&self.shared, uses, now).await
    }

    async fn give_back(&self, uses: &[QuotaUse], now: UnixMillis) -> Result<()> {
        quotas::give_back(&self.shared, uses, now).await
    }

    async fn contact(&self, person: &Person) -> Result<Option<Contact>> {
        let mut found = self.contacts(std::slice::from_ref(person)).await?;
        Ok(found.pop().flatten())
    }

    async fn contacts(&self, persons: &[Person]) -> Result<Vec<Option<Contact>>> {
        at_once!(&self.shared, session => contacts::several(&session, persons).await)
    }

    async fn merge_contact(&self, facts: ContactFacts) -> Result<Contact> {
        in_transaction!(&self.shared, session => {
            let person = &facts.person;
            let mut contacts = Locked::of(&session, &[person]).await?;
            contacts.change(person, |contact| take_over(contact, facts.clone()));
            let contact = contacts.get(person).cloned();
            contacts.write(&session).await?;
            contact.ok_or(StoreError::Corrupt { what: "contact" })
        })
    }

    async fn take_sync_page(&self, page: SyncPage) -> Result<()> {
        let records = Offered::all(&page.records)?;
        let records: Vec<&Offered> = records.iter().collect();
        in_transaction!(&self.shared, session => {
            facts::put(&session, &page.notes).await?;
            let persons: Vec<&Person> = page.contacts.iter().map(|it| &it.person).collect();
            let mut contacts = Locked::of(&session, &persons).await?;
            for facts in &page.contacts {
                contacts.change(&facts.person, |contact| take_over(contact, facts.clone()));
            }
            contacts.write(&session).await?;
            accept::take(&session, &records).await?;
            Ok(())
        })
    }

    async fn contacts_after(&self, after: Option<&Person>, limit: usize) -> Result<Vec<Contact>> {
        at_once!(&self.shared, session => contacts::after(&session, after, limit).await)
    }

    async fn history(&self, conversation: &str, limit: usize) -> Result<Vec<HistoryEntry>> {
        at_once!(&self.shared, session => history::of(&session, conversation, limit).await)
    }

    async fn records(&self, query: RecordQuery) -> Result<Vec<PastRecord>> {
        at_once!(&self.shared, session => past::records(&session, query).await)
    }

    async fn fire_timers(&self, now: UnixMillis, limit: usize) -> Result<FiredTimers> {
        timers::fire(&self.shared, now, limit).await
    }

    async fn due_timers(&self, now: UnixMillis, limit: usize) -> Result<Vec<Timer>> {
        at_once!(&self.shared, session => timers::due(&session, now, limit).await)
    }

    async fn set_timers(&self, timers: Vec<Timer>) -> Result<()> {
        in_transaction!(&self.shared, session => timers::set(&session, &timers).await)
    }

    async fn remove_timers(&self, keys: &[String]) -> Result<()> {
        at_once!(&self.shared, session => timers::remove(&session, keys).await)
    }

    async fn sop_rows(&self, query: SopRowQuery) -> Result<Vec<SopRow>> {
        at_once!(&self.shared, session => sop_rows::of(&session, &query).await)
    }

    async fn note_held(&self, id: EffectId, why: &str) -> Result<()> {
        at_once!(&self.shared, session => sop_rows::note_held(&session, id, why).await)
    }

    async fn broadcast(&self, id: BroadcastId) -> Result<Option<Broadcast>> {
        at_once!(&self.shared, session => broadcasts::one(&session, id).await)
    }

    async fn broadcasts(&self, query: BroadcastQuery) -> Result<Vec<Broadcast>> {
        at_once!(&self.shared, session => broadcasts::list(&session, &query).await)
    }

    async fn broadcasts_due(&self, now: UnixMillis, limit: usize) -> Result<Vec<Broadcast>> {
        at_once!(&self.shared, session => broadcasts::due(&session, now, limit).await)
    }

    async fn broadcast_targets(
        &self,
        id: BroadcastId,
        after: Option<&Person>,
        limit: usize,
    ) -> Result<Vec<BroadcastTarget>> {
        at_once!(&self.shared, session => broadcasts::targets(&session, id, after, limit).await)
    }

    async fn change_broadcast(&self, change: BroadcastChange) -> Result<bool> {
        broadcasts::change(&self.shared, &change).await
    }

    async fn fact(&self, name: &str) -> Result<Option<serde_json::Value>> {
        at_once!(&self.shared, session => facts::one(&session, name).await)
    }

    async fn facts_under(&self, prefix: &str) -> Result<Vec<(String, serde_json::Value)>> {
        at_once!(&self.shared, session => facts::under(&session, prefix).await)
    }

    async fn put_facts(&self, facts: Vec<(String, serde_json::Value)>) -> Result<()> {
        in_transaction!(&self.shared, session => facts::put(&session, &facts).await)
    }

    async fn swap_facts(&self, swap: FactSwap) -> Result<Vec<Acceptance>> {
        facts::swap(&self.shared, swap).await
    }

    async fn depths(&self, now: UnixMillis) -> Result<Depths> {
        at_once!(&self.shared, session => admin::depths(&session, now).await)
    }

    async fn list(&self, filter: QueueFilter) -> Result<Vec<QueueItem>> {
        at_once!(&self.shared, session => admin::list(&session, &filter).await)
    }

    async fn show(&self, item: ItemId) -> Result<Option<QueueDetail>> {
        at_once!(&self.shared, session => admin::show(&session, item).await)
    }

    async fn redrive(&self, item: ItemId, now: UnixMillis) -> Result<bool> {
        admin::redrive(&self.shared, item, now).await
    }

    async fn discard(&self, item: ItemId, reason: &str, now: UnixMillis) -> Result<bool> {
        admin::discard(&self.shared, item, reason, now).await
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        Ok(Box::new(PostgresSnapshot::take(&self.shared).await?))
    }

    async fn filling(&self) -> Result<Option<Filling>> {
        at_once!(&self.shared, session => fill::standing(&session).await)
    }

    async fn fill(&self, rows: Vec<ArchiveRow>, filling: Filling) -> Result<()> {
        fill::take(&self.shared, rows, &filling).await
    }

    async fn finish_filling(&self) -> Result<()> {
        fill::finish(&self.shared).await
    }

    async fn erasure(&self, person: &Person) -> Result<Erasure> {
        erase::look(&self.shared, person).await
    }

    async fn erase(&self, person: &Person, alias: &str) -> Result<Erasure> {
        erase::erase(&self.shared, person, alias).await
    }

    async fn compact(&self) -> Result<()> {
        alone::vacuum(&self.shared).await
    }

    /// PostgreSQL does that by itself.
    async fn compact_if_worth(&self) -> Result<bool> {
        Ok(false)
    }

    async fn note_deed(&self, deed: Deed, now: UnixMillis) -> Result<()> {
        at_once!(&self.shared, session => audit::note(&session, &deed, now).await)
    }

    async fn deeds(&self, query: AuditQuery) -> Result<Vec<AuditEntry>> {
        at_once!(&self.shared, session => audit::list(&session, &query).await)
    }

    async fn prune(&self, retention: Retention, now: UnixMillis, limit: usize) -> Result<usize> {
        in_transaction!(&self.shared, session => {
            prune::prune(&session, retention, now, limit).await
        })
    }
}
