//! Who runs the program, and with which words: for the audit log.

use std::os::unix::fs::MetadataExt as _;

use crate::app::Operator;

/// Longer command lines are cut.
const LONGEST: usize = 500;

/// The operator of this run.
pub(super) fn operator() -> Operator {
    let words = std::env::args_os().skip(1);
    let words: Vec<String> = words.map(|it| masked(&it.to_string_lossy())).collect();
    Operator {
        who: who(),
        what: words.join(" ").chars().take(LONGEST).collect(),
    }
}

/// A word without the password of a URL in it. Behind the `?` of a database's URL there may be
/// one, too.
pub(super) fn masked(word: &str) -> String {
    let Some((before, mut rest)) = word.split_once("://") else {
        return word.to_owned();
    };
    if before.ends_with("postgres") || before.ends_with("postgresql") {
        let query = rest
            .split_once('?')
            .filter(|(_, query)| query.contains("password"));
        rest = query.map_or(rest, |(place, _)| place);
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((user, host)) if user.contains(':') => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{before}://{user}:***@{host}{path}")
        }
        _ => format!("{before}://{rest}"),
    }
}

/// The account of the operating system, and who it was before `sudo`.
pub(super) fn who() -> String {
    // A process's folder belongs to its account. Variables could say anything.
    let uid = std::fs::metadata("/proc/self").map(|meta| meta.uid());
    let Ok(uid) = uid else {
        return "unknown".to_owned();
    };
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = name_of(uid, &accounts).map_or_else(|| uid.to_string(), str::to_owned);
    match std::env::var("SUDO_USER") {
        Ok(before) if uid == 0 && !before.is_empty() => format!("{name} (sudo {before})"),
        _ => name,
    }
}

fn name_of(uid: u32, accounts: &str) -> Option<&str> {
    let uid = uid.to_string();
    let mut lines = accounts.lines().map(|line| line.split(':'));
    lines.find_map(|mut fields| {
        let name = fields.next()?;
        (fields.nth(1)? == uid).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::{masked, name_of};

    #[test]
    fn passwords_of_urls_are_not_kept() {
        for (word, kept) in [
            ("postgres://a:b@c:5/d?password=x", "postgres://a:***@c:5/d"),
            ("--to=postgres://a:b:c@d", "--to=postgres://a:***@d"),
            ("postgres://a@c/d", "postgres://a@c/d"),
            ("https://a.example/x?y=z", "https://a.example/x?y=z"),
            ("redb:data", "redb:data"),
        ] {
            assert_eq!(masked(word), kept);
        }
    }

    #[test]
    fn accounts_are_found_by_their_number() {
        let accounts = "root:x:0:0:root:/root:/bin/bash\nwecom:x:998:997::/var/lib/wecom:\n";
        assert_eq!(name_of(998, accounts), Some("wecom"));
        assert_eq!(name_of(0, accounts), Some("root"));
        assert_eq!(name_of(99, accounts), None);
    }
}
