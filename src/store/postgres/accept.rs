//! Records into the inbox.

use std::collections::{HashMap, HashSet};

use sha1::{Digest as _, Sha1};

use super::bells::Wake;
use super::session::Session;
use super::values::{Json, Time, number, text};
use crate::domain::ids::RecordId;
use crate::domain::inbound::{Channel, Inbound, ReplyPath};
use crate::store::queue::{NOT_READABLE, inbound_words};
use crate::store::{Acceptance, ItemState, NewRecord, RecordBody, RecordOutcome, Result};

/// Longer keys are kept as their hash: an index takes no more than some 2,700 bytes.
const LONGEST_KEY: usize = 500;

/// A record made ready.
pub(super) struct Offered {
    key: String,
    state: ItemState,
    conversation: String,
    contact: Option<String>,
    channel: Channel,
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
        let body = Json::of("record", &record.body)?;
        let of = |inbound: &Inbound| Self {
            key: key(record.dedupe.as_str()),
            state: ItemState::Ready,
            conversation: text(inbound.conversation.as_str()).into_owned(),
            contact: inbound
                .person
                .as_ref()
                .map(|it| text(&it.key()).into_owned()),
            channel: inbound.channel,
            app: text(inbound.app.as_str()).into_owned(),
            kind: text(&inbound_words(inbound)).into_owned(),
            received_at: Time(record.received_at),
            happened_at: Some(Time(inbound.at)),
            urgent: record.urgent,
            reason: None,
            outcome: None,
            waits_here: waits(inbound),
            body: body.clone(),
        };
        Ok(match &record.body {
            RecordBody::Inbound { inbound, .. } => of(inbound),
            RecordBody::Skipped { inbound, reason } => {
                let reason = reason.clone();
                Self {
                    state: ItemState::Done,
                    outcome: Some(Json::of("outcome", &RecordOutcome::Skipped { reason })?),
                    ..of(inbound)
                }
            }
            RecordBody::Unreadable {
                channel,
                app,
                reason,
                ..
            } => Self {
                key: key(record.dedupe.as_str()),
                state: ItemState::Dead,
                // Nobody asks for this conversation.
                conversation: String::new(),
                contact: None,
                channel: *channel,
                app: text(app.as_str()).into_owned(),
                kind: format!("{} {NOT_READABLE}", channel.as_str()),
                received_at: Time(record.received_at),
                happened_at: None,
                urgent: record.urgent,
                reason: Some(text(reason).into_owned()),
                outcome: None,
                waits_here: false,
                body,
            },
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

fn key(dedupe: &str) -> String {
    if dedupe.len() <= LONGEST_KEY {
        return text(dedupe).into_owned();
    }
    let hash = Sha1::digest(dedupe);
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut end = LONGEST_KEY / 2;
    while !dedupe.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…{hash}", text(&dedupe[..end]))
}

const TAKE: &str = "\
    WITH offered AS MATERIALIZED (
        SELECT *, nextval($2::text::regclass) AS id
        FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::timestamptz[], $11::timestamptz[], $12::boolean[], $13::text[],
            $14::jsonb[], $15::bigint[], $16::jsonb[])
        AS o (key, state, conversation, contact, channel, app, kind, received_at, happened_at,
            urgent, reason, outcome, preferred_by, body)
    ), fresh AS (
        INSERT INTO dedupe (corp_id, key, record_id, received_at)
        SELECT $1, key, id, received_at FROM offered ORDER BY key
        ON CONFLICT DO NOTHING
        RETURNING record_id, key
    ), taken AS (
        INSERT INTO inbox (corp_id, id, state, conversation, contact, channel, app, kind,
            received_at, happened_at, due_at, urgent, seq, reason, outcome, preferred_by, body)
        SELECT $1, o.id, o.state, o.conversation, o.contact, o.channel, o.app, o.kind,
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
    let channels: Vec<&str> = records.iter().map(|one| one.channel.as_str()).collect();
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
                &channels,
                &column!(app),
                &column!(kind),
                &column!(received_at),
                &column!(happened_at),
                &column!(urgent),
                &column!(reason),
                &column!(outcome),
                &preferred,
                &column!(body),
            ],
        )
        .await?;
    let ids = rows
        .iter()
        .map(|row| (row.get(0), RecordId(number(row.get(1)))));
    Ok(ids.collect())
}
