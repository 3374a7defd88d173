//! At most so many in any span of time, for all replicas together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use super::session::{Session, in_transaction};
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
        let mut known = lock(&session, uses).await?;
        let mut refused: Option<UnixMillis> = None;
        for one in uses {
            let held = held_at(one);
            let before = held.and_then(|held| known.insert(held, vec![now]));
            let times = known.entry(place(one)).or_default();
            quota::take_back(times, &before.unwrap_or_default());
            refused = refused.max(quota::take(times, one, now));
        }
        if let Some(until) = refused {
            return Ok(Reservation::Until(until));
        }
        write(&session, known, now).await?;
        Ok(Reservation::Granted)
    })
}

/// Counts no more what holders used.
pub(super) async fn give_back(
    shared: &Arc<Shared>,
    uses: &[QuotaUse],
    now: UnixMillis,
) -> Result<()> {
    if uses.is_empty() {
        return Ok(());
    }
    in_transaction!(shared, session => {
        let mut known = lock(&session, uses).await?;
        for one in uses {
            let held = held_at(one);
            let before = held.and_then(|held| known.insert(held, Vec::new()));
            let times = known.entry(place(one)).or_default();
            quota::take_back(times, &before.unwrap_or_default());
        }
        write(&session, known, now).await
    })
}

/// The times of these quotas, which nobody else changes until the transaction ends.
async fn lock(session: &Session, uses: &[QuotaUse]) -> Result<BTreeMap<Place, Vec<UnixMillis>>> {
    let each = uses.iter();
    let wanted: BTreeSet<Place> = each
        .flat_map(|one| std::iter::once(place(one)).chain(held_at(one)))
        .collect();
    let windows: Vec<i64> = wanted.iter().map(|(window, _)| *window).collect();
    let keys: Vec<&String> = wanted.iter().map(|(_, key)| key).collect();
    let rows = session
        .rows(LOCK, &[&session.corp(), &windows, &keys])
        .await?;
    let each = rows.iter();
    Ok(each
        .map(|row| {
            let used: Vec<Time> = row.get(2);
            let used = used.into_iter().map(|time| time.0).collect();
            ((row.get(0), row.get(1)), used)
        })
        .collect())
}

async fn write(
    session: &Session,
    known: BTreeMap<Place, Vec<UnixMillis>>,
    now: UnixMillis,
) -> Result<()> {
    for ((window, key), used) in known {
        let times: Vec<Time> = used.into_iter().map(Time).collect();
        let millis = u64::try_from(window).unwrap_or_default();
        let over = Time(now.after(Duration::from_millis(millis)));
        session
            .run(WRITE, &[&session.corp(), &window, &key, &times, &over])
            .await?;
    }
    Ok(())
}

/// Where uses are kept: the window and the key.
type Place = (i64, String);

fn place(quota: &QuotaUse) -> Place {
    let window = i64::try_from(quota.window.as_millis()).unwrap_or(i64::MAX);
    (window, text(&quota.key).into_owned())
}

/// Where it is kept when the holder used it last.
fn held_at(quota: &QuotaUse) -> Option<Place> {
    let (window, _) = place(quota);
    let held = quota.held_under()?;
    Some((window, text(&held).into_owned()))
}
