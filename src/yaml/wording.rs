//! Words that were meant as several, and signs that become part of a word.

use super::problems;
use super::tree::{Data, Entry, Node, is_key};
use crate::diagnostic::{Diagnostic, Findings, Span};

/// What people put between two words when they mean a list.
const BETWEEN: [char; 9] = [' ', '/', '／', '|', '｜', ';', '；', '\\', '\u{3000}'];

/// So much of a word is looked at.
const MOST_CHARS: usize = 1000;
/// A finding repeats at most so much of it.
const MOST_SHOWN: usize = 60;

/// `any: 【退款】` where square brackets were meant. Inside a list they may be part of a word.
pub(super) fn in_wide_brackets(node: &Node, findings: &mut Findings<'_>) -> bool {
    let pairs = [('【', '】'), ('〔', '〕'), ('〖', '〗')];
    let Some(text) = node.text().filter(|_| node.is_plain()) else {
        return false;
    };
    let whole = |(open, close): &(char, char)| text.starts_with(*open) && text.ends_with(*close);
    let Some((open, _)) = pairs.iter().find(|pair| whole(pair)) else {
        return false;
    };
    let found = Diagnostic::of(problems::WIDE_BRACKET).value("found", *open);
    findings.add(
        Span {
            len: 1,
            ..node.span
        },
        found,
    );
    true
}

/// `{any: 退款,退货}`: the second word stands as a key without a value.
pub(super) fn goes_on(before: &Entry, entry: &Entry) -> bool {
    let plain = before.value.is_plain() || matches!(before.value.data, Data::Empty);
    let here = matches!(entry.value.data, Data::Empty);
    plain && here && !is_key(&entry.key) && before.span.line == entry.span.line
}

/// Reports a word that goes on behind a comma within a map.
pub(super) fn without_brackets(before: Option<&Entry>, entry: &Entry, findings: &mut Findings<'_>) {
    let line = entry.span.line..=entry.span.line;
    if findings.has(&[problems::ONE_WORD], line) {
        return;
    }
    let first = before.map(|before| before.value.text().unwrap_or(&before.key));
    let text = format!("{},{}", first.unwrap_or_default(), entry.key);
    findings.add(
        entry.span,
        Diagnostic::of(problems::ONE_WORD).value("text", clipped(&text)),
    );
}

/// Commas in a plain word, and other signs between two Chinese ones, separate nothing.
pub(super) fn separators(span: Span, text: &str, keywords: bool, findings: &mut Findings<'_>) {
    // A longer one is told to be too long.
    let chars: Vec<char> = text.chars().take(MOST_CHARS).collect();
    let place = |at: usize| Span {
        column: span.column + at,
        len: 1,
        ..span
    };
    if let Some(at) = chars.iter().position(|c| matches!(c, '，' | '、')) {
        let place = place(at);
        if !findings.has(&[problems::WIDE_COMMA], place.line..=place.line) {
            findings.add(
                place,
                Diagnostic::of(problems::WIDE_COMMA).value("found", chars[at]),
            );
        }
        return;
    }
    let beside = |at: usize| {
        let before = chars[..at].iter().rfind(|c| !c.is_whitespace());
        let after = chars[at + 1..].iter().find(|c| !c.is_whitespace());
        before.zip(after)
    };
    let number = |c: &char| c.is_ascii_digit();
    let comma = (0..chars.len())
        .filter(|at| chars[*at] == ',')
        .find(|at| beside(*at).is_some_and(|(a, b)| !(number(a) && number(b))));
    if let Some(at) = comma {
        findings.add(
            place(at),
            Diagnostic::of(problems::ONE_WORD).value("text", clipped(text)),
        );
        return;
    }
    // 退 款 is one word, written with space.
    let mut words = chars.split(|c| c.is_whitespace());
    let spaced = !words.any(|word| word.len() == 1);
    let sign = (0..chars.len())
        .filter(|at| BETWEEN.contains(&chars[*at]) && (spaced || !chars[*at].is_whitespace()))
        .find(|at| beside(*at).is_some_and(|(a, b)| is_han(*a) && is_han(*b)));
    if let Some(at) = sign.filter(|_| keywords) {
        let found = Diagnostic::of(problems::NOT_SEPARATED).value("text", clipped(text));
        let found = if chars[at].is_whitespace() {
            found.entry("sign", "check.sign_space")
        } else {
            found.value("sign", chars[at])
        };
        findings.add(place(at), found);
    }
}

/// `退款？` does not occur in 退款吗: the sign has to be there too.
pub(super) fn ending(span: Span, text: &str, findings: &mut Findings<'_>) {
    let word = text.trim_end_matches(['？', '?', '。', '！', '!', '~', '…', '：', '；']);
    if let (true, Some(sign)) = (word.ends_with(is_han), text[word.len()..].chars().next()) {
        let at = word.chars().count();
        let place = Span {
            column: span.column + at,
            len: text.chars().count() - at,
            ..span
        };
        let found = Diagnostic::of(problems::ENDING_SIGN)
            .value("text", text)
            .value("word", word)
            .value("sign", sign);
        findings.add(place, found);
    }
}

/// `＄退款词` calls no group of words.
pub(super) fn wide_sign(span: Span, text: &str, findings: &mut Findings<'_>) {
    if text.starts_with('＄') {
        let found =
            Diagnostic::of(problems::WIDE_SIGN).value("rest", text.trim_start_matches('＄'));
        findings.add(Span { len: 1, ..span }, found);
    }
}

/// The beginning of a word, for a finding.
fn clipped(text: &str) -> String {
    let mut shown: String = text.chars().take(MOST_SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}')
}
