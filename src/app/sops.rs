//! SOPs as operators look at them: who stands where, what became of each step, and what is
//! done to everybody at once. The same whether the server runs or not.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::sop_versions;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::SopEnding;
use crate::domain::ids::{Person, SopId};
use crate::sops::Sop;
use crate::sops::run::{Approval, CONTROLS, Control, RUNS, Run, WATCHES, Watch, Work};
use crate::store::{
    Delivery, FactSwap, RowOutcome, SopRow, SopRowKey, SopRowQuery, Store, StoreError,
};

/// Contacts and rows are read so many at a time.
const PAGE: usize = 1000;
/// Two operators at once: each wish is tried so often.
const TRIES: usize = 5;

/// What `sop` can ask for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SopRequest {
    /// How all SOPs stand.
    States,
    /// The versions of one SOP that are kept, oldest first.
    Versions(SopId),
    /// What became of each step, of runs that began at this time or later.
    Report(SopId, UnixMillis),
    /// The rows of one SOP.
    Rows(SopRowQuery),
    /// Do something to everybody.
    Do(SopId, SopWish),
}

/// What operators can do to a whole SOP. The text is the version that they have looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SopWish {
    /// Nothing begins, and whoever is in it waits.
    Pause,
    /// It goes on.
    Resume,
    /// Whoever is in it leaves; a campaign is over.
    Cancel,
    /// Nothing; its preview was looked at.
    Look(String),
    /// The campaign may begin.
    Approve(String),
    /// Whoever is in it goes on with this version.
    Migrate(String),
}

/// The answers, one for each request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SopReply {
    /// To `States`.
    States(BTreeMap<SopId, SopState>),
    /// To `Versions`.
    Versions(Vec<Sop>),
    /// To `Report`.
    Report(Vec<StepReport>),
    /// To `Rows`.
    Rows(Vec<SopRow>),
    /// To `Do`: whether anything changed.
    Changed(bool),
}

/// How one SOP stands.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SopState {
    /// What operators have said.
    pub control: Control,
    /// Up to when it was looked after.
    pub watch: Option<Watch>,
    /// What was done for everybody, newest first.
    pub runs: Vec<Run>,
    /// How many stand before each step, by version and step.
    pub running: Vec<Standing>,
    /// How many have ended, by how.
    pub ended: BTreeMap<String, u64>,
}

/// How many stand before a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The version that they began with.
    pub version: String,
    /// The step, counted from 0.
    pub step: u32,
    /// How many.
    pub count: u64,
}

/// What became of one step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StepReport {
    /// The step, counted from 0.
    pub step: u32,
    /// Its name for people.
    pub name: Option<String>,
    /// For so many targets it has come due.
    pub targets: u64,
    /// Done when it was planned.
    pub on_time: u64,
    /// Done later than planned.
    pub late: u64,
    /// It waits.
    pub waiting: u64,
    /// The SOP was over for them before it.
    pub exited: u64,
    /// Left out, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// How far its messages have got.
    pub delivery: BTreeMap<String, u64>,
    /// Why messages got no further.
    pub delivery_why: BTreeMap<String, u64>,
}

impl StepReport {
    /// Done, late or not.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.on_time + self.late
    }

    fn count(&mut self, row: SopRow) {
        self.targets += 1;
        let late = row.is_late();
        match row.outcome {
            RowOutcome::Done if late => self.late += 1,
            RowOutcome::Done => self.on_time += 1,
            RowOutcome::Waiting => self.waiting += 1,
            RowOutcome::Exited => self.exited += 1,
            RowOutcome::Skipped => {
                *self.skipped.entry(row.why.unwrap_or_default()).or_default() += 1;
            }
        }
        if row.delivery != Delivery::None {
            let word = row.delivery.word().to_owned();
            *self.delivery.entry(word).or_default() += 1;
        }
        if let Some(why) = row.delivery_why {
            *self.delivery_why.entry(why).or_default() += 1;
        }
        self.name = row.name.or_else(|| self.name.take());
    }
}

/// Carries out a request on a store.
pub(super) async fn carry_out(
    store: &dyn Store,
    now: UnixMillis,
    request: SopRequest,
) -> Result<SopReply, StoreError> {
    Ok(match request {
        SopRequest::States => SopReply::States(states(store).await?),
        SopRequest::Versions(sop) => SopReply::Versions(sop_versions::of(store, &sop).await?),
        SopRequest::Report(sop, since) => SopReply::Report(report(store, sop, since).await?),
        SopRequest::Rows(mut query) => {
            query.limit = query.limit.min(PAGE);
            SopReply::Rows(store.sop_rows(query).await?)
        }
        SopRequest::Do(sop, wish) => SopReply::Changed(grant(store, &sop, &wish, now).await?),
    })
}

/// How all SOPs stand. Looks at every contact once.
async fn states(store: &dyn Store) -> Result<BTreeMap<SopId, SopState>, StoreError> {
    let mut states: BTreeMap<SopId, SopState> = BTreeMap::new();
    for (id, control) in read::<Control>(store, CONTROLS).await? {
        states.entry(SopId(id)).or_default().control = control;
    }
    for (id, watch) in read::<Watch>(store, WATCHES).await? {
        states.entry(SopId(id)).or_default().watch = Some(watch);
    }
    for (_, run) in read::<Run>(store, RUNS).await? {
        states.entry(run.sop.clone()).or_default().runs.push(run);
    }
    let mut after: Option<Person> = None;
    loop {
        let page = store.contacts_after(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.person.clone());
        for (id, enrolment) in page.into_iter().flat_map(|contact| contact.sops) {
            let state = states.entry(id).or_default();
            match enrolment.ended {
                Some(end) => *state.ended.entry(word(end.how)).or_default() += 1,
                None => stand(&mut state.running, enrolment.version, enrolment.step),
            }
        }
    }
    for (id, state) in &mut states {
        state.runs.sort_by_key(|run| std::cmp::Reverse(run.began));
        let order = |one: &Standing| (one.version.clone(), one.step);
        state.running.sort_by_key(order);
        recall(store, id, state).await?;
    }
    Ok(states)
}

