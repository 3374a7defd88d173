//! Members talking to intelligent bots, over callbacks or over the long connection.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::app::member;
use super::{ControlError, Pushed, bot_media, link, report};
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
    /// The message's own object, for other types; `{"media_id": …}` becomes an encrypted file
    /// behind an address that lives five minutes.
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

/// How a bot is reached.
pub(super) enum Way {
    /// By callbacks to its URL.
    Url(Box<ReceiverSpec>),
    /// Over its long connection.
    Link(String),
}

impl Way {
    fn of(shared: &Shared, wanted: Option<&str>) -> Result<Self, ControlError> {
        match link::of(shared, wanted) {
            Some(bot_id) => Ok(Self::Link(bot_id)),
            None => receiver(&shared.world(), wanted).map(|found| Self::Url(Box::new(found))),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Url(receiver) => &receiver.name,
            Self::Link(bot_id) => bot_id,
        }
    }
}

fn receiver(world: &World, wanted: Option<&str>) -> Result<ReceiverSpec, ControlError> {
    let receivers = world.receivers_of(Kind::Aibot, None);
    let mut found = receivers
        .into_iter()
        .filter(|r| wanted.is_none_or(|name| r.name == name));
    found.next().ok_or_else(|| match wanted {
        Some(name) if world.links.bots.contains_key(name) => {
            ControlError::new(format!("{name} is not connected"))
        }
        _ => ControlError::new("there is no such aibot receiver"),
    })
}

/// A member in a chat with the bot, or in a group with it.
struct Speaker<'a> {
    userid: &'a str,
    chatid: Option<&'a str>,
}

impl Speaker<'_> {
    /// Whose conversation it is.
    fn with(&self) -> String {
        self.chatid.unwrap_or(self.userid).to_owned()
    }
}

/// The common fields of a message or event. Over the long connection they are without a
/// `response_url`, unless a switch says so.
fn head(
    world: &mut World,
    base_url: &str,
    way: &Way,
    speaker: &Speaker<'_>,
    now: i64,
) -> Map<String, Value> {
    let mut head = Map::new();
    head.insert("msgid".to_owned(), json!(world.ids.text("BM", 30)));
    head.insert("aibotid".to_owned(), json!(way.name()));
    if let Some(chatid) = speaker.chatid {
        head.insert("chatid".to_owned(), json!(chatid));
    }
    let chattype = match speaker.chatid {
        Some(_) => "group",
        None => "single",
    };
    head.insert("chattype".to_owned(), json!(chattype));
    head.insert("from".to_owned(), json!({"userid": speaker.userid}));
    if matches!(way, Way::Url(_)) || world.switches.aibot_ws_response_url {
        let code = world.ids.text("RC", 30);
        let url = format!("{base_url}/cgi-bin/aibot/response?response_code={code}");
        head.insert("response_url".to_owned(), json!(url));
        let reply = BotReply {
            with: speaker.with(),
            receiver: way.name().to_owned(),
            expires_at: now + world.switches.aibot_response_url_secs,
            used: false,
        };
        world.app.bot_replies.insert(code, reply);
    }
    head
}

/// Sends a message or event the way the bot is reached, and asks for the rest of a stream.
async fn carry(
    shared: &Arc<Shared>,
    way: Way,
    asked: Asked,
    body: Map<String, Value>,
    with: &str,
    follow: bool,
) -> Result<Pushed, ControlError> {
    let receiver = match way {
        Way::Link(bot_id) => return link::send(shared, &bot_id, asked, body, with, follow).await,
        Way::Url(receiver) => receiver,
    };
    let facts = json!({"msgid": body["msgid"], "response_url": body["response_url"]});
    let mut push = Push::new(*receiver, Value::Object(body).to_string());
    push.person = Some(with.to_owned());
    let mut pushed = report(shared, vec![push], facts).await;
    if follow {
        follow_stream(shared, &mut pushed).await?;
    }
    Ok(pushed)
}

pub(crate) async fn bot_say(shared: &Arc<Shared>, request: BotSay) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let way = Way::of(shared, request.receiver.as_deref())?;
    let speaker = Speaker {
        userid: &request.userid,
        chatid: request.chatid.as_deref(),
    };
    let with = speaker.with();
    let body = {
        let mut guard = shared.world();
        let world = &mut *guard;
        member(world, speaker.userid)?;
        let mut body = head(world, &shared.base_url, &way, &speaker, now);
        if let Some(msgid) = &request.msgid {
            body.insert("msgid".to_owned(), json!(msgid));
        }
        let msgtype = request.msgtype.clone().unwrap_or_else(|| "text".to_owned());
        let content = match (&request.payload, &request.content) {
            (Some(payload), _) => payload.clone(),
            (None, content) => json!({"content": content}),
        };
        let sent = bot_media::behind_addresses(world, &shared.base_url, &way, &content, now)?;
        body.insert("msgtype".to_owned(), json!(msgtype));
        body.insert(msgtype.clone(), sent);
        if let Some(quote) = &request.quote {
            body.insert("quote".to_owned(), quote.clone());
        }
        if let Way::Link(bot_id) = &way {
            world.links.talked.insert(format!("{bot_id}/{with}"));
        }
        world.say(ChatLine {
            time: now,
            with: with.clone(),
            channel: "aibot".to_owned(),
            from: "member".to_owned(),
            via: way.name().to_owned(),
            by: speaker.userid.to_owned(),
            msgid: body["msgid"].as_str().unwrap_or_default().to_owned(),
            msgtype,
            content,
            ..ChatLine::default()
        });
        body
    };
    carry(shared, way, Asked::Message, body, &with, request.follow).await
}

pub(crate) async fn bot_event(
    shared: &Arc<Shared>,
    request: BotEvent,
) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let way = Way::of(shared, request.receiver.as_deref())?;
    let speaker = Speaker {
        userid: &request.userid,
        chatid: request.chatid.as_deref(),
    };
    let body = {
        let mut guard = shared.world();
        let world = &mut *guard;
        member(world, speaker.userid)?;
        let mut body = head(world, &shared.base_url, &way, &speaker, now);
        let mut event = Map::new();
        event.insert("eventtype".to_owned(), json!(request.eventtype));
        if let Some(payload) = request.payload.clone() {
            event.insert(request.eventtype.clone(), spelled(world, payload));
        }
        body.insert("create_time".to_owned(), json!(now));
        body.insert("msgtype".to_owned(), json!("event"));
        body.insert("event".to_owned(), Value::Object(event));
        body
    };
    let asked = match request.eventtype.as_str() {
        "enter_chat" => Asked::EnterChat,
        "template_card_event" => Asked::CardEvent,
        _ => Asked::Other,
    };
    carry(shared, way, asked, body, &speaker.with(), false).await
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
async fn follow_stream(shared: &Arc<Shared>, pushed: &mut Pushed) -> Result<(), ControlError> {
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
        let receiver = receiver(world, Some(&stream.receiver))?;
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
