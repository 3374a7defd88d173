//! For people looking after the queues.

use std::sync::Arc;

use tokio_postgres::Row;

use super::Shared;
use super::bells::Wake;
use super::history::outcome;
use super::lanes::{state, word};
use super::outbox::{EffectBody, tell_step};
use super::past::effects_of;
use super::session::{Session, at_once};
use super::values::{Json, Time, big, most, number, text, untext};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::{EffectId, RecordId};
use crate::store::queue::behind;
use crate::store::{
    Depths, ItemId, ItemState, QueueDetail, QueueFilter, QueueItem, RecordOutcome, Result,
};

/// What is listed when nothing is named: what waits or needs a person.
const OPEN: [ItemState; 5] = [
    ItemState::Ready,
    ItemState::Working,
    ItemState::Failed,
    ItemState::Unknown,
    ItemState::Dead,
];

/// The oldest effect that is due is looked for among the heads of lanes.
const DEPTHS: &str = "\
    SELECT i.waiting, i.oldest,
        (SELECT count(*) FROM inbox WHERE corp_id = $1 AND state = 'dead'),
        (SELECT count(*) FROM outbox WHERE corp_id = $1 AND state IN ('ready', 'working')),
        (SELECT count(*) FROM outbox WHERE corp_id = $1 AND state = 'failed'),
        (SELECT count(*) FROM outbox WHERE corp_id = $1 AND state = 'unknown'),
        (SELECT count(*) FROM timers WHERE corp_id = $1),
        (SELECT o.due_at FROM outbox o
         WHERE o.corp_id = $1 AND o.state = 'ready' AND o.due_at <= $2
           AND NOT EXISTS (SELECT FROM outbox p WHERE p.corp_id = o.corp_id AND p.lane = o.lane
                AND p.urgent = o.urgent AND p.state IN ('ready', 'working') AND p.seq < o.seq)
         ORDER BY o.due_at LIMIT 1)
    FROM (SELECT count(*) AS waiting, min(received_at) AS oldest FROM inbox
          WHERE corp_id = $1 AND state IN ('ready', 'working')) i";

/// How many items are in each state, and how old the oldest due one is.
pub(super) async fn depths(session: &Session, now: UnixMillis) -> Result<Depths> {
    let row = session.row(DEPTHS, &[&session.corp(), &Time(now)]).await?;
    let Some(row) = row else {
        return Ok(Depths::default());
    };
    let count = |place: usize| number(row.get(place));
    let age = |place: usize| {
        let then: Option<Time> = row.get(place);
        let age = then.map_or(0, |then| now.since(then.0).as_millis());
        u64::try_from(age).unwrap_or(u64::MAX)
    };
    Ok(Depths {
        inbox: count(0),
        dead: count(2),
        outbox: count(3),
        failed: count(4),
        unknown: count(5),
        timers: count(6),
        inbox_age_ms: age(1),
        outbox_age_ms: age(7),
    })
}

/// The head of the lane in which an item waits without a reason of its own.
macro_rules! ahead {
    ($table:literal) => {
        concat!(
            "CASE WHEN i.state = 'ready' AND i.reason IS NULL THEN (SELECT o.id FROM ",
            $table,
            " o WHERE o.corp_id = i.corp_id AND o.lane = i.lane AND o.urgent = i.urgent
                AND o.state IN ('ready', 'working') AND o.seq < i.seq
              ORDER BY o.seq LIMIT 1) END AS ahead"
        )
    };
}

const RECORDS: &str = concat!(
    "SELECT i.id, i.state, i.kind, i.contact AS whom, i.attempts, i.received_at AS at, i.due_at,
        i.reason, i.outcome, ",
    ahead!("inbox"),
    " FROM inbox i"
);
const EFFECTS: &str = concat!(
    "SELECT i.id, i.state, i.kind, i.target AS whom, i.attempts, i.decided_at AS at, i.due_at,
        i.reason, NULL::jsonb AS outcome, ",
    ahead!("outbox"),
    " FROM outbox i"
);

