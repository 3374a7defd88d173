//! Removes rows past their retention, a bounded number at a time.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::domain::clock::{SharedClock, UnixMillis};
use crate::service::{Pass, Service};
use crate::store::{Retention, Store};

const EVERY: Duration = Duration::from_secs(300);
const COMPACT_EVERY: Duration = Duration::from_secs(86_400);
const BATCH: usize = 1000;
/// Repeats of a push are recognised for so long.
const DEDUPE: Duration = Duration::from_secs(7 * 86_400);

/// Removes rows past their retention.
pub struct Pruner {
    store: Arc<dyn Store>,
    clock: SharedClock,
    retention: Retention,
    compacted_at: UnixMillis,
}

impl Pruner {
    /// A pruner that keeps everything as long as the config says.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: SharedClock, config: &Config) -> Self {
        let now = clock.now();
        Self {
            store,
            clock,
            retention: Retention {
                dedupe: DEDUPE,
                history: config.retention.history,
                traces: config.retention.traces,
                reports: config.retention.reports,
                audit: config.retention.audit,
            },
            compacted_at: now,
        }
    }

    /// Gives room back that pruning has made, once a day.
    async fn give_room_back(&mut self) {
        let now = self.clock.now();
        if now.since(self.compacted_at) < COMPACT_EVERY {
            return;
        }
        self.compacted_at = now;
        match self.store.compact_if_worth().await {
            Ok(true) => tracing::info!("the store's files were written anew"),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the store could not be made smaller"),
        }
    }
}

impl Service for Pruner {
    const NAME: &'static str = "pruner";

    async fn pass(&mut self) -> Pass {
        match self
            .store
            .prune(self.retention, self.clock.now(), BATCH)
            .await
        {
            Ok(removed) if removed >= BATCH => Pass::Busy,
            Ok(removed) => {
                tracing::debug!(removed, "pruned");
                self.give_room_back().await;
                Pass::Idle(EVERY)
            }
            Err(error) => {
                tracing::error!(%error, "the store failed while pruning");
                Pass::Idle(EVERY)
            }
        }
    }
}
