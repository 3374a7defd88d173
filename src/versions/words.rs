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
                (Some(old), Some(new)) => lang.text(
                    "diff.value",
                    &[("key", &name), ("old", &old), ("new", &new)],
                ),
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
/// file's default of the cooldown.
fn name(key: &str, lang: Lang) -> String {
    let (front, last) = key.rsplit_once('.').unwrap_or(("", key));
    if front == "words" {
        return lang.text("diff.group", &[("name", last)]);
    }
    let word = |name: &str| {
        let (name, place) = name.split_once('[').unwrap_or((name, ""));
        let word = lang.lookup(&format!("diff.key_{name}")).unwrap_or(name);
        match place.strip_suffix(']') {
            Some(place) => format!("{word}[{place}]"),
            None => word.to_owned(),
        }
    };
    let places = front
        .split('.')
        .filter(|place| !matches!(*place, "" | "when"));
    let mut words: Vec<String> = places.map(word).collect();
    words.push(word(last));
    words.join(&lang.text("diff.of", &[]))
}

/// Durations read like in speech, everything else as it was written.
fn value_words(key: &str, value: &str, lang: Lang) -> String {
    let lasting = key.ends_with("cooldown") || key.ends_with("within");
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
