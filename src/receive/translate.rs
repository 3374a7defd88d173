//! From wire values to domain values: XML callbacks and intelligent bots.

use std::collections::BTreeMap;

use super::accept::Receiver;
use super::translate_external::{external_event, group_event};
use crate::config::Kind;
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{AppName, ConversationKey, DedupeKey, Person};
use crate::domain::inbound::{AibotPassive, Author, Channel, Inbound, Message, ReplyPath, Trigger};
use crate::store::{KfPush, NewRecord, RecordBody};
use crate::wecom::callback::aibot::{AibotCallback, AibotContent, AibotEvent, ChatType};
use crate::wecom::callback::event::{AppEvent, CardClick, KfEvent};
use crate::wecom::callback::message::Content;
use crate::wecom::callback::xml::Element;
use crate::wecom::callback::{self, Body, Callback, Event, aibot as bot};

/// What a push turned out to be.
pub(super) enum Translated {
    /// Something for the inbox.
    Record(Box<NewRecord>),
    /// The same, about the company's tags.
    TagsChanged(Box<NewRecord>),
    /// A hint that a kf account has something to pull.
    KfPush(KfPush),
    /// A question about a stream that was answered whole.
    StreamRefresh { id: String },
}

/// Translates decrypted XML.
pub(super) fn xml(receiver: &Receiver, plain: Vec<u8>, now: UnixMillis) -> Translated {
    let channel = channel(receiver.kind);
    let text = match String::from_utf8(plain) {
        Ok(text) => text,
        Err(error) => {
            return unreadable(channel, &receiver.name, error.as_bytes(), "not UTF-8", now);
        }
    };
    let parsed = match callback::parse(&text) {
        Ok(parsed) => parsed,
        Err(error) => {
            let reason = error.to_string();
            return unreadable(channel, &receiver.name, text.as_bytes(), &reason, now);
        }
    };
    if let Body::Event(Event::Kf(KfEvent::MsgOrEvent { token, open_kfid })) = &parsed.body {
        return Translated::KfPush(KfPush {
            app: receiver.name.clone(),
            open_kfid: open_kfid.as_str().into(),
            token: token.clone(),
            received_at: now,
        });
    }
    let dedupe = format!(
        "{}:{}",
        receiver.name,
        callback::dedupe_key(&parsed, text.as_bytes())
    );
    let inbound = from_callback(channel, &receiver.name, &parsed, &text, now);
    let record = Box::new(NewRecord {
        dedupe: DedupeKey(dedupe),
        received_at: now,
        urgent: is_urgent(&inbound),
        body: RecordBody::Inbound { inbound, raw: text },
    });
    match parsed.body {
        Body::Event(Event::Tag(_)) => Translated::TagsChanged(record),
        _ => Translated::Record(record),
    }
}

/// Translates decrypted JSON of an intelligent bot.
pub(super) fn aibot(app: &AppName, plain: Vec<u8>, now: UnixMillis) -> Translated {
    let parsed = match bot::parse(&plain) {
        Ok(parsed) => parsed,
        Err(error) => {
            return unreadable(Channel::Aibot, app, &plain, &error.to_string(), now);
        }
    };
    if let AibotContent::StreamRefresh { id } = parsed.content {
        return Translated::StreamRefresh { id };
    }
    let dedupe = format!("{app}:{}", bot::dedupe_key(&parsed, &plain));
    let inbound = from_aibot(app, &parsed, now);
    Translated::Record(Box::new(NewRecord {
        dedupe: DedupeKey(dedupe),
        received_at: now,
        urgent: is_urgent(&inbound),
        body: RecordBody::Inbound {
            inbound,
            raw: String::from_utf8_lossy(&plain).into_owned(),
        },
    }))
}

/// Whether a welcome code is running out.
pub(super) fn is_urgent(inbound: &Inbound) -> bool {
    matches!(
        &inbound.trigger,
        Trigger::Added {
            welcome_code: Some(_),
            ..
        } | Trigger::Entered {
            welcome_code: Some(_),
            ..
        }
    ) || matches!(inbound.reply_path, ReplyPath::Aibot { .. })
}

fn unreadable(
    channel: Channel,
    app: &AppName,
    raw: &[u8],
    reason: &str,
    now: UnixMillis,
) -> Translated {
    let key = DedupeKey(format!("{app}:unreadable:{}", callback::content_hash(raw)));
    Translated::Record(Box::new(NewRecord {
        dedupe: key,
        received_at: now,
        urgent: false,
        body: RecordBody::Unreadable {
            channel,
            app: app.clone(),
            raw: String::from_utf8_lossy(raw).into_owned(),
            reason: reason.to_owned(),
        },
    }))
}

