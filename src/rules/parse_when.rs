//! The conditions of a rule.

use std::collections::HashMap;

use regex::RegexBuilder;

use super::matcher::{PATTERN_BYTES, WordId};
use super::model::{How, On, Pattern, When};
use super::normalize::normalize;
use super::parse::File;
use super::problems;
use super::words::{Word, WordList};
use crate::diagnostic::{Diagnostic, Span};
use crate::domain::criteria::{Compare, ContactTest, Op};
use crate::domain::ids::Tag;
use crate::yaml::{Node, values};

/// Reads `when`.
pub(super) fn when(file: &mut File<'_, '_>, node: &Node, on: &On) -> When {
    let how = match node.get("match").and_then(Node::text) {
        Some("exact") => How::Exact,
        Some("prefix") => How::Prefix,
        Some("suffix") => How::Suffix,
        Some("pinyin") => How::Pinyin,
        _ => How::Contains,
    };
    let when = When {
        any: words(file, node.get("any")),
        all: words(file, node.get("all")),
        none: words(file, node.get("none")),
        how,
        loose: node
            .get("loose")
            .and_then(Node::text)
            .and_then(values::flag)
            == Some(true),
        regex: node.get("regex").and_then(|node| pattern(file, node)),
        types: texts(node.get("type")),
        contact: node
            .get("contact")
            .map(|node| contact(file, node))
            .unwrap_or_default(),
    };
    no_text(file, node, on);
    contradiction(file, node, &when);
    when
}

fn texts(node: Option<&Node>) -> Vec<String> {
    let words = node.iter().flat_map(|node| node.words());
    words.map(|(word, _)| word.to_owned()).collect()
}

/// Events such as `added` bring no text in which a word could occur.
fn no_text(file: &mut File<'_, '_>, node: &Node, on: &On) {
    if on.has_text() {
        return;
    }
    for key in ["any", "all", "none", "regex", "type"] {
        if let Some(entry) = node.entry(key) {
            let found = Diagnostic::of(problems::NO_TEXT)
                .value("key", key)
                .value("on", on.word());
            file.add(entry.span, found);
        }
    }
}

fn words(file: &mut File<'_, '_>, node: Option<&Node>) -> WordList {
    let mut words: Vec<Word> = Vec::new();
    let mut seen: HashMap<WordId, usize> = HashMap::new();
    for (text, span) in file.words(node) {
        let Some(id) = file.context.words.intern(&text) else {
            if !text.trim().is_empty() {
                let found = Diagnostic::of(problems::NOTHING_LEFT).value("word", text);
                file.add(span, found);
            }
            continue;
        };
        if let Some(first) = seen.get(&id) {
            let found = Diagnostic::of(problems::REPEATED_WORD)
                .value("word", text)
                .value("first", &*words[*first].text);
            file.add(span, found);
        } else {
            seen.insert(id, words.len());
            let text = text.into();
            words.push(Word { text, id });
        }
    }
    WordList::new(words)
}

/// A rule can never fire when what must occur contains what must not.
fn contradiction(file: &mut File<'_, '_>, node: &Node, when: &When) {
    if let (Some(culprit), Some(none)) = (contradicting(when), node.get("none")) {
        let found = Diagnostic::of(problems::NEVER_MATCHES).value("word", &*culprit.text);
        file.add(none.span, found);
    }
    if let (How::Exact, [_, second, ..]) = (when.how, when.all.words()) {
        let found = Diagnostic::of(problems::NEVER_MATCHES).value("word", &*second.text);
        file.add(node.get("all").map_or(node.span, |all| all.span), found);
    }
}

fn contradicting(when: &When) -> Option<&Word> {
    let none: Vec<_> = when.none.words().iter().collect();
    let normal: Vec<_> = none.iter().map(|word| normalize(&word.text)).collect();
    let dead = |word: &Word| {
        let text = normalize(&word.text);
        let at = (0..none.len()).find(|at| match when.how {
            How::Contains | How::Pinyin => text.contains(&*normal[*at]),
            How::Exact | How::Prefix | How::Suffix => none[*at].id == word.id,
        });
        at.map(|at| none[at])
    };
    let mut any = when.any.words().iter();
    let first = any.next().and_then(dead);
    let all_dead = first.filter(|_| any.all(|word| dead(word).is_some()));
    all_dead.or_else(|| when.all.words().iter().find_map(dead))
}

