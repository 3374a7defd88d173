//! Effects: claim, finish.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::Shared;
use super::bells::Wake;
use super::inbox::held;
use super::lanes::{self, Rescue, catch_up_sql, claim_sql, rescue_sql};
use super::session::{Params, Patience, Session, Tries, at_once};
use super::values::{Json, Time, big, maybe_text, number, text};
use crate::domain::clock::UnixMillis;
use crate::domain::effect::{Effect, Origin};
use crate::domain::ids::EffectId;
use crate::store::{AttemptEnd, Claim, ClaimedEffect, ItemId, ItemState, Result, StoreError};

/// The whole value of an effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct EffectBody {
    pub(super) effect: Effect,
    pub(super) origin: Origin,
}

const CLAIM: &str = claim_sql!(
    "outbox",
    "decided_at",
    "t.interrupted, t.unclear, COALESCE(t.first_attempt_at, t.claimed_at) AS first_at,
     t.decided_at, t.deadline"
);

/// Claims effects that are due.
pub(super) async fn claim(shared: &Arc<Shared>, claim: Claim) -> Result<Vec<ClaimedEffect>> {
    let making = shared.claims.begin().await;
    let rows = at_once!(shared, session => lanes::claim(&session, CLAIM, claim).await)?;
    for row in &rows {
        shared.claims.hold(row.get("fence"));
    }
    drop(making);
    let mut claimed = Vec::with_capacity(rows.len());
    for row in rows {
        let id = EffectId(number(row.get("id")));
        match of_row(id, &row) {
            Ok(effect) => claimed.push(effect),
            Err(error) => {
                let reason = error.to_string();
                let end = AttemptEnd::Failed { reason };
                let now = claim.now;
                finish(shared, id, number(row.get("fence")), &end, now).await?;
            }
        }
    }
    Ok(claimed)
}

fn of_row(id: EffectId, row: &Row) -> Result<ClaimedEffect> {
    let body: Json = row.get("body");
    let body: EffectBody = body.read("effect")?;
    let time = |name: &str| row.get::<_, Time>(name).0;
    let deadline: Option<Time> = row.get("deadline");
    let attempts: i32 = row.get("attempts");
    Ok(ClaimedEffect {
        id,
        fence: number(row.get("fence")),
        attempt: u32::try_from(attempts).unwrap_or_default() + 1,
        interrupted: row.get("interrupted"),
        unclear: row.get("unclear"),
        first_attempt_at: time("first_at"),
        decided_at: time("decided_at"),
        deadline: deadline.map(|deadline| deadline.0),
        effect: body.effect,
        origin: body.origin,
    })
}

/// Whether the lane goes on at once.
macro_rules! next_in_lane {
    () => {
        "EXISTS (SELECT FROM outbox o WHERE o.corp_id = t.corp_id
            AND o.lane = t.lane AND o.urgent = t.urgent AND o.state = 'ready')"
    };
}

/// Ends an effect, and tells the row of the step whose message it carries. One message may be
/// several effects: of those the worst counts, until it is tried again; what a member has said
/// about it by then counts more.
macro_rules! tell_step {
    ($update:literal, $now:literal) => {
        concat!(
            "WITH ended AS (",
            $update,
            "
                RETURNING t.state, t.reason, t.kind, t.sop, t.sop_run_at, t.sop_contact,
                    t.sop_step, ",
            $crate::store::postgres::outbox::next_in_lane!(),
            " AS goes_on
            ), news AS (
                SELECT *,
                    CASE state WHEN 'ready' THEN 'planned'
                        WHEN 'sent' THEN CASE kind WHEN 'app_send' THEN 'created'
                            ELSE 'delivered' END
                        WHEN 'unknown' THEN 'unknown' WHEN 'discarded' THEN 'cancelled'
                        WHEN 'dropped' THEN 'refused'
                        ELSE 'failed' END AS delivery,
                    CASE WHEN state NOT IN ('ready', 'sent') THEN reason END AS why
                FROM ended WHERE sop IS NOT NULL
            ), told AS (
                UPDATE sop_rows r SET delivery = news.delivery,
                    delivery_why = CASE WHEN news.delivery IN ('created', 'delivered')
                        THEN COALESCE(news.why, r.delivery_why) ELSE news.why END,
                    decided_at = CASE WHEN r.delivery = 'planned'
                        AND news.delivery IN ('created', 'delivered') AND ",
            $now,
            " - r.decided_at > interval '20 minutes' THEN ",
            $now,
            " ELSE r.decided_at END,
                    delivery_at = ",
            $now,
            "
                FROM news
                WHERE r.corp_id = $1 AND r.sop = news.sop AND r.run_at = news.sop_run_at
                  AND r.contact = news.sop_contact AND r.step = news.sop_step
                  AND r.delivery NOT IN ('by_hand', 'declined')
                  AND (r.delivery NOT IN ('failed', 'unknown', 'cancelled')
                    OR news.delivery IN ('failed', 'unknown', 'cancelled', 'planned'))
            )
            SELECT goes_on FROM ended"
        )
    };
}
pub(super) use {next_in_lane, tell_step};

