//! Broadcasts as operators look at them and take them back.

use serde::{Deserialize, Serialize};

use crate::domain::clock::UnixMillis;
use crate::domain::ids::BroadcastId;
use crate::store::{Broadcast, BroadcastChange, BroadcastTarget, Store, StoreError};

/// Somebody else may change a broadcast at the same time; not more often than this.
const ROUNDS: usize = 8;

/// A broadcast with its targets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BroadcastDetail {
    /// The broadcast.
    pub broadcast: Broadcast,
    /// What became of everybody.
    pub targets: Vec<BroadcastTarget>,
}

/// One broadcast with its targets.
pub(super) async fn detail(
    store: &dyn Store,
    id: BroadcastId,
) -> Result<Option<BroadcastDetail>, StoreError> {
    let Some(broadcast) = store.broadcast(id).await? else {
        return Ok(None);
    };
    let targets = store.broadcast_targets(id, None, usize::MAX).await?;
    Ok(Some(BroadcastDetail { broadcast, targets }))
}

/// Wishes that a broadcast goes no further; the loop that looks after it sees to that.
/// `false` if it is over, or if there is none.
pub(super) async fn cancel(
    store: &dyn Store,
    id: BroadcastId,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    for _ in 0..ROUNDS {
        let Some(mut broadcast) = store.broadcast(id).await? else {
            return Ok(false);
        };
        if broadcast.state.is_over() {
            return Ok(false);
        }
        broadcast.cancelled = true;
        broadcast.due = Some(now);
        let change = BroadcastChange::of(broadcast, now);
        if store.change_broadcast(change).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
