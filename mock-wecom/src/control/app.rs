//! Members talking to apps and to intelligent bots.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ControlError, Pushed, report};
use crate::chat::ChatLine;
use crate::config::{Kind, ReceiverSpec};
use crate::push::{Event, Push};
use crate::server::Shared;
use crate::state::World;
use crate::state::app::BotReply;
use crate::xml::Xml;

/// The client stops asking for a stream after this time.
const STREAM_SECS: i64 = 360;

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

/// A member writes to an intelligent bot.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BotSay {
    /// The receiver's name; the first aibot when absent.
    pub receiver: Option<String>,
    /// The member.
    pub userid: String,
    /// The group, if it was said in one.
    pub chatid: Option<String>,
    /// The text.
    pub content: Option<String>,
    /// Another type than text.
    pub msgtype: Option<String>,
    /// The message's own object, for other types.
    pub payload: Option<Value>,
    /// The quoted message.
    pub quote: Option<Value>,
    /// A fixed message id, to repeat a message.
    pub msgid: Option<String>,
    /// Ask for the stream until it is finished.
    pub follow: bool,
}

/// Something else in a chat with an intelligent bot.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BotEvent {
    /// The receiver's name; the first aibot when absent.
    pub receiver: Option<String>,
    /// The member.
    pub userid: String,
    /// The group, if it happened in one.
    pub chatid: Option<String>,
    /// `enter_chat`, `template_card_event` or `feedback_event`.
    pub eventtype: String,
    /// The event's own object.
    pub payload: Option<Value>,
}

/// The client asks for the rest of a stream.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BotRefresh {
    /// The stream.
    pub stream_id: String,
}

fn member(world: &World, userid: &str) -> Result<(), ControlError> {
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
        let pushes = to_apps(world, request.agent_id, &request.userid, body);
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

fn bot(world: &World, wanted: Option<&str>) -> Result<ReceiverSpec, ControlError> {
    let receivers = world.receivers_of(Kind::Aibot, None);
    let mut found = receivers
        .into_iter()
        .filter(|r| wanted.is_none_or(|name| r.name == name));
    found
        .next()
        .ok_or_else(|| ControlError::new("there is no such aibot receiver"))
}

/// The common fields of a message or event.
fn bot_head(
    world: &mut World,
    base_url: &str,
    receiver: &str,
    userid: &str,
    chatid: Option<&str>,
    now: i64,
) -> Map<String, Value> {
    let code = world.ids.text("RC", 30);
    let reply = BotReply {
        with: chatid.unwrap_or(userid).to_owned(),
        receiver: receiver.to_owned(),
        expires_at: now + 3_600,
        used: false,
    };
    let mut head = Map::new();
    head.insert("msgid".to_owned(), json!(world.ids.text("BM", 30)));
    head.insert("aibotid".to_owned(), json!(receiver));
    if let Some(chatid) = chatid {
        head.insert("chatid".to_owned(), json!(chatid));
    }
    head.insert(
        "chattype".to_owned(),
        json!(if chatid.is_some() { "group" } else { "single" }),
    );
    head.insert("from".to_owned(), json!({"userid": userid}));
    head.insert(
        "response_url".to_owned(),
        json!(format!(
            "{base_url}/cgi-bin/aibot/response?response_code={code}"
        )),
    );
    world.app.bot_replies.insert(code, reply);
    head
}

pub(crate) async fn bot_say(shared: &Arc<Shared>, request: BotSay) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let (push, message) = {
        let mut guard = shared.world();
        let world = &mut *guard;
        let receiver = bot(world, request.receiver.as_deref())?;
        member(world, &request.userid)?;
        let chatid = request.chatid.as_deref();
        let mut message = bot_head(
            world,
            &shared.base_url,
            &receiver.name,
            &request.userid,
            chatid,
            now,
        );
        if let Some(msgid) = &request.msgid {
            message.insert("msgid".to_owned(), json!(msgid));
        }
        let msgtype = request.msgtype.clone().unwrap_or_else(|| "text".to_owned());
        let content = match (&request.payload, &request.content) {
            (Some(payload), _) => payload.clone(),
            (None, content) => json!({"content": content}),
        };
        message.insert("msgtype".to_owned(), json!(msgtype));
        message.insert(msgtype.clone(), content.clone());
        if let Some(quote) = &request.quote {
            message.insert("quote".to_owned(), quote.clone());
        }
        let person = chatid.unwrap_or(&request.userid).to_owned();
        world.say(ChatLine {
            time: now,
            with: person.clone(),
            channel: "aibot".to_owned(),
            from: "member".to_owned(),
            via: receiver.name.clone(),
            msgid: message["msgid"].as_str().unwrap_or_default().to_owned(),
            msgtype,
            content,
            ..ChatLine::default()
        });
        let mut push = Push::new(receiver, Value::Object(message.clone()).to_string());
        push.person = Some(person);
        (push, message)
    };
    let facts = json!({"msgid": message["msgid"], "response_url": message["response_url"]});
    let mut pushed = report(shared, vec![push], facts).await;
    if request.follow {
        follow(shared, &mut pushed).await?;
    }
    Ok(pushed)
}