/// Records and effects by state, oldest first.
pub(super) async fn list(session: &Session, filter: &QueueFilter) -> Result<Vec<QueueItem>> {
    let states = if filter.states.is_empty() {
        &OPEN[..]
    } else {
        &filter.states
    };
    let states: Vec<&str> = states.iter().map(|state| word(*state)).collect();
    let (corp, limit) = (session.corp(), most(filter.limit));
    let mut items = Vec::new();
    for (select, of) in [
        (RECORDS, record_item as fn(u64) -> ItemId),
        (EFFECTS, effect_item),
    ] {
        let sql =
            format!("{select} WHERE corp_id = $1 AND state = ANY($2) ORDER BY at, id LIMIT $3");
        for row in session.rows(&sql, &[&corp, &states, &limit]).await? {
            items.push(line(&row, of)?);
        }
    }
    items.sort_by_key(|item| item.at);
    items.truncate(filter.limit);
    Ok(items)
}

fn record_item(id: u64) -> ItemId {
    ItemId::Record(RecordId(id))
}

fn effect_item(id: u64) -> ItemId {
    ItemId::Effect(EffectId(id))
}

fn line(row: &Row, of: fn(u64) -> ItemId) -> Result<QueueItem> {
    let state = state(row.get("state"))?;
    let attempts: i32 = row.get("attempts");
    let attempts = u32::try_from(attempts).unwrap_or_default();
    let skipped = match outcome(row)? {
        Some(RecordOutcome::Skipped { reason }) => Some(reason),
        _ => None,
    };
    let whom: Option<String> = row.get("whom");
    let ahead: Option<i64> = row.get("ahead");
    let id = of(number(row.get("id")));
    let whom = whom.map(untext).map(|whom| match id {
        // As lists show people: the bare id.
        ItemId::Record(_) => whom
            .split_once(':')
            .map_or(whom.clone(), |(_, id)| id.to_owned()),
        ItemId::Effect(_) => whom,
    });
    Ok(QueueItem {
        id,
        state,
        what: untext(row.get("kind")),
        whom,
        // The attempt under way counts.
        attempts: attempts + u32::from(state == ItemState::Working),
        at: row.get::<_, Time>("at").0,
        due: (state == ItemState::Ready).then(|| row.get::<_, Time>("due_at").0),
        reason: row
            .get::<_, Option<String>>("reason")
            .map(untext)
            .or(skipped)
            .or(ahead.map(|ahead| behind(of(number(ahead))))),
    })
}

const RECORD: &str = concat!(
    "SELECT i.id, i.state, i.kind, i.contact AS whom, i.attempts, i.received_at AS at, i.due_at,
        i.reason, i.outcome, i.effects, i.body, t.trace, ",
    ahead!("inbox"),
    " FROM inbox i LEFT JOIN traces t ON t.corp_id = i.corp_id AND t.record_id = i.id
    WHERE i.corp_id = $1 AND i.id = $2"
);

/// One item with everything that is known about it.
pub(super) async fn show(session: &Session, item: ItemId) -> Result<Option<QueueDetail>> {
    match item {
        ItemId::Record(id) => record(session, id).await,
        ItemId::Effect(id) => effect(session, id).await,
    }
}

async fn record(session: &Session, id: RecordId) -> Result<Option<QueueDetail>> {
    let row = session.row(RECORD, &[&session.corp(), &big(id.0)]).await?;
    let Some(row) = row else { return Ok(None) };
    let sql = format!("{EFFECTS} WHERE corp_id = $1 AND id = ANY($2) ORDER BY id");
    let led_to = session
        .rows(&sql, &[&session.corp(), &effects_of(&row)])
        .await?;
    let trace: Option<Json> = row.get("trace");
    Ok(Some(QueueDetail {
        item: line(&row, record_item)?,
        record: row.get::<_, Json>("body").read("record").ok(),
        effect: None,
        origin: None,
        trace: trace.map(|trace| trace.read("trace")).transpose()?,
        effects: led_to
            .iter()
            .map(|row| line(row, effect_item))
            .collect::<Result<_>>()?,
    }))
}

