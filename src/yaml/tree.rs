//! A tree in which every key and value knows its place. The only file that names the parser.

use std::borrow::Cow;
use std::collections::HashSet;

use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, ScanError};

use super::{lint, problems, recover, syntax};
use crate::diagnostic::{Diagnostic, Findings, Kind, Span};

/// A value and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it begins.
    pub span: Span,
    /// What it is.
    pub data: Data,
}

/// What a value is. Scalars stay text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// Nothing was written.
    Empty,
    /// A text; `plain` if it was written without quotes.
    Text {
        /// The text.
        text: String,
        /// Written without quotes.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key is.
    pub span: Span,
    /// The value.
    pub value: Node,
}

impl Entry {
    fn is_empty(&self) -> bool {
        matches!(self.value.data, Data::Empty)
    }
}

impl Node {
    /// The value of a key, if this is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// A key with its value, if this is a map that has it.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The entries of a map; none for anything else.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.data {
            Data::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The elements of a list; a single value counts as a list of one.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.data {
            Data::List(items) => items,
            Data::Empty => &[],
            Data::Text { .. } | Data::Map(_) => std::slice::from_ref(self),
        }
    }

    /// The text of a scalar.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Text { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The texts of a list of words, or of a single word.
    pub fn words(&self) -> impl Iterator<Item = (&str, Span)> {
        self.items()
            .iter()
            .filter_map(|item| item.text().map(|text| (text, item.span)))
    }

    /// Whether it is text without quotes.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        matches!(self.data, Data::Text { plain: true, .. })
    }
}

/// Deeper files are refused: what walks the tree walks it by calling itself.
const MOST_LEVELS: usize = 64;
/// Maps with fewer keys are searched for a second key of the same name.
const FEW_KEYS: usize = 16;
/// A larger file is not read again around its syntax errors.
const MOST_RECOVERED: usize = 1024 * 1024;
/// A file with more syntax errors than this is shown in parts.
const MOST_ERRORS: usize = 20;

/// Parses a file, reporting everything that the raw text and the grammar show. What stands
/// around a syntax error is kept, so that it is checked too.
pub fn parse(findings: &mut Findings<'_>) -> Option<Node> {
    let source = findings.source;
    for lint in lints(source.text()) {
        let found = Diagnostic::of(lint.kind).value("found", lint.found.clone());
        findings.add(Span::new(lint.line, lint.column, 1), found);
    }
    let mut text = Cow::Borrowed(source.text());
    for round in 0..MOST_ERRORS {
        let built = build(&text);
        let nothing_found = built.found.is_empty();
        report(built.found, findings);
        let Some(error) = built.error else {
            let root = built.root;
            if root.is_none() && round == 0 && nothing_found {
                // A file cut short by an editor or a full disk must not pass for one in which
                // nothing is wanted any more.
                findings.add(Span::new(1, 1, 1), Diagnostic::of(problems::EMPTY));
            }
            // What was blanked is no second mistake for being empty.
            return root.filter(|root| round == 0 || !root.entries().iter().any(Entry::is_empty));
        };
        syntax(&text, &error, findings);
        let line = error.marker().line();
        let fails_at = |text: &str| build(text).error.map(|error| error.marker().line());
        if text.len() > MOST_RECOVERED {
            return built.root;
        }
        match recover::without_broken(&text, line, fails_at) {
            Some(rest) => text = Cow::Owned(rest),
            None => return built.root,
        }
    }
    None
}

