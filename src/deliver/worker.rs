//! The loop from outbox to outcome.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::kf_session;
pub use super::kf_session::Sessions;
use super::media::Media;
use super::outreach;
use super::pacing::{self, KF_WINDOW, Pauses};
use super::retry;
use super::still;
use super::tags::TagLibrary;
use super::translate::{self, Failure};
use super::webhook::Webhooks;
use crate::config::Config;
use crate::desk::{ANSWERED_IN_CALLBACK, Desk, Ticket};
use crate::domain::clock::{SharedClock, UnixMillis};
use crate::domain::effect::Effect;
use crate::domain::ids::Person;
use crate::domain::inbound::AibotPassive;
use crate::domain::outgoing::Outgoing;
use crate::gateway::Gateway;
use crate::playbook::CurrentPlaybook;
use crate::service::{Pass, Service};
use crate::store::{AttemptEnd, Claim, ClaimedEffect, Reservation, Store, StoreError};
use crate::wecom::errcode;
use crate::wecom::error::Error;

/// Calls under way at once. WeCom takes its time over each, and so does the disk.
const PARALLEL: usize = 128;
/// Longer than an upload, a state check and a call with their time limits together.
const LEASE: Duration = Duration::from_secs(180);
const IDLE: Duration = Duration::from_secs(1);
/// How long calls under way may take after stopping has begun.
const DRAIN: Duration = Duration::from_secs(20);

const FIVE_USED: &str = "the five messages after the customer's last one are used up";

/// What the deliverer needs.
pub struct Deps {
    /// The configuration.
    pub config: Arc<Config>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: SharedClock,
    /// The ways to WeCom.
    pub gateway: Gateway,
    /// The operators' files: what holds for everything that is said unasked.
    pub playbook: CurrentPlaybook,
    /// Callbacks held open.
    pub desk: Desk,
    /// This installation's part of every `msgid`.
    pub instance: String,
    /// Uploaded files.
    pub media: Media,
    /// The corp's tags.
    pub tags: TagLibrary,
    /// The company's own endpoints.
    pub webhooks: Webhooks,
    /// Endpoints to leave alone.
    pub pauses: Pauses,
    /// Session states read a moment ago.
    pub sessions: Sessions,
}

/// Carries out effects in lane order, lanes in parallel.
pub struct Worker {
    deps: Arc<Deps>,
    permits: Arc<Semaphore>,
}

impl Worker {
    /// A worker.
    #[must_use]
    pub fn new(deps: Arc<Deps>) -> Self {
        Self {
            deps,
            permits: Arc::new(Semaphore::new(PARALLEL)),
        }
    }

    async fn work(&self) -> Result<Pass, StoreError> {
        let free = self.permits.available_permits();
        if free == 0 {
            // A permit comes back when a call ends; the loop needs no more than that.
            drop(self.permits.acquire().await);
            return Ok(Pass::Busy);
        }
        let claim = Claim {
            now: self.deps.clock.now(),
            lease: LEASE,
            limit: free,
        };
        let effects = self.deps.store.claim_effects(claim).await?;
        if effects.is_empty() {
            return Ok(Pass::Idle(IDLE));
        }
        for effect in effects {
            let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else {
                break;
            };
            let deps = Arc::clone(&self.deps);
            tokio::spawn(async move {
                deps.deliver(effect).await;
                drop(permit);
            });
        }
        Ok(Pass::Busy)
    }
}

impl Service for Worker {
    const NAME: &'static str = "deliver";

    async fn pass(&mut self) -> Pass {
        match self.work().await {
            Ok(pass) => pass,
            Err(error) => {
                tracing::error!(%error, "the store failed while delivering");
                Pass::Idle(IDLE)
            }
        }
    }

    async fn finish(self) {
        let all = u32::try_from(PARALLEL).unwrap_or(u32::MAX);
        if tokio::time::timeout(DRAIN, self.permits.acquire_many(all))
            .await
            .is_err()
        {
            tracing::warn!(
                "calls were still under way; their effects are taken up at the next start"
            );
        }
    }
}

impl Deps {
    async fn deliver(&self, claimed: ClaimedEffect) {
        // The outcome is stored before the answer is let go: a crash in between loses it, and
        // WeCom asks again; the other way round it would be sent a second time.
        let ticket = self.ticket(&claimed);
        let end = match &ticket {
            Some(_) => Ok(AttemptEnd::Sent {
                note: Some(ANSWERED_IN_CALLBACK.to_owned()),
            }),
            None => self.attempt(&claimed).await,
        };
        let end = match end {
            Ok(end) => end,
            Err(error) => {
                // The claim ends; then somebody tries again.
                tracing::error!(effect = %claimed.id, %error, "the store failed during an attempt");
                self.store.let_go(&[claimed.fence]);
                return;
            }
        };
        note(&claimed, &end);
        if let Err(error) = self.free_group(&claimed, &end).await {
            // Its group hears one message less today.
            tracing::error!(effect = %claimed.id, %error, "the store failed after an attempt");
        }
        let (effect, now) = (claimed.id, self.clock.now());
        let stored = self.store.finish_effect(effect, claimed.fence, end, now);
        match stored.await {
            Ok(()) => {
                if let Some((ticket, message)) = ticket
                    && !ticket.answer(message)
                {
                    tracing::warn!(%effect, "the callback was closed before its answer: WeCom asks again");
                }
            }
            Err(error) => {
                tracing::error!(%effect, %error, "the outcome of an attempt could not be stored");
            }
        }
    }

