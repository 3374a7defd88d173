//! At most so many in any span of time: the same for every implementation.

use std::time::Duration;

use super::QuotaUse;
use crate::domain::clock::UnixMillis;

/// Counts one use among the times of those before it. If there is no place, the answer says
/// when one becomes free, and the times are not to be kept.
pub(super) fn take(
    times: &mut Vec<UnixMillis>,
    quota: &QuotaUse,
    now: UnixMillis,
) -> Option<UnixMillis> {
    times.retain(|time| {
        counts(*time, quota.window, now) && quota.since.is_none_or(|since| *time >= since)
    });
    // Uses from behind now are from a clock that has been set back since: they may have been a
    // moment ago, and no wait is longer than the window.
    for time in times.iter_mut() {
        *time = now.min(*time);
    }
    times.sort_unstable();
    let free = free_at(times, quota, now);
    times.push(now);
    free
}

/// Counts no more what the same holder used before.
pub(super) fn take_back(times: &mut Vec<UnixMillis>, before: &[UnixMillis]) {
    for one in before {
        if let Some(own) = times.iter().rposition(|time| time == one) {
            times.remove(own);
        }
    }
}

/// When a place becomes free; `None` if one is free now.
fn free_at(times: &[UnixMillis], quota: &QuotaUse, now: UnixMillis) -> Option<UnixMillis> {
    let max = quota.max as usize;
    let over = times.len().checked_sub(max)?;
    // With a maximum of zero there is nothing to wait for; a window later is as good an
    // answer as any.
    let leaves = times.get(over).copied().unwrap_or(now);
    Some(leaves.after(quota.window))
}

/// Whether a use is still within the window.
pub(super) fn counts(time: UnixMillis, window: Duration, now: UnixMillis) -> bool {
    time.after(window) > now
}