fn channel(kind: Kind) -> Channel {
    match kind {
        Kind::Kf { .. } => Channel::Kf,
        Kind::App { .. } => Channel::App,
        Kind::Contact => Channel::Contact,
        Kind::Aibot => Channel::Aibot,
    }
}

fn from_callback(
    channel: Channel,
    app: &AppName,
    callback: &Callback,
    raw: &str,
    now: UnixMillis,
) -> Inbound {
    let at = callback.create_time.map_or(now, UnixMillis::from_secs);
    let member = callback.from_user.as_deref().filter(|name| *name != "sys");
    let mut inbound = Inbound {
        channel,
        app: app.clone(),
        at,
        person: member.map(|id| Person::Member(id.into())),
        author: if member.is_some() {
            Author::Person
        } else {
            Author::System
        },
        conversation: conversation(app, member.unwrap_or("sys")),
        trigger: Trigger::Event {
            event: String::new(),
            change_type: None,
        },
        reply_path: match member {
            Some(id) if channel == Channel::App => ReplyPath::App { userid: id.into() },
            _ => ReplyPath::None,
        },
    };
    // One self-built app may be registered for members and for customers alike.
    if let Body::Event(Event::External(_) | Event::Group(_) | Event::Tag(_)) = &callback.body {
        inbound.channel = Channel::Contact;
    }
    match &callback.body {
        Body::Message(message) => inbound.trigger = Trigger::Message(app_message(&message.content)),
        Body::Event(Event::App(event)) => app_event(&mut inbound, event, raw),
        Body::Event(Event::External(event)) => external_event(&mut inbound, event, raw),
        Body::Event(Event::Group(event)) => group_event(&mut inbound, event, raw),
        Body::Event(_) => inbound.trigger = named_event(raw),
    }
    inbound
}

pub(super) fn conversation(app: &AppName, who: &str) -> ConversationKey {
    ConversationKey(format!("{app}/{who}"))
}

fn app_message(content: &Content) -> Message {
    let (kind, text, fields) = match content {
        Content::Text { content } => return Message::text(content.clone()),
        Content::Image { pic_url, media_id } => (
            "image",
            "",
            vec![
                ("url", pic_url.clone()),
                ("media_id", Some(media_id.clone())),
            ],
        ),
        Content::Voice { media_id, format } => (
            "voice",
            "",
            vec![
                ("media_id", Some(media_id.clone())),
                ("format", format.clone()),
            ],
        ),
        Content::Video {
            media_id,
            thumb_media_id,
        } => (
            "video",
            "",
            vec![
                ("media_id", Some(media_id.clone())),
                ("thumb_media_id", thumb_media_id.clone()),
            ],
        ),
        Content::Location {
            latitude,
            longitude,
            label,
            ..
        } => (
            "location",
            "",
            vec![
                ("latitude", Some(latitude.to_string())),
                ("longitude", Some(longitude.to_string())),
                ("address", label.clone()),
            ],
        ),
        Content::Link {
            title,
            description,
            url,
            ..
        } => (
            "link",
            "",
            vec![
                ("title", title.clone()),
                ("description", description.clone()),
                ("url", url.clone()),
            ],
        ),
        Content::Unknown { msg_type, .. } => (msg_type.as_str(), "", Vec::new()),
    };
    Message {
        kind: kind.to_owned(),
        text: text.to_owned(),
        fields: filled(fields),
    }
}

