//! What an intelligent bot (智能机器人) receives: JSON, the same in URL and long-connection mode.

use serde_json::{Map, Value};

use super::content_hash;
use super::event::SelectedItem;
use super::json;
use super::xml::MAX_BYTES;

/// Members of a JSON object for which there is no typed field.
pub type JsonExtra = Map<String, Value>;

/// A message to, or an event of, an intelligent bot.
#[derive(Debug, Clone, PartialEq)]
pub struct AibotCallback {
    /// `msgid`, unique per callback and the same on a repeat. Empty when absent.
    pub msg_id: String,
    /// `aibotid`.
    pub bot_id: String,
    /// `chatid`; only in groups.
    pub chat_id: Option<String>,
    /// `chattype`.
    pub chat_type: ChatType,
    /// `from.userid`; encrypted unless a super admin of the corp made the bot.
    pub from_user: Option<String>,
    /// `from.corpid`; absent for a corp's own bot.
    pub from_corp: Option<String>,
    /// Unix seconds; always in events, seldom in messages.
    pub create_time: Option<i64>,
    /// Takes one later reply within an hour. Grants access, so keep it out of logs.
    pub response_url: Option<String>,
    /// What was sent or happened.
    pub content: AibotContent,
    /// The message that the sender quoted.
    pub quote: Option<AibotContent>,
    /// The rest.
    pub extra: JsonExtra,
}

/// Where the bot was addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatType {
    /// `single`
    Single,
    /// `group`
    Group,
    /// Anything else, as sent.
    Other(String),
}

/// The content, by `msgtype`.
#[derive(Debug, Clone, PartialEq)]
pub enum AibotContent {
    /// `text`; in groups it includes the `@name` of the bot.
    Text(String),
    /// `image`
    Image(MediaRef),
    /// `mixed`: texts and images in order.
    Mixed(Vec<AibotContent>),
    /// `voice`, already transcribed.
    Voice(String),
    /// `file`
    File(MediaRef),
    /// `video`
    Video(MediaRef),
    /// `stream`: WeCom asks for the current state of a streamed reply.
    StreamRefresh {
        /// The id given in the first part of the reply.
        id: String,
    },
    /// `event`
    Event(AibotEvent),
    /// A type that is not documented, or one of the above without what makes it useful.
    Unknown {
        /// `msgtype`.
        msg_type: String,
        /// The member of that name, whole.
        body: Value,
    },
}

/// A file that can be fetched for five minutes, and then has to be decrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaRef {
    /// Where it is.
    pub url: String,
    /// Its own key (Base64); only in long-connection mode. Otherwise the callback's key applies.
    pub aes_key: Option<String>,
}

/// An event, by `event.eventtype`.
#[derive(Debug, Clone, PartialEq)]
pub enum AibotEvent {
    /// `enter_chat`: the first visit of the day; a welcome may be answered.
    EnterChat,
    /// `template_card_event`: sent once, never repeated.
    TemplateCard {
        /// `button_interaction`, `vote_interaction`, …
        card_type: Option<String>,
        /// Key of the button.
        event_key: Option<String>,
        /// The card.
        task_id: Option<String>,
        /// What was chosen, question by question.
        selected_items: Vec<SelectedItem>,
    },
    /// `feedback_event`: the user judged an answer. Nothing may be replied.
    Feedback {
        /// The id given with the answer.
        id: Option<String>,
        /// 1 accurate, 2 inaccurate, 3 withdrawn.
        kind: Option<i64>,
        /// In the user's words.
        content: Option<String>,
        /// 1 off topic, 2 incomplete, 3 wrong, 4 analysis error.
        reasons: Vec<i64>,
    },
    /// `disconnected_event`: a newer connection took over; do not reconnect.
    Disconnected,
    /// An event that is not documented.
    Unknown {
        /// `eventtype`.
        event_type: String,
        /// The `event` member, whole.
        body: Value,
    },
}

