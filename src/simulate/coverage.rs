//! Which rules no test makes fire, and which no test sees held back.

use std::collections::{BTreeMap, BTreeSet};

use super::happened::Happened;
use super::model::{Step, Want};
use super::run::Outcome;
use super::world::World;
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Kind, Part, Report, Span};
use crate::domain::ids::RuleId;
use crate::process::playbook::Playbook;
use crate::rules::problems::{UNTESTED, UNTESTED_SILENCE};
use crate::rules::{Mode, Reason, Rule, Verdict, nearly_fired};
use crate::templates::load::shown;

/// What tests reach.
#[derive(Debug, Clone, Default)]
pub(super) struct Covered {
    fired: BTreeSet<RuleId>,
    held_back: BTreeSet<RuleId>,
}

impl Covered {
    /// Notes a step that expects something.
    pub(super) fn note(&mut self, world: &World<'_>, step: &Step, happened: &[Happened]) {
        if step.expect.is_empty() {
            return;
        }
        let fired = happened.iter().flat_map(Happened::fired);
        self.fired.extend(fired.cloned());
        let mut quiet = false;
        for expectation in &step.expect {
            match &expectation.want {
                Want::NotRule(id) | Want::Skipped(id, _) => {
                    self.held_back.insert(id.clone());
                }
                Want::Nothing | Want::Only(_) => quiet = true,
                _ => {}
            }
        }
        if quiet {
            for one in happened.iter().filter(|one| !one.is_own()) {
                self.note_quiet(world, one);
            }
        }
    }

    /// Nobody named the rules that are silent here: those count that could have fired.
    fn note_quiet(&mut self, world: &World<'_>, happened: &Happened) {
        let rules = world.playbook().rules.rules();
        let trace = world.explain(happened).trace;
        for (rule, step) in rules.iter().zip(trace.steps) {
            let Verdict::Skipped(reason) = step.verdict else {
                continue;
            };
            let elsewhere = matches!(
                reason,
                Reason::Off | Reason::Author | Reason::Trigger { .. } | Reason::Channel { .. }
            );
            let counts =
                !elsewhere && (!has_guard(rule) || nearly_fired(rule, &reason, &happened.inbound));
            if counts {
                self.held_back.insert(rule.id.clone());
            }
        }
    }
}

/// Whether something beside its words holds it back.
fn has_guard(rule: &Rule) -> bool {
    let when = &rule.when;
    !when.none.is_empty() || !when.contact.is_empty() || when.hits.is_some() || rule.hours.is_some()
}

/// Whether it can be held back at all.
fn has_condition(rule: &Rule) -> bool {
    let when = &rule.when;
    let words = !when.any.is_empty() || !when.all.is_empty() || when.regex.is_some();
    words || has_guard(rule) || !when.types.is_empty()
}

/// The rules that the tests of a run leave out, one finding for each file. Where there are no
/// tests at all there is nothing to find.
#[must_use]
pub fn coverage(config: &Config, playbook: &Playbook, outcome: &Outcome) -> Report {
    let mut report = Report::default();
    if outcome.results.is_empty() || outcome.stopped {
        return report;
    }
    let covered = &outcome.covered;
    let rules = || {
        playbook
            .rules
            .rules()
            .iter()
            .filter(|rule| rule.mode != Mode::Off)
    };
    let unfired = rules().filter(|rule| !covered.fired.contains(&rule.id));
    let unfired: Vec<&Rule> = unfired.collect();
    let loose = rules().filter(|rule| {
        rule.mode == Mode::On
            && has_condition(rule)
            && covered.fired.contains(&rule.id)
            && !covered.held_back.contains(&rule.id)
    });
    let loose: Vec<&Rule> = loose.collect();
    tell(config, UNTESTED, &unfired, &mut report);
    tell(config, UNTESTED_SILENCE, &loose, &mut report);
    report
}

fn tell(config: &Config, kind: Kind, rules: &[&Rule], report: &mut Report) {
    let mut files: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    for rule in rules {
        files.entry(&rule.place.file).or_default().push(rule);
    }
    for (file, mut rules) in files {
        rules.sort_by_key(|rule| rule.place.line);
        let names: Vec<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
        let line = rules.first().map_or(1, |rule| rule.place.line);
        let mut found = Diagnostic::of(kind)
            .value("count", names.len().to_string())
            .value("rules", names.join(", "))
            .part(Part::Tests)
            .at(shown(&config.paths.rules, file), Span::new(line, 1, 1));
        let written = std::fs::read_to_string(config.paths.rules.join(file));
        if let Some(source) = written
            .iter()
            .flat_map(|text| text.lines())
            .nth(line.saturating_sub(1))
        {
            found = found.line(source);
        }
        report.push(found);
    }
}