/// The mistakes in a raw text. Behind a bracket that is never closed every Chinese comma looks
/// like one of a list: there the text is read as if its line were not there.
fn lints(text: &str) -> Vec<lint::Lint> {
    let mut lints = lint::scan(text);
    let unclosed = build(text).error.and_then(|error| {
        let mark = place(*error.marker(), *error.marker());
        let (_, open) = lint::open_bracket(text, mark.line, mark.column)?;
        (open.line < mark.line).then_some(open.line)
    });
    if let Some(line) = unclosed {
        let without = |(at, row)| if at + 1 == line { "" } else { row };
        let rest: Vec<&str> = text.split('\n').enumerate().map(without).collect();
        lints.retain(|lint| lint.line <= line);
        lints.extend(
            lint::scan(&rest.join("\n"))
                .into_iter()
                .filter(|lint| lint.line > line),
        );
    }
    lints
}

/// One attempt at a text.
struct Built {
    root: Option<Node>,
    found: Vec<(Span, Kind, String)>,
    error: Option<ScanError>,
}

fn build(text: &str) -> Built {
    let mut options = Options::default();
    options.emit_unresolved_aliases = true;
    let mut builder = Builder::default();
    let mut error = None;
    for next in Parser::new_from_str_with_options(text, options) {
        match next {
            Ok((event, span)) => {
                let tag = span.tag_span().map(|tag| place(tag.start, tag.end));
                if !builder.event(event, place(span.start, span.end), tag) {
                    break;
                }
            }
            Err(stop) => {
                error = Some(stop);
                builder.cut_short();
                break;
            }
        }
    }
    Built {
        root: builder.root,
        found: builder.found,
        error,
    }
}

/// Reports what is new and not the consequence of a lint.
fn report(found: Vec<(Span, Kind, String)>, findings: &mut Findings<'_>) {
    for (span, kind, key) in found {
        let same_line = span.line..=span.line;
        let consequence =
            kind == problems::TYPE_TAG && findings.has(lint::KINDS, same_line.clone());
        let again = match kind {
            // Two braces make a map in a map: one mistake.
            problems::KEY_NOT_TEXT => findings.has(&[kind], same_line),
            _ => findings.has_at(kind, span),
        };
        if !consequence && !again {
            let name = if kind == problems::TOO_DEEP {
                "most"
            } else {
                "key"
            };
            findings.add(span, Diagnostic::of(kind).value(name, key));
        }
    }
}

fn syntax(text: &str, error: &ScanError, findings: &mut Findings<'_>) {
    let mark = error.marker();
    let span = place(*mark, *mark);
    // A lint near by already says in plain words what the parser stumbled over.
    let near = span.line.saturating_sub(1)..=span.line + 1;
    if !findings.has(lint::KINDS, near) {
        let (span, found) = syntax::told(text, span, error.kind());
        findings.add(span, found);
    }
}

/// Keys are English words.
pub(super) fn is_key(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_lowercase())
        && chars.all(|c| c.is_ascii_lowercase() || c == '_')
}

fn place(start: Marker, end: Marker) -> Span {
    let len = if start.line() == end.line() {
        end.col().saturating_sub(start.col())
    } else {
        1
    };
    Span::new(start.line().max(1), start.col() + 1, len)
}

/// A collection whose end was not reached yet.
enum Open {
    List(Span, Vec<Node>),
    Map(Span, Vec<Entry>, Option<(String, Span)>, Keys),
}

/// The keys of a map that was read so far. Small maps are searched, large ones hashed.
#[derive(Default)]
struct Keys(HashSet<String>);

impl Keys {
    /// Whether the key is new; `entries` are those before it.
    fn is_new(&mut self, key: &str, entries: &[Entry]) -> bool {
        if entries.len() < FEW_KEYS {
            return entries.iter().all(|entry| entry.key != key);
        }
        if self.0.is_empty() {
            self.0 = entries.iter().map(|entry| entry.key.clone()).collect();
        }
        self.0.insert(key.to_owned())
    }
}

#[derive(Default)]
struct Builder {
    stack: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    found: Vec<(Span, Kind, String)>,
}

