//! Scenarios: what happens when, written down beforehand.
//!
//! Steps run in order. A step that waits for a call is carried out after that call
//! has been journaled and before it is answered, so that a run can be repeated.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::app::{AppEvent, AppSay};
use super::bot::{BotEvent, BotSay};
use super::contact::{ContactAdd, ContactDelete, ContactEdit};
use super::event::PlatformEvent;
use super::group::GroupChange;
use super::kf::{KfEnter, KfFail, KfSay, KfSession};
use super::mass::MassConfirm;
use super::watch::{ClockChange, RawCallback, Revoke};
use super::{ControlError, app, bot, contact, event, group, kf, mass, watch};
use crate::chaos::Chaos;
use crate::faults::Fault;
use crate::server::Shared;
use crate::state::World;

/// How often time alone is looked at.
const TICK: Duration = Duration::from_millis(20);

/// A list of steps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// What it is about.
    pub name: String,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When; at once when absent.
    #[serde(default)]
    pub after: Option<After>,
    /// What: `{"fault": {…}}`, `{"kf_say": {…}}`, … with the body of the control call.
    #[serde(rename = "do")]
    pub what: Value,
}

/// What a step waits for, counted from the start of the scenario.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum After {
    /// So many calls of a path, named by its end.
    Calls {
        /// The end of the path.
        path: String,
        /// How many.
        count: u64,
    },
    /// So many seconds of the simulated clock.
    Secs(i64),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Do {
    Fault(Fault),
    ClearFaults {},
    Chaos(Chaos),
    Switches(Map<String, Value>),
    Clock(ClockChange),
    RevokeTokens(Revoke),
    MassConfirm(MassConfirm),
    KfSay(KfSay),
    KfEnter(KfEnter),
    KfSession(KfSession),
    KfFail(KfFail),
    AppSay(AppSay),
    AppEvent(AppEvent),
    AibotSay(BotSay),
    AibotEvent(BotEvent),
    ContactAdd(ContactAdd),
    ContactDelete(ContactDelete),
    ContactEdit(ContactEdit),
    GroupJoin(GroupChange),
    GroupLeave(GroupChange),
    Event(PlatformEvent),
    Callback(RawCallback),
}

/// The scenario that is being played.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Stage {
    steps: VecDeque<Step>,
    began_at: i64,
    calls: BTreeMap<String, u64>,
    /// Steps that could not be carried out.
    problems: Vec<String>,
}

impl Stage {
    /// Counts a call while steps are waiting.
    pub(crate) fn note_call(&mut self, path: &str) {
        if !self.steps.is_empty() {
            *self.calls.entry(path.to_owned()).or_default() += 1;
        }
    }

    fn next_due(&mut self, now: i64) -> Option<Step> {
        let due = match &self.steps.front()?.after {
            None => true,
            Some(After::Secs(secs)) => now - self.began_at >= *secs,
            Some(After::Calls { path, count }) => {
                let calls = self.calls.iter();
                let met = calls.filter(|(called, _)| called.ends_with(path.as_str()));
                met.map(|(_, times)| times).sum::<u64>() >= *count
            }
        };
        if due { self.steps.pop_front() } else { None }
    }
}

/// Plays a scenario in place of the one before.
pub(crate) fn play(shared: &Arc<Shared>, scenario: Scenario) -> Result<Value, ControlError> {
    for (at, step) in scenario.steps.iter().enumerate() {
        read(step).map_err(|why| ControlError::new(format!("step {}: {why}", at + 1)))?;
    }
    let steps = scenario.steps.len();
    shared.world().stage = Stage {
        steps: scenario.steps.into(),
        began_at: shared.clock.now(),
        ..Stage::default()
    };
    advance(shared);
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        while !shared.world().stage.steps.is_empty() {
            tokio::select! {
                () = shared.closed() => return,
                () = tokio::time::sleep(TICK) => advance(&shared),
            }
        }
    });
    Ok(json!({"steps": steps}))
}

/// What is left of the scenario.
pub(crate) fn rest(world: &World) -> Value {
    json!({"left": world.stage.steps, "problems": world.stage.problems})
}

fn read(step: &Step) -> Result<Do, String> {
    let what: Do = serde_json::from_value(step.what.clone()).map_err(|error| error.to_string())?;
    if let Do::Fault(fault) = &what {
        fault.check()?;
    }
    Ok(what)
}

/// Carries out every step whose time has come.
pub(crate) fn advance(shared: &Arc<Shared>) {
    loop {
        let now = shared.clock.now();
        let Some(step) = shared.world().stage.next_due(now) else {
            return;
        };
        let done = match read(&step) {
            Ok(what) => carry_out(shared, what),
            Err(why) => Err(ControlError::new(why)),
        };
        if let Err(error) = done {
            shared.world().stage.problems.push(error.to_string());
        }
    }
}

/// Conditions change at once; people act in the background, as they do.
fn carry_out(shared: &Arc<Shared>, what: Do) -> Result<(), ControlError> {
    match what {
        Do::Fault(fault) => watch::add_fault(shared, fault).map(drop),
        Do::ClearFaults {} => {
            let mut world = shared.world();
            world.faults.clear();
            world.storm.end();
            Ok(())
        }
        Do::Chaos(chaos) => watch::chaos(shared, chaos).map(drop),
        Do::Switches(changes) => watch::set_switches(shared, changes).map(drop),
        Do::Clock(change) => watch::set_clock(shared, change).map(drop),
        Do::RevokeTokens(request) => watch::revoke(shared, request).map(drop),
        Do::MassConfirm(request) => mass::confirm(shared, request).map(drop),
        people => {
            let shared = Arc::clone(shared);
            tokio::spawn(async move {
                if let Err(error) = act(&shared, people).await {
                    shared.world().stage.problems.push(error.to_string());
                }
            });
            Ok(())
        }
    }
}

async fn act(shared: &Arc<Shared>, what: Do) -> Result<(), ControlError> {
    let pushed = match what {
        Do::KfSay(request) => kf::say(shared, request).await,
        Do::KfEnter(request) => kf::enter(shared, request).await,
        Do::KfSession(request) => kf::session(shared, request).await,
        Do::KfFail(request) => kf::fail(shared, request).await,
        Do::AppSay(request) => app::say(shared, request).await,
        Do::AppEvent(request) => app::event(shared, request).await,
        Do::AibotSay(request) => bot::bot_say(shared, request).await,
        Do::AibotEvent(request) => bot::bot_event(shared, request).await,
        Do::ContactAdd(request) => contact::add(shared, request).await,
        Do::ContactDelete(request) => contact::delete(shared, request).await,
        Do::ContactEdit(request) => contact::edit(shared, request).await,
        Do::GroupJoin(request) => group::join(shared, request).await,
        Do::GroupLeave(request) => group::leave(shared, request).await,
        Do::Event(request) => event::send(shared, request).await,
        Do::Callback(request) => watch::callback(shared, request).await,
        // Everything else was done before.
        _ => return Ok(()),
    };
    pushed.map(drop)
}