    async fn attempt(&self, claimed: &ClaimedEffect) -> Result<AttemptEnd, StoreError> {
        let now = self.clock.now();
        if let Some(end) = retry::before_attempt(claimed, now) {
            return Ok(end);
        }
        if let Some(until) = self
            .pauses
            .until(claimed.effect.app(), &claimed.effect, now)
        {
            return Ok(AttemptEnd::Snooze {
                at: until,
                reason: "WeCom asked for a pause".to_owned(),
            });
        }
        let playbook = self.playbook.get();
        let zone = &self.config.timezone;
        if let Some(at) = outreach::quiet_until(&playbook, claimed, now, zone) {
            let reason = "quiet hours".to_owned();
            self.store.note_held(claimed.id, &reason).await?;
            return Ok(AttemptEnd::Snooze { at, reason });
        }
        if let Some(end) = still::ask(self, claimed, now).await? {
            if let AttemptEnd::Snooze { reason, .. } = &end {
                self.store.note_held(claimed.id, reason).await?;
            }
            return Ok(end);
        }
        if let Some(end) = self.reserve(claimed, now).await? {
            return Ok(end);
        }
        if let Some(end) = kf_session::refuses(self, claimed, now).await {
            return Ok(end);
        }
        self.call(claimed).await
    }

    async fn call(&self, claimed: &ClaimedEffect) -> Result<AttemptEnd, StoreError> {
        let result = translate::carry_out(self, claimed).await;
        let now = self.clock.now();
        let (app, effect) = (claimed.effect.app(), &claimed.effect);
        let (error, end) = match result {
            Ok(end) => {
                self.pauses.went_through(app, effect);
                if matches!(end, AttemptEnd::Sent { .. }) {
                    self.left(claimed, now).await;
                }
                return Ok(end);
            }
            Err(Failure::Store(error)) => return Err(error),
            Err(Failure::Content(reason)) => return Ok(AttemptEnd::Failed { reason }),
            Err(Failure::Call(error)) => {
                let end = retry::after_error(claimed, &error, now);
                (error, end)
            }
            Err(Failure::Unguarded(error)) => {
                let end = retry::after_unguarded_error(claimed, &error, now);
                (error, end)
            }
            Err(Failure::Preparing(error)) => {
                let end = retry::after_preparation(claimed, &error, now);
                (error, end)
            }
        };
        if error.code() == Some(errcode::TOO_FREQUENT) {
            // Only the first of a queue meets the refusal; the pause holds the rest.
            let pause = self.pauses.refused(app, effect, now).since(now);
            let reason = retry::describe(&error);
            return Ok(retry::again(claimed, reason, Some(pause), now));
        }
        if error.code() == Some(errcode::KF_BUDGET_USED) {
            return Ok(AttemptEnd::Snooze {
                at: now.after(KF_WINDOW),
                reason: FIVE_USED.to_owned(),
            });
        }
        self.forget(&error, claimed).await;
        Ok(end)
    }

    /// It has left, whatever the store says: it must not leave again for a count.
    async fn left(&self, claimed: &ClaimedEffect, now: UnixMillis) {
        if let Err(error) = still::message_left(self, claimed, now).await {
            tracing::error!(effect = %claimed.id, %error, "a message is counted for another day than its own");
        }
    }

    /// Drops what we had remembered and WeCom no longer accepts.
    async fn forget(&self, error: &Error, claimed: &ClaimedEffect) {
        match error.code() {
            Some(retry::TAG_INVALID) => self.tags.forget(),
            Some(errcode::MEDIA_INVALID) => self.media.forget(&claimed.effect).await,
            _ => {}
        }
        if let Effect::KfSend {
            open_kfid,
            external_userid,
            ..
        } = &claimed.effect
        {
            self.sessions.forget(open_kfid, external_userid);
        }
    }

    /// The right to answer in the callback itself, if it is still open for this answer.
    fn ticket(&self, claimed: &ClaimedEffect) -> Option<(Ticket, Outgoing)> {
        let record = claimed.origin.record;
        let message = match &claimed.effect {
            Effect::AibotReply {
                passive, message, ..
            } if *passive != AibotPassive::Nothing => message,
            // Only a text, and only to the member who waits: a notice to others is no answer.
            Effect::AppSend { to, message, .. } if matches!(message, Outgoing::Text { .. }) => {
                match (self.desk.waiting(record)?, to.as_slice()) {
                    (Person::Member(who), [member]) if who.0.eq_ignore_ascii_case(&member.0) => {
                        message
                    }
                    _ => return None,
                }
            }
            _ => return None,
        };
        // What may have gone out another way already is not said again.
        if claimed.unclear {
            return None;
        }
        Some((self.desk.take(record)?, message.clone()))
    }

