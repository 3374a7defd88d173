//! What operators did: one row for each change that a verb made.

use serde::{Deserialize, Serialize};

use crate::domain::clock::UnixMillis;

/// Something that an operator did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its number, in order.
    pub id: u64,
    /// When.
    pub at: UnixMillis,
    /// What, by whom, and what came of it.
    #[serde(flatten)]
    pub deed: Deed,
}

/// What an operator did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// The account of the operating system.
    pub who: String,
    /// The verb and its arguments, as they were written.
    pub what: String,
    /// What came of it.
    pub result: String,
}

/// Which entries, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditQuery {
    /// At this time or later.
    pub since: UnixMillis,
    /// Only those behind this one; 0 for all.
    pub after: u64,
    /// At most so many.
    pub limit: usize,
}
