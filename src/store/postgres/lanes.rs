//! Order within a lane, parallel across lanes: what inbox and outbox have in common.
//!
//! Urgent items form a lane of their own beside the normal one: a welcome whose code is
//! running out does not wait behind a message that is being retried.

use std::time::Duration;

use clap::ValueEnum as _;
use tokio_postgres::Row;

use super::bells::Wake;
use super::session::{Params, Session};
use super::values::{Time, most};
use crate::domain::clock::UnixMillis;
use crate::store::{Claim, ItemState, Result, StoreError};

/// A replica waits so long for the answer of its own that a callback waits for.
const PREFERRED: Duration = Duration::from_secs(4);

/// The word of a state in the tables.
pub(super) fn word(state: ItemState) -> &'static str {
    match state {
        ItemState::Ready => "ready",
        ItemState::Working => "working",
        ItemState::Done => "done",
        ItemState::Sent => "sent",
        ItemState::Failed => "failed",
        ItemState::Unknown => "unknown",
        ItemState::Dropped => "dropped",
        ItemState::Dead => "dead",
        ItemState::Discarded => "discarded",
    }
}

/// And back.
pub(super) fn state(word: &str) -> Result<ItemState> {
    let mut all = ItemState::value_variants().iter().copied();
    let found = all.find(|state| self::word(*state) == word);
    found.ok_or(StoreError::Corrupt { what: "state" })
}

/// Claims what is due: of each lane the oldest unfinished item, unless somebody works on the
/// lane. What others are just claiming is skipped. If two see a lane so differently that they
/// would claim two of its items, the unique index refuses one of them, and it looks again.
///
/// The heads of lanes are looked for among the items that have been due for longest. If those
/// are many and yet of few lanes, because somebody floods one, the lanes are gone through
/// instead: from one head to the next by an index, whatever waits behind them. Of very many
/// lanes it is some at a time: those from the first on, and those from a place on that chance
/// chooses, so that none is passed over for ever.
macro_rules! claim_sql {
    ($table:literal, $at:literal, $returning:literal) => {
        concat!(
            "WITH RECURSIVE ",
            claim_sql!(@due $table, $at, "urgent", "true", "$3"), ", ",
            claim_sql!(@due $table, $at, "normal", "false", "$3 - (SELECT count(*) FROM urgent)"),
            " UPDATE ", $table, " t SET state = 'working', fence = nextval('claim_fence'),
                 holder = $5, claimed_at = $2, lease_until = $4
             FROM (SELECT id FROM urgent UNION ALL SELECT id FROM normal) due
             WHERE t.corp_id = $1 AND t.id = due.id
             RETURNING t.urgent, t.due_at, t.seq, t.id, t.fence, t.attempts, t.body, ", $returning
        )
    };
    // The last part names the state so that no index of waiting items fits: what is known by
    // its number is to be found by its number, however little the planner knows of the rest.
    (@due $table:literal, $at:literal, $name:literal, $urgent:literal, $limit:literal) => {
        concat!(
            $name, "_oldest AS MATERIALIZED (
               SELECT i.id, i.lane, i.seq FROM ", $table, " i
               WHERE i.corp_id = $1 AND i.state = 'ready' AND ",
            claim_sql!(@may $at, $urgent), "
               ORDER BY i.due_at, i.seq LIMIT 256),
             ", $name, "_near AS MATERIALIZED (
               SELECT w.id FROM ", $name, "_oldest w WHERE NOT EXISTS (
                 SELECT FROM ", $table, " o
                 WHERE o.corp_id = $1 AND o.lane = w.lane AND o.urgent = ", $urgent, "
                   AND o.state IN ('ready', 'working') AND o.seq < w.seq)),
             ", $name, "_heads (lane, id, seq, due_at, may) AS (
               (SELECT ", claim_sql!(@head $at), " FROM ", $table, " o
                WHERE ", claim_sql!(@flooded $name, $urgent, $limit), "
                ORDER BY o.lane, o.seq LIMIT 1)
               UNION
               (SELECT ", claim_sql!(@head $at), " FROM ", $table, " o
                WHERE ", claim_sql!(@flooded $name, $urgent, $limit), "
                  AND o.lane > (SELECT md5(random()::text))
                ORDER BY o.lane, o.seq LIMIT 1)
               UNION
               SELECT next.* FROM ", $name, "_heads head CROSS JOIN LATERAL (
                 SELECT ", claim_sql!(@head $at), " FROM ", $table, " o
                 WHERE ", claim_sql!(@waits $urgent), " AND o.lane > head.lane
                 ORDER BY o.lane, o.seq LIMIT 1) next),
             ", $name, "_far AS MATERIALIZED (
               SELECT id FROM (SELECT * FROM ", $name, "_heads LIMIT 2048) head
               WHERE may ORDER BY due_at, seq LIMIT 256),
             ", $name, " AS MATERIALIZED (
               SELECT i.id FROM ", $table, " i
               WHERE i.corp_id = $1 AND i.state IN ('ready', '') AND ",
            claim_sql!(@may $at, $urgent), "
                 AND i.id = ANY (ARRAY(
                   SELECT id FROM ", $name, "_near UNION SELECT id FROM ", $name, "_far))
                 AND NOT EXISTS (
                   SELECT FROM ", $table, " o
                   WHERE o.corp_id = i.corp_id AND o.lane = i.lane
                     AND o.urgent = i.urgent AND o.state = 'working')
               ORDER BY i.due_at, i.seq LIMIT ", $limit, " FOR UPDATE OF i SKIP LOCKED)"
        )
    };
    (@may $at:literal, $urgent:literal) => {
        concat!(
            "i.urgent = ", $urgent, " AND i.due_at <= $2
               AND (i.preferred_by IS NULL OR i.preferred_by = $5 OR i.", $at, " <= $6)"
        )
    };
    (@head $at:literal) => {
        concat!(
            "o.lane, o.id, o.seq, o.due_at, o.state = 'ready' AND o.due_at <= $2
               AND (o.preferred_by IS NULL OR o.preferred_by = $5 OR o.", $at, " <= $6)"
        )
    };
    (@flooded $name:literal, $urgent:literal, $limit:literal) => {
        concat!(
            claim_sql!(@waits $urgent), "
                  AND (SELECT count(*) FROM ", $name, "_oldest) = 256
                  AND (SELECT count(*) FROM ", $name, "_near) < ", $limit
        )
    };
    (@waits $urgent:literal) => {
        concat!(
            "o.corp_id = $1 AND o.urgent = ", $urgent, " AND o.state IN ('ready', 'working')"
        )
    };
}
pub(super) use claim_sql;