/// Which phases have begun, where an earlier program kept only their places.
async fn recall(store: &dyn Store, id: &SopId, state: &mut SopState) -> Result<(), StoreError> {
    let known = |watch: &Watch| watch.started.is_none() || !watch.begun.is_empty();
    if state.watch.as_ref().is_none_or(known) {
        return Ok(());
    }
    let versions = sop_versions::of(store, id).await?;
    let version = |wanted: &str| versions.iter().find(|sop| sop.version == wanted);
    let watch = state.watch.take();
    state.watch = watch.map(|watch| watch.recalling(&state.runs, version));
    Ok(())
}

fn stand(running: &mut Vec<Standing>, version: String, step: u32) {
    let same = |one: &&mut Standing| one.step == step && one.version == version;
    match running.iter_mut().find(same) {
        Some(one) => one.count += 1,
        None => running.push(Standing {
            version,
            step,
            count: 1,
        }),
    }
}

fn word(how: SopEnding) -> String {
    let word = serde_json::to_value(how).unwrap_or_default();
    word.as_str().unwrap_or_default().to_owned()
}

/// What became of each step.
async fn report(
    store: &dyn Store,
    sop: SopId,
    since: UnixMillis,
) -> Result<Vec<StepReport>, StoreError> {
    let mut steps: BTreeMap<u32, StepReport> = BTreeMap::new();
    let mut after: Option<SopRowKey> = None;
    loop {
        let query = SopRowQuery {
            sop: sop.clone(),
            since,
            after: after.take(),
            limit: PAGE,
        };
        let rows = store.sop_rows(query).await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.key());
        for row in rows {
            let step = steps.entry(row.step).or_default();
            step.step = row.step;
            step.count(row);
        }
    }
    Ok(steps.into_values().collect())
}

/// Does what an operator wishes. `false` if it was so already.
async fn grant(
    store: &dyn Store,
    sop: &SopId,
    wish: &SopWish,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let mut tries = 0;
    loop {
        let name = format!("{CONTROLS}{sop}");
        let stored = store.fact(&name).await?.unwrap_or_default();
        let before: Control = serde_json::from_value(stored.clone()).unwrap_or_default();
        let mut control = before.clone();
        let mut facts = Vec::new();
        apply(&mut control, wish, now);
        if let Some(work) = work(&before, wish) {
            let version = match wish {
                SopWish::Migrate(version) => version.clone(),
                _ => String::new(),
            };
            let run = Run::of(sop.clone(), version, work, now);
            facts.push((run.name(), json(&run)));
        }
        if control == before && facts.is_empty() {
            return Ok(false);
        }
        if matches!(wish, SopWish::Approve(_)) && before.cancelled.is_some() {
            facts.push(again(store, sop).await?);
        }
        facts.push((name.clone(), json(&control)));
        let swap = FactSwap {
            expected: vec![(name, stored)],
            facts,
            records: Vec::new(),
        };
        match store.swap_facts(swap).await {
            Ok(_) => return Ok(true),
            Err(StoreError::FactMoved { .. }) if tries < TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

fn apply(control: &mut Control, wish: &SopWish, now: UnixMillis) {
    match wish {
        SopWish::Pause => control.paused = control.paused.or(Some(now)),
        SopWish::Resume => control.resume(now),
        SopWish::Cancel => control.cancelled = Some(now),
        SopWish::Approve(version) => {
            let same = control.approved.as_ref().is_some_and(|approval| {
                approval.version == *version && control.cancelled.is_none()
            });
            if !same {
                control.cancelled = None;
                control.approved = Some(Approval {
                    version: version.clone(),
                    at: now,
                });
            }
        }
        SopWish::Look(version) => control.previewed = Some(version.clone()),
        SopWish::Migrate(_) => {}
    }
}

/// What is to be done for everybody.
fn work(before: &Control, wish: &SopWish) -> Option<Work> {
    match wish {
        SopWish::Resume => before.paused.map(|_| Work::Resume),
        SopWish::Cancel => Some(Work::Cancel),
        SopWish::Migrate(_) => Some(Work::Migrate),
        SopWish::Pause | SopWish::Look(_) | SopWish::Approve(_) => None,
    }
}

/// A campaign that was cancelled and is approved again begins anew.
async fn again(store: &dyn Store, sop: &SopId) -> Result<(String, Value), StoreError> {
    let name = format!("{WATCHES}{sop}");
    let stored = store.fact(&name).await?.unwrap_or_default();
    let watch: Option<Watch> = serde_json::from_value(stored).ok();
    let anew = watch.map(|watch| Watch::from(watch.until));
    Ok((name, anew.map_or(Value::Null, |watch| json(&watch))))
}

/// Small values by what stands behind their prefix. One that a later program wrote is left out.
async fn read<T: DeserializeOwned>(
    store: &dyn Store,
    prefix: &str,
) -> Result<Vec<(String, T)>, StoreError> {
    let facts = store.facts_under(prefix).await?.into_iter();
    let read = facts.filter_map(|(name, value)| {
        let name = name.strip_prefix(prefix)?.to_owned();
        Some((name, serde_json::from_value(value).ok()?))
    });
    Ok(read.collect())
}

/// These values are plain data: they can always be written.
fn json<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
