//! The silent mistakes of YAML in Chinese, found in the raw text before it is parsed.
//!
//! The scanner knows just enough YAML (quotes, comments, brackets, block texts) to tell a
//! Chinese comma between two keywords from one inside a sentence.

use super::problems;
use crate::diagnostic::{Kind, Span};

/// Everything that can be found here. What the parser says near by is a consequence.
pub(super) const KINDS: &[Kind] = &[
    problems::TAB,
    problems::WIDE_COLON,
    problems::WIDE_COMMA,
    problems::WIDE_QUOTE,
    problems::WIDE_SPACE,
    problems::SWALLOWED,
    problems::BARE_COMPARE,
    problems::CONTROL,
    problems::INVISIBLE,
    problems::DASH_SPACE,
    problems::WIDE_BRACKET,
];

/// A file with more mistakes of this kind is shown, and mended, in part.
const MOST_LINTS: usize = 10_000;
/// What closes a quotation is looked for in so many characters.
const MOST_AHEAD: usize = 400;

/// A mistake, and the characters that mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lint {
    pub(super) kind: Kind,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) found: String,
    /// Replacements as (column, new text), one character each.
    pub(super) fixes: Vec<(usize, &'static str)>,
}

/// All mistakes of a text, in order.
pub(super) fn scan(text: &str) -> Vec<Lint> {
    let mut scanner = Scanner::default();
    for (index, line) in text.lines().enumerate() {
        scanner.line(index + 1, line);
        if scanner.lints.len() >= MOST_LINTS {
            break;
        }
    }
    scanner.lints
}

/// The innermost bracket that is open before a place, and where it stands.
pub(super) fn open_bracket(text: &str, line: usize, column: usize) -> Option<(char, Span)> {
    let mut scanner = Scanner::default();
    for (number, content) in (1..=line).zip(text.lines()) {
        if number < line {
            scanner.line(number, content);
        } else {
            let before: String = content.chars().take(column.saturating_sub(1)).collect();
            scanner.line(number, &before);
        }
    }
    let open = scanner.flow.pop()?;
    Some((open.sign, Span::new(open.line, open.column, 1)))
}

/// A bracket that is open.
#[derive(Debug, Clone, Copy)]
struct Open {
    sign: char,
    line: usize,
    column: usize,
}

#[derive(Default)]
struct Scanner {
    lints: Vec<Lint>,
    /// Open brackets.
    flow: Vec<Open>,
    /// The quote that is open.
    quote: Option<char>,
    /// A block text (`|`, `>`) lasts while lines are indented deeper than this.
    block: Option<usize>,
    line: usize,
    chars: Vec<char>,
    /// Where the current plain text began.
    token: usize,
    /// Nothing of the current value or key was seen yet.
    fresh: bool,
    /// The current text can still become a key.
    key_place: bool,
}

impl Scanner {
    fn line(&mut self, number: usize, line: &str) {
        self.line = number;
        self.chars.clear();
        self.chars.extend(line.chars());
        self.control();
        let indent = self.chars.iter().take_while(|c| c.is_whitespace()).count();
        if let Some(parent) = self.block {
            if indent > parent || indent == self.chars.len() {
                return;
            }
            self.block = None;
        }
        let mut at = 0;
        if self.quote.is_none() {
            self.indentation(indent);
            at = indent;
            self.begin(at, true);
            if self
                .chars
                .get(at..)
                .is_some_and(|rest| rest == ['-', '-', '-'])
            {
                return;
            }
            self.dash(at);
        }
        while at < self.chars.len() {
            at = self.step(at, indent);
        }
    }

    /// No editor writes these; a damaged or binary file has them.
    fn control(&mut self) {
        let control = |c: &char| c.is_control() && *c != '\t';
        if let Some(at) = self.chars.iter().position(control) {
            self.report(problems::CONTROL, at, Vec::new());
        }
    }

    /// `-退款`: no element of a list, but a text that goes on.
    fn dash(&mut self, at: usize) {
        let joined = |c: char| !c.is_whitespace() && !c.is_ascii_digit() && c != '-';
        let is_dash = self.flow.is_empty() && self.chars.get(at) == Some(&'-');
        if is_dash && self.after(at).is_some_and(joined) {
            self.report(problems::DASH_SPACE, at, vec![(at, "- ")]);
        }
    }

