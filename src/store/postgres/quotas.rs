//! At most so many in any span of time, for all replicas together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Shared;
use super::session::in_transaction;
use super::values::{Time, text};
use crate::domain::clock::UnixMillis;
use crate::store::{QuotaUse, Reservation, Result, quota};

const LOCK: &str = "\
    INSERT INTO quotas AS known (corp_id, window_ms, key)
    SELECT $1, window_ms, key FROM unnest($2::bigint[], $3::text[]) AS o (window_ms, key)
    ORDER BY window_ms, key
    ON CONFLICT (corp_id, window_ms, key) DO UPDATE SET key = known.key
    RETURNING window_ms, key, used";
const WRITE: &str = "\
    UPDATE quotas SET used = $4, over_at = $5
    WHERE corp_id = $1 AND window_ms = $2 AND key = $3";

/// Reserves one use of every quota, or none.
pub(super) async fn reserve(
    shared: &Arc<Shared>,
    uses: &[QuotaUse],
    now: UnixMillis,
) -> Result<Reservation> {
    if uses.is_empty() {
        return Ok(Reservation::Granted);
    }
    in_transaction!(shared, session => {
        let wanted: BTreeMap<(i64, String), ()> = uses.iter().map(|one| (place(one), ())).collect();
        let windows: Vec<i64> = wanted.keys().map(|(window, _)| *window).collect();
        let keys: Vec<&String> = wanted.keys().map(|(_, key)| key).collect();
        let rows = session
            .rows(LOCK, &[&session.corp(), &windows, &keys])
            .await?;
        let mut known: BTreeMap<(i64, String), Vec<UnixMillis>> = BTreeMap::new();
        for row in &rows {
            let used: Vec<Time> = row.get(2);
            let used = used.into_iter().map(|time| time.0).collect();
            known.insert((row.get(0), row.get(1)), used);
        }
        let mut refused: Option<UnixMillis> = None;
        for one in uses {
            let times = known.entry(place(one)).or_default();
            refused = refused.max(quota::take(times, one, now));
        }
        if let Some(until) = refused {
            return Ok(Reservation::Until(until));
        }
        for ((window, key), used) in known {
            let times: Vec<Time> = used.into_iter().map(Time).collect();
            let millis = u64::try_from(window).unwrap_or_default();
            let over = Time(now.after(std::time::Duration::from_millis(millis)));
            session
                .run(WRITE, &[&session.corp(), &window, &key, &times, &over])
                .await?;
        }
        Ok(Reservation::Granted)
    })
}

fn place(quota: &QuotaUse) -> (i64, String) {
    let window = i64::try_from(quota.window.as_millis()).unwrap_or(i64::MAX);
    (window, text(&quota.key).into_owned())
}
