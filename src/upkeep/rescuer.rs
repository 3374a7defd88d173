//! Takes back claims whose lease has ended.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::clock::SharedClock;
use crate::service::{Pass, Service};
use crate::store::Store;

const EVERY: Duration = Duration::from_secs(5);

/// Takes back claims whose lease has ended.
pub struct Rescuer {
    store: Arc<dyn Store>,
    clock: SharedClock,
}

impl Rescuer {
    /// A rescuer.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: SharedClock) -> Self {
        Self { store, clock }
    }
}

impl Service for Rescuer {
    const NAME: &'static str = "rescuer";

    async fn pass(&mut self) -> Pass {
        match self.store.rescue(self.clock.now()).await {
            Ok(rescued) if rescued.records + rescued.effects > 0 => {
                tracing::warn!(
                    records = rescued.records,
                    effects = rescued.effects,
                    "took back claims whose holder is gone"
                );
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "the store failed while taking back claims"),
        }
        Pass::Idle(EVERY)
    }
}
