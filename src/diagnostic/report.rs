//! All findings of a run.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::{Diagnostic, Kind, Part, Severity, Source, Span};

/// So many errors and so many warnings of one file are shown.
const MOST_FINDINGS: usize = 200;
/// A longer line is not repeated in a finding.
const LONGEST_LINE: usize = 8 * 1024;
/// Code and text of the finding that stands for the rest.
const TOO_MANY: (&str, &str) = ("Y032", "check.too_many");

/// The findings of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    items: Vec<Diagnostic>,
    /// By file, how many errors and warnings came from its lines.
    counts: BTreeMap<String, [usize; 2]>,
}

impl Report {
    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.items.push(diagnostic);
    }

    /// Takes out all findings of a kind.
    pub fn take(&mut self, kind: Kind) -> Vec<Diagnostic> {
        let is_it = |item: &mut Diagnostic| item.code == kind.code;
        self.items.extract_if(.., is_it).collect()
    }

    /// Adds the findings of another report.
    pub fn merge(&mut self, other: Self) {
        self.items.extend(other.items);
        for (name, more) in other.counts {
            let counts = self.counts.entry(name).or_default();
            for (count, more) in counts.iter_mut().zip(more) {
                *count += more;
            }
        }
    }

    /// The findings, by part, file and place; those without a file first.
    #[must_use]
    pub fn items(&self) -> Vec<&Diagnostic> {
        let mut items: Vec<_> = self.items.iter().collect();
        items.sort_by(|a, b| {
            (a.part, &a.file, a.span, a.code).cmp(&(b.part, &b.file, b.span, b.code))
        });
        items
    }

    /// How many values this machine does not have.
    #[must_use]
    pub fn missing_values(&self) -> usize {
        let missing = |item: &&Diagnostic| item.part == Part::Values;
        self.items.iter().filter(missing).count()
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

    /// Whether nothing more will be shown of the file.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.count_of(Severity::Error) > MOST_FINDINGS
    }

    fn count_of(&self, severity: Severity) -> usize {
        let counts = self.report.counts.get(self.source.name());
        counts.map_or(0, |counts| counts[severity as usize])
    }

    /// Adds a finding at a place of the file. A file that is wrong everywhere is shown in
    /// part: whether it can be used is known all the same.
    pub fn add(&mut self, span: Span, diagnostic: Diagnostic) {
        let count = self.count_of(diagnostic.severity);
        if count > MOST_FINDINGS {
            return;
        }
        let diagnostic = if count == MOST_FINDINGS {
            let most = MOST_FINDINGS.to_string();
            Diagnostic::new(TOO_MANY.0, diagnostic.severity, TOO_MANY.1).value("most", most)
        } else {
            diagnostic
        };
        let line = self.source.line(span.line);
        let name = self.source.name();
        let counts = self.report.counts.entry(name.to_owned()).or_default();
        counts[diagnostic.severity as usize] += 1;
        let mut diagnostic = diagnostic.at(name, span);
        if line.len() <= LONGEST_LINE {
            diagnostic = diagnostic.line(line);
        }
        self.report.push(diagnostic);
    }
}
