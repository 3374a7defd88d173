//! Records: claim, give back, bury.

use std::sync::Arc;

use super::Shared;
use super::bells::Wake;
use super::lanes::{self, claim_sql, gone};
use super::session::{Session, at_once};
use super::values::{Json, Time, big, number, text};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::RecordId;
use crate::store::{Claim, ClaimedRecord, ItemId, RecordBody, Result, StoreError};

const CLAIM: &str = claim_sql!("inbox", "lane", "received_at", "t.received_at");

/// Claims records that are due.
pub(super) async fn claim(shared: &Arc<Shared>, claim: Claim) -> Result<Vec<ClaimedRecord>> {
    let making = shared.claims.begin().await;
    let rows = at_once!(shared, session => lanes::claim(&session, CLAIM, claim).await)?;
    for row in &rows {
        shared.claims.hold(row.get("fence"));
    }
    drop(making);
    let mut claimed = Vec::with_capacity(rows.len());
    for row in rows {
        let id = RecordId(number(row.get("id")));
        let fence = number(row.get("fence"));
        let body: Json = row.get("body");
        let problem = match body.read("record") {
            Ok(RecordBody::Inbound { inbound, .. }) => {
                let received_at: Time = row.get("received_at");
                let attempts: i32 = row.get("attempts");
                claimed.push(ClaimedRecord {
                    id,
                    fence,
                    attempt: u32::try_from(attempts).unwrap_or_default() + 1,
                    received_at: received_at.0,
                    inbound,
                });
                continue;
            }
            Ok(_) => "not a record that can be processed".to_owned(),
            Err(error) => error.to_string(),
        };
        bury(shared, id, fence, &problem).await?;
    }
    Ok(claimed)
}

const RETRY: &str = "\
    UPDATE inbox SET state = 'ready', due_at = $4, reason = $5, attempts = attempts + 1,
        first_attempt_at = COALESCE(first_attempt_at, claimed_at), fence = NULL, holder = NULL
    WHERE corp_id = $1 AND id = $2 AND fence = $3 AND state = 'working'";

/// Gives a record back, to be claimed again at `retry_at`.
pub(super) async fn retry(
    shared: &Arc<Shared>,
    id: RecordId,
    fence: u64,
    retry_at: UnixMillis,
    reason: &str,
) -> Result<()> {
    let outcome = at_once!(shared, session => {
        let due = Time(retry_at);
        let reason = text(reason);
        let (number, fence) = (big(id.0), big(fence));
        let changed = session
            .run(RETRY, &[&session.corp(), &number, &fence, &due, &reason])
            .await?;
        session.wake.add(Wake::INBOX);
        held(changed, ItemId::Record(id))
    });
    shared.claims.let_go(fence);
    outcome
}

const BURY: &str = "\
    UPDATE inbox SET state = 'dead', reason = $4, attempts = attempts + 1,
        first_attempt_at = COALESCE(first_attempt_at, claimed_at), fence = NULL, holder = NULL
    WHERE corp_id = $1 AND id = $2 AND fence = $3 AND state = 'working'";

/// Keeps a record as a dead letter.
pub(super) async fn bury(
    shared: &Arc<Shared>,
    id: RecordId,
    fence: u64,
    reason: &str,
) -> Result<()> {
    let outcome = at_once!(shared, session => {
        let reason = text(reason);
        let (number, fence) = (big(id.0), big(fence));
        let changed = session
            .run(BURY, &[&session.corp(), &number, &fence, &reason])
            .await?;
        session.wake.add(Wake::INBOX);
        held(changed, ItemId::Record(id))
    });
    shared.claims.let_go(fence);
    outcome
}

const RESCUE: &str = concat!(
    "UPDATE inbox t SET state = 'ready', attempts = attempts + 1,
        first_attempt_at = COALESCE(first_attempt_at, claimed_at), fence = NULL, holder = NULL
     WHERE t.corp_id = $1 AND t.state = 'working' AND (t.lease_until <= $2
       OR (t.holder = $3 AND t.fence <> ALL($4)) OR ",
    gone!(),
    ")"
);

/// What came, or was first tried, at a time that is still to come is due at once.
const CATCH_UP: &str = "\
    UPDATE inbox SET due_at = $2
    WHERE corp_id = $1 AND state = 'ready' AND due_at > $2
      AND GREATEST(received_at, first_attempt_at) > $2";

/// After the clock has been set back.
pub(super) async fn catch_up(session: &Session, now: UnixMillis) -> Result<()> {
    let caught_up = session
        .run(CATCH_UP, &[&session.corp(), &Time(now)])
        .await?;
    if caught_up > 0 {
        session.wake.add(Wake::INBOX);
    }
    Ok(())
}

/// Gives back what nobody works on any more.
pub(super) async fn rescue(session: &Session, now: UnixMillis, ours: &[i64]) -> Result<usize> {
    let here = session.shared.replica;
    let rescued = session
        .run(RESCUE, &[&session.corp(), &Time(now), &here, &ours])
        .await?;
    if rescued > 0 {
        session.wake.add(Wake::INBOX);
    }
    Ok(usize::try_from(rescued).unwrap_or(usize::MAX))
}

/// Refused unless the claim was held.
pub(super) fn held(changed: u64, item: ItemId) -> Result<()> {
    if changed == 0 {
        let item = item.to_string();
        return Err(StoreError::Fenced { item });
    }
    Ok(())
}
