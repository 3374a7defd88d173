//! The loop that moves timers into the inbox when they are due.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::clock::SharedClock;
use crate::service::{Pass, Service};
use crate::store::{Store, StoreError};

/// So many timers in one transaction.
const BATCH: usize = 500;
/// The clock may be set: nothing is slept through for longer than this.
const IDLE: Duration = Duration::from_secs(1);

/// Moves timers into the inbox when they are due.
pub struct Worker {
    store: Arc<dyn Store>,
    clock: SharedClock,
}

impl Worker {
    /// A worker.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: SharedClock) -> Self {
        Self { store, clock }
    }

    async fn work(&self) -> Result<Pass, StoreError> {
        let now = self.clock.now();
        let fired = self.store.fire_timers(now, BATCH).await?;
        if fired.count > 0 {
            metrics::counter!("wecom_agent_timers_fired_total").increment(fired.count as u64);
            tracing::info!(timers = fired.count, "timers came due");
        }
        Ok(match fired.next {
            Some(next) if next <= now => Pass::Busy,
            Some(next) => Pass::Idle(next.since(now).min(IDLE)),
            None => Pass::Idle(IDLE),
        })
    }
}

impl Service for Worker {
    const NAME: &'static str = "schedule";

    async fn pass(&mut self) -> Pass {
        match self.work().await {
            Ok(pass) => pass,
            Err(error) => {
                tracing::error!(%error, "the store failed while looking for due timers");
                Pass::Idle(IDLE)
            }
        }
    }
}
