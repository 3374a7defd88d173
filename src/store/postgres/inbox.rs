//! Records: claim, give back, bury.

use std::sync::Arc;

use super::Shared;
use super::bells::Wake;
use super::lanes::{self, Rescue, catch_up_sql, claim_sql, rescue_sql};
use super::session::at_once;
use super::values::{Json, Time, big, number, text};
use crate::domain::clock::UnixMillis;
use crate::domain::ids::RecordId;
use crate::store::{Claim, ClaimedRecord, ItemId, RecordBody, Result, StoreError};

const CLAIM: &str = claim_sql!("inbox", "received_at", "t.received_at");

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

/// Given back to be decided again.
pub(super) const RESCUE: Rescue = Rescue {
    wake: Wake::INBOX,
    sql: rescue_sql!("inbox", "state = 'ready'"),
    catch_up: catch_up_sql!("inbox", "received_at"),
};

/// Refused unless the claim was held.
pub(super) fn held(changed: u64, item: ItemId) -> Result<()> {
    if changed == 0 {
        let item = item.to_string();
        return Err(StoreError::Fenced { item });
    }
    Ok(())
}
