//! Work that one replica does for all.

use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use super::session::at_once;
use super::values::text;
use crate::store::Result;

/// By the clock of the database, which all replicas share.
const TAKE: &str = "\
    INSERT INTO turns AS held (corp_id, job, holder, until)
    VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
    ON CONFLICT (corp_id, job) DO UPDATE SET holder = EXCLUDED.holder, until = EXCLUDED.until
    WHERE held.holder = EXCLUDED.holder OR held.until <= clock_timestamp()
       OR NOT EXISTS (SELECT FROM replicas r WHERE r.id = held.holder
                        AND r.seen_at > clock_timestamp() - interval '6 seconds')";

/// Takes the turn at a job, or keeps it for so long again. `false` while another replica has it.
pub(super) async fn take(shared: &Arc<Shared>, job: &str, lease: Duration) -> Result<bool> {
    at_once!(shared, session => {
        let taken = session
            .run(TAKE, &[&session.corp(), &text(job), &shared.replica, &lease.as_secs_f64()])
            .await?;
        Ok(taken > 0)
    })
}

const LEAVE: &str = "DELETE FROM turns WHERE corp_id = $1 AND job = $2 AND holder = $3";

/// Lets somebody else have the turn.
pub(super) async fn leave(shared: &Arc<Shared>, job: &str) -> Result<()> {
    at_once!(shared, session => {
        session
            .run(LEAVE, &[&session.corp(), &text(job), &shared.replica])
            .await?;
        Ok(())
    })
}
