//! A tree against a table of keys: every mistake, each at its place.

use super::key::{Key, Need, Shape};
use super::tree::{Data, Entry, Node, is_key};
use super::{lint, problems, values, wording};
use crate::diagnostic::{Diagnostic, Findings, nearest};

/// A map with more keys is no slip of the pen.
const MOST_COMPARED: usize = 100;
/// A finding repeats at most this many characters of a value.
const MOST_SHOWN: usize = 60;

/// Checks a value against its shape and reports all that does not fit.
pub fn check(node: &Node, shape: &'static Shape, findings: &mut Findings<'_>) {
    match shape {
        Shape::Any => {}
        Shape::Map(keys) => {
            if is_map(node, keys, findings) {
                map(node, keys, None, findings);
            }
        }
        Shape::OneKey(keys) => {
            if is_map(node, keys, findings) {
                one_key(node, keys, findings);
            }
        }
        Shape::Open(keys, other) => {
            if is_map(node, keys, findings) {
                map(node, keys, Some(other), findings);
            }
        }
        Shape::Named(inner) => {
            if is_map(node, &[], findings) {
                for entry in node.entries() {
                    check(&entry.value, inner, findings);
                }
            }
        }
        Shape::List(inner) => list(node, inner, findings),
        Shape::SomeOf(inner) => {
            if node.items().is_empty() {
                empty(node, findings);
            }
            list(node, inner, findings);
        }
        Shape::Words | Shape::Keywords => {
            if matches!(&node.data, Data::List(items) if items.is_empty()) {
                // A condition without words would hold for everything.
                empty(node, findings);
            }
            words(node, matches!(shape, Shape::Keywords), findings);
        }
        Shape::WordsOrNone => words(node, false, findings),
        Shape::Choices(known) => {
            for item in node.items() {
                choice(item, known, &[], findings);
            }
        }
        Shape::Choice(known, later) => choice(node, known, later, findings),
        Shape::Dates => {
            for item in node.items() {
                scalar(item, shape, findings);
            }
        }
        _ => scalar(node, shape, findings),
    }
}

fn is_map(node: &Node, keys: &'static [Key], findings: &mut Findings<'_>) -> bool {
    let is_map = matches!(node.data, Data::Map(_));
    let touching = node.text().and_then(|text| text.split_once(':'));
    match touching.filter(|(key, _)| node.is_plain() && is_key(key)) {
        // `id:甲` is one text.
        Some((key, _)) if !is_map => {
            let found = Diagnostic::of(problems::COLON_SPACE).value("key", key);
            findings.add(node.span, found);
        }
        _ if !is_map => no_map(node, keys, findings),
        _ => {}
    }
    is_map
}

fn no_map(node: &Node, keys: &'static [Key], findings: &mut Findings<'_>) {
    if matches!(node.data, Data::Empty) {
        empty(node, findings);
        return;
    }
    if is_known(node, findings) {
        return;
    }
    let found = unlike(node).value("known", names(keys));
    let list = matches!(node.data, Data::List(_));
    let elements = |key: &&Key| matches!(key.shape, Shape::SomeOf(_));
    let found = match keys.iter().find(elements) {
        // A list of rules that stands by itself.
        Some(key) if list && node.span.column == 1 => {
            found.value("key", key.name).help("check.shape_under")
        }
        _ if list => found.help("check.shape_no_list"),
        _ if keys.is_empty() => found.help("check.shape_named"),
        _ => found.help("check.shape_map"),
    };
    findings.add(node.span, found);
}

fn map(
    node: &Node,
    keys: &'static [Key],
    other: Option<&'static Shape>,
    findings: &mut Findings<'_>,
) {
    let mut before: Option<&Entry> = None;
    for entry in node.entries() {
        let word = before.filter(|before| wording::goes_on(before, entry));
        before = Some(entry);
        match (keys.iter().find(|key| key.name == entry.key), other) {
            (Some(key), _) => check(&entry.value, &key.shape, findings),
            (None, _) if word.is_some() => wording::without_brackets(word, entry, findings),
            (None, None) => unknown_key(entry, keys, findings),
            (None, Some(other)) => {
                attribute_name(entry, keys, findings);
                check(&entry.value, other, findings);
            }
        }
    }
    for key in keys.iter().filter(|key| key.need == Need::Required) {
        if node.entry(key.name).is_none() && !is_misspelt(node, key.name, keys) {
            let found = Diagnostic::of(problems::MISSING_KEY).value("key", key.name);
            findings.add(node.span, found);
        }
    }
}

