//! The loop from inbox to decision.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::context::{look_up, needs_lookup};
use super::decide::decide;
use super::playbook::CurrentPlaybook;
use crate::config::Config;
use crate::desk::Desk;
use crate::domain::clock::SharedClock;
use crate::domain::contact::Contact;
use crate::domain::effect::{Effect, message_id};
use crate::domain::ids::{Person, RecordId, RuleId};
use crate::domain::inbound::Trigger;
use crate::rules::Standing;
use crate::service::{Pass, Service};
use crate::store::{
    Claim, ClaimedRecord, ContactSource, DecisionCommit, RecordOutcome, Store, StoreError,
};

const BATCH: usize = 128;
const LEASE: Duration = Duration::from_secs(60);
const IDLE: Duration = Duration::from_secs(1);
/// After this many tries a record becomes a dead letter.
const MAX_ATTEMPTS: u32 = 5;
/// Look-ups under way at once.
const LOOKUPS: usize = 32;

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
    deps: Arc<Deps>,
    lookups: Arc<Semaphore>,
}

impl Worker {
    /// A worker.
    #[must_use]
    pub fn new(deps: Arc<Deps>) -> Self {
        Self {
            deps,
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
        }
    }

    async fn work(&self) -> Result<Pass, StoreError> {
        let free = self.lookups.available_permits();
        if free == 0 {
            return Ok(Pass::Idle(Duration::from_millis(20)));
        }
        let claim = Claim {
            now: self.deps.clock.now(),
            lease: LEASE,
            limit: BATCH,
        };
        let records = self.deps.store.claim_records(claim).await?;
        if records.is_empty() {
            return Ok(Pass::Idle(IDLE));
        }
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
        let contacts = self.deps.store.contacts(&persons).await?;
        let mut ready = Vec::with_capacity(records.len());
        for (record, contact) in records.into_iter().zip(contacts) {
            if needs_lookup(&record.inbound, contact.as_ref(), claim.now) {
                self.decide_after_lookup(record, contact).await;
            } else {
                ready.push((record, contact));
            }
        }
        self.deps.decide_all(ready).await?;
        Ok(Pass::Busy)
    }

    /// Waits for WeCom beside the loop, so that a slow answer holds up nobody else.
    async fn decide_after_lookup(&self, record: ClaimedRecord, contact: Option<Contact>) {
        let Ok(permit) = Arc::clone(&self.lookups).acquire_owned().await else {
            return;
        };
        let deps = Arc::clone(&self.deps);
        tokio::spawn(async move {
            let contact = look_up(&deps.store, &deps.source, &record.inbound, contact).await;
            if let Err(error) = deps.decide_all(vec![(record, contact)]).await {
                tracing::error!(%error, "a decision could not be stored; the record is tried again");
            }
            drop(permit);
        });
    }
}

impl Deps {
    async fn decide_all(
        &self,
        batch: Vec<(ClaimedRecord, Option<Contact>)>,
    ) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        let playbook = self.playbook.get();
        let now = self.clock.now();
        let mut commits: Vec<DecisionCommit> = Vec::with_capacity(batch.len());
        for (record, contact) in &batch {
            let decided = std::panic::catch_unwind(AssertUnwindSafe(|| {
                decide(
                    &self.config,
                    &playbook,
                    record,
                    contact.as_ref(),
                    &Standing::default(),
                    now,
                )
            }));
            match decided {
                Ok(commit) => commits.push(commit),
                Err(_) => self.give_up(record).await?,
            }
            self.report_failed_send(record).await?;
        }
        let decided = commits.len() as u64;
        for commit in &commits {
            note(commit);
        }
        let unanswered: Vec<RecordId> = commits.iter().filter_map(without_answer).collect();
        for result in self.store.commit_decisions(commits).await? {
            match result {
                Ok(effects) => metrics::counter!("wecom_agent_effects_decided_total")
                    .increment(effects.len() as u64),
                Err(StoreError::Fenced { item }) => {
                    tracing::info!(item, "somebody else decided first");
                }
                Err(error) => return Err(error),
            }
        }
        for record in unanswered {
            self.desk.no_answer(record);
        }
        metrics::counter!("wecom_agent_decisions_total").increment(decided);
        Ok(())
    }

    /// A record that makes the engine panic must not take the loop with it.
    async fn give_up(&self, record: &ClaimedRecord) -> Result<(), StoreError> {
        let now = self.clock.now();
        if record.attempt < MAX_ATTEMPTS {
            let at = now.after(Duration::from_secs(1 << record.attempt.min(6)));
            return self
                .store
                .retry_record(record.id, record.fence, at, "internal error")
                .await;
        }
        tracing::error!(record = %record.id, "kept as a dead letter: the decision failed every time");
        self.store
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
        let Some(effect) = message_id::parse(&self.instance, msgid) else {
            return Ok(());
        };
        let reason = format!("WeCom could not deliver it (fail_type {fail_type})");
        let known = self
            .store
            .fail_sent_effect(effect, &reason, self.clock.now())
            .await?;
        tracing::warn!(effect = %effect, fail_type, known, "a message was accepted but not delivered");
        Ok(())
    }
}

/// The record, if nothing in the decision could go back in the callback's own response.
fn without_answer(commit: &DecisionCommit) -> Option<RecordId> {
    let answers =
        |effect: &Effect| matches!(effect, Effect::AibotReply { .. } | Effect::AppSend { .. });
    let none = !commit.effects.iter().any(|new| answers(&new.effect));
    none.then_some(commit.record)
}

fn note(commit: &DecisionCommit) {
    let effects = commit.effects.len();
    match &commit.outcome {
        RecordOutcome::Done { fired } => {
            let rules: Vec<&str> = fired.iter().map(RuleId::as_str).collect();
            tracing::info!(record = %commit.record, effects, ?rules, "decided");
            for rule in fired {
                metrics::counter!("wecom_agent_rules_fired_total", "rule" => rule.0.clone())
                    .increment(1);
            }
        }
        RecordOutcome::Skipped { reason } => {
            tracing::info!(record = %commit.record, reason, "skipped");
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
