//! Sets the timers of contacts who were known before a rule asked for their day.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::domain::anniversary::Anniversary;
use crate::domain::clock::SharedClock;
use crate::process::dates::timers_of;
use crate::process::playbook::CurrentPlaybook;
use crate::service::{Pass, Service};
use crate::store::{Store, StoreError};

/// The days that all contacts were looked at for.
const FACT: &str = "dates";
const PAGE: usize = 500;
const IDLE: Duration = Duration::from_secs(5);

/// Looks at all contacts once for each day that rules begin to ask for.
pub(super) struct Dates {
    pub(super) config: Arc<Config>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: SharedClock,
    pub(super) playbook: CurrentPlaybook,
    /// The rules that were looked at last.
    pub(super) version: Option<String>,
}

impl Dates {
    async fn look(&mut self) -> Result<(), StoreError> {
        let playbook = self.playbook.get();
        let version = playbook.rules.version();
        if self.version.as_deref() == Some(version) {
            return Ok(());
        }
        let all = playbook.rules.anniversaries();
        let keys: Vec<String> = all.iter().map(Anniversary::key).collect();
        let known = self.store.fact(FACT).await?;
        let known: Vec<String> = known
            .and_then(|it| serde_json::from_value(it).ok())
            .unwrap_or_default();
        let new: Vec<&Anniversary> = all.iter().filter(|it| !known.contains(&it.key())).collect();
        if !new.is_empty() {
            self.sweep(&new).await?;
        }
        if keys != known {
            self.store
                .put_facts(vec![(FACT.to_owned(), keys.into())])
                .await?;
        }
        self.version = Some(version.to_owned());
        Ok(())
    }

    async fn sweep(&self, wanted: &[&Anniversary]) -> Result<(), StoreError> {
        let (mut after, mut set) = (None, 0_usize);
        loop {
            let page = self.store.contacts_after(after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.person.clone());
            let now = self.clock.now();
            let timers = page
                .iter()
                .flat_map(|contact| timers_of(&self.config, contact, wanted, now));
            let timers: Vec<_> = timers.collect();
            set += timers.len();
            if !timers.is_empty() {
                self.store.set_timers(timers).await?;
            }
        }
        tracing::info!(
            days = wanted.len(),
            timers = set,
            "contacts were looked at for their days"
        );
        Ok(())
    }
}

impl Service for Dates {
    const NAME: &'static str = "dates";

    async fn pass(&mut self) -> Pass {
        if let Err(error) = self.look().await {
            tracing::error!(%error, "the store failed while looking for days of contacts");
        }
        Pass::Idle(IDLE)
    }
}
