//! Running tests, within a bound.

use std::collections::BTreeSet;

use super::coverage::Covered;
use super::happened::{Deed, Happened, Past};
use super::judge::Scene;
use super::load::Suite;
use super::model::{Step, Test, TestFile, Want};
use super::problems;
use super::scene::{Act, Trait};
use super::world::{Runaway, World};
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Part, Report, Source, Span};
use crate::domain::effect::Effect;
use crate::domain::ids::RuleId;
use crate::process::decide::sop_changes;
use crate::process::playbook::Playbook;
use crate::rules::{Glance, Trace};

/// So many rules may be looked at in one run: some seconds on a small machine.
const MOST_WORK: u64 = 20_000_000;
/// So many failures are told with what happened; further ones without.
const MOST_TOLD: usize = 50;

/// What is wanted of a run.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Only tests with this in their name.
    pub filter: Option<String>,
    /// Note which rules the tests reach.
    pub coverage: bool,
}

/// How a run ended.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The tests that ran, in the order of the files.
    pub results: Vec<TestResult>,
    /// It was given up: the tests look at too many rules.
    pub stopped: bool,
    /// What the tests reach, if that was wanted.
    pub(super) covered: Covered,
}

/// How one test ended.
#[derive(Debug, Clone)]
pub struct TestResult {
    /// Its file.
    pub file: String,
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub span: Span,
    /// What is not as it should be.
    pub failures: Vec<Failure>,
}

/// An expectation that does not hold.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The step, from 1.
    pub step: usize,
    /// The step itself.
    pub what: Step,
    /// Where it is written.
    pub span: Span,
    /// The line of the file.
    pub line: String,
    /// What should be, in the words of the test file; `None` if timers went in a circle.
    pub expected: Option<String>,
    /// What is.
    pub got: String,
    /// Why something that was meant could not be done, as it is stored.
    pub why: Option<String>,
    /// What happened in the step; once for each step.
    pub happened: Vec<Told>,
}

/// What happened, as it is told.
#[derive(Debug, Clone)]
pub struct Told {
    /// What the rules said; nothing for tasks of our own.
    pub glance: Option<Glance>,
    /// Tags added and removed.
    pub tags: Vec<String>,
    /// Attributes that were set.
    pub set: Vec<(String, String)>,
    /// Points given or taken.
    pub points: i64,
    /// SOPs entered (`+id`) and left (`-id`).
    pub sops: Vec<String>,
    /// Reminders that are to come.
    pub reminders: Vec<Reminder>,
    /// What was to be sent.
    pub effects: Vec<Effect>,
    /// Actions that could not be done, and why.
    pub problems: Vec<(String, String)>,
}

/// A reminder that is to come.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Reminder {
    /// Who is reminded, as the rule names them.
    pub who: String,
    /// When, in the company's zone.
    pub at: String,
    /// Of what.
    pub text: String,
}

impl Told {
    /// What is to be told of this.
    #[must_use]
    pub fn of(world: &World<'_>, happened: &Happened, trace: &Trace, asked: &[&RuleId]) -> Self {
        let rules = &world.playbook().rules;
        let glance =
            (!happened.is_own()).then(|| Glance::of(rules, trace, &happened.inbound, asked));
        let change = happened.commit.contact.as_ref();
        let set = change.into_iter().flat_map(|change| &change.set);
        let problem = |deed: Deed| Some((deed.key, deed.problem?));
        Self {
            glance,
            tags: happened.tags(),
            set: set
                .map(|(name, value)| (name.clone(), value.to_string()))
                .collect(),
            points: change.map_or(0, |change| change.points),
            sops: moves(happened),
            reminders: world.reminders(&happened.commit.timers),
            effects: happened.effects().collect(),
            problems: happened.deeds().into_iter().filter_map(problem).collect(),
        }
    }
}

/// SOPs that began and ended; a step further is neither.
fn moves(happened: &Happened) -> Vec<String> {
    let change = happened.commit.contact.clone();
    let mut change = change.unwrap_or_default();
    change.sops.retain(|change| {
        let before = happened.seen.sops.get(&change.sop);
        !change.to.is_running() || before.is_none_or(|b| b.started_at != change.to.started_at)
    });
    sop_changes(&change)
}

/// Runs the tests of a suite. Rules that only observe and plans that are switched off are
/// tested as if they were on.
#[must_use]
pub fn run(config: &Config, playbook: &Playbook, suite: &Suite, wish: &Wish) -> Outcome {
    let rehearsal = playbook.rehearsal();
    let playbook = rehearsal.as_ref().unwrap_or(playbook);
    let mut runner = Runner {
        config,
        playbook,
        wish,
        left: MOST_WORK,
        told: 0,
        outcome: Outcome::default(),
    };
    for file in &suite.files {
        for test in &file.tests {
            let wanted = wish.filter.as_ref();
            if wanted.is_some_and(|part| !test.name.contains(part)) {
                continue;
            }
            if runner.left == 0 {
                runner.outcome.stopped = true;
                return runner.outcome;
            }
            let result = runner.test(file, test);
            runner.outcome.results.push(result);
        }
    }
    runner.outcome
}

struct Runner<'r> {
    config: &'r Config,
    playbook: &'r Playbook,
    wish: &'r Wish,
    left: u64,
    told: usize,
    outcome: Outcome,
}

