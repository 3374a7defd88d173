//! The harness of every loop: wake, bounded batch, idle wait, shutdown.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

/// Tells every loop to finish what it holds and stop.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<bool>);

/// The other end of [`Shutdown`].
#[derive(Debug)]
pub struct ShutdownTrigger(watch::Sender<bool>);

impl Shutdown {
    /// A pair of trigger and signal.
    #[must_use]
    pub fn pair() -> (ShutdownTrigger, Self) {
        let (sender, receiver) = watch::channel(false);
        (ShutdownTrigger(sender), Self(receiver))
    }

    /// Whether stopping has begun.
    #[must_use]
    pub fn begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when stopping begins (or the trigger is gone).
    pub async fn wait(&self) {
        let mut receiver = self.0.clone();
        // An error means that the trigger was dropped: nobody is left to run for.
        drop(receiver.wait_for(|stop| *stop).await);
    }
}

impl ShutdownTrigger {
    /// Begins stopping.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }
}

/// What one pass of a loop did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// There may be more: go again at once.
    Busy,
    /// Nothing more for now: wait for a wake-up, at most this long.
    Idle(Duration),
    /// It cannot go on: the loop ends, and with it the server.
    Stop,
}

/// A loop with bounded passes.
pub trait Service: Send + 'static {
    /// Its name in the log.
    const NAME: &'static str;

    /// One bounded pass. Errors are the service's own business.
    fn pass(&mut self) -> impl Future<Output = Pass> + Send;

    /// Waits for what passes have set going.
    fn finish(self) -> impl Future<Output = ()> + Send
    where
        Self: Sized,
    {
        std::future::ready(())
    }
}

/// Runs a service until stopping begins. `pick` names the signal that wakes it. A pass is
/// never cut in the middle.
pub async fn run<S: Service, W: Send + Sync>(
    mut service: S,
    signals: Arc<W>,
    pick: fn(&W) -> &Notify,
    shutdown: Shutdown,
) {
    while !shutdown.begun() {
        match service.pass().await {
            Pass::Stop => break,
            Pass::Busy => tokio::task::yield_now().await,
            Pass::Idle(wait) => {
                tokio::select! {
                    () = pick(&signals).notified() => {}
                    () = tokio::time::sleep(wait) => {}
                    () = shutdown.wait() => {}
                }
            }
        }
    }
    service.finish().await;
    tracing::debug!(service = S::NAME, "stopped");
}