/// Why decrypted JSON could not be understood.
#[derive(Debug, thiserror::Error)]
pub enum AibotParseError {
    /// Longer than any callback.
    #[error("the JSON document is longer than {MAX_BYTES} bytes")]
    TooLarge,
    /// Not JSON, or nested too deeply. The source tells the position and quotes nothing.
    #[error("the callback is not JSON that can be read")]
    Json(#[source] serde_json::Error),
    /// JSON, but not an object.
    #[error("the callback is not a JSON object")]
    NotAnObject,
    /// Without this member nothing can be told about the callback.
    #[error("the callback has no {0} member")]
    Missing(&'static str),
}

/// Reads decrypted JSON; a leading byte order mark is ignored.
///
/// # Errors
/// Only when it is not a JSON object, or has no `msgtype`.
pub fn parse(json: &[u8]) -> Result<AibotCallback, AibotParseError> {
    if json.len() > MAX_BYTES {
        return Err(AibotParseError::TooLarge);
    }
    let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    let Value::Object(mut map) = json::parse(json).map_err(AibotParseError::Json)? else {
        return Err(AibotParseError::NotAnObject);
    };
    let msg_type = text(&mut map, "msgtype").ok_or(AibotParseError::Missing("msgtype"))?;
    let content = content(msg_type, &mut map);
    let (from_user, from_corp) = sender(&mut map);
    Ok(AibotCallback {
        msg_id: text(&mut map, "msgid").unwrap_or_default(),
        bot_id: text(&mut map, "aibotid").unwrap_or_default(),
        chat_id: filled(&mut map, "chatid"),
        chat_type: chat_type(text(&mut map, "chattype").unwrap_or_default()),
        from_user,
        from_corp,
        create_time: number(&mut map, "create_time"),
        response_url: filled(&mut map, "response_url"),
        content,
        quote: quote(&mut map),
        extra: map,
    })
}

/// A key that a repeated push shares with the first one: `msgid`, or without one the SHA-1 of
/// `raw`, the decrypted JSON.
#[must_use]
pub fn dedupe_key(callback: &AibotCallback, raw: &[u8]) -> String {
    if callback.msg_id.is_empty() {
        content_hash(raw)
    } else {
        callback.msg_id.clone()
    }
}

fn chat_type(name: String) -> ChatType {
    match name.as_str() {
        "single" => ChatType::Single,
        "group" => ChatType::Group,
        _ => ChatType::Other(name),
    }
}

fn sender(map: &mut Map<String, Value>) -> (Option<String>, Option<String>) {
    within(map, "from", |from| {
        (filled(from, "userid"), filled(from, "corpid"))
    })
    .unwrap_or_default()
}

fn quote(map: &mut Map<String, Value>) -> Option<AibotContent> {
    within(map, "quote", typed_content)?
}

/// The content of an object that names its own `msgtype`.
fn typed_content(map: &mut Map<String, Value>) -> Option<AibotContent> {
    let msg_type = text(map, "msgtype")?;
    Some(content(msg_type, map))
}

fn content(msg_type: String, map: &mut Map<String, Value>) -> AibotContent {
    let whole = map.get(&msg_type).cloned().unwrap_or_default();
    match within(map, &msg_type, |body| known(&msg_type, body)).flatten() {
        Some(content) => content,
        None => {
            map.shift_remove(&msg_type);
            AibotContent::Unknown {
                msg_type,
                body: whole,
            }
        }
    }
}

fn known(msg_type: &str, body: &mut Map<String, Value>) -> Option<AibotContent> {
    Some(match msg_type {
        "text" => AibotContent::Text(text(body, "content")?),
        "voice" => AibotContent::Voice(text(body, "content")?),
        "image" => AibotContent::Image(media(body)?),
        "file" => AibotContent::File(media(body)?),
        "video" => AibotContent::Video(media(body)?),
        "stream" => AibotContent::StreamRefresh {
            id: filled(body, "id")?,
        },
        "mixed" => {
            let items = list(body, "msg_item")?;
            AibotContent::Mixed(items.into_iter().map(mixed_item).collect())
        }
        "event" => AibotContent::Event(event(body)?),
        _ => return None,
    })
}

fn mixed_item(mut item: Value) -> AibotContent {
    let typed = item.as_object_mut().and_then(typed_content);
    typed.unwrap_or(AibotContent::Unknown {
        msg_type: String::new(),
        body: item,
    })
}

fn media(body: &mut Map<String, Value>) -> Option<MediaRef> {
    Some(MediaRef {
        url: filled(body, "url")?,
        aes_key: filled(body, "aeskey"),
    })
}

fn event(body: &mut Map<String, Value>) -> Option<AibotEvent> {
    let event_type = text(body, "eventtype")?;
    Some(match event_type.as_str() {
        "enter_chat" => AibotEvent::EnterChat,
        "template_card_event" => within(body, &event_type, card_event)?,
        "feedback_event" => within(body, &event_type, feedback)?,
        "disconnected_event" => AibotEvent::Disconnected,
        _ => AibotEvent::Unknown {
            event_type,
            body: Value::Object(std::mem::take(body)),
        },
    })
}

/// The documentation's table and its samples spell these members differently; the samples agree
/// with the SDKs, but neither spelling can be ruled out.
fn card_event(card: &mut Map<String, Value>) -> AibotEvent {
    AibotEvent::TemplateCard {
        card_type: filled(card, "card_type").or_else(|| filled(card, "cardtype")),
        event_key: filled(card, "event_key").or_else(|| filled(card, "eventkey")),
        task_id: filled(card, "task_id").or_else(|| filled(card, "taskid")),
        selected_items: nested_list(
            card,
            ["selected_items", "selecteditems"],
            ["selected_item", "selecteditem"],
        )
        .into_iter()
        .filter_map(selected_item)
        .collect(),
    }
}

fn selected_item(item: Value) -> Option<SelectedItem> {
    let Value::Object(mut item) = item else {
        return None;
    };
    let ids = nested_list(
        &mut item,
        ["option_ids", "optionids"],
        ["option_id", "optionid"],
    );
    Some(SelectedItem {
        question_key: text(&mut item, "question_key")
            .or_else(|| text(&mut item, "questionkey"))
            .unwrap_or_default(),
        option_ids: ids.iter().filter_map(as_text).collect(),
    })
}

/// The array in `outer.inner`, under either spelling.
fn nested_list(map: &mut Map<String, Value>, outer: [&str; 2], inner: [&str; 2]) -> Vec<Value> {
    let find = |outer: &str| {
        within(map, outer, |map| {
            list(map, inner[0]).or_else(|| list(map, inner[1]))
        })
    };
    let found = outer.into_iter().find_map(find);
    found.flatten().unwrap_or_default()
}

fn feedback(body: &mut Map<String, Value>) -> AibotEvent {
    let reasons = list(body, "inaccurate_reason_list").unwrap_or_default();
    AibotEvent::Feedback {
        id: filled(body, "id"),
        kind: number(body, "type"),
        content: filled(body, "content"),
        reasons: reasons.iter().filter_map(as_i64).collect(),
    }
}

/// Reads an object in place and removes it once nothing is left in it.
fn within<T>(
    map: &mut Map<String, Value>,
    name: &str,
    read: impl FnOnce(&mut Map<String, Value>) -> T,
) -> Option<T> {
    let inner = map.get_mut(name)?.as_object_mut()?;
    let value = read(inner);
    if inner.is_empty() {
        map.shift_remove(name);
    }
    Some(value)
}

/// Takes an array.
fn list(map: &mut Map<String, Value>, name: &str) -> Option<Vec<Value>> {
    let items = std::mem::take(map.get_mut(name)?.as_array_mut()?);
    map.shift_remove(name);
    Some(items)
}

/// Takes a text; a number is read as its digits. Anything else stays in the map.
fn text(map: &mut Map<String, Value>, name: &str) -> Option<String> {
    let text = as_text(map.get(name)?)?;
    map.shift_remove(name);
    Some(text)
}

fn filled(map: &mut Map<String, Value>, name: &str) -> Option<String> {
    text(map, name).filter(|text| !text.is_empty())
}

/// Takes a number, also from a text. Anything else stays in the map.
fn number(map: &mut Map<String, Value>, name: &str) -> Option<i64> {
    let number = as_i64(map.get(name)?)?;
    map.shift_remove(name);
    Some(number)
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn as_i64(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    }
}

#[cfg(test)]
mod tests;
