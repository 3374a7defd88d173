//! Something to be done later.

use serde::{Deserialize, Serialize};

use super::clock::UnixMillis;
use super::ids::DedupeKey;
use super::inbound::{Inbound, Task, Trigger};

/// A timer. A second one with the same key replaces the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timer {
    /// What makes it unique, for example `sop/<id>/<contact>`.
    pub key: String,
    /// When it is due.
    pub due: UnixMillis,
    /// What goes into the inbox then.
    pub inbound: Inbound,
}

impl Timer {
    /// What makes the record recognisable that it becomes when it is due.
    #[must_use]
    pub fn dedupe(&self) -> DedupeKey {
        let (due, key) = (self.due.0, &self.key);
        DedupeKey(match &self.inbound.trigger {
            // A step that was missed at one time may be followed by another of the same time.
            Trigger::Own(Task::SopStep { step, .. }) => format!("timer/{due}/{key}/{step}"),
            _ => format!("timer/{due}/{key}"),
        })
    }
}
