//! The client's only notion of time.

/// Tells the time; the owner of the process decides which time that is.
pub trait Clock: Send + Sync {
    /// Milliseconds since the Unix epoch.
    fn now_millis(&self) -> i64;
}

#[cfg(test)]
pub(crate) mod fake {
    use super::Clock;
    use std::sync::atomic::{AtomicI64, Ordering};

    /// A clock that moves only when a test moves it.
    pub(crate) struct FakeClock(AtomicI64);

    impl FakeClock {
        pub(crate) fn at(millis: i64) -> Self {
            Self(AtomicI64::new(millis))
        }

        pub(crate) fn advance_secs(&self, secs: i64) {
            self.0.fetch_add(secs * 1000, Ordering::SeqCst);
        }
    }

    impl Clock for FakeClock {
        fn now_millis(&self) -> i64 {
            self.0.load(Ordering::SeqCst)
        }
    }
}
