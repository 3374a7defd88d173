//! Reads test files. The only file of this module that touches the disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::expect::Names;
use super::model::TestFile;
use super::parse::tests_of;
use super::problems;
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Report};
use crate::process::playbook::Playbook;
use crate::templates::load::{read_tree, shown};
use crate::yaml::decode;

/// The tests of a folder or of some files.
#[derive(Debug, Clone, Default)]
pub struct Suite {
    /// The files.
    pub files: Vec<TestFile>,
}

impl Suite {
    /// How many tests there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.files.iter().map(|file| file.tests.len()).sum()
    }
}

/// Reads all `*.test.yaml` below the folders of the rules and of the SOPs. Names in them are
/// compared with `playbook`, unless that could not be had.
#[must_use]
pub fn load(config: &Config, playbook: Option<&Playbook>) -> (Suite, Report) {
    let folders = [&config.paths.rules, &config.paths.sops];
    // Where there is no folder of rules, that is told by those who look for rules.
    let there = folders.into_iter().filter(|folder| folder.is_dir());
    let there: Vec<PathBuf> = there.cloned().collect();
    paths(config, playbook, &there)
}

/// Whether a file or folder of tests could not be read.
#[must_use]
pub fn is_unreadable(report: &Report) -> bool {
    let items = report.items();
    items
        .iter()
        .any(|item| item.code == problems::TESTS_UNREADABLE.code)
}

/// Reads these test files, and all `*.test.yaml` below these folders.
#[must_use]
pub fn paths(config: &Config, playbook: Option<&Playbook>, paths: &[PathBuf]) -> (Suite, Report) {
    let mut report = Report::default();
    let mut files = BTreeMap::new();
    for path in paths {
        if path.is_dir() {
            let kind = problems::TESTS_UNREADABLE;
            let found = read_tree(path, kind, &mut report, is_test_file);
            let found = found.into_iter();
            files.extend(found.map(|(name, bytes)| (shown(path, &name), bytes)));
        } else {
            one(path, &mut files, &mut report);
        }
    }
    let names = playbook.map(|playbook| Names::of(config, playbook));
    let suite = from_files(&files, names.as_ref(), &config.timezone, &mut report);
    (suite, report)
}

/// The files of rules or plans that a test file of this name would stand beside.
fn files_beside(name: &str) -> Vec<PathBuf> {
    let stem = name.strip_suffix(".test.yaml");
    let stem = stem.or_else(|| name.strip_suffix(".test.yml"));
    let files = |stem| [".yaml", ".yml"].map(|end| PathBuf::from(format!("{stem}{end}")));
    stem.map(files).into_iter().flatten().collect()
}

/// A test file that names rules which are not there, and whose own file of rules is not there
/// either, was most likely forgotten: that is said once.
fn left_behind(name: &str, file: &Path, report: &mut Report) {
    let unknown = report.take(problems::UNKNOWN_RULE);
    let mut rules: Vec<&str> = unknown
        .iter()
        .filter_map(|one| one.filled("name"))
        .collect();
    rules.sort_unstable();
    rules.dedup();
    let slip = rules.len() == 1 && unknown.iter().any(|one| one.filled("near").is_some());
    let rules = rules.join(", ");
    match unknown.first() {
        Some(first) if !slip => {
            let last = |path: &Path| {
                let name = path.file_name().unwrap_or_default();
                name.to_string_lossy().into_owned()
            };
            let found = first.clone().text("check.unknown_rules");
            report.push(
                found
                    .help("check.unknown_rules_help")
                    .value("rules", rules)
                    .value("file", last(file))
                    .value("tests", last(Path::new(name))),
            );
        }
        _ => unknown.into_iter().for_each(|one| report.push(one)),
    }
}

fn one(path: &Path, files: &mut BTreeMap<String, Vec<u8>>, report: &mut Report) {
    let name = path.display().to_string();
    match std::fs::read(path) {
        Ok(bytes) => {
            files.insert(name, bytes);
        }
        Err(error) => {
            let found = Diagnostic::of(problems::TESTS_UNREADABLE);
            report.push(found.system(&error).in_file(name));
        }
    }
}

/// Reads tests from files already in memory.
pub(super) fn from_files(
    files: &BTreeMap<String, Vec<u8>>,
    names: Option<&Names<'_>>,
    zone: &TimeZone,
    report: &mut Report,
) -> Suite {
    let mut suite = Suite::default();
    for (name, bytes) in files {
        let mut of_file = Report::default();
        if let Some(source) = decode(name, bytes, &mut of_file) {
            let tests = tests_of(&source, names, zone, &mut of_file);
            suite.files.extend(tests);
        }
        let beside = files_beside(name);
        if let [file, other] = &beside[..]
            && !file.is_file()
            && !other.is_file()
        {
            left_behind(name, file, &mut of_file);
        }
        report.merge(of_file);
    }
    suite
}

fn is_test_file(name: &str) -> bool {
    name.ends_with(".test.yaml") || name.ends_with(".test.yml")
}
