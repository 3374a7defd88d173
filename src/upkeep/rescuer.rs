//! Takes back claims whose lease has ended, and ends the server when the store is gone.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::clock::SharedClock;
use crate::service::{Pass, Service};
use crate::store::Store;

const EVERY: Duration = Duration::from_secs(5);
/// After an I/O error an embedded engine takes no more commits until it is opened again: the
/// server ends when this many looks in a row have failed, so that its manager starts it afresh.
/// A database on its own comes back by itself.
const FAILURES: u32 = 3;

/// Takes back claims whose lease has ended.
pub struct Rescuer {
    store: Arc<dyn Store>,
    clock: SharedClock,
    failures: u32,
}

impl Rescuer {
    /// A rescuer.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: SharedClock) -> Self {
        Self {
            store,
            clock,
            failures: 0,
        }
    }
}

impl Service for Rescuer {
    const NAME: &'static str = "rescuer";

    async fn pass(&mut self) -> Pass {
        match self.store.rescue(self.clock.now()).await {
            Ok(rescued) if rescued.records + rescued.effects > 0 => {
                self.failures = 0;
                tracing::warn!(
                    records = rescued.records,
                    effects = rescued.effects,
                    "took back claims whose holder is gone"
                );
            }
            Ok(_) => self.failures = 0,
            Err(error) => {
                self.failures += 1;
                tracing::error!(%error, failures = self.failures, "the store failed while taking back claims");
                if self.failures >= FAILURES && !self.store.is_shared() {
                    return Pass::Stop;
                }
            }
        }
        Pass::Idle(EVERY)
    }
}
