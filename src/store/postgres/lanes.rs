//! Order within a lane, parallel across lanes: what inbox and outbox have in common.
//!
//! Urgent items form a lane of their own beside the normal one: a welcome whose code is
//! running out does not wait behind a message that is being retried.

use std::time::Duration;

use tokio_postgres::Row;

use super::session::Session;
use super::values::{Time, most};
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
    const ALL: [ItemState; 9] = [
        ItemState::Ready,
        ItemState::Working,
        ItemState::Done,
        ItemState::Sent,
        ItemState::Failed,
        ItemState::Unknown,
        ItemState::Dropped,
        ItemState::Dead,
        ItemState::Discarded,
    ];
    let found = ALL.into_iter().find(|state| self::word(*state) == word);
    found.ok_or(StoreError::Corrupt { what: "state" })
}

/// Claims what is due: of each lane the oldest unfinished item, unless somebody works on the
/// lane. What others are just claiming is skipped. If two see a lane so differently that they
/// would claim two of its items, the unique index refuses one of them, and it looks again.
macro_rules! claim_sql {
    ($table:literal, $lane:literal, $at:literal, $returning:literal) => {
        concat!(
            "WITH urgent AS MATERIALIZED (", claim_sql!(@due $table, $lane, $at, "true", "$3"), "),
             normal AS MATERIALIZED (",
            claim_sql!(@due $table, $lane, $at, "false", "$3 - (SELECT count(*) FROM urgent)"), ")
             UPDATE ", $table, " t SET state = 'working', fence = nextval('claim_fence'),
                 holder = $5, claimed_at = $2, lease_until = $4
             FROM (SELECT id FROM urgent UNION ALL SELECT id FROM normal) due
             WHERE t.corp_id = $1 AND t.id = due.id
             RETURNING t.urgent, t.due_at, t.seq, t.id, t.fence, t.attempts, t.body, ", $returning
        )
    };
    (@due $table:literal, $lane:literal, $at:literal, $urgent:literal, $limit:literal) => {
        concat!(
            "SELECT i.id FROM ", $table, " i
             WHERE i.corp_id = $1 AND i.state = 'ready' AND i.urgent = ", $urgent, "
               AND i.due_at <= $2
               AND (i.preferred_by IS NULL OR i.preferred_by = $5 OR i.", $at, " <= $6)
               AND NOT EXISTS (
                 SELECT FROM ", $table, " o
                 WHERE o.corp_id = i.corp_id AND o.", $lane, " = i.", $lane, "
                   AND o.urgent = i.urgent AND o.state IN ('ready', 'working')
                   AND o.seq < i.seq)
               AND NOT EXISTS (
                 SELECT FROM ", $table, " o
                 WHERE o.corp_id = i.corp_id AND o.", $lane, " = i.", $lane, "
                   AND o.urgent = i.urgent AND o.state = 'working')
             ORDER BY i.due_at, i.seq LIMIT ", $limit, " FOR UPDATE OF i SKIP LOCKED"
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

/// Holders that are gone: they have left, or were not seen for some seconds while we were
/// there to see them.
macro_rules! gone {
    () => {
        "NOT EXISTS (
            SELECT FROM replicas r WHERE r.id = t.holder
              AND (r.seen_at > clock_timestamp() - interval '6 seconds'
                OR COALESCE((SELECT me.since FROM replicas me WHERE me.id = $3),
                     clock_timestamp()) > clock_timestamp() - interval '6 seconds'))"
    };
}
pub(super) use gone;