const END: &str = tell_step!(
    "UPDATE outbox t SET
        state = CASE WHEN $4 = 'sent' AND failed_word IS NOT NULL THEN 'failed' ELSE $4 END,
        reason = CASE WHEN $4 = 'sent' AND failed_word IS NOT NULL THEN failed_word ELSE $5 END,
        unclear = unclear OR $4 = 'unknown', attempts = attempts + 1,
        first_attempt_at = COALESCE(first_attempt_at, claimed_at),
        failed_word = NULL, fence = NULL, holder = NULL
     WHERE corp_id = $1 AND id = $2 AND fence = $3 AND state = 'working'",
    "$6"
);

const AGAIN: &str = concat!(
    "UPDATE outbox t SET state = 'ready', due_at = $4, reason = $5,
        unclear = unclear OR $7,
        attempts = attempts + CASE WHEN $6 THEN 1 ELSE 0 END,
        first_attempt_at = CASE WHEN $6 THEN COALESCE(first_attempt_at, claimed_at)
            ELSE first_attempt_at END,
        snoozed = NOT $6, fence = NULL, holder = NULL
     WHERE corp_id = $1 AND id = $2 AND fence = $3 AND state = 'working' RETURNING ",
    next_in_lane!()
);

/// Records how an attempt ended. What was sent is known to nobody else, so this goes on for a
/// while without the database.
pub(super) async fn finish(
    shared: &Arc<Shared>,
    id: EffectId,
    fence: u64,
    end: &AttemptEnd,
    now: UnixMillis,
) -> Result<()> {
    let mut tries = Tries::new(Patience::Long);
    let finished = loop {
        match finish_once(shared, id, fence, end, now).await {
            // The connection was lost on the way back.
            Err(StoreError::Fenced { item }) if tries.unsure() => {
                let stands = has_ended_so(shared, id, end).await;
                break stands.and_then(|stands| {
                    if stands {
                        Ok(())
                    } else {
                        Err(StoreError::Fenced { item })
                    }
                });
            }
            Err(error) if tries.again(&error).await => {}
            finished => break finished,
        }
    };
    shared.claims.let_go(fence);
    finished
}

const STATE: &str = "SELECT state FROM outbox WHERE corp_id = $1 AND id = $2";

async fn has_ended_so(shared: &Arc<Shared>, id: EffectId, end: &AttemptEnd) -> Result<bool> {
    let wanted = match Written::of(end) {
        Written::End(state, _) => lanes::word(state),
        Written::Again { .. } => lanes::word(ItemState::Ready),
    };
    at_once!(shared, session => {
        let row = session.row(STATE, &[&session.corp(), &big(id.0)]).await?;
        Ok(row.is_some_and(|row| row.get::<_, &str>(0) == wanted))
    })
}