/// Runs a claim; in the order of urgency and due time.
pub(super) async fn claim(session: &Session, sql: &str, claim: Claim) -> Result<Vec<Row>> {
    if claim.limit == 0 {
        return Ok(Vec::new());
    }
    let now = Time(claim.now);
    let until = Time(claim.now.after(claim.lease));
    let preferred = Time(claim.now.before(PREFERRED));
    let here = session.shared.replica;
    let mut rows = session
        .rows(
            sql,
            &[
                &session.corp(),
                &now,
                &most(claim.limit),
                &until,
                &here,
                &preferred,
            ],
        )
        .await?;
    rows.sort_by_key(|row| {
        let (urgent, due): (bool, Time) = (row.get(0), row.get(1));
        (!urgent, due.0, row.get::<_, i64>(2))
    });
    Ok(rows)
}

/// What becomes of items when nobody works on them any more, and when the clock was wrong.
pub(super) struct Rescue {
    pub(super) wake: Wake,
    pub(super) sql: &'static str,
    pub(super) catch_up: &'static str,
}

impl Rescue {
    /// Gives back what nobody works on any more.
    pub(super) async fn give_back(
        &self,
        session: &Session,
        now: UnixMillis,
        ours: &[i64],
    ) -> Result<usize> {
        let (corp, here) = (session.corp(), session.shared.replica);
        let rescued = session
            .run(self.sql, &[&corp, &Time(now), &here, &ours])
            .await?;
        if rescued > 0 {
            session.wake.add(self.wake);
        }
        Ok(usize::try_from(rescued).unwrap_or(usize::MAX))
    }

    /// After the clock has been set back.
    pub(super) async fn catch_up(&self, session: &Session, now: UnixMillis) -> Result<()> {
        let params: Params<'_> = &[&session.corp(), &Time(now)];
        if session.run(self.catch_up, params).await? > 0 {
            session.wake.add(self.wake);
        }
        Ok(())
    }
}

/// Claims whose lease is over, of which this process never heard, or whose holder is gone: it
/// has left, or was not seen for some seconds while we were there to see it.
macro_rules! rescue_sql {
    ($table:literal, $set:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " t SET ",
            $set,
            ", attempts = attempts + 1,
                first_attempt_at = COALESCE(first_attempt_at, claimed_at),
                fence = NULL, holder = NULL
             WHERE t.corp_id = $1 AND t.state = 'working' AND (t.lease_until <= $2
               OR (t.holder = $3 AND t.fence <> ALL($4))
               OR NOT EXISTS (
                 SELECT FROM replicas r WHERE r.id = t.holder
                   AND (r.seen_at > clock_timestamp() - interval '6 seconds'
                     OR COALESCE((SELECT me.since FROM replicas me WHERE me.id = $3),
                          clock_timestamp()) > clock_timestamp() - interval '6 seconds')))"
        )
    };
}

/// What came, was decided or was first tried at a time that is still to come is due at once.
macro_rules! catch_up_sql {
    ($table:literal, $at:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET due_at = $2
             WHERE corp_id = $1 AND state = 'ready' AND due_at > $2
               AND GREATEST(",
            $at,
            ", first_attempt_at) > $2"
        )
    };
}
pub(super) use {catch_up_sql, rescue_sql};
