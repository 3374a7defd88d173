//! Customers and servicers in customer service.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ControlError, Pushed, report};
use crate::chat::ChatLine;
use crate::config::Kind;
use crate::push::{Event, Push};
use crate::server::Shared;
use crate::state::World;
use crate::state::kf::{CodeKind, event_item};

/// A customer writes to an account, a servicer answers, or (`msgtype` `event`) something happens.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KfSay {
    /// The account; the first one when absent.
    pub open_kfid: Option<String>,
    /// The customer; made on first sight.
    pub external_userid: String,
    /// The message type; `text` when absent.
    pub msgtype: Option<String>,
    /// The text of a text message.
    pub content: Option<String>,
    /// The message's own object, for any type.
    pub payload: Option<Value>,
    /// A fixed message id; made when absent.
    pub msgid: Option<String>,
    /// A servicer writes instead of the customer.
    pub servicer_userid: Option<String>,
    /// How many times the message is written (default 1).
    pub count: Option<u32>,
    /// Send one callback for each message instead of one for all.
    pub each: bool,
    /// Send no callback at all.
    pub silent: bool,
}

/// A customer opens the account by a link.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KfEnter {
    /// The account; the first one when absent.
    pub open_kfid: Option<String>,
    /// The customer; made on first sight.
    pub external_userid: String,
    /// The link's scene.
    pub scene: String,
    /// The link's scene parameter.
    pub scene_param: String,
}

/// A servicer acts in the client.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KfSession {
    /// The account; the first one when absent.
    pub open_kfid: Option<String>,
    /// The customer.
    pub external_userid: String,
    /// 1 taken from the pool, 2 transferred, 3 ended, 4 reopened.
    pub change_type: u8,
    /// The servicer who takes the session.
    pub servicer_userid: Option<String>,
}

/// A message that was accepted fails in the end.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KfFail {
    /// The message.
    pub msgid: String,
    /// The reason; 0 unknown, 10 refused by the user, 13 security limit, …
    pub fail_type: i64,
}

fn account(world: &World, wanted: Option<&str>) -> Result<String, ControlError> {
    match wanted {
        Some(id) => Ok(world.kf.account(id)?.open_kfid.clone()),
        None => {
            let first = world.kf.accounts.keys().next();
            first
                .cloned()
                .ok_or_else(|| ControlError::new("there is no kf account"))
        }
    }
}

fn customer(world: &mut World, id: &str) -> Result<(), ControlError> {
    if id.is_empty() {
        return Err(ControlError::new("external_userid is missing"));
    }
    world.customers.ensure(id);
    Ok(())
}

/// The hint that there is something to pull.
fn hint(world: &mut World, open_kfid: &str, now: i64) -> Vec<Push> {
    let token = world.kf.new_token(open_kfid, now, &mut world.ids);
    let event = Event {
        corp_id: &world.corp_id,
        from: None,
        now,
        name: "kf_msg_or_event",
    };
    let plain = event
        .open()
        .text("Token", &token)
        .text("OpenKfId", open_kfid)
        .end();
    Push::to_kind(world, Kind::Kf, &plain)
}

fn log_event(world: &mut World, open_kfid: &str, now: i64, event: Value) {
    let msgid = world.ids.text("EV", 30);
    world
        .kf
        .append(open_kfid, now, event_item(&msgid, now, event));
}

pub(crate) async fn say(shared: &Arc<Shared>, request: KfSay) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let (mut pushes, mut msgids) = (Vec::new(), Vec::new());
    {
        let mut world = shared.world();
        let open_kfid = account(&world, request.open_kfid.as_deref())?;
        customer(&mut world, &request.external_userid)?;
        let count = request.count.unwrap_or(1);
        for n in 0..count {
            msgids.push(write(&mut world, &request, &open_kfid, now)?);
            if !request.silent && (request.each || n + 1 == count) {
                pushes.extend(hint(&mut world, &open_kfid, now));
            }
        }
    }
    let facts = json!({"msgid": msgids.first(), "msgids": msgids});
    Ok(report(shared, pushes, facts).await)
}

