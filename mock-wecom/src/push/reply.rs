//! Passive replies: verifies, decrypts, reads, and shows them to the person.

use serde_json::{Map, Value, json};

use super::Push;
use crate::chat::ChatLine;
use crate::config::Kind;
use crate::crypto::Codec;
use crate::state::World;
use crate::state::app::BotStream;
use crate::switches::{AppidSpelling, Switches};
use crate::xml;

/// What was found in an answer.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) reply: Option<Value>,
    pub(super) problems: Vec<String>,
}

/// Reads the body of a 200; empty and `success` mean "no reply".
pub(super) fn read(codec: &Codec, push: &Push, nonce: &str, body: &str) -> Read {
    if body.is_empty() || body == "success" {
        return Read::default();
    }
    let mut read = Read::default();
    let found = match push.receiver.kind {
        Kind::Aibot => from_json(codec, nonce, body, &mut read.problems),
        _ => from_xml(codec, body),
    };
    match found {
        Ok(reply) => read.reply = Some(reply),
        Err(why) => read.problems.push(why),
    }
    if let (Some(reply), Some(person)) = (&read.reply, &push.person)
        && push.receiver.kind == Kind::App
        && reply["ToUserName"].as_str() != Some(person)
    {
        read.problems
            .push("ToUserName of the reply is not the member".to_owned());
    }
    read
}

fn from_xml(codec: &Codec, body: &str) -> Result<Value, String> {
    let outer = xml::read(body).map_err(|error| format!("the reply is no XML: {error}"))?;
    let part = |name: &str| {
        outer
            .get(name)
            .and_then(Value::as_str)
            .ok_or_else(|| format!("the reply lacks {name}"))
    };
    let plain = codec
        .open(
            part("MsgSignature")?,
            part("TimeStamp")?,
            part("Nonce")?,
            part("Encrypt")?,
        )
        .map_err(|error| format!("the reply: {error}"))?;
    let inner = xml::read(&plain).map_err(|error| format!("the reply's plaintext: {error}"))?;
    Ok(Value::Object(inner))
}

fn from_json(
    codec: &Codec,
    nonce: &str,
    body: &str,
    problems: &mut Vec<String>,
) -> Result<Value, String> {
    let outer: Map<String, Value> =
        serde_json::from_str(body).map_err(|error| format!("the reply is no JSON: {error}"))?;
    let part = |name: &str| {
        outer
            .get(name)
            .and_then(Value::as_str)
            .ok_or_else(|| format!("the reply lacks {name}"))
    };
    let timestamp = match outer.get("timestamp") {
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => {
            problems.push("timestamp of the reply must be a number".to_owned());
            text.clone()
        }
        _ => return Err("the reply lacks timestamp".to_owned()),
    };
    if part("nonce")? != nonce {
        problems.push("nonce of the reply is not the callback's".to_owned());
    }
    let plain = codec
        .open(
            part("msgsignature")?,
            &timestamp,
            part("nonce")?,
            part("encrypt")?,
        )
        .map_err(|error| format!("the reply: {error}"))?;
    serde_json::from_str(&plain).map_err(|error| format!("the reply's plaintext: {error}"))
}

