//! Versions by what people call them: the number in `rules history` and a short hash.

use anyhow::bail;

use super::access::Access;
use crate::app::{History, Reply, Request};
use crate::domain::clock::UnixMillis;
use crate::versions::Version;

/// So much of a hash is shown, and enough to name a version.
const SHOWN: usize = 6;
/// Less of a hash is not taken for one.
const LEAST: usize = 4;

/// The versions that are kept.
pub(super) struct VersionNames(pub(super) History);

impl VersionNames {
    pub(super) async fn of(access: &Access) -> anyhow::Result<Self> {
        match access.ask(Request::Versions).await? {
            Reply::Versions(history) => Ok(Self(*history)),
            _ => bail!("unexpected answer"),
        }
    }

    /// `12 · 3fa9c1`; the hash alone if that version is not kept. Who went back to a version
    /// has put it in force again under a new number: the one of that time is meant.
    pub(super) fn told(&self, hash: &str, at: UnixMillis) -> String {
        let mut same = self.0.versions.iter().filter(|each| each.hash == hash);
        let then = same.clone().rfind(|each| each.at <= at);
        match then.or_else(|| same.next()) {
            Some(version) => told(version),
            None => short(hash).to_owned(),
        }
    }

    /// The number of a version that is named by its number or the beginning of its hash.
    pub(super) fn find(&self, wanted: &str) -> Option<u64> {
        let versions = &self.0.versions;
        let number = wanted.parse().ok();
        let by_number = versions.iter().find(|each| Some(each.number) == number);
        let by_hash = || {
            let wanted = wanted.to_ascii_lowercase();
            let mut newest = versions.iter().rev();
            newest.find(|each| wanted.len() >= LEAST && each.hash.starts_with(&wanted))
        };
        by_number.or_else(by_hash).map(|version| version.number)
    }
}

/// `12 · 3fa9c1`
pub(super) fn told(version: &Version) -> String {
    format!("{} · {}", version.number, short(&version.hash))
}

/// The beginning of a hash.
fn short(hash: &str) -> &str {
    hash.get(..SHOWN).unwrap_or(hash)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::VersionNames;
    use crate::domain::clock::UnixMillis;

    fn names() -> VersionNames {
        let version = |number: u64, hash: &str| {
            json!({"number": number, "at": number * 10, "hash": hash, "reason": "in_force",
                   "changes": {"list": [], "more": 0}, "new_bytes": 0})
        };
        let versions = [
            version(1, "aaaa11223344"),
            version(2, "123456789012"),
            version(3, "aaaa11223344"),
        ];
        let history = json!({"versions": versions, "in_force": 3, "next": 4});
        VersionNames(serde_json::from_value(history).expect("a history"))
    }

    #[test]
    fn a_version_is_told_by_the_number_it_had_then() {
        let names = names();
        for (hash, at, told) in [
            ("aaaa11223344", 15, "1 · aaaa11"),
            ("aaaa11223344", 30, "3 · aaaa11"),
            ("aaaa11223344", 5, "1 · aaaa11"),
            ("ffffffffffff", 30, "ffffff"),
            ("-", 30, "-"),
        ] {
            assert_eq!(names.told(hash, UnixMillis(at)), told);
        }
    }

    #[test]
    fn a_version_is_found_by_number_or_hash() {
        let names = names();
        for (wanted, number) in [
            ("2", Some(2)),
            ("aaaa11", Some(3)),
            ("AAAA11223344", Some(3)),
            ("123456", Some(2)),
            ("aaa", None),
            ("9", None),
        ] {
            assert_eq!(names.find(wanted), number, "{wanted}");
        }
    }
}
