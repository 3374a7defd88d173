//! Files made to hurt: each is a clear error or stays within its limit.

use super::support::{CALENDAR, customer, fired, found, read, rules, when};
use crate::lang::Lang;

fn codes(text: &str) -> Vec<&'static str> {
    let mut codes: Vec<_> = found(CALENDAR, text.as_bytes())
        .iter()
        .map(|found| found.0)
        .collect();
    codes.dedup();
    codes
}

#[test]
fn brackets_without_end() {
    let nested = |depth: usize| format!("rules: {}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(codes(&nested(100)), ["Y031"]);
    // Deeper still, the parser itself stops first.
    for open in ["[", "{a: "] {
        let found = codes(&format!("rules: {}", open.repeat(100_000)));
        assert!(found == ["Y018"] || found == ["Y031"], "{open}: {found:?}");
    }
    let deep: String = (0..2000)
        .map(|n| format!("{}a:\n", " ".repeat(n)))
        .collect();
    assert_eq!(codes(&deep), ["Y031"]);
}

#[test]
fn a_bomb_of_aliases_is_refused_unread() {
    let mut text = String::from("words:\n  a: &a [x, x, x, x, x, x, x, x, x, x]\n");
    for (name, before) in ('b'..='z').zip('a'..) {
        let row = vec![format!("*{before}"); 10].join(", ");
        text.push_str(&format!("  {name}: &{name} [{row}]\n"));
    }
    let (set, report) = read(CALENDAR, text.as_bytes());
    assert!(set.is_none());
    let items = report.items();
    assert!(items.iter().any(|item| item.code == "Y016"));
    assert!(items.len() < 500, "{}", items.len());
}

#[test]
fn a_million_keys() {
    let keys: String = (0..200_000).map(|n| format!("k{n}: 1\n")).collect();
    let (set, report) = read(CALENDAR, keys.as_bytes());
    assert!(set.is_none());
    assert!(report.items().len() <= 202, "the rest is summed up");
    assert!(report.human(Lang::En).contains("too many problems"));
}

#[test]
fn a_pattern_of_a_megabyte() {
    let text = when(&format!("{{regex: '{}'}}", "(a|b)".repeat(200_000)));
    assert_eq!(codes(&text), ["R007"]);
    assert_eq!(codes(&when("{regex: '((a{100}){100}){100}'}")), ["R007"]);
}

#[test]
fn a_word_of_a_megabyte() {
    let text = when(&format!("{{any: [退款, {}]}}", "退".repeat(300_000)));
    assert_eq!(codes(&text), ["R044"]);
}

#[test]
fn a_hundred_thousand_words_are_fine() {
    let words: Vec<String> = (0..100_000).map(|n| format!("词{n:05}号")).collect();
    let text = when(&format!("{{any: [{}]}}", words.join(", ")));
    let (set, report) = read(CALENDAR, text.as_bytes());
    assert!(report.is_empty(), "{}", report.human(Lang::En));
    assert_eq!(
        set.expect("rules").rules()[0].when.any.words().len(),
        100_000
    );
}

#[test]
fn commas_without_end() {
    let text = when(&format!("{{any: [{}]}}", "退，".repeat(100_000)));
    let (set, report) = read(CALENDAR, text.as_bytes());
    assert!(set.is_none());
    assert!(report.items().len() <= 202);
    let size: usize = report
        .items()
        .iter()
        .filter_map(|item| item.source_line.as_ref())
        .map(String::len)
        .sum();
    assert!(size < 2_000_000, "a long line is not repeated: {size}");
}

#[test]
fn zeros_and_noise() {
    assert!(codes("rules: [\u{0}]").contains(&"Y033"));
    let (set, _) = read(CALENDAR, &[0_u8; 4096]);
    assert!(set.is_none());
    let noise: Vec<u8> = (0..=255_u8).cycle().take(100_000).collect();
    let (set, report) = read(CALENDAR, &noise);
    assert!(set.is_none() && report.items().len() < 500);
}

#[test]
fn a_file_of_fifty_megabytes_is_not_read_whole() {
    let dir = tempfile::tempdir().expect("folder");
    let file = std::fs::File::create(dir.path().join("a.yaml")).expect("file");
    file.set_len(50 * 1024 * 1024).expect("length");
    let mut report = crate::diagnostic::Report::default();
    let files = crate::templates::load::read_tree(
        dir.path(),
        crate::rules::problems::UNREADABLE,
        &mut report,
        |_| true,
    );
    assert_eq!(files["a.yaml"].len(), crate::yaml::MAX_FILE_BYTES + 1);
}

/// Patterns that keep engines with back-tracking busy for longer than the sun will shine.
#[test]
fn no_pattern_is_slow() {
    let patterns = [
        "(a+)+$",
        "([a-z]+)*$",
        "(a|aa)+$",
        "(a|a?)+$",
        "(.*a){20}$",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        r"(\w+\s?)*$",
        "(a?){30}a{30}$",
        "(x+x+)+y",
    ];
    let text = format!("{}!", "a".repeat(5_000));
    let began = std::time::Instant::now();
    for pattern in patterns {
        let set = rules(&format!(
            "rules:\n  - {{id: a, when: {{regex: '{pattern}'}}, do: [{{tag: a/b}}]}}\n"
        ));
        fired(&set, &text, &customer(&[]));
    }
    // Seconds on a busy machine in a debug build; without the guarantee, never.
    assert!(began.elapsed() < std::time::Duration::from_secs(30));
}
