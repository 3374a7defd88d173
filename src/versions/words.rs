//! Differences as sentences.

use super::difference::{Change, Changes, Part};
use crate::lang::Lang;

/// All changes, one line each, by file.
#[must_use]
pub fn lines(changes: &Changes, lang: Lang) -> Vec<String> {
    let mut lines: Vec<String> = changes
        .list
        .iter()
        .map(|change| line(change, lang))
        .collect();
    if changes.more > 0 {
        let more = changes.more.to_string();
        lines.push(lang.text("diff.more", &[("count", &more)]));
    }
    lines
}

/// All changes in a few words.
#[must_use]
pub fn summary(changes: &Changes, lang: Lang) -> String {
    const SHOWN: usize = 3;
    let mut lines: Vec<String> = changes
        .list
        .iter()
        .take(SHOWN)
        .map(|change| line(change, lang))
        .collect();
    let more = changes.list.len().saturating_sub(SHOWN) + changes.more;
    if more > 0 {
        lines.push(lang.text("diff.more", &[("count", &more.to_string())]));
    }
    lines.join(&lang.text("diff.between", &[]))
}

/// One change.
#[must_use]
pub fn line(change: &Change, lang: Lang) -> String {
    let text = |key: &str, values: &[(&str, &str)]| lang.text(key, values);
    match change {
        Change::FileAdded { file } => text("diff.file_added", &[("file", file)]),
        Change::FileRemoved { file } => text("diff.file_removed", &[("file", file)]),
        Change::Replaced { file } => text("diff.replaced", &[("file", file)]),
        Change::Rewritten { file } => text("diff.rewritten", &[("file", file)]),
        Change::Lines {
            file,
            added,
            removed,
        } => {
            let (added, removed) = (added.to_string(), removed.to_string());
            let values = [
                ("file", file.as_str()),
                ("added", &added),
                ("removed", &removed),
            ];
            text("diff.lines", &values)
        }
        Change::RuleAdded { file, rule } => {
            text("diff.rule_added", &[("file", file), ("rule", rule)])
        }
        Change::RuleRemoved { file, rule } => {
            text("diff.rule_removed", &[("file", file), ("rule", rule)])
        }
        Change::RuleMoved { rule, from, file } => {
            let values = [("rule", rule.as_str()), ("from", from), ("file", file)];
            text("diff.rule_moved", &values)
        }
        Change::RuleChanged { rule, parts, .. } => {
            let parts = told(parts, lang);
            text("diff.rule_changed", &[("rule", rule), ("parts", &parts)])
        }
        Change::FileChanged { file, parts } => {
            let parts = told(parts, lang);
            text("diff.file_changed", &[("file", file), ("parts", &parts)])
        }
    }
}

fn told(parts: &[Part], lang: Lang) -> String {
    let parts: Vec<String> = parts.iter().map(|each| part(each, lang)).collect();
    parts.join(&lang.text("diff.between", &[]))
}

fn part(part: &Part, lang: Lang) -> String {
    match part {
        Part::Value { key, old, new } => {
            let name = name(key, lang);
            let value = |value: &str| value_words(key, value, lang);
            match (old.as_deref().map(value), new.as_deref().map(value)) {
                (Some(old), Some(new)) => {
                    let text = if key.contains('[') {
                        "diff.value_below"
                    } else {
                        "diff.value"
                    };
                    lang.text(text, &[("key", &name), ("old", &old), ("new", &new)])
                }
                (None, new) => {
                    let new = new.unwrap_or_default();
                    lang.text("diff.value_added", &[("key", &name), ("new", &new)])
                }
                (Some(old), None) => {
                    lang.text("diff.value_removed", &[("key", &name), ("old", &old)])
                }
            }
        }
        Part::Items {
            key,
            added,
            added_count,
            removed,
            removed_count,
        } => {
            let mut text = name(key, lang);
            for (sign, items, count) in [('+', added, added_count), ('−', removed, removed_count)]
            {
                if *count > 0 {
                    let more = if items.len() < *count { "…" } else { "" };
                    let items: Vec<String> = items.iter().map(|text| item(text, lang)).collect();
                    let items = items.join(&lang.text("diff.comma", &[]));
                    let count = count.to_string();
                    let items = format!("{items}{more}");
                    let values = [("count", count.as_str()), ("items", &items)];
                    text.push_str(&format!(" {sign}{}", lang.text("diff.items", &values)));
                }
            }
            text
        }
        Part::Order { key } => lang.text("diff.order", &[("key", &name(key, lang))]),
    }
}

