//! What the parser stumbled over, in words of the catalogue and at the place where it went
//! wrong, which is often before the place where it was noticed.

use granit_parser::ErrorKind;

use super::lint::open_bracket;
use super::problems;
use super::tree::is_key;
use crate::diagnostic::{Diagnostic, Span};

/// Keys are looked for in so much of a line.
const MOST_CHARS: usize = 1000;

/// An error of the parser at `span` as a finding with its place.
pub(super) fn told(text: &str, span: Span, error: &ErrorKind) -> (Span, Diagnostic) {
    let lines = Lines { text, span };
    lines
        .touching_colon()
        .or_else(|| lines.brackets_without_colon())
        .or_else(|| lines.reserved(error))
        .or_else(|| lines.bracket(error))
        .or_else(|| lines.colon(error))
        .unwrap_or_else(|| (span, found(entry(error))))
}

fn found(detail: &'static str) -> Diagnostic {
    let found = Diagnostic::of(problems::SYNTAX).entry("detail", detail);
    match detail {
        "syntax.escape" => found.help("syntax.escape_help"),
        "syntax.after_quote" => found.help("syntax.after_quote_help"),
        "syntax.quote" => found.help("syntax.quote_help"),
        "syntax.bracket" | "syntax.bracket_closed" => found.help("syntax.bracket_help"),
        "syntax.block" => found.help("syntax.block_help"),
        "syntax.two_colons" => found.help("syntax.two_colons_help"),
        "syntax.two_commas" => found.help("syntax.two_commas_help"),
        "syntax.indent" => found.help("syntax.indent_help"),
        "syntax.tab" => found.help("check.tab_help"),
        _ => found,
    }
}

/// The text of an error that says nothing more by its surroundings.
fn entry(error: &ErrorKind) -> &'static str {
    use ErrorKind as Kind;
    match error {
        Kind::UnknownQuotedScalarEscape
        | Kind::InvalidQuotedScalarHexEscape
        | Kind::InvalidLowSurrogateHexEscape
        | Kind::InvalidLowSurrogate
        | Kind::MissingLowSurrogate
        | Kind::UnpairedLowSurrogate
        | Kind::InvalidUnicodeEscape => "syntax.escape",
        Kind::UnclosedQuotedScalar
        | Kind::DocumentIndicatorInQuotedScalar
        | Kind::InvalidQuotedScalarIndent => "syntax.quote",
        Kind::InvalidTrailingSingleQuotedScalar | Kind::InvalidTrailingDoubleQuotedScalar => {
            "syntax.after_quote"
        }
        Kind::TabNotAllowed
        | Kind::TabInBlockIndentation
        | Kind::TabAtBlockScalarStart
        | Kind::TabInIndentation
        | Kind::TabInPlainScalar => "syntax.tab",
        Kind::InvalidBlockScalarHeader
        | Kind::ZeroBlockScalarIndent
        | Kind::InvalidBlockScalarIndent => "syntax.block",
        Kind::SimpleKeyExpected | Kind::InvalidSimpleKey => "syntax.no_colon",
        Kind::InvalidIndentation
        | Kind::ExpectedBlockMappingKey
        | Kind::ExpectedBlockSequenceEntry
        | Kind::BlockSequenceEntryNotAllowed
        | Kind::MappingKeyNotAllowed
        | Kind::MappingValueNotAllowed
        | Kind::UnexpectedEofBlockMapping
        | Kind::UnexpectedEofBlockSequence => "syntax.indent",
        Kind::MisplacedFlowCollectionEnd => "syntax.bracket_extra",
        Kind::RecursionLimitExceeded => "syntax.deep",
        _ => "syntax.other",
    }
}

/// The text around the place of an error.
struct Lines<'t> {
    text: &'t str,
    span: Span,
}

