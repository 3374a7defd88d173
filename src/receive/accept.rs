//! One push: verify, decrypt, understand, commit. Only then is it acknowledged.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::answer::{self, Answer};
use super::sync_contacts::tags_changed;
use super::translate::{self, Translated};
use crate::config::{Config, Kind};
use crate::desk::Desk;
use crate::domain::clock::{SharedClock, UnixMillis};
use crate::domain::ids::{AppName, RecordId};
use crate::domain::inbound::{AibotPassive, Inbound, ReplyPath};
use crate::store::{Acceptance, ItemId, NewRecord, RecordBody, Store};
use crate::wecom::callback::{SignedQuery, envelope};
use crate::wecom::crypto::{Codec, EncodingAesKey, KeyError, Refusal};

/// How long a callback is held open for an answer. WeCom waits five seconds.
const HOLD_OPEN: Duration = Duration::from_millis(3500);
/// How long more for an answer that is being stored.
const SETTLE: Duration = Duration::from_millis(1000);

/// One callback URL.
pub(super) struct Receiver {
    pub(super) name: AppName,
    pub(super) kind: Kind,
    pub(super) codec: Codec,
}

/// Takes pushes for all callback URLs.
pub struct Acceptor {
    receivers: HashMap<AppName, Receiver>,
    store: Arc<dyn Store>,
    clock: SharedClock,
    desk: Desk,
}

/// How a push ended.
pub(super) enum Ended {
    /// In the inbox, or already there.
    Stored {
        answer: Option<Answer>,
        duplicate: bool,
    },
    /// Not a good callback.
    Refused(Refusal),
    /// The store failed: nothing may be acknowledged.
    NotStored,
}

impl Acceptor {
    /// Takes pushes for every app of the config.
    ///
    /// # Errors
    /// If a key is not a key; the config has checked that already.
    pub fn new(
        config: &Config,
        store: Arc<dyn Store>,
        clock: SharedClock,
        desk: Desk,
    ) -> Result<Self, KeyError> {
        let mut receivers = HashMap::new();
        for app in &config.apps {
            let key = EncodingAesKey::parse(app.encoding_aes_key.expose())?;
            let codec = Codec::new(app.token.expose(), key, &app.receive_id);
            let receiver = Receiver {
                name: app.name.clone(),
                kind: app.kind,
                codec,
            };
            receivers.insert(app.name.clone(), receiver);
        }
        Ok(Self {
            receivers,
            store,
            clock,
            desk,
        })
    }

    pub(super) fn receiver(&self, app: &AppName) -> Option<&Receiver> {
        self.receivers.get(app)
    }

    pub(super) async fn accept(&self, app: &AppName, query: &str, body: &[u8]) -> Ended {
        let Some(receiver) = self.receivers.get(app) else {
            return Ended::Refused(Refusal::BadQuery);
        };
        let (nonce, plain) = match open(receiver, query, body) {
            Ok(opened) => opened,
            Err(refusal) => return Ended::Refused(refusal),
        };
        let now = self.clock.now();
        let translated = match receiver.kind {
            Kind::Aibot => translate::aibot(&receiver.name, plain, now),
            _ => translate::xml(receiver, plain, now),
        };
        match translated {
            Translated::KfPush(push) => match self.store.note_kf_push(push).await {
                Ok(()) => Ended::Stored {
                    answer: None,
                    duplicate: false,
                },
                Err(error) => not_stored(&error),
            },
            Translated::StreamRefresh { id } => {
                let answer = self.refreshed(receiver, &id, &nonce, now).await;
                Ended::Stored {
                    answer: Some(answer),
                    duplicate: false,
                }
            }
            Translated::TagsChanged(record) => {
                // The hint first: if only that gets through, the tags are read once too often.
                if let Err(error) = tags_changed(self.store.as_ref(), now).await {
                    return not_stored(&error);
                }
                self.take(receiver, *record, &nonce).await
            }
            Translated::Record(record) => self.take(receiver, *record, &nonce).await,
        }
    }

