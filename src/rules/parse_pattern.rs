//! The pattern of a rule.

use std::ops::Range;

use regex::RegexBuilder;
use regex_syntax::ast::ErrorKind;

use super::matcher::PATTERN_BYTES;
use super::model::Pattern;
use super::parse::File;
use super::problems;
use crate::diagnostic::Diagnostic;
use crate::yaml::{Node, place};

/// A pattern is at most this long, before it is even looked at.
const MOST_PATTERN_BYTES: usize = 10_000;
/// Signs of patterns in full width: they stand for themselves.
const WIDE: &str = "（）［］｛｝【】｜＋＊？＼＾＄．";

/// Reads `regex`; what is wrong is shown within the pattern.
pub(super) fn pattern(file: &mut File<'_, '_>, node: &Node) -> Option<Pattern> {
    let text = node.text().filter(|text| !text.is_empty())?;
    if text.len() > MOST_PATTERN_BYTES {
        let found = Diagnostic::of(problems::BAD_REGEX)
            .value("count", text.len().to_string())
            .value("most", MOST_PATTERN_BYTES.to_string())
            .entry("detail", "syntax.regex_long")
            .help("check.regex_long");
        file.add(node.span, found);
        return None;
    }
    let built = RegexBuilder::new(text).size_limit(PATTERN_BYTES).build();
    match built {
        Ok(regex) => {
            wide_signs(file, node, text);
            Some(Pattern { regex })
        }
        Err(error) => {
            let (found, part) = problem(text, &error);
            let span = place(file.findings.source, node.span, text, part);
            file.add(span, found);
            None
        }
    }
}

/// What is wrong with a pattern, and which bytes of it are.
fn problem(text: &str, error: &regex::Error) -> (Diagnostic, Option<Range<usize>>) {
    let found = Diagnostic::of(problems::BAD_REGEX);
    if matches!(error, regex::Error::CompiledTooBig(_)) {
        let found = found.entry("detail", "syntax.regex_large");
        return (found.help("check.regex_large"), None);
    }
    match regex_syntax::Parser::new().parse(text) {
        Err(regex_syntax::Error::Parse(error)) => {
            let part = error.span().start.offset..error.span().end.offset;
            let detail = detail(error.kind());
            let help = match detail {
                "syntax.regex_look" => "check.regex_look",
                "syntax.regex_back" => "check.regex_back",
                _ => "check.bad_regex_help",
            };
            (found.entry("detail", detail).help(help), Some(part))
        }
        Err(regex_syntax::Error::Translate(error)) => {
            let part = error.span().start.offset..error.span().end.offset;
            (found.entry("detail", "syntax.regex_class_name"), Some(part))
        }
        _ => (found.entry("detail", "syntax.regex_other"), None),
    }
}

fn detail(kind: &ErrorKind) -> &'static str {
    use ErrorKind as Kind;
    match kind {
        Kind::GroupUnclosed => "syntax.regex_bracket",
        Kind::GroupUnopened => "syntax.regex_bracket_extra",
        Kind::ClassUnclosed | Kind::ClassRangeInvalid | Kind::ClassRangeLiteral => {
            "syntax.regex_class"
        }
        Kind::ClassEscapeInvalid
        | Kind::EscapeHexEmpty
        | Kind::EscapeHexInvalid
        | Kind::EscapeHexInvalidDigit
        | Kind::EscapeUnexpectedEof
        | Kind::EscapeUnrecognized => "syntax.regex_escape",
        Kind::DecimalEmpty
        | Kind::DecimalInvalid
        | Kind::RepetitionCountInvalid
        | Kind::RepetitionCountDecimalEmpty
        | Kind::RepetitionCountUnclosed
        | Kind::RepetitionMissing => "syntax.regex_repeat",
        Kind::GroupNameDuplicate { .. }
        | Kind::GroupNameEmpty
        | Kind::GroupNameInvalid
        | Kind::GroupNameUnexpectedEof
        | Kind::FlagUnrecognized
        | Kind::FlagUnexpectedEof
        | Kind::FlagDanglingNegation => "syntax.regex_group",
        Kind::UnsupportedBackreference => "syntax.regex_back",
        Kind::UnsupportedLookAround => "syntax.regex_look",
        Kind::NestLimitExceeded(_) => "syntax.regex_deep",
        Kind::UnicodeClassInvalid => "syntax.regex_class_name",
        _ => "syntax.regex_other",
    }
}

/// `（\d+）` looks for the brackets themselves. Within `[（(]` they are meant.
fn wide_signs(file: &mut File<'_, '_>, node: &Node, text: &str) {
    let mut class = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            c if !class && WIDE.contains(c) => {
                let part = at..at + c.len_utf8();
                let span = place(file.findings.source, node.span, text, Some(part));
                file.add(
                    span,
                    Diagnostic::of(problems::WIDE_PATTERN).value("sign", c),
                );
                return;
            }
            _ => {}
        }
    }
}