impl<'t> Lines<'t> {
    fn line(&self, number: usize) -> &'t str {
        let line = number
            .checked_sub(1)
            .and_then(|at| self.text.lines().nth(at));
        line.unwrap_or_default()
    }

    /// `any:[退款]`: on the line of the error or the one above, a key whose colon touches its
    /// value.
    fn touching_colon(&self) -> Option<(Span, Diagnostic)> {
        let line = self.span.line;
        [line, line.saturating_sub(1)].into_iter().find_map(|line| {
            let content = self.line(line);
            let mut starts = content
                .char_indices()
                .take(MOST_CHARS)
                .filter(|(at, c)| {
                    let before = content[..*at].chars().next_back();
                    c.is_ascii_lowercase() && before.is_none_or(|c| " -{,".contains(c))
                })
                .map(|(at, _)| at);
            starts.find_map(|start| {
                let (key, rest) = content[start..].split_once(':')?;
                let whole_line = content[..start].trim_start_matches([' ', '-']).is_empty();
                let touches = rest.chars().next().is_some_and(|c| {
                    // Inside a line only a bracket tells a key from a time or an address.
                    matches!(c, '[' | '{') || (whole_line && !c.is_whitespace() && c != '/')
                });
                (is_key(key) && touches).then(|| {
                    let column = content[..start].chars().count() + 1;
                    let span = Span::new(line, column, key.len() + 1);
                    (
                        span,
                        Diagnostic::of(problems::COLON_SPACE).value("key", key),
                    )
                })
            })
        })
    }

    /// `when {any: [退款]}`: a key whose brackets follow it at once.
    fn brackets_without_colon(&self) -> Option<(Span, Diagnostic)> {
        let content = self.line(self.span.line);
        let start = content.trim_start_matches([' ', '-']);
        let (key, rest) = start.split_once(' ')?;
        let column = content.chars().count() - start.chars().count() + 1;
        let bare = is_key(key) && rest.trim_start().starts_with(['{', '[']);
        bare.then(|| no_colon(self.span.line, column, key))
    }

    /// A text that begins with a sign which YAML keeps for itself.
    fn reserved(&self, error: &ErrorKind) -> Option<(Span, Diagnostic)> {
        let here = self.line(self.span.line).chars();
        let here = here.skip(self.span.column - 1).find(|c| !c.is_whitespace());
        let sign = match error {
            ErrorKind::UnexpectedCharacter { character } => *character,
            ErrorKind::MissingAnchorOrAliasName => {
                here.filter(|c| "*&".contains(*c)).unwrap_or('*')
            }
            ErrorKind::MissingDirectiveName | ErrorKind::InvalidDirectiveName => '%',
            ErrorKind::ExpectedNodeContent | ErrorKind::DirectiveDisallowed
                if here == Some('%') =>
            {
                '%'
            }
            _ => return None,
        };
        let found = Diagnostic::of(problems::SYNTAX)
            .value("sign", sign)
            .entry("detail", "syntax.sign")
            .help("syntax.sign_help");
        Some((self.span, found))
    }

    /// A bracket that was not closed is noticed far behind it.
    fn bracket(&self, error: &ErrorKind) -> Option<(Span, Diagnostic)> {
        use ErrorKind as Kind;
        if let Kind::MismatchedFlowCollectionEnd { open, .. } = error {
            return Some((self.span, unclosed("syntax.bracket_closed", *open)));
        }
        let (sign, span) = open_bracket(self.text, self.span.line, self.span.column)?;
        // Lists over several lines are fine; what goes wrong in one mostly is its end.
        if self.span.line != span.line {
            return Some((span, unclosed("syntax.bracket", sign)));
        }
        if let Some(column) = self.two_commas() {
            let span = Span::new(self.span.line, column, 1);
            return Some((span, found("syntax.two_commas")));
        }
        let here = self.line(self.span.line).chars().nth(self.span.column - 1);
        match error {
            Kind::UnclosedFlowCollection { .. }
            | Kind::UnexpectedEofFlowSequence
            | Kind::UnexpectedEofFlowMapping
            | Kind::UnexpectedEofImplicitFlowMapping
            | Kind::UnexpectedEof
            | Kind::UnexpectedEndOfPlainScalar => Some((span, unclosed("syntax.bracket", sign))),
            Kind::MappingValueNotAllowed
            | Kind::ExpectedFlowMappingSeparator
            | Kind::ExpectedFlowSequenceSeparator
                if here == Some(':') =>
            {
                Some((self.span, found("syntax.two_colons")))
            }
            Kind::ExpectedFlowMappingSeparator | Kind::ExpectedFlowSequenceSeparator => {
                Some((self.span, unclosed("syntax.no_comma", sign)))
            }
            _ => None,
        }
    }

    /// The column of a comma behind another one.
    fn two_commas(&self) -> Option<usize> {
        let mut before = false;
        let line = self.line(self.span.line).chars();
        for (c, column) in line.zip(1..).skip(self.span.column.saturating_sub(3)) {
            match c {
                ',' if before => return Some(column),
                ',' => before = true,
                _ if c.is_whitespace() => {}
                _ => before = false,
            }
        }
        None
    }

    /// A colon behind another of the same line, or one that the line above lacks.
    fn colon(&self, error: &ErrorKind) -> Option<(Span, Diagnostic)> {
        let here: String = {
            let line = self.line(self.span.line).chars();
            line.take(self.span.column - 1).collect()
        };
        if matches!(error, ErrorKind::MappingValueNotAllowed) && here.contains(": ") {
            return Some((self.span, found("syntax.two_colons")));
        }
        let number = self.span.line.checked_sub(1)?;
        let above = self.line(number);
        let start = above.trim_start_matches([' ', '-']);
        let key = start.split([' ', '\t']).next().unwrap_or_default();
        let alone = is_key(key) && key != start.trim_end() && !start.contains(": ");
        (alone && !start.ends_with(':')).then(|| {
            let column = above.chars().count() - start.chars().count() + 1;
            no_colon(number, column, key)
        })
    }
}

/// A key without its colon.
fn no_colon(line: usize, column: usize, key: &str) -> (Span, Diagnostic) {
    let found = Diagnostic::of(problems::NO_COLON).value("key", key);
    (Span::new(line, column, key.len()), found)
}

/// A bracket without its other half.
fn unclosed(detail: &'static str, sign: char) -> Diagnostic {
    let closing = if sign == '[' { ']' } else { '}' };
    found(detail).value("sign", sign).value("closing", closing)
}
