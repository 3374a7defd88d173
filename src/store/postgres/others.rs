//! Whether other processes have the data open.

use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use super::session::at_once;
use super::values::Time;
use crate::store::Result;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);

const NOW: &str = "SELECT clock_timestamp()";
/// Those that may be there, and those that have said so since the first look.
const OTHERS: &str = "\
    SELECT count(*) > 0, COALESCE(bool_or(seen_at > $3::timestamptz
            + interval '1 millisecond'), false) FROM replicas
    WHERE corp_id = $1 AND id <> $2 AND seen_at > clock_timestamp() - interval '6 seconds'";

/// Whether nobody else is there. Who died without a word is waited for until it would have
/// been heard of, which takes some seconds.
pub(super) async fn none(shared: &Arc<Shared>) -> Result<bool> {
    let began: Option<Time> = at_once!(shared, session => {
        let row = session.row(NOW, &[]).await?;
        Ok(row.map(|row| row.get(0)))
    })?;
    loop {
        let (some, alive) = at_once!(shared, session => {
            let row = session
                .row(OTHERS, &[&session.corp(), &shared.replica, &began])
                .await?;
            Ok(row.map_or((false, false), |row| (row.get(0), row.get(1))))
        })?;
        if alive || !some {
            return Ok(!some);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