/// A key in the operator's words, after the place it stands at: `defaults.cooldown` is the
/// file's default of the cooldown, `do[3].set.城市` the attribute that the third action sets.
fn name(key: &str, lang: Lang) -> String {
    let places = places(key);
    let mut words: Vec<String> = Vec::new();
    let mut numbered = false;
    let mut before = "";
    for place in places {
        let (known, element) = match place.split_once('[') {
            Some((known, element)) => (known, element.strip_suffix(']')),
            None => (place, None),
        };
        let word = lang
            .lookup(&format!("diff.key_{before}_{known}"))
            .or_else(|| lang.lookup(&format!("diff.key_{known}")));
        // What operators named themselves is no key, whatever it is called.
        let word = word.filter(|_| !NAMED.contains(&before)).unwrap_or(known);
        before = known;
        if known == "words" {
            continue;
        }
        numbered |= element.is_some();
        words.push(match element {
            None if words.is_empty() && key.starts_with("words.") => {
                lang.text("diff.group", &[("name", known)])
            }
            None => word.to_owned(),
            Some(element) => {
                let number = element.bytes().all(|byte| byte.is_ascii_digit());
                let text = if number { "diff.nth" } else { "diff.called" };
                lang.text(text, &[("word", word), ("name", element)])
            }
        });
    }
    let between = if numbered { "diff.below" } else { "diff.of" };
    words.join(&lang.text(between, &[]))
}

/// Below these keys stand names that operators gave.
const NAMED: [&str; 7] = [
    "set", "words", "hours", "contacts", "skipped", "held", "left_out",
];

/// The places of a key, without those that go without saying. A name in brackets may hold
/// a dot.
fn places(key: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let places = key.split(|c| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == '.' && depth == 0
    });
    let all: Vec<&str> = places.collect();
    let (last, front) = all.split_last().map_or(("", &all[..0]), |(l, f)| (*l, f));
    let told = front.iter().filter(|place| !matches!(**place, "" | "when"));
    told.copied().chain(std::iter::once(last)).collect()
}

/// An element of a list: the key that it begins with in words.
fn item(text: &str, lang: Lang) -> String {
    let word = |key: &str| lang.lookup(&format!("diff.key_{key}"));
    match text.split_once(": ") {
        Some((key, rest)) => match word(key) {
            Some(word) => format!("{word} {rest}"),
            None => text.to_owned(),
        },
        None => text.to_owned(),
    }
}

/// Durations read like in speech, everything else as it was written.
fn value_words(key: &str, value: &str, lang: Lang) -> String {
    let last = key.rsplit('.').next().unwrap_or(key);
    let lasting = ["cooldown", "within", "at", "in", "every"].contains(&last);
    duration(value, lang)
        .filter(|_| lasting)
        .unwrap_or_else(|| value.to_owned())
}

/// `1h30m` in words.
fn duration(text: &str, lang: Lang) -> Option<String> {
    crate::domain::duration::parse_duration(text)?;
    let mut words = Vec::new();
    let mut digits = String::new();
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit = lang.lookup(&format!("diff.unit_{c}"))?;
        words.push(format!("{} {unit}", std::mem::take(&mut digits)));
    }
    digits.is_empty().then(|| words.join(" "))
}
