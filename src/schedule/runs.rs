//! What is done for everybody of a plan: looked for by the clock, carried out page by page.
//!
//! A run begins in one transaction with the mark up to when its plan has been looked after,
//! and a page of its records is taken in together with the cursor behind them. Whoever is
//! killed, or does the same beside us, begins nothing twice and leaves nobody out. What
//! becomes of a step for one target is decided like everything else, in the order of their
//! conversation.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::Config;
use crate::domain::clock::{SharedClock, UnixMillis};
use crate::domain::contact::Contact;
use crate::domain::ids::{ChatId, Person};
use crate::playbook::CurrentPlaybook;
use crate::service::{Pass, Service};
use crate::sops::Sop;
use crate::sops::run::{CONTROLS, Control, Outlook, RUNS, Run, WATCHES, Watch, Work};
use crate::store::{FactSwap, NewRecord, Store, StoreError, own_record};

/// Contacts are looked at so many at a time.
const PAGE: usize = 200;
/// While more than so many records wait, no page is taken: customers are not kept waiting
/// behind a crowd.
const MOST_WAITING: u64 = 200;
/// The clock may be set: nothing is slept through for longer than this.
const IDLE: Duration = Duration::from_secs(1);
/// While the inbox is full.
const FULL: Duration = Duration::from_millis(20);
/// So many runs of one plan are remembered.
const MOST_RUNS: usize = 30;

/// What the loop needs.
pub struct Deps {
    /// The configuration.
    pub config: Arc<Config>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: SharedClock,
    /// The plans.
    pub playbook: CurrentPlaybook,
}

/// Begins runs and carries them out.
pub struct Runner {
    deps: Deps,
}

impl Runner {
    /// A runner.
    #[must_use]
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    async fn work(&self) -> Result<Pass, StoreError> {
        let runs: Vec<(String, Run)> = self.read(RUNS).await?;
        let begun = self.look_after_plans(&runs).await?;
        let Some((name, run)) = runs.iter().find(|(_, run)| run.ended.is_none()) else {
            self.forget_old(&runs).await?;
            return Ok(if begun { Pass::Busy } else { Pass::Idle(IDLE) });
        };
        let store = &self.deps.store;
        if store.depths(self.deps.clock.now()).await?.inbox > MOST_WAITING {
            return Ok(Pass::Idle(FULL));
        }
        self.page(name, run).await?;
        Ok(Pass::Busy)
    }

    /// The values under names that begin so. What a later program wrote is left alone.
    async fn read<T: DeserializeOwned>(
        &self,
        prefix: &str,
    ) -> Result<Vec<(String, T)>, StoreError> {
        let facts = self.deps.store.facts_under(prefix).await?.into_iter();
        let read =
            facts.filter_map(|(name, value)| Some((name, serde_json::from_value(value).ok()?)));
        Ok(read.collect())
    }

    /// Begins what is due. A plan with a run under way waits for its end.
    async fn look_after_plans(&self, runs: &[(String, Run)]) -> Result<bool, StoreError> {
        let playbook = self.deps.playbook.get();
        let now = self.deps.clock.now();
        let mut begun = false;
        for sop in playbook.sops.iter() {
            let mut open = runs.iter().filter(|(_, run)| run.ended.is_none());
            if open.any(|(_, run)| run.sop == sop.id) {
                continue;
            }
            let control = self.fact(&format!("{CONTROLS}{}", sop.id)).await?;
            let control: Control = parsed(&control).unwrap_or_default();
            let outlook = Outlook {
                sop,
                control: &control,
                calendar: playbook.rules.calendar(),
                zone: &self.deps.config.timezone,
                now,
            };
            if outlook.has_runs() {
                begun |= self.look_after(&outlook, runs).await?;
            }
        }
        Ok(begun)
    }