    fn indentation(&mut self, indent: usize) {
        if indent == self.chars.len() {
            return;
        }
        let lead = &self.chars[..indent];
        if let Some(at) = lead.iter().position(|c| *c == '\t') {
            let fixes = (0..indent)
                .filter(|at| self.chars[*at] == '\t')
                .map(|at| (at, "  "))
                .collect();
            self.report(problems::TAB, at, fixes);
        } else if let Some(at) = lead.iter().position(|c| is_wide_space(*c)) {
            self.wide_space(at);
        }
    }

    /// Handles the character at `at`; returns where to go on.
    fn step(&mut self, at: usize, indent: usize) -> usize {
        let c = self.chars[at];
        if let Some(quote) = self.quote {
            return self.quoted(at, c, quote);
        }
        if c == '#' && (at == 0 || self.chars[at - 1].is_whitespace()) {
            self.comment(at);
            return self.chars.len();
        }
        if is_invisible(c) {
            self.report(problems::INVISIBLE, at, vec![(at, "")]);
            return at + 1;
        }
        if self.fresh && !c.is_whitespace() {
            self.token = at;
            return self.opening(at, c, indent);
        }
        match c {
            ']' | '}' => {
                self.flow.pop();
                self.fresh = false;
                self.key_place = false;
            }
            ',' if !self.flow.is_empty() => self.begin(at + 1, true),
            ':' if self.ends_key(at) => self.begin(at + 1, false),
            ':' if self.after(at).is_some_and(is_wide_space) && self.key_place => {
                self.wide_space(at + 1);
                self.begin(at + 2, false);
                return at + 2;
            }
            '：' if self.key_place && self.looks_like_key(at) => {
                self.report(problems::WIDE_COLON, at, vec![(at, ": ")]);
                self.begin(at + 1, false);
            }
            '，' | '、' if self.is_separator(at) => {
                self.report(problems::WIDE_COMMA, at, vec![(at, ", ")]);
                self.begin(at + 1, true);
            }
            c if self.fresh && is_wide_space(c) => self.wide_space(at),
            _ => {}
        }
        at + 1
    }

    /// The first character of a key or value.
    fn opening(&mut self, at: usize, c: char, indent: usize) -> usize {
        self.fresh = false;
        match c {
            '"' | '\'' => self.quote = Some(c),
            '[' | '{' => {
                self.flow.push(Open {
                    sign: c,
                    line: self.line,
                    column: at + 1,
                });
                self.begin(at + 1, true);
            }
            ']' | '}' => {
                self.flow.pop();
                self.key_place = false;
            }
            ',' => self.begin(at + 1, true),
            '-' if self.flow.is_empty() && self.after(at).is_none_or(char::is_whitespace) => {
                if self.after(at).is_some_and(is_wide_space) {
                    self.wide_space(at + 1);
                    self.begin(at + 2, true);
                    return at + 2;
                }
                self.begin(at + 1, true);
            }
            '|' | '>' if self.flow.is_empty() && self.is_block_header(at) => {
                self.block = Some(indent);
                return self.chars.len();
            }
            '>' => self.report(problems::BARE_COMPARE, at, Vec::new()),
            '!' if self.after(at) == Some('=') => {
                self.report(problems::BARE_COMPARE, at, Vec::new());
            }
            '“' | '”' | '「' | '『' | '‘' | '’' => self.wide_quote(at, c),
            '［' | '｛' => self.wide_bracket(at, c),
            '，' | '、' if self.is_separator(at) => {
                self.report(problems::WIDE_COMMA, at, vec![(at, ", ")]);
                self.begin(at + 1, true);
            }
            _ => {}
        }
        at + 1
    }

    fn quoted(&mut self, at: usize, c: char, quote: char) -> usize {
        if quote == '"' && c == '\\' {
            return at + 2;
        }
        if c == quote {
            if quote == '\'' && self.after(at) == Some('\'') {
                return at + 2;
            }
            self.quote = None;
        }
        at + 1
    }

    fn begin(&mut self, at: usize, key_place: bool) {
        self.token = at;
        self.fresh = true;
        self.key_place = key_place && self.bracket() != Some('[');
    }

    /// The innermost bracket that is open.
    fn bracket(&self) -> Option<char> {
        self.flow.last().map(|open| open.sign)
    }

    fn after(&self, at: usize) -> Option<char> {
        self.chars.get(at + 1).copied()
    }