impl Runner<'_> {
    fn test(&mut self, file: &TestFile, test: &Test) -> TestResult {
        let mut world = World::new(self.config, self.playbook, test.start);
        // Who is a contact already, or a group that was made, is there for plans to find.
        let known = file.people.iter();
        for (name, who) in known.filter(|(_, who)| who.added_days.is_some()) {
            world.know(who.contact(who.person(name), name, test.start));
        }
        let mut failures = Vec::new();
        for (step, number) in test.steps.iter().zip(1..) {
            match happen(&mut world, file, test, step) {
                Ok(past) => {
                    let failed = self.judge(&world, step, number, &past, &file.source);
                    failures.extend(failed);
                }
                Err(got) => {
                    failures.push(failure(step, number, step.span, &file.source, got));
                    break;
                }
            }
        }
        TestResult {
            file: file.source.name().to_owned(),
            name: test.name.clone(),
            span: test.span,
            failures,
        }
    }

    fn judge(
        &mut self,
        world: &World<'_>,
        step: &Step,
        number: usize,
        past: &Past,
        source: &Source,
    ) -> Vec<Failure> {
        let rules = self.playbook.rules.rules().len() as u64;
        let happened = past.happened.as_slice();
        let scene = Scene {
            world,
            past,
            happened,
        };
        let mut failures = Vec::new();
        self.spend(1 + happened.len() as u64);
        for expectation in &step.expect {
            if matches!(expectation.want, Want::Skipped(..)) {
                self.spend(rules);
            }
            if let Err(differs) = scene.judge(&expectation.want) {
                let span = expectation.span;
                failures.push(Failure {
                    expected: Some(differs.expected),
                    why: differs.why,
                    ..failure(step, number, span, source, differs.got)
                });
            }
        }
        if let Some(first) = failures.first_mut()
            && self.told < MOST_TOLD
        {
            self.told += 1;
            self.spend(rules);
            first.happened = told(world, step, happened);
        }
        if self.wish.coverage {
            self.spend(rules);
            self.outcome.covered.note(world, step, happened);
        }
        failures
    }

    fn spend(&mut self, work: u64) {
        self.left = self.left.saturating_sub(work);
    }
}

/// What came of a step: of what came due on the way if it only moves the clock, else of what
/// somebody did and of what is due at once because of it.
fn happen(
    world: &mut World<'_>,
    file: &TestFile,
    test: &Test,
    step: &Step,
) -> Result<Past, String> {
    let at = test.start.after(step.at);
    let runaway = |error: Runaway| error.to_string();
    let on_the_way = world.advance(at).map_err(runaway)?;
    let mut past = Past::default();
    match &step.act {
        None => return Ok(on_the_way),
        Some(Act::Somebody(doing)) => {
            let somebody = Trait::default();
            let who = file.people.get(&doing.who).unwrap_or(&somebody);
            past.happened.push(world.act(doing, who));
        }
        Some(Act::Operator(sop, order)) => world.order(sop, *order),
        Some(Act::Confirms(member)) => past.received = world.confirm(member),
    }
    past.and_then(world.advance(at).map_err(runaway)?);
    Ok(past)
}

fn failure(step: &Step, number: usize, span: Span, source: &Source, got: String) -> Failure {
    Failure {
        step: number,
        what: step.clone(),
        span,
        line: source.line(span.line).to_owned(),
        expected: None,
        got,
        why: None,
        happened: Vec::new(),
    }
}

fn told(world: &World<'_>, step: &Step, happened: &[Happened]) -> Vec<Told> {
    let asked: Vec<&RuleId> = step
        .expect
        .iter()
        .filter_map(|expectation| match &expectation.want {
            Want::Rule(id) | Want::NotRule(id) | Want::Skipped(id, _) => Some(id),
            _ => None,
        })
        .collect();
    let tell = |happened| Told::of(world, happened, &world.explain(happened).trace, &asked);
    happened.iter().map(tell).collect()
}

impl Outcome {
    /// How many tests failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        let failed = |result: &&TestResult| !result.failures.is_empty();
        self.results.iter().filter(failed).count()
    }

    /// How many files were run.
    #[must_use]
    pub fn files(&self) -> usize {
        let files: BTreeSet<&str> = self.results.iter().map(|one| one.file.as_str()).collect();
        files.len()
    }

    /// The failures as findings, each at its place in the test file.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut report = Report::default();
        for result in &self.results {
            for failure in &result.failures {
                let found = match &failure.expected {
                    Some(expected) => Diagnostic::of(problems::FAILED)
                        .value("expected", expected.as_str())
                        .value("got", failure.got.as_str()),
                    None => Diagnostic::of(problems::RUNAWAY),
                };
                let found = match &failure.why {
                    Some(why) => found.reason("why", why).text("check.test_failed_why"),
                    None => found,
                };
                report.push(
                    found
                        .value("test", result.name.as_str())
                        .value("step", failure.step.to_string())
                        .part(Part::Tests)
                        .at(result.file.as_str(), failure.span)
                        .line(failure.line.as_str()),
                );
            }
        }
        if self.stopped {
            let count = self.results.len().to_string();
            let found = Diagnostic::of(problems::TOO_MUCH).value("count", count);
            report.push(found.part(Part::Tests));
        }
        report
    }
}
