//! A tree in which every key and value knows its place. The only file that names the parser.

use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, ScanError};

use super::{lint, problems};
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

/// Parses a file, reporting everything that the raw text and the grammar show. What stands
/// before a syntax error is kept, so that it is checked too.
pub fn parse(findings: &mut Findings<'_>) -> Option<Node> {
    let source = findings.source;
    for lint in lint::scan(source.text()) {
        let found = Diagnostic::of(lint.kind).value("found", lint.found.clone());
        findings.add(Span::new(lint.line, lint.column, 1), found);
    }
    let mut options = Options::default();
    options.emit_unresolved_aliases = true;
    let mut builder = Builder::default();
    for next in Parser::new_from_str_with_options(source.text(), options) {
        match next {
            Ok((event, span)) => {
                let tag = span.tag_span().map(|tag| place(tag.start, tag.end));
                if !builder.event(event, place(span.start, span.end), tag, findings) {
                    break;
                }
            }
            Err(error) => {
                syntax(&error, findings);
                builder.cut_short();
                break;
            }
        }
    }
    builder.root
}

fn syntax(error: &ScanError, findings: &mut Findings<'_>) {
    let mark = error.marker();
    let span = place(*mark, *mark);
    // A lint near by already says in plain words what the parser stumbled over.
    let near = span.line.saturating_sub(1)..=span.line + 1;
    if !findings.has(lint::KINDS, near) {
        let found = Diagnostic::of(problems::SYNTAX).value("detail", error.info());
        findings.add(span, found);
    }
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
    Map(Span, Vec<Entry>, Option<(String, Span)>),
}

#[derive(Default)]
struct Builder {
    stack: Vec<Open>,
    root: Option<Node>,
    documents: usize,
}

impl Builder {
    /// Takes one event; false when the rest of the file cannot be used.
    fn event(
        &mut self,
        event: Event<'_>,
        span: Span,
        tag_span: Option<Span>,
        findings: &mut Findings<'_>,
    ) -> bool {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    findings.add(span, Diagnostic::of(problems::SECOND_DOCUMENT));
                    return false;
                }
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                refuse(problems::ANCHOR, span, findings);
                // A text stands in for it, so that its place is not reported as empty too.
                let data = Data::Text {
                    text: "*".to_owned(),
                    plain: false,
                };
                self.value(span, data, findings);
            }
            Event::Scalar(text, style, anchor, tag) => {
                properties(
                    anchor,
                    tag.map(|_| tag_span.unwrap_or(span)),
                    span,
                    findings,
                );
                let plain = style == ScalarStyle::Plain;
                let data = if plain && matches!(&*text, "" | "~" | "null") {
                    Data::Empty
                } else {
                    Data::Text {
                        text: text.into_owned(),
                        plain,
                    }
                };
                self.value(span, data, findings);
            }
            Event::SequenceStart(_, anchor, tag) => {
                properties(
                    anchor,
                    tag.map(|_| tag_span.unwrap_or(span)),
                    span,
                    findings,
                );
                self.stack.push(Open::List(span, Vec::new()));
            }
            Event::MappingStart(_, anchor, tag) => {
                properties(
                    anchor,
                    tag.map(|_| tag_span.unwrap_or(span)),
                    span,
                    findings,
                );
                self.stack.push(Open::Map(span, Vec::new(), None));
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(findings),
            _ => {}
        }
        true
    }

    fn close(&mut self, findings: &mut Findings<'_>) {
        match self.stack.pop() {
            Some(Open::List(span, items)) => self.value(span, Data::List(items), findings),
            Some(Open::Map(span, entries, _)) => self.value(span, Data::Map(entries), findings),
            None => {}
        }
    }

    fn value(&mut self, span: Span, data: Data, findings: &mut Findings<'_>) {
        match self.stack.last_mut() {
            None => self.root = Some(Node { span, data }),
            Some(Open::List(_, items)) => items.push(Node { span, data }),
            Some(Open::Map(_, entries, pending)) => match pending.take() {
                Some((key, key_span)) => {
                    if entries.iter().any(|entry| entry.key == key) {
                        let found = Diagnostic::of(problems::DUPLICATE_KEY).value("key", key);
                        findings.add(key_span, found);
                        return;
                    }
                    entries.push(Entry {
                        key,
                        span: key_span,
                        value: Node { span, data },
                    });
                }
                None => *pending = Some((key_text(span, data, findings), span)),
            },
        }
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
                Open::Map(span, mut entries, Some((key, key_span))) if self.stack.is_empty() => {
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

fn key_text(span: Span, data: Data, findings: &mut Findings<'_>) -> String {
    match data {
        Data::Text { text, .. } => {
            if text == "<<" {
                refuse(problems::ANCHOR, span, findings);
            }
            text
        }
        _ => {
            if !findings.has(&[problems::KEY_NOT_TEXT], span.line..=span.line) {
                refuse(problems::KEY_NOT_TEXT, span, findings);
            }
            String::new()
        }
    }
}

fn properties(anchor: usize, tag: Option<Span>, span: Span, findings: &mut Findings<'_>) {
    if anchor != 0 {
        refuse(problems::ANCHOR, span, findings);
    }
    if let Some(tag) = tag
        && !findings.has(lint::KINDS, tag.line..=tag.line)
    {
        refuse(problems::TYPE_TAG, tag, findings);
    }
}

fn refuse(kind: Kind, span: Span, findings: &mut Findings<'_>) {
    findings.add(span, Diagnostic::of(kind));
}
