//! Time as a parameter. This is the only file of the agent that reads a clock.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// From whole seconds, the unit of WeCom's `CreateTime` and `send_time`.
    #[must_use]
    pub fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Whole seconds, rounded down.
    #[must_use]
    pub fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This time plus a duration, saturating.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        let millis = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// This time minus a duration, saturating.
    #[must_use]
    pub fn before(self, wait: Duration) -> Self {
        let millis = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(millis))
    }

    /// How long after `earlier` this is; zero if it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let millis = self.0.saturating_sub(earlier.0);
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// The time of a local date and time. One that a change of the clocks leaves out is that
    /// much later; one that comes twice is its first. Beyond all times: the last of them.
    #[must_use]
    pub fn of_local(local: jiff::civil::DateTime, zone: &jiff::tz::TimeZone) -> Self {
        let at = zone.to_ambiguous_timestamp(local).compatible();
        at.map_or(Self(i64::MAX), |at| Self(at.as_millisecond()))
    }

    /// The local date and time.
    #[must_use]
    pub fn local(self, zone: &jiff::tz::TimeZone) -> jiff::civil::DateTime {
        zone.to_datetime(self.timestamp())
    }

    /// As a calendar-capable timestamp; times outside its range are clamped.
    #[must_use]
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }
}

/// Where every part of the agent gets its time from.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> UnixMillis;
}

/// A clock that is handed around.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the agent reads the machine's clock"
    )]
    fn now(&self) -> UnixMillis {
        UnixMillis(jiff::Timestamp::now().as_millisecond())
    }
}

/// The machine's clock with a distance that can be changed while it runs: for a whole server
/// against a stand-in of WeCom.
#[derive(Debug, Default)]
pub struct MovedClock(std::sync::atomic::AtomicI64);

impl MovedClock {
    /// Sets how far it is ahead of the machine's clock, in milliseconds.
    pub fn set_ahead(&self, millis: i64) {
        self.0.store(millis, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> UnixMillis {
        let ahead = self.0.load(std::sync::atomic::Ordering::SeqCst);
        UnixMillis(SystemClock.now().0.saturating_add(ahead))
    }
}

/// A clock that moves only when told to: for tests, rule tests and previews.
#[derive(Debug, Default)]
pub struct ManualClock(std::sync::atomic::AtomicI64);

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn at(now: UnixMillis) -> Self {
        Self(std::sync::atomic::AtomicI64::new(now.0))
    }

    /// Moves the clock to `now`.
    pub fn set(&self, now: UnixMillis) {
        self.0.store(now.0, std::sync::atomic::Ordering::SeqCst);
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let next = self.now().after(by);
        self.set(next);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }
}
