//! A clock that tests can move: real time plus an offset.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Real time shifted by an offset; the whole mock asks this one for the time.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_ms: AtomicI64,
}

impl Clock {
    /// Milliseconds since 1970 as the simulated platform sees them.
    pub(crate) fn now_ms(&self) -> i64 {
        real_ms().saturating_add(self.offset_ms.load(Ordering::SeqCst))
    }

    /// Seconds since 1970 as the simulated platform sees them.
    pub(crate) fn now(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    /// Moves the clock; negative values move it back.
    pub(crate) fn advance_ms(&self, delta_ms: i64) {
        let moved = self
            .offset_ms
            .load(Ordering::SeqCst)
            .saturating_add(delta_ms);
        self.offset_ms.store(moved, Ordering::SeqCst);
    }

    /// Makes `now` answer this time from here on.
    pub(crate) fn set(&self, unix_secs: i64) {
        self.set_ms(unix_secs.saturating_mul(1000));
    }

    /// The same to the millisecond.
    pub(crate) fn set_ms(&self, unix_ms: i64) {
        let offset = unix_ms.saturating_sub(real_ms());
        self.offset_ms.store(offset, Ordering::SeqCst);
    }

    /// How far the simulated time is from real time, in milliseconds.
    pub(crate) fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::SeqCst)
    }
}

/// The civil date of a day counted from 1970-01-01, by Howard Hinnant's method: years begin
/// in March there, so that the leap day comes last.
pub(crate) fn civil_date(days: i64) -> (i64, i64, i64) {
    const ERA_DAYS: i64 = 146_097;
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(ERA_DAYS), shifted.rem_euclid(ERA_DAYS));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the mock reads the real clock"
)]
/// Milliseconds since 1970 as the machine sees them.
pub(crate) fn real_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn a_set_clock_goes_on_from_there() {
        let clock = Clock::default();
        clock.set(1_760_000_000);
        clock.advance_ms(90_000);
        assert!((1_760_000_090..1_760_000_095).contains(&clock.now()));
    }
}