    /// A colon ends a key when white space, the end or a flow mark follows.
    fn ends_key(&self, at: usize) -> bool {
        self.key_place
            && self.after(at).is_none_or(|next| {
                (next.is_whitespace() && !is_wide_space(next))
                    || (!self.flow.is_empty() && ",[]{}".contains(next))
            })
    }

    /// Keys are English words; a name may be Chinese when a list or map follows it.
    fn looks_like_key(&self, at: usize) -> bool {
        // A quoted text may have ended on this line with the last token further on before it.
        let token = self.chars.get(self.token..at).unwrap_or_default();
        let rest: String = self.chars[at + 1..].iter().take(MOST_AHEAD).collect();
        let rest = rest.trim();
        let word = token.iter().all(|c| c.is_ascii_alphanumeric() || *c == '_');
        !token.is_empty() && (word || rest.is_empty() || rest.starts_with(['[', '{']))
    }

    /// In a list every Chinese comma was meant to separate; in a map only before a key.
    fn is_separator(&self, at: usize) -> bool {
        match self.bracket() {
            Some('[') => true,
            Some(_) => {
                let rest = &self.chars[at + 1..self.chars.len().min(at + MOST_AHEAD)];
                let word = rest
                    .iter()
                    .skip_while(|c| c.is_whitespace())
                    .take_while(|c| c.is_ascii_alphanumeric() || **c == '_')
                    .count();
                let end = rest.iter().take_while(|c| c.is_whitespace()).count() + word;
                word > 0 && matches!(rest.get(end), Some(':' | '：'))
            }
            None => false,
        }
    }

    fn is_block_header(&self, at: usize) -> bool {
        let rest: String = self.chars[at + 1..].iter().collect();
        let rest = rest.split('#').next().unwrap_or_default().trim();
        rest.chars().all(|c| c == '-' || c == '+')
    }

    /// `[退款 #1]`: the bracket that should close the list stands in the comment.
    fn comment(&mut self, at: usize) {
        let Some(open) = self.bracket() else {
            return;
        };
        let close = if open == '[' { ']' } else { '}' };
        if self.chars[at..].contains(&close) {
            self.report(problems::SWALLOWED, at, Vec::new());
            self.flow.pop();
        }
    }

    fn wide_quote(&mut self, at: usize, open: char) {
        let closing = match open {
            '「' => "」",
            '『' => "』",
            '‘' | '’' => "’‘",
            _ => "”“",
        };
        let until = self.chars.len().min(at + MOST_AHEAD);
        let end = (at + 1..until).find(|at| closing.contains(self.chars[*at]));
        let mut fixes = vec![(at, "\"")];
        fixes.extend(end.map(|end| (end, "\"")));
        // Only a text that is quoted as a whole was meant to be quoted.
        let whole = end.is_some_and(|end| {
            let rest: String = self.chars[end + 1..].iter().take(MOST_AHEAD).collect();
            let rest = rest.trim_start();
            rest.is_empty() || rest.starts_with([',', ']', '}', '，', '、', ':', '：', '#'])
        });
        if whole {
            self.report(problems::WIDE_QUOTE, at, fixes);
        }
    }

    /// `［退款］`: a list in brackets that YAML does not know.
    fn wide_bracket(&mut self, at: usize, open: char) {
        let (close, fixes) = match open {
            '［' => ('］', ["[", "]"]),
            _ => ('｝', ["{", "}"]),
        };
        let until = self.chars.len().min(at + MOST_AHEAD);
        let end = (at + 1..until).find(|at| self.chars[*at] == close);
        let mut mended = vec![(at, fixes[0])];
        mended.extend(end.map(|end| (end, fixes[1])));
        self.report(problems::WIDE_BRACKET, at, mended);
    }

    fn wide_space(&mut self, at: usize) {
        self.report(problems::WIDE_SPACE, at, vec![(at, " ")]);
    }

    fn report(&mut self, kind: Kind, at: usize, fixes: Vec<(usize, &'static str)>) {
        self.lints.push(Lint {
            kind,
            line: self.line,
            column: at + 1,
            found: shown(self.chars[at]),
            fixes,
        });
    }
}

/// A character that cannot be seen is named by its number.
fn shown(c: char) -> String {
    if c.is_control() || is_invisible(c) {
        format!("U+{:04X}", u32::from(c))
    } else {
        c.to_string()
    }
}

/// Copied along with text from pages and chats. Those that emoji are made of are not here.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

fn is_wide_space(c: char) -> bool {
    matches!(c, '\u{3000}' | '\u{00A0}')
}
