//! What must hold of a contact: the same keys in `when.contact` and in every audience.

use super::problems;
use crate::diagnostic::{Diagnostic, Findings, Span};
use crate::domain::criteria::{Compare, ContactTest, Op};
use crate::domain::ids::Tag;
use crate::yaml::Node;

/// Reads the tests of a map whose keys are those of [`super::AUDIENCE`].
pub fn contact_tests(node: &Node, findings: &mut Findings<'_>) -> Vec<ContactTest> {
    let mut tests = Vec::new();
    for entry in node.entries() {
        let value = &entry.value;
        match entry.key.as_str() {
            "has_tag" => tests.extend(tags(value, findings).into_iter().map(ContactTest::HasTag)),
            "not_tag" => tests.extend(tags(value, findings).into_iter().map(ContactTest::NotTag)),
            "source" => {
                let patterns = value.words().map(|(pattern, _)| pattern.to_owned());
                tests.push(ContactTest::Source(patterns.collect()));
            }
            "added_days" => tests.extend(number(value, findings).map(ContactTest::AddedDays)),
            "points" => tests.extend(number(value, findings).map(ContactTest::Points)),
            name => {
                let compares: Vec<Compare> = value
                    .words()
                    .filter_map(|(text, span)| compare(text, span, false, findings))
                    .collect();
                tests.push(ContactTest::Attribute(name.to_owned(), compares));
            }
        }
    }
    tests
}

fn number(node: &Node, findings: &mut Findings<'_>) -> Option<Compare> {
    compare(node.text()?, node.span, true, findings)
}

/// Tags, each checked for WeCom's limits.
pub fn tags(node: &Node, findings: &mut Findings<'_>) -> Vec<Tag> {
    let mut tags = Vec::new();
    for (text, span) in node.words() {
        let tag = Tag::from(text);
        let (group, name) = tag.parts();
        let fits = |part: &str| !part.trim().is_empty() && part.chars().count() <= 30;
        if text.trim().is_empty() {
            continue;
        }
        if fits(group) && fits(name) {
            sign_before(text, span, findings);
            tags.push(tag);
        } else {
            findings.add(span, Diagnostic::of(problems::BAD_TAG).value("tag", text));
        }
    }
    tags
}

/// `＠意向/高` and `#意向/高` as they are written elsewhere: here the sign is part of the tag.
fn sign_before(text: &str, span: Span, findings: &mut Findings<'_>) {
    let signs = ['@', '＠', '#', '＃', '$', '＄'];
    if text.contains('／') && !text.contains('/') {
        let kind = problems::TAG_SIGN;
        let found = Diagnostic::new(kind.code, kind.severity, "check.tag_slash")
            .value("tag", text)
            .value("rest", text.replace('／', "/"));
        findings.add(span, found);
        return;
    }
    let written = findings.source.line(span.line).chars().nth(span.column - 1);
    let Some(sign) = text.chars().next().filter(|sign| signs.contains(sign)) else {
        return;
    };
    // Who quotes it means it.
    if written == Some(sign) {
        let found = Diagnostic::of(problems::TAG_SIGN)
            .value("tag", text)
            .value("sign", sign)
            .value("rest", text.trim_start_matches(signs));
        findings.add(span, found);
    }
}

/// `>= 3`, `!= x`, `contains x`, or a bare value, which must be equal.
fn compare(text: &str, span: Span, numeric: bool, findings: &mut Findings<'_>) -> Option<Compare> {
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
        findings.add(span, found);
        return None;
    }
    Some(Compare {
        op,
        value: value.to_owned(),
    })
}
