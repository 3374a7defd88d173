//! Removes rows past their retention, a bounded number at a time.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::clock::SharedClock;
use crate::service::{Pass, Service};
use crate::store::{Retention, Store};

const EVERY: Duration = Duration::from_secs(300);
const BATCH: usize = 1000;
/// Repeats of a push are recognised for so long.
const DEDUPE: Duration = Duration::from_secs(7 * 86_400);

/// Removes rows past their retention.
pub struct Pruner {
    store: Arc<dyn Store>,
    clock: SharedClock,
    retention: Retention,
}

impl Pruner {
    /// A pruner that keeps messages for `history` and traces for `traces`.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: SharedClock,
        history: Duration,
        traces: Duration,
    ) -> Self {
        Self {
            store,
            clock,
            retention: Retention {
                dedupe: DEDUPE,
                history,
                traces,
            },
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
                Pass::Idle(EVERY)
            }
            Err(error) => {
                tracing::error!(%error, "the store failed while pruning");
                Pass::Idle(EVERY)
            }
        }
    }
}