    async fn look_after(
        &self,
        outlook: &Outlook<'_>,
        runs: &[(String, Run)],
    ) -> Result<bool, StoreError> {
        let name = format!("{WATCHES}{}", outlook.sop.id);
        let stored = self.fact(&name).await?;
        let watch: Option<Watch> = parsed(&stored);
        let (sops, id) = (&self.deps.playbook.get().sops, &outlook.sop.id);
        let of_it = runs.iter().map(|(_, run)| run).filter(|run| run.sop == *id);
        let watch = watch.map(|watch| watch.recalling(of_it, |version| sops.exactly(id, version)));
        let Some(begin) = outlook.begin(watch) else {
            return Ok(false);
        };
        let mut swap = FactSwap {
            expected: vec![(name.clone(), stored)],
            facts: vec![(name, json(&begin.watch))],
            records: Vec::new(),
        };
        let known = |run: &Run| {
            let name = run.name();
            runs.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, run)| run)
        };
        // After the clock was set back, what it began before is known by its name. A phase
        // that was left out and got another time since then comes at that.
        let run = begin.run.filter(|run| {
            known(run).is_none_or(|before| before.was_left_out() && before.planned != run.planned)
        });
        if let Some(run) = &run {
            let before = known(run).map_or(Value::Null, json);
            swap.expected.push((run.name(), before));
            swap.facts.push((run.name(), json(run)));
        }
        if !self.swap(swap).await? {
            return Ok(false);
        }
        if let Some(run) = &run {
            let (sop, work) = (&run.sop, run.work.word());
            let late = run.began.since(run.planned).as_secs();
            tracing::info!(%sop, work, late_secs = late, why = run.why, "a run of an SOP");
        }
        Ok(run.is_some_and(|run| run.ended.is_none()))
    }

    /// Looks at the next contacts, and takes the records for them in with the cursor.
    async fn page(&self, name: &str, run: &Run) -> Result<(), StoreError> {
        let now = self.deps.clock.now();
        let playbook = self.deps.playbook.get();
        let sop = playbook.sops.begun_with(&run.sop, &run.version);
        let mut next = run.clone();
        let mut records = Vec::new();
        match sop {
            None => {
                next.ended = Some(now);
                next.why = Some("the SOP is not in the files any more".to_owned());
            }
            Some(sop) => {
                let cursor = run.cursor.clone().or_else(|| first(sop, run.work));
                let page = self
                    .deps
                    .store
                    .contacts_after(cursor.as_ref(), PAGE)
                    .await?;
                let (looked, over) = reached(sop, run.work, &page);
                let concerned = page[..looked].iter();
                let concerned = concerned.filter(|contact| run.concerns(sop, contact, now));
                records = concerned
                    .map(|contact| self.record(run, sop, contact, now))
                    .collect();
                next.looked += looked as u64;
                next.taken += records.len() as u64;
                next.cursor = page.last().map(|last| last.person.clone());
                if over {
                    next.ended = Some(now);
                    next.why = (next.taken == 0).then(|| NOBODY.to_owned());
                }
            }
        }
        let ended = next.ended.is_some();
        let (sop, looked, taken) = (next.sop.clone(), next.looked, next.taken);
        let swap = FactSwap {
            expected: vec![(name.to_owned(), json(run))],
            facts: vec![(name.to_owned(), json(&next))],
            records,
        };
        if self.swap(swap).await? && ended {
            tracing::info!(%sop, looked, taken, "a run of an SOP has looked at everybody");
        }
        Ok(())
    }

    fn record(&self, run: &Run, sop: &Sop, contact: &Contact, now: UnixMillis) -> NewRecord {
        let apps = self.deps.config.apps.first().map(|app| &app.name);
        let app = apps.map(|app| self.deps.config.contact_app(app).clone());
        let app = app.unwrap_or_else(|| "contact".into());
        let key = format!("{}/{}", run.name(), contact.person.key());
        own_record(&key, run.inbound(sop, contact, app, now), now)
    }

    /// Of each plan only the newest runs are kept.
    async fn forget_old(&self, runs: &[(String, Run)]) -> Result<(), StoreError> {
        let mut newest: Vec<&(String, Run)> = runs.iter().collect();
        newest.sort_by_key(|(_, run)| (run.sop.clone(), std::cmp::Reverse(run.began)));
        let of_each = newest.chunk_by(|(_, one), (_, other)| one.sop == other.sop);
        let old = of_each.flat_map(|runs| runs.iter().skip(MOST_RUNS));
        let gone: Vec<(String, Value)> = old.map(|(name, _)| (name.clone(), Value::Null)).collect();
        if gone.is_empty() {
            return Ok(());
        }
        self.deps.store.put_facts(gone).await
    }

    async fn fact(&self, name: &str) -> Result<Value, StoreError> {
        Ok(self.deps.store.fact(name).await?.unwrap_or_default())
    }

    /// Whether it was done; not if somebody else has done the same meanwhile.
    async fn swap(&self, swap: FactSwap) -> Result<bool, StoreError> {
        match self.deps.store.swap_facts(swap).await {
            Ok(_) => Ok(true),
            Err(StoreError::FactMoved { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

const NOBODY: &str = "it is for nobody";

fn parsed<T: DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

/// These values are plain data: they can always be written.
fn json<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Customers stand before groups, and groups before members.
fn first(sop: &Sop, work: Work) -> Option<Person> {
    let step = matches!(work, Work::Step { .. });
    (step && sop.audience.is_none()).then(|| Person::Group(ChatId::from("")))
}

/// How many of a page are worth a look, and whether nobody comes behind them.
fn reached(sop: &Sop, work: Work, page: &[Contact]) -> (usize, bool) {
    let step = matches!(work, Work::Step { .. });
    let customers_only = step && sop.target.is_none();
    let is_behind = |contact: &Contact| match contact.person {
        Person::External(_) => false,
        Person::Group(_) => customers_only,
        Person::Member(_) => true,
    };
    let looked = page.iter().position(is_behind).unwrap_or(page.len());
    (looked, looked < page.len() || page.len() < PAGE)
}

impl Service for Runner {
    const NAME: &'static str = "runs";

    async fn pass(&mut self) -> Pass {
        match self.work().await {
            Ok(pass) => pass,
            Err(error) => {
                tracing::error!(%error, "the store failed while looking after SOPs");
                Pass::Idle(IDLE)
            }
        }
    }
}

#[cfg(test)]
mod tests;