async fn finish_once(
    shared: &Arc<Shared>,
    id: EffectId,
    fence: u64,
    end: &AttemptEnd,
    now: UnixMillis,
) -> Result<()> {
    let session = Session::plain(shared).await?;
    let (corp, number, fence) = (session.corp(), big(id.0), big(fence));
    let row = match Written::of(end) {
        Written::End(state, reason) => {
            let (state, reason) = (lanes::word(state), maybe_text(reason));
            session
                .row(END, &[&corp, &number, &fence, &state, &reason, &Time(now)])
                .await?
        }
        Written::Again {
            at,
            reason,
            counts,
            unclear,
        } => {
            let (due, reason) = (Time(at), text(reason));
            let params: Params<'_> = &[&corp, &number, &fence, &due, &reason, &counts, &unclear];
            session.row(AGAIN, params).await?
        }
    };
    if row.as_ref().is_some_and(|row| row.get(0)) {
        session.wake.add(Wake::OUTBOX);
    }
    session.ring();
    held(u64::from(row.is_some()), ItemId::Effect(id))
}

/// An end as it is written.
enum Written<'a> {
    End(ItemState, Option<&'a str>),
    Again {
        at: UnixMillis,
        reason: &'a str,
        counts: bool,
        unclear: bool,
    },
}

impl<'a> Written<'a> {
    fn of(end: &'a AttemptEnd) -> Self {
        match end {
            AttemptEnd::Sent { note } => Self::End(ItemState::Sent, note.as_deref()),
            AttemptEnd::Failed { reason } => Self::End(ItemState::Failed, Some(reason)),
            AttemptEnd::Unknown { reason } => Self::End(ItemState::Unknown, Some(reason)),
            AttemptEnd::Dropped { reason } => Self::End(ItemState::Dropped, Some(reason)),
            AttemptEnd::Retry {
                at,
                reason,
                unclear,
            } => Self::Again {
                at: *at,
                reason,
                counts: true,
                unclear: *unclear,
            },
            AttemptEnd::Snooze { at, reason } => Self::Again {
                at: *at,
                reason,
                counts: false,
                unclear: false,
            },
        }
    }
}

const FAIL_SENT: &str = "\
    UPDATE outbox SET
        failed_word = CASE WHEN state = 'working' THEN $3 END,
        reason = CASE WHEN state = 'working' THEN reason ELSE $3 END,
        state = CASE WHEN state = 'working' THEN state ELSE 'failed' END
    WHERE corp_id = $1 AND id = $2 AND state IN ('working', 'sent', 'unknown')";

/// Turns a sent effect, or one with an unknown outcome, into a failed one. If word of the
/// failure comes before the sender's own, it is kept with the claim and decides how that ends.
pub(super) async fn fail_sent(shared: &Arc<Shared>, id: EffectId, reason: &str) -> Result<bool> {
    at_once!(shared, session => {
        let changed = session
            .run(FAIL_SENT, &[&session.corp(), &big(id.0), &text(reason)])
            .await?;
        Ok(changed > 0)
    })
}

/// Given back to be sent again. Nobody knows how far the try came.
pub(super) const RESCUE: Rescue = Rescue {
    wake: Wake::OUTBOX,
    sql: rescue_sql!(
        "outbox",
        "state = CASE WHEN failed_word IS NULL THEN 'ready' ELSE 'failed' END,
         reason = COALESCE(failed_word, reason), failed_word = NULL,
         interrupted = true, unclear = true"
    ),
    catch_up: catch_up_sql!("outbox", "decided_at"),
};

const HURRY: &str = "\
    UPDATE outbox SET due_at = $3
    WHERE corp_id = $1 AND state = 'ready' AND snoozed AND due_at > $3 AND id IN (
        SELECT DISTINCT ON (o.lane) o.id FROM outbox o
        WHERE o.corp_id = $1 AND o.lane = ANY($2) AND NOT o.urgent
          AND o.state IN ('ready', 'working')
        ORDER BY o.lane, o.seq)";

/// Makes the heads of lanes due if they wait for a limit. A try that failed is not repeated
/// sooner because somebody writes: they would use up all tries while WeCom is away.
pub(super) async fn hurry(session: &Session, lanes: &[&str], now: UnixMillis) -> Result<()> {
    let hurried = session
        .run(HURRY, &[&session.corp(), &lanes, &Time(now)])
        .await?;
    if hurried > 0 {
        session.wake.add(Wake::OUTBOX);
    }
    Ok(())
}
