//! The time of a story: it goes on through the deaths of processes, and the machine's clock
//! may be wrong about it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use wecom_agent::domain::clock::{Clock, UnixMillis};

/// Time that passes as fast as the paused runtime of the process lets it.
pub(crate) struct SimTime {
    /// At the start of the process.
    base: AtomicI64,
    /// How far the machine's clock is ahead.
    ahead: AtomicI64,
    started: Mutex<Option<tokio::time::Instant>>,
}

impl SimTime {
    pub(crate) fn at(start: UnixMillis) -> Self {
        Self {
            base: AtomicI64::new(start.0),
            ahead: AtomicI64::new(0),
            started: Mutex::new(None),
        }
    }

    /// A process begins: called on its runtime.
    pub(crate) fn begin(&self) {
        *self.started.lock().expect("the start") = Some(tokio::time::Instant::now());
    }

    /// It ends, and nothing runs for a while.
    pub(crate) fn end(&self, pause: Duration) {
        let now = self.true_now().after(pause);
        self.base.store(now.0, Ordering::SeqCst);
        *self.started.lock().expect("the start") = None;
    }

    /// What the time is, whatever the machine's clock says.
    pub(crate) fn true_now(&self) -> UnixMillis {
        let started = *self.started.lock().expect("the start");
        let passed = started.map_or(Duration::ZERO, |started| started.elapsed());
        UnixMillis(self.base.load(Ordering::SeqCst)).after(passed)
    }

    /// Sets the machine's clock wrong, or right.
    pub(crate) fn set_ahead(&self, millis: i64) {
        self.ahead.store(millis, Ordering::SeqCst);
    }
}

impl Clock for SimTime {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.true_now().0 + self.ahead.load(Ordering::SeqCst))
    }
}