    async fn reserve(
        &self,
        claimed: &ClaimedEffect,
        now: UnixMillis,
    ) -> Result<Option<AttemptEnd>, StoreError> {
        let mut heard_at = None;
        if let Effect::KfSend {
            external_userid, ..
        } = &claimed.effect
        {
            let person = Person::External(external_userid.clone());
            if let Some(contact) = self.store.contact(&person).await? {
                let wrote_at = contact.last_inbound_at;
                if wrote_at.is_some_and(|at| now.since(at) > KF_WINDOW) {
                    let reason = "the customer has not written for 48 h".to_owned();
                    return Ok(Some(AttemptEnd::Dropped { reason }));
                }
                heard_at = contact.heard_at.or(wrote_at);
            }
        }
        // A repeated kf message has its place among the five already.
        if claimed.attempt > 1 && matches!(claimed.effect, Effect::KfSend { .. }) {
            return Ok(None);
        }
        let uses = pacing::uses(&claimed.effect, claimed.origin.record, heard_at);
        let granted = match uses.is_empty() {
            true => Reservation::Granted,
            false => self.store.reserve(&uses, now).await?,
        };
        Ok(match granted {
            Reservation::Granted => self.reserve_for_group(claimed, now).await?,
            // The customer's next message opens five more and wakes this lane.
            Reservation::Until(at) if matches!(claimed.effect, Effect::KfSend { .. }) => {
                Some(AttemptEnd::Snooze {
                    at,
                    reason: FIVE_USED.to_owned(),
                })
            }
            Reservation::Until(at) => {
                metrics::counter!("wecom_agent_paced_total", "endpoint" => claimed.effect.word())
                    .increment(1);
                Some(AttemptEnd::Snooze {
                    at,
                    reason: "WeCom's limit is reached".to_owned(),
                })
            }
        })
    }
}

impl Deps {
    /// What will never leave is not counted for the group that was to hear it.
    async fn free_group(
        &self,
        claimed: &ClaimedEffect,
        end: &AttemptEnd,
    ) -> Result<(), StoreError> {
        let may_have_left = claimed.unclear || claimed.interrupted;
        let never = matches!(end, AttemptEnd::Failed { .. } | AttemptEnd::Dropped { .. });
        if !never || may_have_left {
            return Ok(());
        }
        let uses = outreach::uses(&self.playbook.get(), claimed);
        match uses.is_empty() {
            true => Ok(()),
            false => self.store.give_back(&uses, self.clock.now()).await,
        }
    }

    /// An internal group hears no more from plans than the operators allow.
    async fn reserve_for_group(
        &self,
        claimed: &ClaimedEffect,
        now: UnixMillis,
    ) -> Result<Option<AttemptEnd>, StoreError> {
        let uses = outreach::uses(&self.playbook.get(), claimed);
        if uses.is_empty() {
            return Ok(None);
        }
        let Reservation::Until(at) = self.store.reserve(&uses, now).await? else {
            return Ok(None);
        };
        let reason = "the limit of messages is reached".to_owned();
        self.store.note_held(claimed.id, &reason).await?;
        Ok(Some(AttemptEnd::Snooze { at, reason }))
    }
}

fn note(claimed: &ClaimedEffect, end: &AttemptEnd) {
    let endpoint = claimed.effect.word();
    let (outcome, reason) = words(end);
    metrics::counter!("wecom_agent_effects_total", "endpoint" => endpoint, "outcome" => outcome)
        .increment(1);
    let (effect, record, attempt) = (claimed.id, claimed.origin.record, claimed.attempt);
    match end {
        AttemptEnd::Failed { .. } | AttemptEnd::Unknown { .. } => {
            tracing::error!(%effect, %record, endpoint, attempt, outcome, reason, "attempt ended");
        }
        _ => {
            tracing::info!(%effect, %record, endpoint, attempt, outcome, reason, "attempt ended");
        }
    }
}

fn words(end: &AttemptEnd) -> (&'static str, &str) {
    match end {
        AttemptEnd::Sent { note } => ("sent", note.as_deref().unwrap_or_default()),
        AttemptEnd::Failed { reason } => ("failed", reason),
        AttemptEnd::Unknown { reason } => ("unknown", reason),
        AttemptEnd::Dropped { reason } => ("dropped", reason),
        AttemptEnd::Retry { reason, .. } => ("retry", reason),
        AttemptEnd::Snooze { reason, .. } => ("snoozed", reason),
    }
}