impl Builder {
    /// Takes one event; false when the rest of the file cannot be used.
    fn event(&mut self, event: Event<'_>, span: Span, tag_span: Option<Span>) -> bool {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.refuse(problems::SECOND_DOCUMENT, span);
                    return false;
                }
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.refuse(problems::ANCHOR, span);
                // A text stands in for it, so that its place is not reported as empty too.
                let data = Data::Text {
                    text: "*".to_owned(),
                    plain: false,
                };
                self.value(span, data);
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.properties(anchor, tag.map(|_| tag_span.unwrap_or(span)), span);
                let plain = style == ScalarStyle::Plain;
                let data = if plain && matches!(&*text, "" | "~" | "null") {
                    Data::Empty
                } else {
                    Data::Text {
                        text: text.into_owned(),
                        plain,
                    }
                };
                self.value(span, data);
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.properties(anchor, tag.map(|_| tag_span.unwrap_or(span)), span);
                self.stack.push(Open::List(span, Vec::new()));
            }
            Event::MappingStart(_, anchor, tag) => {
                self.properties(anchor, tag.map(|_| tag_span.unwrap_or(span)), span);
                self.stack
                    .push(Open::Map(span, Vec::new(), None, Keys::default()));
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            _ => {}
        }
        if self.stack.len() > MOST_LEVELS {
            self.found
                .push((span, problems::TOO_DEEP, MOST_LEVELS.to_string()));
            return false;
        }
        true
    }

    fn close(&mut self) {
        match self.stack.pop() {
            Some(Open::List(span, items)) => self.value(span, Data::List(items)),
            Some(Open::Map(span, entries, ..)) => self.value(span, Data::Map(entries)),
            None => {}
        }
    }

    fn value(&mut self, span: Span, data: Data) {
        let key_wanted = matches!(self.stack.last(), Some(Open::Map(_, _, None, _)));
        if key_wanted {
            let key = self.key_text(span, data);
            if let Some(Open::Map(_, _, pending, _)) = self.stack.last_mut() {
                *pending = Some((key, span));
            }
            return;
        }
        let node = Node { span, data };
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, entries, pending, keys)) => {
                let Some((key, span)) = pending.take() else {
                    return;
                };
                if keys.is_new(&key, entries) {
                    let value = node;
                    entries.push(Entry { key, span, value });
                } else {
                    self.found.push((span, problems::DUPLICATE_KEY, key));
                }
            }
        }
    }

    fn key_text(&mut self, span: Span, data: Data) -> String {
        if let Data::Text { text, .. } = data {
            if text == "<<" {
                self.refuse(problems::ANCHOR, span);
            }
            text
        } else {
            self.refuse(problems::KEY_NOT_TEXT, span);
            String::new()
        }
    }

    fn properties(&mut self, anchor: usize, tag: Option<Span>, span: Span) {
        if anchor != 0 {
            self.refuse(problems::ANCHOR, span);
        }
        if let Some(tag) = tag {
            self.refuse(problems::TYPE_TAG, tag);
        }
    }

    fn refuse(&mut self, kind: Kind, span: Span) {
        self.found.push((span, kind, String::new()));
    }

    /// After a syntax error: keeps complete list elements, drops maps that were half read.
    /// When nothing complete is left of the value that was being read, nothing is kept:
    /// what is missing then is no mistake of its own.
    fn cut_short(&mut self) {
        let mut inner: Option<Node> = None;
        while let Some(open) = self.stack.pop() {
            inner = match open {
                Open::List(span, mut items) => {
                    items.extend(inner.take());
                    let data = Data::List(items);
                    Some(Node { span, data }).filter(|node| !node.items().is_empty())
                }
                Open::Map(span, mut entries, Some((key, key_span)), _) if self.stack.is_empty() => {
                    inner.take().map(|value| {
                        entries.push(Entry {
                            key,
                            span: key_span,
                            value,
                        });
                        let data = Data::Map(entries);
                        Node { span, data }
                    })
                }
                Open::Map(..) => None,
            };
        }
        self.root = self.root.take().or(inner);
    }
}