    async fn take(&self, receiver: &Receiver, record: NewRecord, nonce: &str) -> Ended {
        let held = held_open(receiver, &record).cloned();
        let unreadable = match &record.body {
            RecordBody::Unreadable { reason, .. } => Some(reason.clone()),
            _ => None,
        };
        let taken = match self.store.accept(vec![record]).await {
            Ok(taken) => taken.into_iter().next(),
            Err(error) => return not_stored(&error),
        };
        let (id, duplicate) = match taken {
            Some(Acceptance::New(id)) => (id, false),
            Some(Acceptance::Duplicate(id)) => (id, true),
            None => return Ended::NotStored,
        };
        tracing::info!(record = %id, app = %receiver.name, duplicate, "accepted");
        if let (Some(reason), false) = (unreadable, duplicate) {
            tracing::warn!(record = %id, app = %receiver.name, reason, "kept as a dead letter: it cannot be read");
        }
        let answer = match held {
            Some(inbound) if !duplicate => self.hold_open(receiver, &inbound, id, nonce).await,
            Some(inbound) => self.answer_again(receiver, &inbound, id, nonce).await,
            None => None,
        };
        Ended::Stored { answer, duplicate }
    }

    /// Waits a moment for the deliverer to hand over the answer.
    async fn hold_open(
        &self,
        receiver: &Receiver,
        inbound: &Inbound,
        id: RecordId,
        nonce: &str,
    ) -> Option<Answer> {
        let place = self.desk.open(id, inbound.person.clone());
        let message = place.wait(HOLD_OPEN, SETTLE).await?;
        answer::passive(receiver, inbound, id, &message, nonce, self.clock.now())
    }

    /// Our streams are finished with their first state: a refresh gets the same text again.
    async fn refreshed(
        &self,
        receiver: &Receiver,
        id: &str,
        nonce: &str,
        now: UnixMillis,
    ) -> Answer {
        let text = match id.parse() {
            Ok(ItemId::Record(record)) => {
                let given = answer::given_before(self.store.as_ref(), record).await;
                given.and_then(answer::text)
            }
            _ => None,
        };
        answer::finished_stream(receiver, id, text.unwrap_or_default(), nonce, now)
    }

    /// WeCom did not get our answer and asks again: the same answer is right.
    async fn answer_again(
        &self,
        receiver: &Receiver,
        inbound: &Inbound,
        id: RecordId,
        nonce: &str,
    ) -> Option<Answer> {
        let message = answer::given_before(self.store.as_ref(), id).await?;
        answer::passive(receiver, inbound, id, &message, nonce, self.clock.now())
    }
}

/// Nonce and plaintext of a good push.
fn open(receiver: &Receiver, query: &str, body: &[u8]) -> Result<(String, Vec<u8>), Refusal> {
    let query = SignedQuery::parse(query)?;
    let envelope = match receiver.kind {
        Kind::Aibot => envelope::parse_json(body)?,
        _ => envelope::parse_xml(body)?,
    };
    let plain = receiver.codec.open(&query, &envelope.encrypt)?;
    Ok((query.nonce().to_owned(), plain))
}

/// The record's inbound value, if its callback is held open for an answer.
fn held_open<'r>(receiver: &Receiver, record: &'r NewRecord) -> Option<&'r Inbound> {
    let RecordBody::Inbound { inbound, .. } = &record.body else {
        return None;
    };
    let waits = match (&inbound.reply_path, receiver.kind) {
        (ReplyPath::Aibot { passive, .. }, _) => *passive != AibotPassive::Nothing,
        (ReplyPath::App { .. }, Kind::App { passive_reply, .. }) => passive_reply,
        _ => false,
    };
    waits.then_some(inbound)
}

fn not_stored(error: &crate::store::StoreError) -> Ended {
    tracing::error!(%error, "a callback could not be stored and is not acknowledged");
    Ended::NotStored
}
