//! What this process works on: a claim that was made, but of which it never heard because the
//! connection was lost, is held by nobody.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The claims of this process by their fences.
#[derive(Default)]
pub(super) struct Claims {
    held: Mutex<HashSet<i64>>,
    /// Held together while claims are being made, alone while they are counted.
    making: RwLock<()>,
}

/// Nobody makes a claim while this is held.
pub(super) struct Settled<'a> {
    claims: &'a Claims,
    _making: RwLockWriteGuard<'a, ()>,
}

impl Claims {
    /// To be held from before a claim is asked for until it is noted.
    pub(super) async fn begin(&self) -> RwLockReadGuard<'_, ()> {
        self.making.read().await
    }

    /// Notes a claim.
    pub(super) fn hold(&self, fence: i64) {
        self.lock().insert(fence);
    }

    /// Whoever worked on it has let go.
    pub(super) fn let_go(&self, fence: u64) {
        self.lock().remove(&super::values::big(fence));
    }

    /// Waits until no claim is being made.
    pub(super) async fn settled(&self) -> Settled<'_> {
        Settled {
            _making: self.making.write().await,
            claims: self,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Settled<'_> {
    /// What this process works on.
    pub(super) fn fences(&self) -> Vec<i64> {
        self.claims.lock().iter().copied().collect()
    }
}
