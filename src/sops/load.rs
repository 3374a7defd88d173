//! Reads a folder of SOPs. The only file of this module that touches the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::model::{Sop, SopSet};
use super::parse::{Context, plans_of};
use super::problems;
use crate::diagnostic::{Findings, Report};
use crate::templates::Catalog;
use crate::templates::load::{read_tree, shown};
use crate::yaml::decode;

/// What plans may name.
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
}

/// Reads all SOP files below `dir`. A folder that is not there holds none.
///
/// Every problem of every file is in the report; the set is there if none is an error.
#[must_use]
pub fn load(dir: &Path, references: &References<'_>) -> (Option<SopSet>, Report) {
    let mut report = Report::default();
    let files = if dir.exists() {
        read_tree(dir, problems::UNREADABLE, &mut report, is_sop_file)
    } else {
        BTreeMap::new()
    };
    let set = from_files(dir, &files, references, &mut report);
    (set, report)
}

/// Reads plans from files already in memory: names relative to `dir`, and contents.
#[must_use]
pub fn from_files(
    dir: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    references: &References<'_>,
    report: &mut Report,
) -> Option<SopSet> {
    let mut context = Context {
        references,
        places: BTreeMap::new(),
        named: Vec::new(),
    };
    let mut plans: Vec<Sop> = Vec::new();
    for (name, bytes) in files {
        if let Some(source) = decode(&shown(dir, name), bytes, report) {
            let findings = Findings::new(&source, report);
            plans.extend(plans_of(&mut context, name, findings));
        }
    }
    context.unknown_plans(report);
    (!report.has_errors()).then(|| SopSet::new(plans.into_iter().map(Sop::stamped)))
}

fn is_sop_file(name: &str) -> bool {
    let stem = name.strip_suffix(".yaml").or(name.strip_suffix(".yml"));
    stem.is_some_and(|stem| !stem.ends_with(".test"))
}
