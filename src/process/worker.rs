//! The loop from inbox to decision.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::context::{look_up, needs_lookup};
use super::decide::decide;
use super::playbook::CurrentPlaybook;
use super::refresh;
use super::today::Today;
use crate::config::Config;
use crate::desk::Desk;
use crate::domain::clock::{SharedClock, UnixMillis};
use crate::domain::contact::Contact;
use crate::domain::effect::{Effect, SopRowKey, message_id};
use crate::domain::ids::{Person, RecordId, RuleId, SopId};
use crate::domain::inbound::{Task, Trigger};
use crate::rules::Standing;
use crate::service::{Pass, Service};
use crate::sops::run::{CONTROLS, Control};
use crate::store::{
    Claim, ClaimedRecord, ContactSource, DecisionCommit, RecordOutcome, RuleUse, Store, StoreError,
};

const BATCH: usize = 128;
const LEASE: Duration = Duration::from_secs(60);
const IDLE: Duration = Duration::from_secs(1);
/// After this many tries a record becomes a dead letter.
const MAX_ATTEMPTS: u32 = 5;
/// Look-ups under way at once.
const LOOKUPS: usize = 32;
/// Decisions about one record in a row, at most, while daily limits are being reached.
const MAX_ROUNDS: usize = 5;

/// What the worker needs.
pub struct Deps {
    /// The configuration.
    pub config: Arc<Config>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: SharedClock,
    /// Rules and templates.
    pub playbook: CurrentPlaybook,
    /// Callbacks held open.
    pub desk: Desk,
    /// Asks WeCom about people.
    pub source: Arc<dyn ContactSource>,
    /// This installation's part of every `msgid`.
    pub instance: String,
}

/// Takes records in conversation order and decides about them.
pub struct Worker {
    decider: Arc<Decider>,
    lookups: Arc<Semaphore>,
}

/// Decides and commits.
struct Decider {
    deps: Arc<Deps>,
    today: Today,
}

/// A claimed record with what is known about its person.
type Case = (ClaimedRecord, Option<Contact>);

impl Worker {
    /// A worker.
    #[must_use]
    pub fn new(deps: Arc<Deps>) -> Self {
        let today = Today::default();
        Self {
            decider: Arc::new(Decider { deps, today }),
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
        }
    }

    async fn work(&self) -> Result<Pass, StoreError> {
        let free = self.lookups.available_permits();
        if free == 0 {
            return Ok(Pass::Idle(Duration::from_millis(20)));
        }
        let deps = &self.decider.deps;
        let claim = Claim {
            now: deps.clock.now(),
            lease: LEASE,
            limit: BATCH,
        };
        let records = deps.store.claim_records(claim).await?;
        if records.is_empty() {
            return Ok(Pass::Idle(IDLE));
        }
        let fences: Vec<u64> = records.iter().map(|record| record.fence).collect();
        let decided = self.decide_or_look_up(records, claim.now).await;
        if decided.is_err() {
            deps.store.let_go(&fences);
        }
        decided.map(|()| Pass::Busy)
    }

    async fn decide_or_look_up(
        &self,
        records: Vec<ClaimedRecord>,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let persons: Vec<Person> = records
            .iter()
            .map(|record| {
                record
                    .inbound
                    .person
                    .clone()
                    .unwrap_or(Person::Member("".into()))
            })
            .collect();
        let contacts = self.decider.deps.store.contacts(&persons).await?;
        let mut ready = Vec::with_capacity(records.len());
        for (record, contact) in records.into_iter().zip(contacts) {
            if needs_lookup(&record.inbound, contact.as_ref(), now) {
                self.decide_after_lookup(record, contact).await;
            } else {
                ready.push((record, contact));
            }
        }
        self.decider.decide_all(ready).await
    }

    /// Waits for WeCom beside the loop, so that a slow answer holds up nobody else.
    async fn decide_after_lookup(&self, record: ClaimedRecord, contact: Option<Contact>) {
        let Ok(permit) = Arc::clone(&self.lookups).acquire_owned().await else {
            return;
        };
        let decider = Arc::clone(&self.decider);
        tokio::spawn(async move {
            let deps = &decider.deps;
            let contact = look_up(&deps.store, &deps.source, &record.inbound, contact).await;
            let fence = record.fence;
            if let Err(error) = decider.decide_all(vec![(record, contact)]).await {
                tracing::error!(%error, "a decision could not be stored; the record is tried again");
                deps.store.let_go(&[fence]);
            }
            drop(permit);
        });
    }
}

