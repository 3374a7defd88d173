//! Members talking to apps.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ControlError, Pushed, report};
use crate::chat::ChatLine;
use crate::config::{Kind, ReceiverSpec};
use crate::push::{Event, Push};
use crate::server::Shared;
use crate::state::World;
use crate::xml::Xml;

/// A member writes to an app.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppSay {
    /// The member.
    pub userid: String,
    /// The app; every app receiver when absent.
    pub agent_id: Option<i64>,
    /// `text` (default), `image`, `voice`, `video`, `location` or `link`.
    pub msgtype: Option<String>,
    /// The text of a text message.
    pub content: Option<String>,
    /// XML elements of other types, such as `{"MediaId": "…", "PicUrl": "…"}`.
    pub payload: Map<String, Value>,
    /// A fixed message id, to repeat a message.
    pub msg_id: Option<u64>,
}

/// Something else that a member does with an app.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppEvent {
    /// The member.
    pub userid: String,
    /// The app; every app receiver when absent.
    pub agent_id: Option<i64>,
    /// `enter_agent`, `click`, `subscribe`, `template_card_event`, …
    pub event: String,
    /// Menu key, button key or URL.
    pub event_key: Option<String>,
    /// For card events: the message that carried the card; task id and type are taken from it.
    pub msgid: Option<String>,
    /// Further XML elements.
    pub payload: Map<String, Value>,
}

pub(super) fn member(world: &World, userid: &str) -> Result<(), ControlError> {
    match world.book.member(userid) {
        Some(_) => Ok(()),
        None => Err(ControlError::new(format!("there is no member {userid}"))),
    }
}

/// The same body for each app receiver, with that app's own id in it.
fn to_apps(
    world: &World,
    agent_id: Option<i64>,
    userid: &str,
    body: impl Fn(Option<i64>) -> String,
) -> Vec<Push> {
    let receivers = world.receivers_of(Kind::App, agent_id);
    let push = |receiver: ReceiverSpec| {
        let agent_id = agent_id.or(receiver.agent_id);
        let mut push = Push::new(receiver, body(agent_id));
        push.agent_id = agent_id;
        push.person = Some(userid.to_owned());
        push
    };
    receivers.into_iter().map(push).collect()
}

pub(crate) async fn say(shared: &Arc<Shared>, request: AppSay) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let (pushes, msg_id) = {
        let mut guard = shared.world();
        let world = &mut *guard;
        member(world, &request.userid)?;
        let msgtype = request.msgtype.clone().unwrap_or_else(|| "text".to_owned());
        let msg_id = request.msg_id.unwrap_or_else(|| world.ids.msg_id());
        let mut payload = request.payload.clone();
        if let Some(content) = &request.content {
            payload.insert("Content".to_owned(), json!(content));
        }
        let body = |agent_id: Option<i64>| {
            Xml::new()
                .text("ToUserName", &world.corp_id)
                .text("FromUserName", &request.userid)
                .number("CreateTime", now)
                .text("MsgType", &msgtype)
                .json(&payload)
                .number("MsgId", msg_id)
                .number("AgentID", agent_id.unwrap_or_default())
                .end()
        };
        let mut pushes = to_apps(world, request.agent_id, &request.userid, body);
        if msgtype == "file" && !world.switches.app_file_messages {
            pushes.clear();
        }
        let content = match &request.content {
            Some(content) => json!({"content": content}),
            None => Value::Object(payload),
        };
        world.say(ChatLine {
            time: now,
            with: request.userid.clone(),
            channel: "app".to_owned(),
            from: "member".to_owned(),
            via: request.agent_id.unwrap_or_default().to_string(),
            msgid: msg_id.to_string(),
            msgtype,
            content,
            ..ChatLine::default()
        });
        (pushes, msg_id)
    };
    Ok(report(shared, pushes, json!({"msg_id": msg_id})).await)
}

pub(crate) async fn event(shared: &Arc<Shared>, request: AppEvent) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let (pushes, code) = {
        let mut guard = shared.world();
        let world = &mut *guard;
        member(world, &request.userid)?;
        let mut payload = Map::new();
        if let Some(key) = &request.event_key {
            payload.insert("EventKey".to_owned(), json!(key));
        }
        let code = card_fields(world, &request, now, &mut payload)?;
        payload.extend(request.payload.clone());
        let head = Event {
            corp_id: &world.corp_id,
            from: Some(&request.userid),
            now,
            name: &request.event,
        };
        let body = |agent_id: Option<i64>| {
            head.open()
                .json(&payload)
                .number("AgentID", agent_id.unwrap_or_default())
                .end()
        };
        (
            to_apps(world, request.agent_id, &request.userid, body),
            code,
        )
    };
    Ok(report(shared, pushes, json!({"response_code": code})).await)
}

/// A click on a card carries the card's task and a fresh right to change it.
fn card_fields(
    world: &mut World,
    request: &AppEvent,
    now: i64,
    payload: &mut Map<String, Value>,
) -> Result<Option<String>, ControlError> {
    let Some(msgid) = &request.msgid else {
        return Ok(None);
    };
    let sent = world
        .app
        .sent
        .get(msgid)
        .ok_or_else(|| ControlError::new("there is no such message"))?;
    let card = sent
        .card
        .clone()
        .ok_or_else(|| ControlError::new("the message is no card"))?;
    let code = world
        .app
        .new_response_code(msgid, sent.agent_id, now, &mut world.ids);
    payload.insert("TaskId".to_owned(), card["task_id"].clone());
    payload.insert("CardType".to_owned(), card["card_type"].clone());
    payload.insert("ResponseCode".to_owned(), json!(code));
    Ok(Some(code))
}
