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

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the mock reads the real clock"
)]
fn real_ms() -> i64 {
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
