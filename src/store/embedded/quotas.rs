//! At most so many in any span of time, across restarts.
//!
//! A quota's row holds the times of its uses that still count, 8 bytes each. Since no
//! more than its maximum can count at once, the row stays small.

use std::collections::BTreeMap;
use std::time::Duration;

use super::engine::Rows;
use super::txn::Txn;
use crate::domain::clock::UnixMillis;
use crate::store::{QuotaUse, Reservation, Result, StoreError, quota};

/// Reserves one use of every quota, or none.
pub(crate) fn reserve(
    txn: &mut Txn<'_>,
    uses: &[QuotaUse],
    now: UnixMillis,
) -> Result<Reservation> {
    let mut rows: BTreeMap<Vec<u8>, Vec<UnixMillis>> = BTreeMap::new();
    let mut refused: Option<UnixMillis> = None;
    for one in uses {
        let key = txn.keys.quota(one.window, &one.key);
        let mut times = match rows.remove(&key) {
            Some(times) => times,
            None => read(txn, &key)?,
        };
        if let Some(held) = one.held_under() {
            let held = txn.keys.quota(one.window, &held);
            let before = read(txn, &held)?;
            quota::take_back(&mut times, &before);
            rows.insert(held, vec![now]);
        }
        refused = refused.max(quota::take(&mut times, one, now));
        rows.insert(key, times);
    }
    if let Some(until) = refused {
        return Ok(Reservation::Until(until));
    }
    for (key, times) in rows {
        txn.put(key, pack(&times));
    }
    Ok(Reservation::Granted)
}

/// Counts no more what holders used.
pub(crate) fn give_back(txn: &mut Txn<'_>, uses: &[QuotaUse]) -> Result<()> {
    for one in uses {
        let Some(held) = one.held_under() else {
            continue;
        };
        let held = txn.keys.quota(one.window, &held);
        let before = read(txn, &held)?;
        if before.is_empty() {
            continue;
        }
        let key = txn.keys.quota(one.window, &one.key);
        let mut times = read(txn, &key)?;
        quota::take_back(&mut times, &before);
        txn.put(key, pack(&times));
        txn.delete(held);
    }
    Ok(())
}

fn read(rows: &dyn Rows, key: &[u8]) -> Result<Vec<UnixMillis>> {
    rows.get(key)?
        .map_or(Ok(Vec::new()), |packed| unpack(&packed))
}

/// The times in a row.
pub(crate) fn unpack(packed: &[u8]) -> Result<Vec<UnixMillis>> {
    let (times, []) = packed.as_chunks::<8>() else {
        return Err(StoreError::Corrupt { what: "quota" });
    };
    Ok(times
        .iter()
        .map(|time| UnixMillis(i64::from_be_bytes(*time)))
        .collect())
}

/// A row of times.
pub(crate) fn pack(times: &[UnixMillis]) -> Vec<u8> {
    times.iter().flat_map(|time| time.0.to_be_bytes()).collect()
}

/// Whether none of a row's uses counts any more.
pub(crate) fn is_over(packed: &[u8], window: Duration, now: UnixMillis) -> Result<bool> {
    Ok(!unpack(packed)?
        .into_iter()
        .any(|time| quota::counts(time, window, now)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;
    use crate::domain::ids::CorpId;
    use crate::store::embedded::engine::memory::MemoryEngine;
    use crate::store::embedded::keys::Keys;

    #[test]
    fn after_the_clock_was_set_back_no_wait_is_longer_than_the_window() {
        let (engine, keys) = (
            MemoryEngine::default(),
            Keys::new(&CorpId::from("ww1")).unwrap(),
        );
        let mut txn = Txn::over(&engine, &keys, 1);
        let quota = [QuotaUse {
            key: "q".to_owned(),
            max: 1,
            window: Duration::from_millis(100),
            since: None,
            holder: None,
        }];
        let mut at = |now| reserve(&mut txn, &quota, UnixMillis(now)).unwrap();
        assert_eq!(at(5000), Reservation::Granted);
        assert_eq!(at(1000), Reservation::Until(UnixMillis(1100)));
    }

    proptest! {
        /// However the calls fall, no window holds more than its maximum, and the time
        /// that a refusal names is the first at which there is room.
        #[test]
        fn no_window_is_overfull(
            steps in proptest::collection::vec(0..40_i64, 1..60),
            max in 1..5_u32,
        ) {
            let (engine, keys) = (MemoryEngine::default(), Keys::new(&CorpId::from("ww1")).unwrap());
            let mut txn = Txn::over(&engine, &keys, 1);
            let window = Duration::from_millis(100);
            let quota = [QuotaUse { key: "q".to_owned(), max, window, since: None, holder: None }];
            let mut now = 0;
            let mut granted: Vec<i64> = Vec::new();
            for step in steps {
                now += step;
                let in_window = |at: i64| granted.iter().filter(|time| **time > at - 100).count();
                match reserve(&mut txn, &quota, UnixMillis(now)).unwrap() {
                    Reservation::Granted => granted.push(now),
                    Reservation::Until(until) => {
                        assert_eq!(in_window(until.0 - 1), max as usize);
                        assert!(in_window(until.0) < max as usize);
                    }
                }
                assert!(granted.iter().filter(|time| **time > now - 100).count() <= max as usize);
            }
        }
    }
}
