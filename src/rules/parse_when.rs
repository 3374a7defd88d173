//! The conditions of a rule.

use std::collections::{HashMap, HashSet};

use super::lint::parts;
use super::matcher::WordId;
use super::model::{HitsWanted, How, On, When};
use super::normalize::{is_sign, normalize};
use super::parse::File;
use super::parse_contact::contact_tests;
use super::parse_pattern::pattern;
use super::problems;
use super::words::{Word, WordList};
use crate::diagnostic::{Diagnostic, Span};
use crate::yaml::{Node, values};

/// A word is at most this long: no message matches a longer one.
const MOST_CHARS: usize = 500;
/// Of one list so many words are named as superfluous.
const MOST_SUPERFLUOUS: usize = 5;

/// Reads `when`.
pub(super) fn when(file: &mut File<'_, '_>, node: &Node, on: &On) -> When {
    let how = match node.get("match").and_then(Node::text) {
        Some("exact") => How::Exact,
        Some("prefix") => How::Prefix,
        Some("suffix") => How::Suffix,
        Some("pinyin") => How::Pinyin,
        _ => How::Contains,
    };
    let loose = node.get("loose").and_then(Node::text);
    let loose = loose.and_then(values::flag) == Some(true);
    let when = When {
        any: words(file, node.get("any"), (how, loose), how == How::Contains),
        all: words(file, node.get("all"), (how, loose), false),
        none: words(file, node.get("none"), (how, loose), how == How::Contains),
        how,
        loose,
        regex: node
            .get("regex")
            .and_then(|node| pattern(file, node))
            .map(Box::new),
        types: texts(node.get("type")),
        contact: node
            .get("contact")
            .map(|node| contact_tests(node, &mut file.findings).into())
            .unwrap_or_default(),
        hits: node.get("hits").and_then(hits),
    };
    signs_only(file, node, loose);
    no_text(file, node, on);
    contradiction(file, node, &when);
    when
}

/// What does not fit was reported when the shape was checked.
fn hits(node: &Node) -> Option<HitsWanted> {
    let times = node.get("times")?.text().and_then(values::integer)?;
    Some(HitsWanted {
        times: u32::try_from(times).ok()?,
        within: node.get("within")?.text().and_then(values::duration)?,
    })
}

fn texts(node: Option<&Node>) -> Box<[String]> {
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

/// The words of a list, looked for in this way, loosely or not. Where one is enough, a word
/// that contains another adds nothing.
fn words(
    file: &mut File<'_, '_>,
    node: Option<&Node>,
    (how, loose): (How, bool),
    one_is_enough: bool,
) -> WordList {
    let mut words: Vec<Word> = Vec::new();
    let mut normals: Vec<(String, Span)> = Vec::new();
    let mut seen: HashMap<WordId, usize> = HashMap::new();
    for (text, span) in file.words(node) {
        let count = text.chars().count();
        if count > MOST_CHARS {
            let found = Diagnostic::of(problems::LONG_WORD)
                .value("count", count.to_string())
                .value("most", MOST_CHARS.to_string());
            file.add(span, found);
            continue;
        }
        let Some(id) = file.context.words.intern(&text, how, loose) else {
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
            if one_is_enough {
                normals.push((normalize(&text).into_owned(), span));
            }
            words.push(Word::new(text.into(), id));
        }
    }
    if normals.len() > 1 {
        superfluous(file, &normals);
    }
    WordList::new(words)
}

fn superfluous(file: &mut File<'_, '_>, words: &[(String, Span)]) {
    let all: HashSet<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
    // Most parts are shorter than any word: those need no look into the table.
    let least = all.iter().map(|word| word.len()).min().unwrap_or_default();
    let nested = words.iter().filter_map(|(word, span)| {
        let inner = parts(word)
            .find(|part| (least..word.len()).contains(&part.len()) && all.contains(part))?;
        Some((word, inner, *span))
    });
    for (word, inner, span) in nested.take(MOST_SUPERFLUOUS) {
        // A group is used by many rules; once is enough.
        if file.superfluous.insert(format!("{word}\n{inner}")) {
            let found = Diagnostic::of(problems::SUPERFLUOUS_WORD)
                .value("word", word)
                .value("inner", inner);
            file.add(span, found);
        }
    }
}

/// Where signs are overlooked, a word of nothing else is looked for as it is written.
fn signs_only(file: &mut File<'_, '_>, node: &Node, loose: bool) {
    let lists = ["any", "all", "none"].map(|key| node.get(key));
    for (text, span) in lists.into_iter().flatten().flat_map(Node::words) {
        let signs = normalize(text).chars().all(is_sign) && !text.trim().is_empty();
        if loose && signs && !text.starts_with('$') {
            file.add(
                span,
                Diagnostic::of(problems::SIGNS_ONLY).value("word", text),
            );
        }
    }
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