impl Decider {
    /// Decides about each, and again about those whose rules had no use left by the time of
    /// the commit, or of which a member had said before what became of them.
    async fn decide_all(&self, mut batch: Vec<Case>) -> Result<(), StoreError> {
        let mut settled = BTreeSet::new();
        for _ in 0..MAX_ROUNDS {
            if batch.is_empty() {
                return Ok(());
            }
            batch = self.round(batch, &mut settled).await?;
        }
        let now = self.deps.clock.now();
        for (record, _) in &batch {
            let (store, reason) = (&self.deps.store, "a daily limit was reached meanwhile");
            let again = now.after(Duration::from_secs(1));
            store
                .retry_record(record.id, record.fence, again, reason)
                .await?;
        }
        Ok(())
    }

    /// Decides and commits. Returns those to be decided again, and keeps why.
    async fn round(
        &self,
        batch: Vec<Case>,
        settled: &mut BTreeSet<SopRowKey>,
    ) -> Result<Vec<Case>, StoreError> {
        let Deps {
            config,
            store,
            clock,
            playbook,
            desk,
            ..
        } = &*self.deps;
        let playbook = playbook.get();
        let now = clock.now();
        let day = now.timestamp().to_zoned(config.timezone.clone()).date();
        let standing = self.today.on(store.as_ref(), day).await?;
        let standing = with_paused(store.as_ref(), standing, &batch).await?;
        let standing = with_settled(standing, settled);
        let mut commits: Vec<DecisionCommit> = Vec::with_capacity(batch.len());
        let mut cases: Vec<Case> = Vec::with_capacity(batch.len());
        for (record, contact) in batch {
            let decided = std::panic::catch_unwind(AssertUnwindSafe(|| {
                decide(config, &playbook, &record, contact.as_ref(), &standing, now)
            }));
            self.report_failed_send(&record).await?;
            match decided {
                Ok(mut commit) => {
                    commit
                        .timers
                        .extend(refresh::timer(&record, contact.as_ref(), now));
                    commits.push(commit);
                    cases.push((record, contact));
                }
                Err(_) => self.give_up(&record).await?,
            }
        }
        let told: Vec<Told> = commits.iter().map(Told::of).collect();
        let mut again = Vec::new();
        let results = store.commit_decisions(commits).await?;
        for ((result, told), case) in results.into_iter().zip(told).zip(cases) {
            match result {
                Ok(effects) => {
                    told.done(effects.len());
                    self.today.used(day, &told.uses);
                    if !told.answers {
                        desk.no_answer(told.record);
                    }
                }
                Err(StoreError::LimitReached { rule }) => {
                    tracing::info!(record = %told.record, %rule, "its daily limit was reached meanwhile");
                    self.today.forget();
                    again.push(case);
                }
                Err(StoreError::Settled) => {
                    tracing::info!(record = %told.record, "a member had said already what became of it");
                    settled.extend(told.unsettled);
                    again.push(case);
                }
                Err(StoreError::ReachedMeanwhile) => self.ask_caps_again(&case.0, now).await?,
                Err(StoreError::Fenced { item }) => {
                    tracing::info!(item, "somebody else decided first");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(again)
    }

    /// Something else was said to the contact: a fresh look at them decides.
    async fn ask_caps_again(
        &self,
        record: &ClaimedRecord,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let (store, reason) = (&self.deps.store, "the caps are asked again");
        tracing::info!(record = %record.id, "something else reached the contact meanwhile");
        store
            .retry_record(record.id, record.fence, now, reason)
            .await
    }

    /// A record that makes the engine panic must not take the loop with it.
    async fn give_up(&self, record: &ClaimedRecord) -> Result<(), StoreError> {
        let now = self.deps.clock.now();
        if record.attempt < MAX_ATTEMPTS {
            let at = now.after(Duration::from_secs(1 << record.attempt.min(6)));
            return self
                .deps
                .store
                .retry_record(record.id, record.fence, at, "internal error")
                .await;
        }
        tracing::error!(record = %record.id, "kept as a dead letter: the decision failed every time");
        self.deps
            .store
            .bury_record(
                record.id,
                record.fence,
                "internal error in the decision",
                now,
            )
            .await
    }

    /// `msg_send_fail`: a message counted as sent was not delivered.
    async fn report_failed_send(&self, record: &ClaimedRecord) -> Result<(), StoreError> {
        let Trigger::SendFailed { msgid, fail_type } = &record.inbound.trigger else {
            return Ok(());
        };
        let Some(effect) = message_id::parse(&self.deps.instance, msgid) else {
            return Ok(());
        };
        let reason = format!("WeCom could not deliver it (fail_type {fail_type})");
        let known = self
            .deps
            .store
            .fail_sent_effect(effect, &reason, self.deps.clock.now())
            .await?;
        tracing::warn!(effect = %effect, fail_type, known, "a message was accepted but not delivered");
        Ok(())
    }
}

/// The same with the SOPs that operators have paused, if any step is to be decided about.
async fn with_paused(
    store: &dyn Store,
    standing: Arc<Standing>,
    batch: &[Case],
) -> Result<Arc<Standing>, StoreError> {
    let is_step =
        |(record, _): &Case| matches!(record.inbound.trigger, Trigger::Own(Task::SopStep { .. }));
    if !batch.iter().any(is_step) {
        return Ok(standing);
    }
    let controls = store.facts_under(CONTROLS).await?.into_iter();
    let paused = controls.filter_map(|(name, value)| {
        let control: Control = serde_json::from_value(value).ok()?;
        let id = name.strip_prefix(CONTROLS)?;
        control.paused.map(|_| SopId::from(id))
    });
    Ok(Arc::new(Standing {
        paused: paused.collect(),
        ..Standing::clone(&standing)
    }))
}

/// The same with the steps of which the store knows a member's first word.
fn with_settled(standing: Arc<Standing>, settled: &BTreeSet<SopRowKey>) -> Arc<Standing> {
    if settled.is_empty() {
        return standing;
    }
    Arc::new(Standing {
        settled: settled.clone(),
        ..Standing::clone(&standing)
    })
}

/// What is told about a decision once it is committed.
struct Told {
    record: RecordId,
    outcome: RecordOutcome,
    uses: Vec<RuleUse>,
    /// The step of which it believed that no member has said what became of it.
    unsettled: Option<SopRowKey>,
    /// Whether something in it could go back in the callback's own response.
    answers: bool,
    /// Whether the loop guard held answers back.
    held: bool,
}

impl Told {
    fn of(commit: &DecisionCommit) -> Self {
        let answers =
            |effect: &Effect| matches!(effect, Effect::AibotReply { .. } | Effect::AppSend { .. });
        Self {
            record: commit.record,
            outcome: commit.outcome.clone(),
            uses: commit.uses.clone(),
            unsettled: commit.unsettled.clone(),
            answers: commit.effects.iter().any(|new| answers(&new.effect)),
            held: commit
                .trace
                .as_ref()
                .is_some_and(|trace| trace.get("held").is_some()),
        }
    }

    fn done(&self, effects: usize) {
        let record = self.record;
        metrics::counter!("wecom_agent_decisions_total").increment(1);
        metrics::counter!("wecom_agent_effects_decided_total").increment(effects as u64);
        if self.held {
            tracing::warn!(%record, "the loop guard held an answer back");
            metrics::counter!("wecom_agent_answers_held_total").increment(1);
        }
        match &self.outcome {
            RecordOutcome::Done { fired } => {
                let rules: Vec<&str> = fired.iter().map(RuleId::as_str).collect();
                tracing::info!(%record, effects, ?rules, "decided");
                for rule in fired {
                    metrics::counter!("wecom_agent_rules_fired_total", "rule" => rule.0.clone())
                        .increment(1);
                }
            }
            RecordOutcome::Skipped { reason } => {
                tracing::info!(%record, reason, "skipped");
            }
        }
    }
}

impl Service for Worker {
    const NAME: &'static str = "process";

    async fn pass(&mut self) -> Pass {
        match self.work().await {
            Ok(pass) => pass,
            Err(error) => {
                tracing::error!(%error, "the store failed while processing");
                Pass::Idle(IDLE)
            }
        }
    }
}
