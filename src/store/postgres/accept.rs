//! Records into the inbox.

use std::collections::{HashMap, HashSet};

use super::bells::Wake;
use super::session::Session;
use super::values::{Json, Time, lane, number, text};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{Person, RecordId};
use crate::domain::inbound::{Inbound, ReplyPath};
use crate::store::erase::ERASED;
use crate::store::queue::{NOT_READABLE, inbound_words};
use crate::store::{
    Acceptance, DedupeHash, ItemState, NewRecord, RecordBody, RecordOutcome, Result,
};

/// What a record says to people who look at its row.
#[derive(Default)]
pub(super) struct Told {
    pub(super) conversation: Option<String>,
    pub(super) contact: Option<String>,
    pub(super) channel: &'static str,
    pub(super) app: String,
    pub(super) kind: String,
    /// Only what can be read has happened at some time.
    pub(super) happened_at: Option<UnixMillis>,
}

impl Told {
    /// By a record.
    pub(super) fn by(body: &RecordBody) -> Self {
        match body {
            RecordBody::Inbound { inbound, .. } | RecordBody::Skipped { inbound, .. } => Self {
                conversation: Some(inbound.conversation.to_string()),
                contact: inbound.person.as_ref().map(Person::key),
                channel: inbound.channel.as_str(),
                app: inbound.app.to_string(),
                kind: inbound_words(inbound),
                happened_at: Some(inbound.at),
            },
            RecordBody::Unreadable { channel, app, .. } => Self {
                channel: channel.as_str(),
                app: app.to_string(),
                kind: format!("{} {NOT_READABLE}", channel.as_str()),
                ..Self::default()
            },
            RecordBody::Erased => Self {
                kind: ERASED.to_owned(),
                ..Self::default()
            },
        }
    }
}

/// A record made ready.
pub(super) struct Offered {
    /// The hash of its dedupe key.
    key: String,
    lane: String,
    state: ItemState,
    conversation: Option<String>,
    contact: Option<String>,
    channel: &'static str,
    app: String,
    kind: String,
    received_at: Time,
    happened_at: Option<Time>,
    urgent: bool,
    reason: Option<String>,
    outcome: Option<Json>,
    waits_here: bool,
    body: Json,
}

impl Offered {
    /// Does everything that does not need the database.
    pub(super) fn new(record: &NewRecord) -> Result<Self> {
        let (mut reason, mut skipped, mut waits_here) = (None, None, false);
        let state = match &record.body {
            RecordBody::Inbound { inbound, .. } => {
                waits_here = waits(inbound);
                ItemState::Ready
            }
            RecordBody::Skipped { reason, .. } => {
                skipped = Some(reason.clone());
                ItemState::Done
            }
            RecordBody::Unreadable { reason: why, .. } => {
                reason = Some(text(why).into_owned());
                ItemState::Dead
            }
            RecordBody::Erased => {
                skipped = Some(ERASED.to_owned());
                ItemState::Done
            }
        };
        let skipped = skipped.map(|reason| RecordOutcome::Skipped { reason });
        let outcome = skipped.map(|outcome| Json::of("outcome", &outcome));
        let told = Told::by(&record.body);
        let kept = |words: String| text(&words).into_owned();
        Ok(Self {
            key: DedupeHash::of(record.dedupe.as_str()).into(),
            // An unreadable one belongs to the empty conversation, which nobody asks for.
            lane: lane(told.conversation.as_deref().unwrap_or_default()),
            state,
            conversation: told.conversation.map(kept),
            contact: told.contact.map(kept),
            channel: told.channel,
            app: kept(told.app),
            kind: kept(told.kind),
            received_at: Time(record.received_at),
            happened_at: told.happened_at.map(Time),
            urgent: record.urgent,
            reason,
            outcome: outcome.transpose()?,
            waits_here,
            body: Json::of("record", &record.body)?,
        })
    }

    /// All of them.
    pub(super) fn all(records: &[NewRecord]) -> Result<Vec<Self>> {
        records.iter().map(Self::new).collect()
    }
}

/// Whether a callback may wait for the answer.
fn waits(inbound: &Inbound) -> bool {
    matches!(
        inbound.reply_path,
        ReplyPath::Aibot { .. } | ReplyPath::App { .. }
    )
}

