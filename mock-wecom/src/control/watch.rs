//! Looking inside and setting the conditions: state, journal, chat, clock, faults.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::{Answer, Ask, ControlError, Corp, Pushed, report};
use crate::api;
use crate::chaos::Chaos;
use crate::chat::ChatLine;
use crate::faults::Fault;
use crate::push::{self, Push};
use crate::server::Shared;

type Done = Result<Value, ControlError>;

/// A plaintext to be encrypted and sent as it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawCallback {
    /// The receiver's name.
    pub receiver: String,
    /// The plaintext: XML, or JSON for an aibot.
    pub body: String,
    /// How often it is sent again after a success.
    pub repeat: u32,
    /// Whether repeats are encrypted anew; absent leaves it to the switch.
    pub reencrypt: Option<bool>,
}

pub(crate) async fn callback(
    shared: &Arc<Shared>,
    request: RawCallback,
) -> Result<Pushed, ControlError> {
    let mut push = Push::new(receiver(shared, &request.receiver)?, request.body);
    push.repeat = request.repeat;
    push.reencrypt = request.reencrypt;
    Ok(report(shared, vec![push], json!({})).await)
}

fn receiver(shared: &Shared, name: &str) -> Result<crate::config::ReceiverSpec, ControlError> {
    let world = shared.world();
    let found = world
        .receivers
        .iter()
        .find(|receiver| receiver.name == name);
    found
        .cloned()
        .ok_or_else(|| ControlError::new(format!("there is no receiver {name}")))
}

#[derive(Deserialize)]
pub(super) struct Name {
    name: String,
}

pub(super) async fn verify(State(shared): Corp, Ask(request): Ask<Name>) -> Answer<Value> {
    let receiver = receiver(&shared, &request.name)?;
    let checked = push::verify(&shared, &receiver).await;
    Ok(Json(json!({"ok": checked.is_ok(), "error": checked.err()})))
}

pub(super) async fn state(State(shared): Corp) -> Answer<Value> {
    let state = serde_json::to_value(&*shared.world());
    state
        .map(Json)
        .map_err(|error| ControlError::new(error.to_string()))
}

/// The contract of every endpoint that is served.
pub(super) async fn endpoints() -> Json<Value> {
    Json(api::coverage::as_json())
}

#[derive(Deserialize)]
pub(super) struct Who {
    external_userid: Option<String>,
    userid: Option<String>,
    id: Option<String>,
}

pub(super) async fn chat(State(shared): Corp, Query(who): Query<Who>) -> Answer<Vec<ChatLine>> {
    let who = who.external_userid.or(who.userid).or(who.id);
    let who = who.ok_or_else(|| ControlError::new("external_userid, userid or id is missing"))?;
    Ok(Json(shared.world().chat_with(&who)))
}

/// Journal entries and chat lines as they come; a slow watcher misses some and is told so.
pub(super) async fn events(
    State(shared): Corp,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let watcher = shared.events.subscribe();
    let stream = stream::unfold((watcher, shared), |(mut watcher, shared)| async move {
        let event = tokio::select! {
            () = shared.closed() => return None,
            event = watcher.recv() => event,
        };
        let value = match event {
            Ok(value) => value,
            Err(RecvError::Lagged(missed)) => json!({"kind": "missed", "data": missed}),
            Err(RecvError::Closed) => return None,
        };
        let name = value["kind"].as_str().unwrap_or("message").to_owned();
        let event = Event::default().event(name).data(value["data"].to_string());
        Some((Ok(event), (watcher, shared)))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

pub(crate) fn add_fault(shared: &Arc<Shared>, fault: Fault) -> Done {
    fault.check().map_err(ControlError::new)?;
    shared.world().faults.add(fault);
    Ok(json!({}))
}

/// Begins chaos in place of the one before; 0 percent ends it.
pub(crate) fn chaos(shared: &Arc<Shared>, chaos: Chaos) -> Done {
    if chaos.percent > 100 {
        return Err(ControlError::new("percent is at most 100"));
    }
    shared.world().storm.begin(chaos);
    Ok(json!({}))
}

pub(super) async fn calm(State(shared): Corp) -> Json<Value> {
    shared.world().storm.end();
    Json(json!({}))
}

/// The steps of the scenario that are still to come.
pub(super) async fn scenario(State(shared): Corp) -> Json<Value> {
    Json(super::scenario::rest(&shared.world()))
}

pub(super) async fn clear_faults(State(shared): Corp) -> Json<Value> {
    shared.world().faults.clear();
    Json(json!({}))
}

/// A change of the clock.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClockChange {
    /// Seconds to move on; negative goes back.
    advance_secs: Option<i64>,
    /// Unix time to set.
    set: Option<i64>,
}

pub(crate) fn set_clock(shared: &Arc<Shared>, change: ClockChange) -> Done {
    // Far enough for any test, and no sum of times can overflow.
    const CENTURIES: std::ops::RangeInclusive<i64> = -10_000_000_000..=10_000_000_000;
    let odd = |secs: Option<i64>| secs.is_some_and(|secs| !CENTURIES.contains(&secs));
    if odd(change.set) || odd(change.advance_secs) {
        return Err(ControlError::new("that is too far away"));
    }
    if let Some(now) = change.set {
        shared.clock.set(now);
    }
    if let Some(secs) = change.advance_secs {
        shared.clock.advance_ms(secs.saturating_mul(1000));
    }
    announce_clock(shared);
    Ok(time(shared))
}

/// Tells the watchers that the clock was moved.
pub(crate) fn announce_clock(shared: &Shared) {
    shared.announce("clock", &time(shared));
}

pub(super) async fn clock(State(shared): Corp) -> Json<Value> {
    Json(time(&shared))
}

fn time(shared: &Shared) -> Value {
    json!({"now": shared.clock.now(), "now_ms": shared.clock.now_ms(),
           "offset_ms": shared.clock.offset_ms()})
}

/// Whose tokens to revoke.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Revoke {
    secret: Option<String>,
}

pub(crate) fn revoke(shared: &Arc<Shared>, request: Revoke) -> Done {
    let revoked = shared.world().tokens.revoke(request.secret.as_deref());
    Ok(json!({"revoked": revoked}))
}

pub(crate) fn set_switches(shared: &Arc<Shared>, changes: Map<String, Value>) -> Done {
    let mut world = shared.world();
    world.switches = world
        .switches
        .changed(&changes)
        .map_err(ControlError::new)?;
    serde_json::to_value(&world.switches).map_err(|error| ControlError::new(error.to_string()))
}

pub(super) async fn switches(State(shared): Corp) -> Answer<Value> {
    set_switches(&shared, Map::new()).map(Json)
}

pub(crate) fn reset(shared: &Arc<Shared>, _nothing: Map<String, Value>) -> Done {
    shared.reset().map_err(ControlError::new)?;
    shared.announce("restored", &json!({}));
    Ok(json!({}))
}