/// Whether a key that is not known was probably meant as this one: once is enough.
fn is_misspelt(node: &Node, name: &str, keys: &'static [Key]) -> bool {
    if node.entries().len() > MOST_COMPARED {
        return false;
    }
    let known = |key: &str| keys.iter().any(|known| known.name == key);
    let mut others = node.entries().iter().filter(|entry| !known(&entry.key));
    others.any(|entry| {
        let rest = entry.key.strip_prefix(name);
        let joined = rest.and_then(|rest| rest.chars().next());
        joined.is_some_and(|c| !c.is_alphanumeric() && c != '_')
            || nearest(&entry.key, keys.iter().map(|key| key.name)) == Some(name)
    })
}

fn unknown_key(entry: &Entry, keys: &'static [Key], findings: &mut Findings<'_>) {
    // A merge key was refused when the text was read.
    if findings.is_full() || entry.key == "<<" {
        return;
    }
    let line = entry.span.line;
    let wide = entry.key.contains(['：', '\u{3000}', '\u{00A0}'])
        || entry.key.chars().any(lint::is_invisible);
    if wide && findings.has(lint::KINDS, line..=line) {
        return;
    }
    // `when:{any: 退款}` is a key that is called `when:{any`.
    if let Some((key, _)) = entry.key.split_once(':').filter(|(key, _)| is_key(key)) {
        let found = Diagnostic::of(problems::COLON_SPACE).value("key", key);
        findings.add(entry.span, found);
        return;
    }
    let names = keys.iter().map(|key| key.name);
    // `when {any: 退款}` is a key that is called `when {any`.
    let first = entry
        .key
        .split([' ', '{', '[', '\t'])
        .next()
        .unwrap_or_default();
    if first != entry.key && names.clone().any(|name| name == first) {
        findings.add(
            entry.span,
            Diagnostic::of(problems::NO_COLON).value("key", first),
        );
        return;
    }
    let all: Vec<_> = names.clone().collect();
    let found = Diagnostic::of(problems::UNKNOWN_KEY)
        .value("key", entry.key.clone())
        .value("known", all.join(", "))
        .suggest(&entry.key, names);
    findings.add(entry.span, found);
}

/// Any name may be an attribute, but one that nearly is a key was probably meant as the key.
fn attribute_name(entry: &Entry, keys: &'static [Key], findings: &mut Findings<'_>) {
    let bare = entry.key.trim_end_matches('s');
    let part = |key: &&Key| {
        let mut parts = key.name.split('_');
        parts.any(|part| part.trim_end_matches('s') == bare)
            || (bare == "标签" && key.name == "has_tag")
    };
    let near = nearest(&entry.key, keys.iter().map(|key| key.name));
    if let Some(near) = near.or_else(|| keys.iter().find(part).map(|key| key.name)) {
        let found = Diagnostic::of(problems::LOOKS_LIKE)
            .value("key", entry.key.clone())
            .value("near", near);
        findings.add(entry.span, found);
    }
}

fn one_key(node: &Node, keys: &'static [Key], findings: &mut Findings<'_>) {
    if node.entries().len() != 1 {
        let found = Diagnostic::of(problems::ONE_KEY)
            .value("count", node.entries().len().to_string())
            .value("known", names(keys));
        findings.add(node.span, found);
    }
    map(node, keys, None, findings);
}

fn names(keys: &'static [Key]) -> String {
    let names: Vec<_> = keys.iter().map(|key| key.name).collect();
    names.join(", ")
}

fn list(node: &Node, inner: &'static Shape, findings: &mut Findings<'_>) {
    for item in node.items() {
        check(item, inner, findings);
    }
}

fn words(node: &Node, keywords: bool, findings: &mut Findings<'_>) {
    if matches!(node.data, Data::Empty) {
        empty(node, findings);
    }
    if wording::in_wide_brackets(node, findings) {
        return;
    }
    for item in node.items() {
        let Some(text) = item.text() else {
            wrong(item, "check.shape_word", findings);
            continue;
        };
        if text.trim().is_empty() {
            empty(item, findings);
        } else if item.is_plain() {
            wording::separators(item.span, text, keywords, findings);
            if keywords {
                wording::ending(item.span, text, findings);
            }
        }
        if keywords {
            wording::wide_sign(item.span, text, findings);
        }
    }
}