/// Drops the fields that did not come.
pub(super) fn filled(fields: Vec<(&str, Option<String>)>) -> BTreeMap<String, String> {
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

fn app_event(inbound: &mut Inbound, event: &AppEvent, raw: &str) {
    inbound.author = if inbound.person.is_some() {
        Author::Person
    } else {
        Author::System
    };
    inbound.trigger = match event {
        AppEvent::EnterAgent { .. } => Trigger::Entered {
            scene: None,
            welcome_code: None,
        },
        AppEvent::Click { event_key } => Trigger::Clicked {
            key: event_key.clone(),
            task_id: None,
            response_code: None,
        },
        AppEvent::TemplateCard(click) | AppEvent::TemplateCardMenu(click) => card_click(click),
        AppEvent::TaskcardClick { event_key, task_id } => Trigger::Clicked {
            key: event_key.clone(),
            task_id: task_id.clone(),
            response_code: None,
        },
        _ => named_event(raw),
    };
}

fn card_click(click: &CardClick) -> Trigger {
    Trigger::Clicked {
        key: click.event_key.clone(),
        task_id: click.task_id.clone(),
        response_code: click.response_code.clone(),
    }
}

/// Rare events go by WeCom's own names, read once more from the document.
pub(super) fn named_event(raw: &str) -> Trigger {
    let root = Element::parse(raw).ok();
    let named = |name: &str| {
        root.as_ref()?
            .children()
            .iter()
            .find(|child| child.name() == name)
            .map(|child| child.text().to_owned())
            .filter(|text| !text.is_empty())
    };
    Trigger::Event {
        event: named("Event").unwrap_or_default(),
        change_type: named("ChangeType"),
    }
}

fn from_aibot(app: &AppName, callback: &AibotCallback, now: UnixMillis) -> Inbound {
    let member = callback.from_user.as_deref();
    let who = match &callback.chat_id {
        Some(chat) => chat.clone(),
        None => member.unwrap_or("unknown").to_owned(),
    };
    let (trigger, passive) = match &callback.content {
        AibotContent::Event(event) => aibot_event(event),
        content => (
            Trigger::Message(aibot_message(
                content,
                callback.chat_type == ChatType::Group,
            )),
            AibotPassive::Message,
        ),
    };
    Inbound {
        channel: Channel::Aibot,
        app: app.clone(),
        at: callback.create_time.map_or(now, UnixMillis::from_secs),
        person: member.map(|id| Person::Member(id.into())),
        // Words without a member are no person's: another bot's, or the platform's.
        author: member.map_or(Author::System, |_| Author::Person),
        conversation: conversation(app, &who),
        trigger,
        reply_path: ReplyPath::Aibot {
            response_url: callback.response_url.clone(),
            passive,
        },
    }
}

fn aibot_event(event: &AibotEvent) -> (Trigger, AibotPassive) {
    match event {
        AibotEvent::EnterChat => (
            Trigger::Entered {
                scene: None,
                welcome_code: None,
            },
            AibotPassive::Welcome,
        ),
        AibotEvent::TemplateCard {
            event_key, task_id, ..
        } => (
            Trigger::Clicked {
                key: event_key.clone().unwrap_or_default(),
                task_id: task_id.clone(),
                response_code: None,
            },
            AibotPassive::Nothing,
        ),
        AibotEvent::Feedback { .. } => (event_named("feedback_event"), AibotPassive::Nothing),
        AibotEvent::Disconnected => (event_named("disconnected_event"), AibotPassive::Nothing),
        AibotEvent::Unknown { event_type, .. } => (event_named(event_type), AibotPassive::Nothing),
    }
}

fn event_named(name: &str) -> Trigger {
    Trigger::Event {
        event: name.to_owned(),
        change_type: None,
    }
}

fn aibot_message(content: &AibotContent, in_group: bool) -> Message {
    let bare = |kind: &str, url: &str| Message {
        kind: kind.to_owned(),
        text: String::new(),
        fields: BTreeMap::from([("url".to_owned(), url.to_owned())]),
    };
    match content {
        AibotContent::Text(text) if in_group => Message::text(without_mention(text)),
        AibotContent::Text(text) => Message::text(text.clone()),
        AibotContent::Voice(text) => Message {
            kind: "voice".to_owned(),
            text: text.clone(),
            fields: BTreeMap::new(),
        },
        AibotContent::Image(media) => bare("image", &media.url),
        AibotContent::File(media) => bare("file", &media.url),
        AibotContent::Video(media) => bare("video", &media.url),
        AibotContent::Mixed(items) => {
            let texts: Vec<String> = items
                .iter()
                .map(|item| aibot_message(item, in_group).text)
                .filter(|text| !text.is_empty())
                .collect();
            Message {
                kind: "mixed".to_owned(),
                text: texts.join("\n"),
                fields: BTreeMap::new(),
            }
        }
        AibotContent::StreamRefresh { .. } | AibotContent::Event(_) => Message {
            kind: "event".to_owned(),
            text: String::new(),
            fields: BTreeMap::new(),
        },
        AibotContent::Unknown { msg_type, .. } => Message {
            kind: msg_type.clone(),
            text: String::new(),
            fields: BTreeMap::new(),
        },
    }
}

/// In groups the text begins with the mention that called the bot: `@小助手 查询库存`.
fn without_mention(text: &str) -> String {
    let Some(rest) = text.trim_start().strip_prefix('@') else {
        return text.to_owned();
    };
    match rest.split_once(|c: char| c.is_whitespace() || c == '\u{2005}') {
        Some((_, said)) => said.trim_start().to_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_mention;

    #[test]
    fn the_mention_is_not_part_of_what_was_said() {
        assert_eq!(without_mention("@小助手 查询库存"), "查询库存");
        assert_eq!(without_mention("@小助手\u{2005}查询 库存"), "查询 库存");
        assert_eq!(without_mention("查询 @小助手"), "查询 @小助手");
        assert_eq!(without_mention("@小助手"), "");
    }
}
