//! The journal: every API call and every callback, for assertions and for the page.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Old entries go first, so that a load test cannot eat the memory.
const KEPT: usize = 50_000;

/// Which way an exchange went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A client called the API.
    Call,
    /// The mock called a receiver.
    Callback,
}

/// One exchange.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// Rising number, unique in a run.
    pub id: u64,
    /// Which way it went.
    pub kind: EntryKind,
    /// Simulated time in milliseconds since 1970.
    pub time_ms: i64,
    /// The API path, or the receiver's name.
    pub path: String,
    /// What was asked; tokens and secrets are left out.
    pub request: Value,
    /// What was answered.
    pub response: Value,
    /// The answered code of a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errcode: Option<i64>,
    /// Whether the call changed or read the state (false: refused or cut before).
    pub applied: bool,
    /// Where the request left the contract without being refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// The injected fault it met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// Entries in order of their ids.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Journal {
    next: u64,
    #[serde(skip)]
    entries: VecDeque<Entry>,
}

/// Which entries to read.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JournalQuery {
    /// Only this kind.
    pub kind: Option<EntryKind>,
    /// Only paths that end so (`kf/send_msg` finds `/cgi-bin/kf/send_msg`).
    pub path: Option<String>,
    /// Only entries after this id.
    pub since: Option<u64>,
}

impl Journal {
    /// Numbers an entry and keeps it.
    pub(crate) fn add(&mut self, mut entry: Entry) -> Entry {
        self.next += 1;
        entry.id = self.next;
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry.clone());
        entry
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    pub(crate) fn read(&self, query: &JournalQuery) -> Vec<Entry> {
        let since = query.since.unwrap_or(0);
        let wanted = |entry: &&Entry| {
            entry.id > since
                && query.kind.is_none_or(|kind| kind == entry.kind)
                && query
                    .path
                    .as_ref()
                    .is_none_or(|path| entry.path.ends_with(path.as_str()))
        };
        self.entries.iter().filter(wanted).cloned().collect()
    }
}
