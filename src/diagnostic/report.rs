//! All findings of a run.

use std::ops::RangeInclusive;

use super::{Diagnostic, Kind, Severity, Source, Span};

/// The findings of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    items: Vec<Diagnostic>,
}

impl Report {
    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.items.push(diagnostic);
    }

    /// Adds the findings of another report.
    pub fn merge(&mut self, other: Self) {
        self.items.extend(other.items);
    }

    /// The findings, by file and place; those without a file first.
    #[must_use]
    pub fn items(&self) -> Vec<&Diagnostic> {
        let mut items: Vec<_> = self.items.iter().collect();
        items.sort_by(|a, b| (&a.file, a.span, a.code).cmp(&(&b.file, b.span, b.code)));
        items
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many findings of this severity there are.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.items
            .iter()
            .filter(|item| item.severity == severity)
            .count()
    }

    /// Whether something makes the files unusable.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.items
            .iter()
            .any(|item| item.severity == Severity::Error)
    }
}

/// Where the findings about one file go.
#[derive(Debug)]
pub struct Findings<'a> {
    /// The file.
    pub source: &'a Source,
    /// Where they are collected.
    pub report: &'a mut Report,
}

impl<'a> Findings<'a> {
    /// Findings about `source`, collected in `report`.
    pub fn new(source: &'a Source, report: &'a mut Report) -> Self {
        Self { source, report }
    }

    /// Whether one of these kinds was already reported on one of these lines.
    pub(crate) fn has(&self, kinds: &[Kind], lines: RangeInclusive<usize>) -> bool {
        let name = self.source.name();
        self.report.items.iter().any(|item| {
            kinds.iter().any(|kind| kind.code == item.code)
                && item.file.as_deref() == Some(name)
                && item.span.is_some_and(|span| lines.contains(&span.line))
        })
    }

    /// Whether this kind was already reported at this place.
    pub(crate) fn has_at(&self, kind: Kind, span: Span) -> bool {
        let name = self.source.name();
        self.report.items.iter().any(|item| {
            item.code == kind.code && item.span == Some(span) && item.file.as_deref() == Some(name)
        })
    }

    /// Adds a finding at a place of the file.
    pub fn add(&mut self, span: Span, diagnostic: Diagnostic) {
        let line = self.source.line(span.line);
        let diagnostic = diagnostic.at(self.source.name(), span).line(line);
        self.report.push(diagnostic);
    }
}
