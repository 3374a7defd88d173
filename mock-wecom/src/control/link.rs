//! Callbacks over the long connection of an intelligent bot.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{ControlError, Pushed};
use crate::config::Kind;
use crate::journal::{Entry, EntryKind};
use crate::server::Shared;
use crate::server::link::Out;
use crate::state::links::{Asked, LinkCall};

/// The connected bot that is meant: the named one, or the first when no URL receiver is there.
pub(super) fn of(shared: &Shared, wanted: Option<&str>) -> Option<String> {
    let by_url = shared.world().receivers_of(Kind::Aibot, None);
    let links = shared.links();
    match wanted {
        Some(name) => links.contains_key(name).then(|| name.to_owned()),
        None if by_url.is_empty() => links.keys().next().cloned(),
        None => None,
    }
}

/// Sends a callback and waits for the first reply to it, or for the end of its stream.
pub(super) async fn send(
    shared: &Arc<Shared>,
    bot_id: &str,
    asked: Asked,
    body: Map<String, Value>,
    with: &str,
    follow: bool,
) -> Result<Pushed, ControlError> {
    let command = match asked {
        Asked::Message => "aibot_msg_callback",
        Asked::EnterChat | Asked::CardEvent | Asked::Other => "aibot_event_callback",
    };
    let msgid = body.get("msgid").cloned().unwrap_or(Value::Null);
    let (req_id, wait) = {
        let mut guard = shared.world();
        let world = &mut *guard;
        let req_id = world.ids.text("CB", 20);
        let call = LinkCall {
            bot_id: bot_id.to_owned(),
            asked,
            with: with.to_owned(),
            at: shared.clock.now(),
            stream: None,
            finished: false,
            reply: None,
        };
        world.links.calls.insert(req_id.clone(), call);
        (req_id, world.switches.control_wait_ms)
    };
    let frame = json!({"cmd": command, "headers": {"req_id": req_id}, "body": body});
    let out = shared.links().get(bot_id).map(|link| link.out.clone());
    let sent = out.is_some_and(|out| out.send(Out::Frame(frame.clone())).is_ok());
    record(shared, bot_id, frame, sent);
    if !sent {
        return Err(ControlError::new(format!("{bot_id} is not connected")));
    }
    if asked != Asked::Other {
        let wait = Duration::from_millis(wait);
        // Without a reply in time the caller is told so by its absence.
        let _replied = tokio::time::timeout(wait, replied(shared, &req_id, follow)).await;
    }
    let reply = shared
        .world()
        .links
        .calls
        .get(&req_id)
        .and_then(|call| call.reply.clone());
    let mut facts = Map::new();
    facts.insert("msgid".to_owned(), msgid);
    facts.insert("req_id".to_owned(), json!(req_id));
    Ok(Pushed {
        attempts: 1,
        reply,
        facts,
        ..Pushed::default()
    })
}

async fn replied(shared: &Shared, req_id: &str, follow: bool) {
    let enough = |_: &BTreeMap<String, u64>| {
        let world = shared.world();
        let call = world.links.calls.get(req_id);
        call.is_none_or(|call| call.reply.is_some() && (call.finished || !follow))
    };
    let mut passed = shared.passed.subscribe();
    // The sender lives as long as the server, so this only ends with a reply.
    let _counts = passed.wait_for(enough).await;
}

fn record(shared: &Shared, bot_id: &str, frame: Value, sent: bool) {
    let entry = Entry {
        id: 0,
        kind: EntryKind::Callback,
        time_ms: shared.clock.now_ms(),
        took_ms: 0,
        path: bot_id.to_owned(),
        request: json!({"url": "aibot/ws", "plain": frame.to_string()}),
        response: Value::Null,
        errcode: None,
        applied: sent,
        problems: Vec::new(),
        fault: None,
    };
    shared.world().record(entry);
}