fn pattern(file: &mut File<'_, '_>, node: &Node) -> Option<Pattern> {
    let text = node.text().filter(|text| !text.is_empty())?;
    let built = RegexBuilder::new(text).size_limit(PATTERN_BYTES).build();
    match built {
        Ok(regex) => Some(Pattern { regex }),
        Err(error) => {
            let (detail, help) = regex_problem(text, &error);
            let found = Diagnostic::of(problems::BAD_REGEX)
                .value("detail", detail)
                .help(help);
            file.add(node.span, found);
            None
        }
    }
}

fn regex_problem(text: &str, error: &regex::Error) -> (String, &'static str) {
    if matches!(error, regex::Error::CompiledTooBig(_)) {
        return (String::new(), "check.regex_large");
    }
    let message = error.to_string();
    // The engine draws the pattern over several lines; its last line says what is wrong.
    let last = message.lines().last().unwrap_or_default();
    let detail = last.trim_start_matches("error:").trim().to_owned();
    let looks = ["(?=", "(?!", "(?<=", "(?<!"];
    let help = if looks.iter().any(|look| text.contains(look)) {
        "check.regex_look"
    } else {
        "check.bad_regex_help"
    };
    (detail, help)
}

fn contact(file: &mut File<'_, '_>, node: &Node) -> Vec<ContactTest> {
    let mut tests = Vec::new();
    for entry in node.entries() {
        let value = &entry.value;
        match entry.key.as_str() {
            "has_tag" => tests.extend(tags(file, value).into_iter().map(ContactTest::HasTag)),
            "not_tag" => tests.extend(tags(file, value).into_iter().map(ContactTest::NotTag)),
            "source" => tests.push(ContactTest::Source(texts(Some(value)))),
            "added_days" => {
                let days = value
                    .text()
                    .map(|text| compare(file, text, value.span, true));
                tests.extend(days.flatten().map(ContactTest::AddedDays));
            }
            "points" => {}
            name => {
                let compares: Vec<Compare> = value
                    .words()
                    .filter_map(|(text, span)| compare(file, text, span, false))
                    .collect();
                tests.push(ContactTest::Attribute(name.to_owned(), compares));
            }
        }
    }
    tests
}

/// Tags, each checked for WeCom's limits.
pub(super) fn tags(file: &mut File<'_, '_>, node: &Node) -> Vec<Tag> {
    let mut tags = Vec::new();
    for (text, span) in node.words() {
        let tag = Tag::from(text);
        let (group, name) = tag.parts();
        let fits = |part: &str| !part.trim().is_empty() && part.chars().count() <= 30;
        if text.trim().is_empty() {
            continue;
        }
        if fits(group) && fits(name) {
            tags.push(tag);
        } else {
            file.add(span, Diagnostic::of(problems::BAD_TAG).value("tag", text));
        }
    }
    tags
}

/// `>= 3`, `!= x`, `contains x`, or a bare value, which must be equal.
fn compare(file: &mut File<'_, '_>, text: &str, span: Span, numeric: bool) -> Option<Compare> {
    let text = text.trim();
    let written = Op::ALL
        .into_iter()
        .find_map(|(op, sign)| text.strip_prefix(sign).map(|value| (op, value)));
    let (op, value) = written.unwrap_or((Op::Equal, text));
    let value = value.trim();
    let is_number = value.parse::<f64>().is_ok_and(f64::is_finite);
    let wrong = value.is_empty()
        || ((numeric || op.is_numeric()) && !is_number)
        || (numeric && op == Op::Contains);
    if wrong {
        file.add(
            span,
            Diagnostic::of(problems::BAD_COMPARE).value("value", text),
        );
        return None;
    }
    Some(Compare {
        op,
        value: value.to_owned(),
    })
}