const TAKE: &str = "\
    WITH offered AS MATERIALIZED (
        SELECT *, nextval($2::text::regclass) AS id
        FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::timestamptz[], $11::timestamptz[], $12::boolean[], $13::text[],
            $14::jsonb[], $15::bigint[], $16::jsonb[], $17::text[])
        AS o (key, state, conversation, contact, channel, app, kind, received_at, happened_at,
            urgent, reason, outcome, preferred_by, body, lane)
    ), fresh AS (
        INSERT INTO dedupe (corp_id, key, record_id, received_at)
        SELECT $1, key, id, received_at FROM offered ORDER BY key
        ON CONFLICT DO NOTHING
        RETURNING record_id, key
    ), taken AS (
        INSERT INTO inbox (corp_id, id, lane, dedupe, state, conversation, contact, channel, app, kind,
            received_at, happened_at, due_at, urgent, seq, reason, outcome, preferred_by, body)
        SELECT $1, o.id, o.lane, o.key, o.state, o.conversation, o.contact, o.channel, o.app, o.kind,
            o.received_at, o.happened_at, o.received_at, o.urgent, o.id, o.reason, o.outcome,
            o.preferred_by, o.body
        FROM offered o JOIN fresh ON fresh.record_id = o.id
    )
    SELECT key, record_id FROM fresh";

const KNOWN: &str = "SELECT key, record_id FROM dedupe WHERE corp_id = $1 AND key = ANY($2)";

/// Takes records in, unless they are known. Of two alike the first is the one.
pub(super) async fn take(session: &Session, records: &[&Offered]) -> Result<Vec<Acceptance>> {
    let mut seen = HashSet::new();
    let mut open: Vec<&Offered> = records.to_vec();
    open.retain(|one| seen.insert(one.key.as_str()));
    let mut answers: HashMap<String, Acceptance> = HashMap::with_capacity(open.len());
    // A key can be forgotten between the two looks; then it is offered once more.
    while !open.is_empty() {
        for (key, id) in offer(session, &open).await? {
            answers.insert(key, Acceptance::New(id));
        }
        let is_new = |one: &&Offered| answers.contains_key(&one.key);
        if open
            .iter()
            .any(|one| one.state == ItemState::Ready && is_new(one))
        {
            session.wake.add(Wake::INBOX);
        }
        open.retain(|one| !is_new(one));
        if open.is_empty() {
            break;
        }
        let keys: Vec<&str> = open.iter().map(|one| one.key.as_str()).collect();
        for row in session.rows(KNOWN, &[&session.corp(), &keys]).await? {
            let id = RecordId(number(row.get(1)));
            answers.insert(row.get(0), Acceptance::Duplicate(id));
        }
        open.retain(|one| !answers.contains_key(&one.key));
    }
    let mut answered = Vec::with_capacity(records.len());
    for record in records {
        if let Some(answer) = answers.get_mut(&record.key) {
            answered.push(*answer);
            if let Acceptance::New(id) = *answer {
                *answer = Acceptance::Duplicate(id);
            }
        }
    }
    Ok(answered)
}

/// Those that were new, by key.
async fn offer(session: &Session, records: &[&Offered]) -> Result<HashMap<String, RecordId>> {
    macro_rules! column {
        ($field:ident $(. $rest:ident)*) => {
            records.iter().map(|one| &one.$field $(. $rest)*).collect::<Vec<_>>()
        };
    }
    let states: Vec<&str> = records
        .iter()
        .map(|one| super::lanes::word(one.state))
        .collect();
    let here = session.shared.replica;
    let preferred: Vec<Option<i64>> = records
        .iter()
        .map(|one| one.waits_here.then_some(here))
        .collect();
    let rows = session
        .rows(
            TAKE,
            &[
                &session.corp(),
                &session.shared.sequences.record,
                &column!(key),
                &states,
                &column!(conversation),
                &column!(contact),
                &column!(channel),
                &column!(app),
                &column!(kind),
                &column!(received_at),
                &column!(happened_at),
                &column!(urgent),
                &column!(reason),
                &column!(outcome),
                &preferred,
                &column!(body),
                &column!(lane),
            ],
        )
        .await?;
    let ids = rows
        .iter()
        .map(|row| (row.get(0), RecordId(number(row.get(1)))));
    Ok(ids.collect())
}
