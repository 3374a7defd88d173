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
    /// How long the exchange took, in milliseconds of real time.
    #[serde(default)]
    pub took_ms: u64,
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
    /// Only calls that were answered this code.
    pub errcode: Option<i64>,
    /// Only entries that took effect, or only those that did not.
    pub applied: Option<bool>,
    /// Only entries with contract problems, or only those without.
    pub problems: Option<bool>,
    /// Only entries that met an injected fault, or only those that did not.
    pub fault: Option<bool>,
    /// Only entries whose request contains this text.
    pub contains: Option<String>,
    /// Only the last so many of what is left.
    pub last: Option<usize>,
}

impl JournalQuery {
    /// Calls of an endpoint, such as `kf/send_msg`.
    #[must_use]
    pub fn calls(path: &str) -> Self {
        Self {
            kind: Some(EntryKind::Call),
            path: Some(path.to_owned()),
            ..Self::default()
        }
    }

    fn wants(&self, entry: &Entry) -> bool {
        let same = |wanted: Option<bool>, is: bool| wanted.is_none_or(|wanted| wanted == is);
        entry.id > self.since.unwrap_or(0)
            && self.kind.is_none_or(|kind| kind == entry.kind)
            && self
                .path
                .as_ref()
                .is_none_or(|path| entry.path.ends_with(path.as_str()))
            && self.errcode.is_none_or(|code| entry.errcode == Some(code))
            && same(self.applied, entry.applied)
            && same(self.problems, !entry.problems.is_empty())
            && same(self.fault, entry.fault.is_some())
            && self
                .contains
                .as_ref()
                .is_none_or(|text| entry.request.to_string().contains(text.as_str()))
    }
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
        let wanted = self.entries.iter().filter(|entry| query.wants(entry));
        let Some(last) = query.last else {
            return wanted.cloned().collect();
        };
        let mut tail: Vec<Entry> = wanted.rev().take(last).cloned().collect();
        tail.reverse();
        tail
    }

    /// Every entry, for a snapshot.
    pub(crate) fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    /// Puts the entries of a snapshot in.
    pub(crate) fn refill(&mut self, entries: VecDeque<Entry>) {
        self.entries = entries;
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, EntryKind, Journal, JournalQuery};
    use serde_json::json;

    fn journal() -> Journal {
        let mut journal = Journal::default();
        for (path, code, text) in [
            ("gettoken", 0, ""),
            ("kf/send_msg", 95001, "您好"),
            ("kf/send_msg", 0, "再见"),
        ] {
            journal.add(Entry {
                id: 0,
                kind: EntryKind::Call,
                time_ms: 0,
                took_ms: 0,
                path: format!("/cgi-bin/{path}"),
                request: json!({"text": text}),
                response: json!({}),
                errcode: Some(code),
                applied: code == 0,
                problems: Vec::new(),
                fault: None,
            });
        }
        journal
    }

    fn found(query: JournalQuery) -> Vec<u64> {
        journal()
            .read(&query)
            .iter()
            .map(|entry| entry.id)
            .collect()
    }

    #[test]
    fn conditions_narrow_the_search_together() {
        let all = JournalQuery::default();
        assert_eq!(found(all.clone()), [1, 2, 3]);
        assert_eq!(
            found(JournalQuery {
                errcode: Some(0),
                ..all.clone()
            }),
            [1, 3]
        );
        assert_eq!(
            found(JournalQuery {
                applied: Some(false),
                ..all.clone()
            }),
            [2]
        );
        assert_eq!(
            found(JournalQuery {
                contains: Some("再".into()),
                ..all.clone()
            }),
            [3]
        );
        assert_eq!(
            found(JournalQuery {
                last: Some(2),
                ..all.clone()
            }),
            [2, 3]
        );
        assert_eq!(
            found(JournalQuery {
                problems: Some(true),
                ..all
            }),
            [0u64; 0]
        );
        let sends = JournalQuery {
            applied: Some(true),
            ..JournalQuery::calls("kf/send_msg")
        };
        assert_eq!(found(sends), [3]);
    }
}
