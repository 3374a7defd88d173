//! Reads a folder of rules. The only file of this module that touches the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use sha1::{Digest as _, Sha1};

use super::calendar::Calendar;
use super::matcher::{BuildError, Matcher, Words};
use super::model::{Mode, On, Rule, RuleSet};
use super::parse::{Context, rules_of};
use super::parse_calendar::calendar_of;
use super::parse_roster::roster_of;
use super::roster::Roster;
use super::{lint, problems};
use crate::diagnostic::{Diagnostic, Findings, Report};
use crate::domain::anniversary::Anniversary;
use crate::domain::ids::Tag;
use crate::templates::Catalog;
use crate::templates::load::{read_yaml_tree, shown};
use crate::yaml::decode;

/// The file with shifts, and with who is told when nobody answers.
pub const ROSTER_FILE: &str = "roster.yaml";
/// The file with hours and holidays.
pub const CALENDAR_FILE: &str = "calendar.yaml";

/// What rules may name.
#[derive(Debug, Clone, Copy)]
pub struct References<'a> {
    /// Templates.
    pub templates: &'a Catalog,
    /// Servicer groups of the config.
    pub servicer_groups: &'a BTreeSet<String>,
    /// Webhooks of the config.
    pub webhooks: &'a BTreeSet<String>,
    /// Group robots of the config.
    pub robots: &'a BTreeSet<String>,
    /// SOPs; `None` if they are not known, and then their names are not checked.
    pub sops: Option<&'a BTreeSet<String>>,
    /// Tags that SOPs set; `None` if they are not known.
    pub plan_tags: Option<&'a BTreeSet<Tag>>,
    /// What is known of the installation; `None` leaves out what depends on it.
    pub setting: Option<&'a Setting>,
}

impl<'a> References<'a> {
    /// Templates, and nothing else that could be named.
    #[must_use]
    pub fn of(templates: &'a Catalog) -> Self {
        static NONE: BTreeSet<String> = BTreeSet::new();
        Self {
            templates,
            servicer_groups: &NONE,
            webhooks: &NONE,
            robots: &NONE,
            sops: None,
            plan_tags: None,
            setting: None,
        }
    }
}

/// What some findings depend on beside names.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Now, in the company's zone: to find what is over.
    pub now: jiff::Zoned,
    /// Whether a missing tag is created in WeCom.
    pub create_tags: bool,
}

/// Reads all rule files below `dir` and its `calendar.yaml`.
///
/// Every problem of every file is in the report; the set is there if none is an error.
/// Files named `*.test.yaml` are rule tests and not read here.
#[must_use]
pub fn load(dir: &Path, references: &References<'_>) -> (Option<RuleSet>, Report) {
    let mut report = Report::default();
    let files = read_yaml_tree(dir, problems::UNREADABLE, &mut report, is_rule_file);
    let set = from_files(dir, &files, references, &mut report);
    (set, report)
}

/// The calendar of a folder of rules, as far as it can be read. Its problems are found by
/// [`load`].
#[must_use]
pub fn calendar_in(dir: &Path) -> Calendar {
    let bytes = std::fs::read(dir.join(CALENDAR_FILE)).ok();
    let files = bytes.map(|bytes| (CALENDAR_FILE.to_owned(), bytes));
    calendar(dir, &files.into_iter().collect(), &mut Report::default())
}

/// The roster of a folder of rules, as far as it can be read: its groups can be named like
/// those of the config. Its problems are found by [`load`].
#[must_use]
pub fn roster_in(dir: &Path) -> Roster {
    let bytes = std::fs::read(dir.join(ROSTER_FILE)).ok();
    let files = bytes.map(|bytes| (ROSTER_FILE.to_owned(), bytes));
    let (calendar, groups) = (calendar_in(dir), BTreeSet::new());
    let files = files.into_iter().collect();
    roster(dir, &files, &calendar, &groups, &mut Report::default())
}

/// Reads rules from files already in memory: names relative to `dir`, and contents.
#[must_use]
pub fn from_files(
    dir: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    references: &References<'_>,
    report: &mut Report,
) -> Option<RuleSet> {
    let calendar = calendar(dir, files, report);
    let roster = roster(dir, files, &calendar, references.servicer_groups, report);
    let mut groups = references.servicer_groups.clone();
    groups.extend(roster.names().map(str::to_owned));
    let references = &References {
        servicer_groups: &groups,
        ..*references
    };
    let mut context = Context {
        references,
        calendar: &calendar,
        words: Words::default(),
        ids: BTreeMap::new(),
    };
    let mut rules: Vec<Rule> = Vec::new();
    for (name, bytes) in files.iter().filter(|(name, _)| is_rules(name)) {
        if let Some(source) = decode(&shown(dir, name), bytes, report) {
            rules.extend(rules_of(&mut context, name, Findings::new(&source, report)));
        }
    }
    // Files are in the order of their names and rules in that of their file: the sort is
    // stable, so only the priority has to be compared.
    rules.shrink_to_fit();
    rules.sort_by_key(|rule| std::cmp::Reverse(rule.priority));
    let anniversaries = anniversaries(&rules);
    let words = context.words;
    if report.has_errors() {
        return None;
    }
    match Matcher::build(&rules, words) {
        Ok(matcher) => {
            let set = RuleSet {
                rules,
                matcher: Arc::new(matcher),
                calendar,
                roster,
                anniversaries,
                version: version(files).into(),
            };
            lint::whole(&set, references, &lint::Files { dir, files }, report);
            Some(set)
        }
        Err(error) => {
            let detail = match error {
                BuildError::Words(_) => "syntax.too_many_words",
                BuildError::Patterns(_) => "syntax.too_many_patterns",
            };
            report.push(Diagnostic::of(problems::BUILD).entry("detail", detail));
            None
        }
    }
}

fn calendar(dir: &Path, files: &BTreeMap<String, Vec<u8>>, report: &mut Report) -> Calendar {
    let source = files
        .get(CALENDAR_FILE)
        .and_then(|bytes| decode(&shown(dir, CALENDAR_FILE), bytes, report));
    source.map_or_else(Calendar::default, |source| {
        calendar_of(Findings::new(&source, report))
    })
}

fn roster(
    dir: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    calendar: &Calendar,
    groups: &BTreeSet<String>,
    report: &mut Report,
) -> Roster {
    let source = files
        .get(ROSTER_FILE)
        .and_then(|bytes| decode(&shown(dir, ROSTER_FILE), bytes, report));
    source.map_or_else(Roster::default, |source| {
        roster_of(Findings::new(&source, report), calendar, groups)
    })
}

fn anniversaries(rules: &[Rule]) -> Vec<Anniversary> {
    let mut all: Vec<Anniversary> = Vec::new();
    for rule in rules.iter().filter(|rule| rule.mode != Mode::Off) {
        if let On::Date(of) = &rule.on
            && !all.contains(of)
        {
            all.push((**of).clone());
        }
    }
    all
}

fn is_rules(name: &str) -> bool {
    name != CALENDAR_FILE && name != ROSTER_FILE
}

/// A short hash over names and contents.
fn version(files: &BTreeMap<String, Vec<u8>>) -> String {
    let mut hash = Sha1::new();
    for (name, bytes) in files {
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    let hash = hash.finalize();
    hash.iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Files named `*.test.yaml` are rule tests.
fn is_rule_file(name: &str) -> bool {
    let stem = name.strip_suffix(".yaml").or(name.strip_suffix(".yml"));
    stem.is_some_and(|stem| !stem.ends_with(".test"))
}