fn write(
    world: &mut World,
    request: &KfSay,
    open_kfid: &str,
    now: i64,
) -> Result<String, ControlError> {
    let msgtype = request.msgtype.clone().unwrap_or_else(|| "text".to_owned());
    let content = match (&request.payload, &request.content) {
        (Some(payload), _) => payload.clone(),
        (None, Some(content)) => json!({"content": content}),
        (None, None) => return Err(ControlError::new("content or payload is missing")),
    };
    let msgid = match &request.msgid {
        Some(msgid) if request.count.is_none_or(|count| count == 1) => msgid.clone(),
        Some(_) => return Err(ControlError::new("msgid cannot go with count")),
        None => world.ids.text("MSG", 29),
    };
    if msgtype == "event" {
        let item = event_item(&msgid, now, content);
        world.kf.append(open_kfid, now, item);
        return Ok(msgid);
    }
    let mut item = json!({
        "msgid": msgid, "open_kfid": open_kfid, "external_userid": request.external_userid,
        "send_time": now, "origin": 3, "msgtype": msgtype, msgtype.clone(): content,
    });
    let session = world.kf.session_mut(open_kfid, &request.external_userid);
    if let Some(servicer) = &request.servicer_userid {
        item["origin"] = json!(5);
        item["servicer_userid"] = json!(servicer);
        session.last_any_at = Some(now);
    } else {
        session.customer_spoke(now);
    }
    if let Value::Object(item) = item {
        world.kf.append(open_kfid, now, item);
    }
    let from = if request.servicer_userid.is_some() {
        "servicer"
    } else {
        "customer"
    };
    world.say(ChatLine {
        time: now,
        with: request.external_userid.clone(),
        channel: "kf".to_owned(),
        from: from.to_owned(),
        via: open_kfid.to_owned(),
        msgid: msgid.clone(),
        msgtype,
        content,
        ..ChatLine::default()
    });
    Ok(msgid)
}

pub(crate) async fn enter(shared: &Arc<Shared>, request: KfEnter) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let (pushes, code) = {
        let mut guard = shared.world();
        let world = &mut *guard;
        let open_kfid = account(world, request.open_kfid.as_deref())?;
        customer(world, &request.external_userid)?;
        let mut event = Map::new();
        for (name, value) in [
            ("event_type", "enter_session"),
            ("open_kfid", &open_kfid),
            ("external_userid", &request.external_userid),
            ("scene", &request.scene),
            ("scene_param", &request.scene_param),
        ] {
            event.insert(name.to_owned(), json!(value));
        }
        let session = world.kf.session_mut(&open_kfid, &request.external_userid);
        let quiet = session.last_any_at.is_none_or(|at| now - at >= 48 * 3_600);
        let code = quiet.then(|| {
            let who = &request.external_userid;
            world
                .kf
                .new_code(CodeKind::Welcome, &open_kfid, who, now, &mut world.ids)
        });
        if let Some(code) = &code {
            event.insert("welcome_code".to_owned(), json!(code));
        }
        log_event(world, &open_kfid, now, Value::Object(event));
        (hint(world, &open_kfid, now), code)
    };
    Ok(report(shared, pushes, json!({"welcome_code": code})).await)
}

pub(crate) async fn session(
    shared: &Arc<Shared>,
    request: KfSession,
) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let (pushes, code) = {
        let mut guard = shared.world();
        let world = &mut *guard;
        let open_kfid = account(world, request.open_kfid.as_deref())?;
        let who = &request.external_userid;
        world.customers.get(who)?;
        let state = match request.change_type {
            1 | 2 | 4 => 3,
            3 => 4,
            _ => return Err(ControlError::new("change_type is 1 to 4")),
        };
        let session = world.kf.session_mut(&open_kfid, who);
        let old = session.servicer.clone();
        let new = if state == 3 {
            request.servicer_userid.clone()
        } else {
            None
        };
        if state == 3 && new.is_none() {
            return Err(ControlError::new("servicer_userid is missing"));
        }
        session.enter(state, new.clone());
        let kind = match request.change_type {
            1 => Some(CodeKind::Taken),
            3 => Some(CodeKind::Ended),
            _ => None,
        };
        let code = kind.map(|kind| {
            world
                .kf
                .new_code(kind, &open_kfid, who, now, &mut world.ids)
        });
        let mut event = json!({
            "event_type": "session_status_change", "open_kfid": open_kfid, "external_userid": who,
            "change_type": request.change_type, "old_servicer_userid": old.unwrap_or_default(),
            "new_servicer_userid": new.unwrap_or_default(),
        });
        if let Some(code) = &code {
            event["msg_code"] = json!(code);
        }
        log_event(world, &open_kfid, now, event);
        (hint(world, &open_kfid, now), code)
    };
    Ok(report(shared, pushes, json!({"msg_code": code})).await)
}

pub(crate) async fn fail(shared: &Arc<Shared>, request: KfFail) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let pushes = {
        let mut guard = shared.world();
        let world = &mut *guard;
        let line = world
            .line(&request.msgid)
            .filter(|line| line.channel == "kf")
            .cloned();
        let line = line.ok_or_else(|| ControlError::new("there is no such kf message"))?;
        world.mark_line(&request.msgid, "failed");
        let event = json!({
            "event_type": "msg_send_fail", "open_kfid": line.via, "external_userid": line.with,
            "fail_msgid": request.msgid, "fail_type": request.fail_type,
        });
        log_event(world, &line.via, now, event);
        hint(world, &line.via, now)
    };
    Ok(report(shared, pushes, json!({"fail_msgid": request.msgid})).await)
}