async fn effect(session: &Session, id: EffectId) -> Result<Option<QueueDetail>> {
    const BODY: &str = "SELECT body FROM outbox WHERE corp_id = $1 AND id = $2";
    let (corp, id) = (session.corp(), big(id.0));
    let sql = format!("{EFFECTS} WHERE corp_id = $1 AND id = $2");
    let Some(row) = session.row(&sql, &[&corp, &id]).await? else {
        return Ok(None);
    };
    let body = session.row(BODY, &[&corp, &id]).await?;
    let body: Option<EffectBody> = body.and_then(|row| row.get::<_, Json>(0).read("effect").ok());
    let (effect, origin) = body.map(|body| (body.effect, body.origin)).unzip();
    Ok(Some(QueueDetail {
        item: line(&row, effect_item)?,
        record: None,
        effect,
        origin,
        trace: None,
        effects: Vec::new(),
    }))
}

/// What could not be read once cannot be processed either.
const REDRIVE_RECORD: &str = "\
    UPDATE inbox SET state = 'ready', seq = nextval($3::text::regclass), due_at = $4,
        attempts = 0, first_attempt_at = NULL, preferred_by = NULL
    WHERE corp_id = $1 AND id = $2 AND state = 'dead' AND body->>'body' = 'inbound'";
const REDRIVE_EFFECT: &str = tell_step!(
    "UPDATE outbox t SET state = 'ready', seq = nextval($3::text::regclass), due_at = $4,
        first_attempt_at = NULL, interrupted = false, preferred_by = NULL
     WHERE corp_id = $1 AND id = $2 AND state IN ('failed', 'unknown', 'dropped')",
    "$4"
);

/// Puts a dead letter, a failed, unknown or dropped effect back into its queue, at the end of
/// its lane.
///
/// A record starts afresh. An effect keeps counting its attempts and stays "unclear", so that
/// the sender still knows a duplicate for what it is, but is no longer "interrupted": a person
/// has looked at it.
pub(super) async fn redrive(shared: &Arc<Shared>, item: ItemId, now: UnixMillis) -> Result<bool> {
    at_once!(shared, session => {
        let (sql, id, sequence, wake) = match item {
            ItemId::Record(id) => {
                (REDRIVE_RECORD, id.0, &shared.sequences.record, Wake::INBOX)
            }
            ItemId::Effect(id) => {
                (REDRIVE_EFFECT, id.0, &shared.sequences.effect, Wake::OUTBOX)
            }
        };
        let changed = session
            .run(sql, &[&session.corp(), &big(id), sequence, &Time(now)])
            .await?;
        session.wake.add(wake);
        Ok(changed > 0)
    })
}

const DISCARD_RECORD: &str = "\
    UPDATE inbox SET state = 'discarded', reason = $3
    WHERE corp_id = $1 AND id = $2 AND state IN ('ready', 'dead')";
const DISCARD_EFFECT: &str = tell_step!(
    "UPDATE outbox t SET state = 'discarded', reason = $3
     WHERE corp_id = $1 AND id = $2 AND state IN ('ready', 'failed', 'unknown', 'dropped')",
    "$4"
);

/// Gives up on an item. Refused while somebody works on it: its end is not known yet.
pub(super) async fn discard(
    shared: &Arc<Shared>,
    item: ItemId,
    reason: &str,
    now: UnixMillis,
) -> Result<bool> {
    at_once!(shared, session => {
        let (corp, reason) = (session.corp(), text(reason));
        let changed = match item {
            ItemId::Record(id) => {
                session.wake.add(Wake::INBOX);
                session
                    .run(DISCARD_RECORD, &[&corp, &big(id.0), &reason])
                    .await?
            }
            ItemId::Effect(id) => {
                session.wake.add(Wake::OUTBOX);
                session
                    .run(DISCARD_EFFECT, &[&corp, &big(id.0), &reason, &Time(now)])
                    .await?
            }
        };
        Ok(changed > 0)
    })
}
