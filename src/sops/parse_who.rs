//! Conditions on contacts.

use super::model::Condition;
use super::parse::File;
use super::problems;
use crate::diagnostic::{Diagnostic, Span};
use crate::domain::criteria::{Compare, ContactTest, Op};
use crate::domain::ids::Tag;
use crate::yaml::{Entry, Node, values};

/// Reads conditions of which all must hold.
pub(super) fn conditions(file: &mut File<'_, '_>, node: &Node) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for entry in node.entries() {
        let wanted = entry.value.text().and_then(values::flag);
        match entry.key.as_str() {
            "replied" => conditions.extend(wanted.map(Condition::Replied)),
            "replied_since_last" => conditions.extend(wanted.map(Condition::RepliedSinceLast)),
            _ => {
                let tests = test(file, entry).into_iter();
                conditions.extend(tests.map(Condition::Contact));
            }
        }
    }
    conditions
}

/// Reads what must hold of contacts.
pub(super) fn tests(file: &mut File<'_, '_>, node: &Node) -> Vec<ContactTest> {
    let entries = node.entries().iter();
    entries.flat_map(|entry| test(file, entry)).collect()
}

fn test(file: &mut File<'_, '_>, entry: &Entry) -> Vec<ContactTest> {
    let value = &entry.value;
    let number = |file: &mut File<'_, '_>| {
        let text = value.text()?;
        compare(file, text, value.span, true)
    };
    match entry.key.as_str() {
        "has_tag" => tags(file, value).into_iter().map(ContactTest::HasTag).collect(),
        "not_tag" => tags(file, value).into_iter().map(ContactTest::NotTag).collect(),
        "source" => {
            let patterns = value.words().map(|(text, _)| text.to_owned()).collect();
            vec![ContactTest::Source(patterns)]
        }
        "added_days" => number(file).map(ContactTest::AddedDays).into_iter().collect(),
        "points" => number(file).map(ContactTest::Points).into_iter().collect(),
        name => {
            let words: Vec<(&str, Span)> = value.words().collect();
            let compares = words
                .into_iter()
                .filter_map(|(text, span)| compare(file, text, span, false));
            vec![ContactTest::Attribute(name.to_owned(), compares.collect())]
        }
    }
}

/// Tags, each checked for WeCom's limits.
pub(super) fn tags(file: &mut File<'_, '_>, node: &Node) -> Vec<Tag> {
    let mut tags = Vec::new();
    for (text, span) in node.words().filter(|(text, _)| !text.trim().is_empty()) {
        let tag = Tag::from(text);
        let (group, name) = tag.parts();
        let fits = |part: &str| !part.trim().is_empty() && part.chars().count() <= 30;
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
        let found = Diagnostic::of(problems::BAD_COMPARE).value("value", text);
        file.add(span, found);
        return None;
    }
    let value = value.to_owned();
    Some(Compare { op, value })
}