/// Asks for the stream, as the client does, until it is finished or its time is over.
async fn follow(shared: &Arc<Shared>, pushed: &mut Pushed) -> Result<(), ControlError> {
    let Some(id) = stream_id(pushed.reply.as_ref()) else {
        return Ok(());
    };
    let pause = Duration::from_millis(shared.world().switches.aibot_poll_ms.max(1));
    // Six minutes of real time at one poll a second.
    for _ in 0..STREAM_SECS {
        let finished = shared
            .world()
            .app
            .bot_streams
            .get(&id)
            .is_none_or(|stream| stream.finished);
        if finished {
            return Ok(());
        }
        tokio::time::sleep(pause).await;
        let next = bot_refresh(
            shared,
            BotRefresh {
                stream_id: id.clone(),
            },
        )
        .await?;
        pushed.pushes.extend(next.pushes);
        pushed.reply = next.reply;
    }
    Ok(())
}

fn stream_id(reply: Option<&Value>) -> Option<String> {
    reply?["stream"]["id"].as_str().map(str::to_owned)
}

pub(crate) async fn bot_refresh(
    shared: &Arc<Shared>,
    request: BotRefresh,
) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let push = {
        let mut guard = shared.world();
        let world = &mut *guard;
        let stream = world.app.bot_streams.get(&request.stream_id).cloned();
        let stream = stream.ok_or_else(|| ControlError::new("there is no such stream"))?;
        if stream.finished || now - stream.began_at >= STREAM_SECS {
            return Err(ControlError::new("the stream is over"));
        }
        let receiver = bot(world, Some(&stream.receiver))?;
        let mut message = stream.message.as_object().cloned().unwrap_or_default();
        let old_type = message
            .get("msgtype")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        message.remove(&old_type);
        message.insert("msgid".to_owned(), json!(world.ids.text("BM", 30)));
        message.insert("msgtype".to_owned(), json!("stream"));
        message.insert("stream".to_owned(), json!({"id": request.stream_id}));
        let mut push = Push::new(receiver, Value::Object(message).to_string());
        push.person = Some(stream.with);
        push
    };
    Ok(report(shared, vec![push], json!({"stream_id": request.stream_id})).await)
}

pub(crate) async fn bot_event(
    shared: &Arc<Shared>,
    request: BotEvent,
) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let (push, response_url) = {
        let mut guard = shared.world();
        let world = &mut *guard;
        let receiver = bot(world, request.receiver.as_deref())?;
        member(world, &request.userid)?;
        let chatid = request.chatid.as_deref();
        let mut message = bot_head(
            world,
            &shared.base_url,
            &receiver.name,
            &request.userid,
            chatid,
            now,
        );
        let mut event = Map::new();
        event.insert("eventtype".to_owned(), json!(request.eventtype));
        if let Some(payload) = &request.payload {
            event.insert(request.eventtype.clone(), payload.clone());
        }
        message.insert("create_time".to_owned(), json!(now));
        message.insert("msgtype".to_owned(), json!("event"));
        message.insert("event".to_owned(), Value::Object(event));
        let url = message["response_url"].clone();
        let mut push = Push::new(receiver, Value::Object(message).to_string());
        push.person = Some(chatid.unwrap_or(&request.userid).to_owned());
        (push, url)
    };
    Ok(report(shared, vec![push], json!({"response_url": response_url})).await)
}
