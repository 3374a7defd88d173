//! Answers that go back in the callback's own response.

use std::time::Duration;

use rand::RngExt as _;

use super::accept::Receiver;
use crate::config::Kind;
use crate::domain::clock::UnixMillis;
use crate::domain::effect::Effect;
use crate::domain::ids::RecordId;
use crate::domain::inbound::{AibotPassive, Inbound, ReplyPath};
use crate::domain::outgoing::Outgoing;
use crate::store::{ItemId, ItemState, Store};
use crate::wecom::callback::aibot_reply::{self, AibotReply, StreamReply};
use crate::wecom::callback::reply::{self, PassiveReply, ReplyContent};

/// A body ready to be sent.
pub(super) struct Answer {
    pub(super) body: Vec<u8>,
    pub(super) content_type: &'static str,
}

/// How long an answer that is on its way may still take when WeCom asks again.
const SETTLE: Duration = Duration::from_millis(200);

/// Encrypts an answer for the open callback. `None` if it has no passive form.
pub(super) fn passive(
    receiver: &Receiver,
    inbound: &Inbound,
    id: RecordId,
    message: &Outgoing,
    nonce: &str,
    now: UnixMillis,
) -> Option<Answer> {
    match &inbound.reply_path {
        ReplyPath::Aibot { passive, .. } => {
            let reply = aibot_form(*passive, id, message)?;
            Some(seal_json(receiver, &reply, nonce, now))
        }
        ReplyPath::App { userid } => {
            let (Outgoing::Text { text } | Outgoing::Markdown { text }) = message else {
                return None;
            };
            let reply = PassiveReply {
                to_user: userid.0.clone(),
                from_user: receiver.codec.receive_id().to_owned(),
                create_time: now.as_secs(),
                content: ReplyContent::Text {
                    content: text.clone(),
                },
            };
            Some(seal_xml(receiver, &reply, nonce, now))
        }
        _ => None,
    }
}

/// A stream that WeCom asks about again although it was finished: finished, nothing more.
pub(super) fn finished_stream(
    receiver: &Receiver,
    id: &str,
    content: String,
    nonce: &str,
    now: UnixMillis,
) -> Answer {
    let stream = StreamReply {
        id: id.to_owned(),
        finish: true,
        content,
        msg_item: Vec::new(),
        feedback: None,
    };
    seal_json(receiver, &AibotReply::Stream(stream), nonce, now)
}

/// The text of a message, if it is one.
pub(super) fn text(message: Outgoing) -> Option<String> {
    match message {
        Outgoing::Text { text } | Outgoing::Markdown { text } => Some(text),
        _ => None,
    }
}

/// The answer that an earlier push of the same record was given in its response.
pub(super) async fn given_before(store: &dyn Store, id: RecordId) -> Option<Outgoing> {
    // The first push may be a moment away from its answer.
    tokio::time::sleep(SETTLE).await;
    let detail = store.show(ItemId::Record(id)).await.ok()??;
    for item in detail.effects {
        if item.state != ItemState::Sent {
            continue;
        }
        let effect = store.show(item.id).await.ok()??.effect;
        if let Some(Effect::AibotReply { message, .. } | Effect::AppSend { message, .. }) = effect
            && item.reason.as_deref() == Some(crate::desk::ANSWERED_IN_CALLBACK)
        {
            return Some(message);
        }
    }
    None
}

fn aibot_form(passive: AibotPassive, id: RecordId, message: &Outgoing) -> Option<AibotReply> {
    let text = match message {
        Outgoing::Card { card } => {
            return (passive != AibotPassive::Nothing)
                .then(|| AibotReply::TemplateCard(card.clone()));
        }
        Outgoing::Text { text } | Outgoing::Markdown { text } => text.clone(),
        _ => return None,
    };
    match passive {
        AibotPassive::Welcome => Some(AibotReply::Text { content: text }),
        AibotPassive::Message => Some(AibotReply::Stream(StreamReply {
            id: id.to_string(),
            finish: true,
            content: text,
            msg_item: Vec::new(),
            feedback: None,
        })),
        AibotPassive::Nothing => None,
    }
}

fn seal_json(receiver: &Receiver, reply: &AibotReply, nonce: &str, now: UnixMillis) -> Answer {
    debug_assert!(receiver.kind == Kind::Aibot);
    let sealed = receiver.codec.seal(
        reply.to_json().as_bytes(),
        now.as_secs(),
        nonce,
        rand::rng().random(),
    );
    Answer {
        body: aibot_reply::envelope_json(&sealed).into_bytes(),
        content_type: "application/json",
    }
}

fn seal_xml(receiver: &Receiver, reply: &PassiveReply, nonce: &str, now: UnixMillis) -> Answer {
    let sealed = receiver.codec.seal(
        reply.to_xml().as_bytes(),
        now.as_secs(),
        nonce,
        rand::rng().random(),
    );
    Answer {
        body: reply::envelope_xml(&sealed).into_bytes(),
        content_type: "application/xml",
    }
}