/// Notes where a reply leaves the contract; answers whether the client obeys it.
pub(super) fn judge(
    switches: &Switches,
    push: &Push,
    reply: &Value,
    problems: &mut Vec<String>,
) -> bool {
    let asked = xml::read(&push.plain).unwrap_or_default();
    let event = asked.get("Event").and_then(Value::as_str);
    let kind = reply["MsgType"].as_str().unwrap_or_default();
    let is_update = kind == "update_button" || kind == "update_template_card";
    if push.receiver.kind != Kind::App {
        return true;
    }
    if is_update && event != Some("template_card_event") {
        problems.push(format!("{kind} only answers template_card_event"));
    }
    if articles(&reply["Articles"]["item"]).len() > switches.passive_news_max {
        problems.push(format!(
            "news has over {} articles",
            switches.passive_news_max
        ));
    }
    let card = &reply["TemplateCard"];
    let entries = match &card["ActionMenu"]["ActionList"] {
        Value::Array(entries) => entries.len(),
        Value::Null => 0,
        _ => 1,
    };
    if entries > switches.passive_action_menu_max {
        let most = switches.passive_action_menu_max;
        problems.push(format!("ActionMenu has over {most} entries"));
    }
    let wrong = match switches.passive_quote_appid {
        AppidSpelling::Either => None,
        AppidSpelling::Appid => Some("AppId"),
        AppidSpelling::AppId => Some("Appid"),
    };
    for area in ["QuoteArea", "ImageTextArea"] {
        if wrong.is_some_and(|name| card[area].get(name).is_some()) {
            problems.push(format!("{area} spells its app id otherwise"));
        }
    }
    let ignored = event == Some("template_card_event") && !switches.card_event_reply;
    if ignored {
        problems.push("the reply to template_card_event was ignored".to_owned());
    }
    !ignored
}

/// Puts a reply into the conversation; a bot's stream is remembered until it is finished.
pub(super) fn show(world: &mut World, push: &Push, person: &str, reply: &Value, now: i64) {
    let is_bot = push.receiver.kind == Kind::Aibot;
    let (msgtype, content) = if is_bot {
        bot_content(reply)
    } else {
        app_content(reply)
    };
    if let Some(id) = reply["stream"]["id"].as_str() {
        let finished = reply["stream"]["finish"].as_bool().unwrap_or(false);
        let message = serde_json::from_str(&push.plain).unwrap_or(Value::Null);
        let stream = world
            .app
            .bot_streams
            .entry(id.to_owned())
            .or_insert_with(|| BotStream {
                message,
                receiver: push.receiver.name.clone(),
                with: person.to_owned(),
                began_at: now,
                finished: false,
            });
        stream.finished = finished;
    }
    let via = if is_bot {
        push.receiver.name.clone()
    } else {
        push.agent_id.unwrap_or_default().to_string()
    };
    world.say(ChatLine {
        time: now,
        with: person.to_owned(),
        channel: if is_bot { "aibot" } else { "app" }.to_owned(),
        from: "bot".to_owned(),
        via,
        msgtype,
        content,
        ..ChatLine::default()
    });
}

/// The type and the object of a bot's reply, as the conversation shows them.
pub(crate) fn bot_content(reply: &Value) -> (String, Value) {
    let msgtype = reply["msgtype"]
        .as_str()
        .or_else(|| reply["response_type"].as_str())
        .unwrap_or("unknown");
    let name = if msgtype == "stream_with_template_card" {
        "stream"
    } else {
        msgtype
    };
    let name = if msgtype == "update_template_card" {
        "template_card"
    } else {
        name
    };
    (name.to_owned(), reply[name].clone())
}

fn app_content(reply: &Value) -> (String, Value) {
    let msgtype = reply["MsgType"].as_str().unwrap_or("unknown").to_owned();
    let content = match msgtype.as_str() {
        "text" => json!({"content": reply["Content"]}),
        "image" => json!({"media_id": reply["Image"]["MediaId"]}),
        "voice" => json!({"media_id": reply["Voice"]["MediaId"]}),
        "video" => json!({"media_id": reply["Video"]["MediaId"], "title": reply["Video"]["Title"]}),
        "news" => json!({"articles": articles(&reply["Articles"]["item"])}),
        _ => reply.clone(),
    };
    (msgtype, content)
}

/// One article reads as an object, several as a list.
fn articles(item: &Value) -> Vec<Value> {
    let one = |item: &Value| json!({"title": item["Title"], "description": item["Description"], "url": item["Url"]});
    match item {
        Value::Array(items) => items.iter().map(one).collect(),
        Value::Null => Vec::new(),
        item => vec![one(item)],
    }
}
