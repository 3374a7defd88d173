//! Members talking to intelligent bots, over callbacks or over the long connection.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::app::member;
use super::{ControlError, Pushed, link, report};
use crate::chat::ChatLine;
use crate::config::{Kind, ReceiverSpec};
use crate::push::Push;
use crate::server::Shared;
use crate::state::World;
use crate::state::app::BotReply;
use crate::state::links::Asked;
use crate::switches::Spelling;

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
        expires_at: now + world.switches.aibot_response_url_secs,
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
    if let Some(bot_id) = link::of(shared, request.receiver.as_deref()) {
        return said_over_link(shared, &bot_id, request).await;
    }
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

/// A message over the long connection; without a `response_url`, unless a switch says so.
async fn said_over_link(
    shared: &Arc<Shared>,
    bot_id: &str,
    request: BotSay,
) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let (body, with) = {
        let mut guard = shared.world();
        let world = &mut *guard;
        member(world, &request.userid)?;
        let chatid = request.chatid.as_deref();
        let (mut body, with) = link_head(world, shared, bot_id, &request.userid, chatid, now);
        if let Some(msgid) = &request.msgid {
            body.insert("msgid".to_owned(), json!(msgid));
        }
        let msgtype = request.msgtype.clone().unwrap_or_else(|| "text".to_owned());
        let content = match (&request.payload, &request.content) {
            (Some(payload), _) => payload.clone(),
            (None, content) => json!({"content": content}),
        };
        body.insert("msgtype".to_owned(), json!(msgtype));
        body.insert(msgtype.clone(), content.clone());
        if let Some(quote) = &request.quote {
            body.insert("quote".to_owned(), quote.clone());
        }
        world.links.talked.insert(format!("{bot_id}/{with}"));
        world.say(ChatLine {
            time: now,
            with: with.clone(),
            channel: "aibot".to_owned(),
            from: "member".to_owned(),
            via: bot_id.to_owned(),
            msgid: body["msgid"].as_str().unwrap_or_default().to_owned(),
            msgtype,
            content,
            ..ChatLine::default()
        });
        (body, with)
    };
    let command = "aibot_msg_callback";
    link::send(
        shared,
        bot_id,
        command,
        body,
        Asked::Message,
        &with,
        request.follow,
    )
    .await
}

async fn event_over_link(
    shared: &Arc<Shared>,
    bot_id: &str,
    request: BotEvent,
) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let (body, with) = {
        let mut guard = shared.world();
        let world = &mut *guard;
        member(world, &request.userid)?;
        let chatid = request.chatid.as_deref();
        let (mut body, with) = link_head(world, shared, bot_id, &request.userid, chatid, now);
        let mut event = Map::new();
        event.insert("eventtype".to_owned(), json!(request.eventtype));
        if let Some(payload) = request.payload.clone() {
            event.insert(request.eventtype.clone(), spelled(world, payload));
        }
        body.insert("create_time".to_owned(), json!(now));
        body.insert("msgtype".to_owned(), json!("event"));
        body.insert("event".to_owned(), Value::Object(event));
        (body, with)
    };
    let asked = match request.eventtype.as_str() {
        "enter_chat" => Asked::EnterChat,
        "template_card_event" => Asked::CardEvent,
        _ => Asked::Other,
    };
    link::send(
        shared,
        bot_id,
        "aibot_event_callback",
        body,
        asked,
        &with,
        false,
    )
    .await
}

/// The common fields of a body, and whose conversation it is.
fn link_head(
    world: &mut World,
    shared: &Shared,
    bot_id: &str,
    userid: &str,
    chatid: Option<&str>,
    now: i64,
) -> (Map<String, Value>, String) {
    let mut head = bot_head(world, &shared.base_url, bot_id, userid, chatid, now);
    if !world.switches.aibot_ws_response_url {
        head.remove("response_url");
    }
    (head, chatid.unwrap_or(userid).to_owned())
}

/// Field names of a card event as the switch spells them.
fn spelled(world: &World, value: Value) -> Value {
    if world.switches.aibot_event_spelling == Spelling::Underscored {
        return value;
    }
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .map(|(name, value)| {
                    let name = match name.as_str() {
                        "card_type" | "event_key" | "option_ids" => name.replace('_', ""),
                        _ => name,
                    };
                    (name, spelled(world, value))
                })
                .collect(),
        ),
        Value::Array(items) => items.into_iter().map(|item| spelled(world, item)).collect(),
        other => other,
    }
}

/// Asks for the stream, as the client does, until it is finished or its time is over.
async fn follow(shared: &Arc<Shared>, pushed: &mut Pushed) -> Result<(), ControlError> {
    let Some(id) = stream_id(pushed.reply.as_ref()) else {
        return Ok(());
    };
    let pause = Duration::from_millis(shared.world().switches.aibot_poll_ms.max(1));
    let polls = shared.world().switches.aibot_stream_secs;
    for _ in 0..polls {
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
        if stream.finished || now - stream.began_at >= world.switches.aibot_stream_secs {
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
    if let Some(bot_id) = link::of(shared, request.receiver.as_deref()) {
        return event_over_link(shared, &bot_id, request).await;
    }
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
            let payload = spelled(world, payload.clone());
            event.insert(request.eventtype.clone(), payload);
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
