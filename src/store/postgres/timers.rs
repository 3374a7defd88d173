//! Timers, found by due time and by key.

use std::sync::Arc;

use tokio_postgres::Row;

use super::Shared;
use super::accept::{self, Offered};
use super::bells::Wake;
use super::session::{Session, in_transaction};
use super::values::{Json, Time, most, text};
use crate::domain::clock::UnixMillis;
use crate::domain::timer::Timer;
use crate::store::{FiredTimers, NewRecord, RecordBody, Result};

const SET: &str = "\
    INSERT INTO timers (corp_id, key, due_at, contact, conversation, body)
    SELECT $1, * FROM unnest($2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::jsonb[])
        AS o (key, due_at, contact, conversation, body) ORDER BY key
    ON CONFLICT (corp_id, key) DO UPDATE SET due_at = EXCLUDED.due_at,
        contact = EXCLUDED.contact, conversation = EXCLUDED.conversation, body = EXCLUDED.body";

/// Sets timers; one with a known key is moved, and of two alike the last one counts.
pub(super) async fn set(session: &Session, timers: &[Timer]) -> Result<()> {
    if timers.is_empty() {
        return Ok(());
    }
    let mut last: Vec<&Timer> = Vec::with_capacity(timers.len());
    let mut seen = std::collections::HashSet::new();
    last.extend(timers.iter().rev().filter(|timer| seen.insert(&timer.key)));
    let keys: Vec<_> = last.iter().map(|timer| text(&timer.key)).collect();
    let dues: Vec<Time> = last.iter().map(|timer| Time(timer.due)).collect();
    let person = |timer: &&Timer| {
        let person = timer.inbound.person.as_ref()?;
        Some(text(&person.key()).into_owned())
    };
    let contacts: Vec<Option<String>> = last.iter().map(person).collect();
    let conversations: Vec<_> = last
        .iter()
        .map(|timer| text(timer.inbound.conversation.as_str()))
        .collect();
    let bodies = last.iter().map(|timer| Json::of("timer", timer));
    let bodies: Vec<Json> = bodies.collect::<Result<_>>()?;
    session
        .run(
            SET,
            &[
                &session.corp(),
                &keys,
                &dues,
                &contacts,
                &conversations,
                &bodies,
            ],
        )
        .await?;
    session.wake.add(Wake::TIMERS);
    Ok(())
}

const REMOVE: &str = "DELETE FROM timers WHERE corp_id = $1 AND key = ANY($2)";

/// Removes timers by key.
pub(super) async fn remove(session: &Session, keys: &[String]) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let keys: Vec<_> = keys.iter().map(|key| text(key)).collect();
    session.run(REMOVE, &[&session.corp(), &keys]).await?;
    Ok(())
}

const DUE: &str = "\
    SELECT body FROM timers WHERE corp_id = $1 AND due_at <= $2 ORDER BY due_at, key LIMIT $3";

/// Timers due at `now`, earliest first.
pub(super) async fn due(session: &Session, now: UnixMillis, limit: usize) -> Result<Vec<Timer>> {
    let rows = session
        .rows(DUE, &[&session.corp(), &Time(now), &most(limit)])
        .await?;
    rows.iter().map(of_row).collect()
}

fn of_row(row: &Row) -> Result<Timer> {
    row.get::<_, Json>("body").read("timer")
}

const NEXT: &str = "\
    SELECT due_at FROM timers WHERE corp_id = $1 ORDER BY due_at, key LIMIT 1";
/// One at a time, so that the timers of a conversation enter the inbox in their order.
pub(super) const TURN: &str =
    "SELECT pg_advisory_xact_lock(hashtext('wecom-agent timers'), hashtext($1))";
const TAKE: &str = "\
    WITH due AS (
        SELECT key FROM timers WHERE corp_id = $1 AND due_at <= $2
        ORDER BY due_at, key LIMIT $3)
    DELETE FROM timers t USING due WHERE t.corp_id = $1 AND t.key = due.key AND t.due_at <= $2
    RETURNING t.body, t.due_at, t.key";

/// Moves timers that are due into the inbox, earliest first: each is a record or a timer and
/// never both. A record of the same key and time that was taken already is not taken again.
pub(super) async fn fire(
    shared: &Arc<Shared>,
    now: UnixMillis,
    limit: usize,
) -> Result<FiredTimers> {
    // Most looks find nothing: they cost a read and no transaction.
    let next = next(&Session::plain(shared).await?).await?;
    if next.is_none_or(|next| next > now) {
        return Ok(FiredTimers { count: 0, next });
    }
    in_transaction!(shared, session => {
        session.run(TURN, &[&session.corp()]).await?;
        let mut rows = session
            .rows(TAKE, &[&session.corp(), &Time(now), &most(limit)])
            .await?;
        rows.sort_by_key(|row| (row.get::<_, Time>("due_at").0, row.get::<_, String>("key")));
        let timers: Vec<Timer> = rows.iter().map(of_row).collect::<Result<_>>()?;
        let count = timers.len();
        let records = timers.into_iter().map(|timer| Offered::new(&record(timer, now)));
        let records: Vec<Offered> = records.collect::<Result<_>>()?;
        let records: Vec<&Offered> = records.iter().collect();
        accept::take(&session, &records).await?;
        let next = self::next(&session).await?;
        Ok(FiredTimers { count, next })
    })
}

async fn next(session: &Session) -> Result<Option<UnixMillis>> {
    let row = session.row(NEXT, &[&session.corp()]).await?;
    Ok(row.map(|row| row.get::<_, Time>(0).0))
}

fn record(timer: Timer, now: UnixMillis) -> NewRecord {
    NewRecord {
        dedupe: timer.dedupe(),
        received_at: now,
        urgent: false,
        body: RecordBody::Inbound {
            inbound: timer.inbound,
            raw: String::new(),
        },
    }
}
