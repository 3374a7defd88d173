//! What only the whole set shows: rules that never fire, tags written in two ways, seasons
//! that overlap. Nothing is said that is not certain: a warning that is wrong once is not
//! read again.

mod covered;
pub(super) use covered::parts;
mod seasons;
mod tags;

use std::collections::BTreeMap;
use std::path::Path;

use super::load::References;
use super::model::{Place, Rule, RuleSet};
use crate::diagnostic::{Diagnostic, Report, Span};
use crate::templates::load::shown;

/// What belongs to a place is looked for in this many lines from it on.
const NEAR: usize = 80;

/// The files, to show the line that a finding is about.
pub(super) struct Files<'f> {
    pub(super) dir: &'f Path,
    pub(super) files: &'f BTreeMap<String, Vec<u8>>,
}

/// Looks at a set without errors.
pub(super) fn whole(
    set: &RuleSet,
    references: &References<'_>,
    files: &Files<'_>,
    report: &mut Report,
) {
    covered::find(set, files, report);
    seasons::find(set, references, files, report);
    tags::find(set, references, files, report);
}

impl Files<'_> {
    /// Where a rule is, for a text.
    fn place_of(&self, rule: &Rule) -> String {
        format!("{}:{}", shown(self.dir, &rule.place.file), rule.place.line)
    }

    /// Reports at the first occurrence of `text` in a rule, else where the rule begins.
    fn add(&self, rule: &Rule, text: &str, found: Diagnostic, report: &mut Report) {
        let Place { file, line } = &rule.place;
        let bytes = self.files.get(&**file).map_or(&[][..], Vec::as_slice);
        let source = String::from_utf8_lossy(bytes);
        let mut lines = source.lines().skip(line.saturating_sub(1));
        let first = lines.next().unwrap_or_default();
        let (number, shown_line, at) = std::iter::once(first)
            .chain(lines)
            .take(NEAR)
            .zip(*line..)
            .find_map(|(content, number)| Some((number, content, content.find(text)?)))
            .unwrap_or((*line, first, 0));
        let column = shown_line[..at].chars().count() + 1;
        let span = Span::new(number, column, text.chars().count());
        let name = shown(self.dir, file);
        report.push(found.at(name, span).line(shown_line));
    }
}
