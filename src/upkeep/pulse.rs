//! Notes that the program runs, and after a start for how long nobody did: what was due then was
//! missed by plans that make up for nothing.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::domain::clock::{SharedClock, UnixMillis};
use crate::service::{Pass, Service};
use crate::sops::control::{ALIVE, DOWNTIMES, Pause, remember};
use crate::sops::run::GRACE;
use crate::store::{Result, Store};

const EVERY: Duration = Duration::from_secs(60);
/// The clock may be moved meanwhile.
const LOOK: Duration = Duration::from_secs(1);

/// Notes that the program runs.
pub struct Pulse {
    store: Arc<dyn Store>,
    clock: SharedClock,
    noted: UnixMillis,
}

impl Pulse {
    /// Notes for how long nobody ran, any replica counts, and that somebody does now.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn begin(store: Arc<dyn Store>, clock: SharedClock) -> Result<Self> {
        let now = clock.now();
        let alive = store.fact(ALIVE).await?;
        let from = alive.and_then(|it| serde_json::from_value(it).ok());
        let mut facts = vec![alive_at(now)];
        if let Some(from) = from.filter(|from| now.since(*from) > GRACE) {
            let known = store.fact(DOWNTIMES).await?.unwrap_or_default();
            let mut downtimes: Vec<Pause> = serde_json::from_value(known).unwrap_or_default();
            remember(&mut downtimes, Pause { from, until: now });
            facts.push((DOWNTIMES.to_owned(), serde_json::json!(downtimes)));
        }
        // A full disk is no reason not to start.
        if let Err(error) = store.put_facts(facts).await {
            tracing::warn!(%error, "that the program runs cannot be noted");
        }
        Ok(Self {
            store,
            clock,
            noted: now,
        })
    }
}

impl Service for Pulse {
    const NAME: &'static str = "pulse";

    async fn pass(&mut self) -> Pass {
        let now = self.clock.now();
        // A clock that was set back is noted too.
        if now < self.noted || now.since(self.noted) >= EVERY {
            match self.store.put_facts(vec![alive_at(now)]).await {
                Ok(()) => self.noted = now,
                Err(error) => tracing::warn!(%error, "that the program runs cannot be noted"),
            }
        }
        Pass::Idle(LOOK)
    }
}

fn alive_at(now: UnixMillis) -> (String, Value) {
    (ALIVE.to_owned(), now.0.into())
}