fn choice(
    node: &Node,
    known: &'static [&'static str],
    later: &'static [&'static str],
    findings: &mut Findings<'_>,
) {
    let Some(text) = node.text() else {
        wrong(node, "check.shape_one_word", findings);
        return;
    };
    if later.contains(&text) {
        let found = Diagnostic::of(problems::LATER).value("key", text);
        findings.add(node.span, found);
    } else if !known.contains(&text) {
        let found = Diagnostic::of(problems::WRONG_CHOICE)
            .value("value", text)
            .value("known", known.join(", "))
            .suggest(text, known.iter().copied());
        findings.add(node.span, found);
    }
}

fn scalar(node: &Node, shape: &'static Shape, findings: &mut Findings<'_>) {
    let text = match &node.data {
        Data::Text { text, .. } if !text.trim().is_empty() => text,
        Data::Text { .. } | Data::Empty => {
            empty(node, findings);
            return;
        }
        _ => {
            wrong_scalar(node, shape, findings);
            return;
        }
    };
    let fits = match shape {
        Shape::Flag => values::flag(text).is_some(),
        Shape::Integer => values::integer(text).is_some(),
        Shape::Number(least, most) => {
            values::integer(text).is_some_and(|number| (*least..=*most).contains(&number))
        }
        Shape::Duration => values::duration(text).is_some(),
        Shape::Moment => values::moment(text).is_some(),
        Shape::When => values::duration(text).is_some() || values::moment(text).is_some(),
        Shape::Dates => values::date(text).is_some(),
        Shape::Clock => values::clock(text).is_some(),
        _ => true,
    };
    if !fits {
        wrong_scalar(node, shape, findings);
    }
}

/// What looks empty may be on the next line behind a full-width space or a tab.
fn empty(node: &Node, findings: &mut Findings<'_>) {
    let line = node.span.line;
    if !findings.has(lint::KINDS, line..=line + 1) {
        let found = Diagnostic::of(problems::EMPTY);
        let rest = findings
            .source
            .line(line)
            .chars()
            .skip(node.span.column - 1);
        let rest: String = rest.collect();
        let comment = rest.trim_start_matches([':', ' ']).starts_with('#');
        let found = if comment {
            found.help("check.empty_comment")
        } else {
            found
        };
        findings.add(node.span, found);
    }
}

/// The catalogue key of what was expected.
fn expected(shape: &Shape) -> &'static str {
    match shape {
        Shape::Flag => "check.shape_flag",
        Shape::Integer => "check.shape_integer",
        Shape::Number(..) => "check.shape_number",
        Shape::Duration => "check.shape_duration",
        Shape::Moment => "check.shape_moment",
        Shape::When => "check.shape_when",
        Shape::Dates => "check.shape_date",
        Shape::Clock => "check.shape_clock",
        _ => "check.shape_one_word",
    }
}

fn wrong(node: &Node, expected: &'static str, findings: &mut Findings<'_>) {
    if matches!(node.data, Data::Empty) {
        empty(node, findings);
    } else if !is_known(node, findings) {
        findings.add(node.span, unlike(node).help(expected));
    }
}

fn wrong_scalar(node: &Node, shape: &Shape, findings: &mut Findings<'_>) {
    if is_known(node, findings) {
        return;
    }
    let mut found = unlike(node).help(expected(shape));
    if let Shape::Number(least, most) = shape {
        found = found
            .value("least", least.to_string())
            .value("most", most.to_string());
    }
    findings.add(node.span, found);
}

/// Whether something that was already reported on the line explains it.
fn is_known(node: &Node, findings: &Findings<'_>) -> bool {
    let line = node.span.line;
    findings.has(lint::KINDS, line..=line) || findings.has(&[problems::KEY_NOT_TEXT], line..=line)
}

fn unlike(node: &Node) -> Diagnostic {
    let found: String = match &node.data {
        Data::Text { text, .. } if text.chars().nth(MOST_SHOWN).is_some() => {
            text.chars().take(MOST_SHOWN).chain(['…']).collect()
        }
        Data::Text { text, .. } => text.clone(),
        Data::Empty => String::new(),
        Data::List(_) => "[…]".to_owned(),
        Data::Map(_) => "{…}".to_owned(),
    };
    Diagnostic::of(problems::WRONG_SHAPE).value("found", found)
}
