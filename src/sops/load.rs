//! Reads a folder of SOPs. The only file of this module that touches the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::model::{Sop, SopSet};
use super::outreach::Outreach;
use super::parse::{Places, content_of};
use super::problems;
use crate::diagnostic::{Findings, Report, Source, Span};
use crate::domain::ids::Tag;
use crate::rules::PlanReader;
use crate::templates::load::{read_yaml_tree, shown};
use crate::yaml::{Node, decode, parse};

/// Reads all SOP files below `dir`. A folder that is not there holds none.
///
/// Every problem of every file is in the report; the set is there if none is an error.
#[must_use]
pub fn load(dir: &Path, reader: PlanReader<'_>) -> (Option<SopSet>, Report) {
    let mut report = Report::default();
    let files = files_in(dir, &mut report);
    let set = from_files(dir, &files, reader, &mut report);
    (set, report)
}

/// Reads plans from files already in memory: names relative to `dir`, and contents.
#[must_use]
pub fn from_files(
    dir: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    reader: PlanReader<'_>,
    report: &mut Report,
) -> Option<SopSet> {
    let mut places = Places::default();
    let mut plans: Vec<Sop> = Vec::new();
    let mut outreach = Outreach::default();
    for (name, bytes) in files {
        if let Some(source) = decode(&shown(dir, name), bytes, report) {
            let findings = Findings::new(&source, report);
            let content = content_of(reader, &mut places, name, findings);
            plans.extend(content.plans);
            outreach = content.outreach.unwrap_or(outreach);
        }
    }
    (!report.has_errors()).then(|| SopSet::new(plans.into_iter().map(Sop::stamped)).under(outreach))
}

/// What rules and other plans may refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// The ids of plans.
    pub ids: BTreeSet<String>,
    /// The tags that plans set.
    pub tags: BTreeSet<Tag>,
    /// The tags that decide who is in a plan, as each file asks for them.
    pub asked: Vec<Asked>,
}

/// A tag that decides who is in a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The tag.
    pub tag: Tag,
    /// The file.
    pub file: String,
    /// Where it is written.
    pub span: Span,
    /// The line.
    pub line: String,
}

/// What the plans below `dir` are called and which tags they set. What cannot be read is
/// reported by [`load`].
#[must_use]
pub fn named_in(dir: &Path) -> Named {
    let report = &mut Report::default();
    let mut named = Named::default();
    for (name, bytes) in files_in(dir, report) {
        let Some(source) = decode(&shown(dir, &name), &bytes, report) else {
            continue;
        };
        let root = parse(&mut Findings::new(&source, report));
        let plans = root.as_ref().and_then(|root| root.get("sops"));
        for plan in plans.map(Node::items).unwrap_or_default() {
            let id = plan.get("id").and_then(Node::text);
            named.ids.extend(id.map(str::to_owned));
            let deciding = ["audience", "exit_when"].iter();
            for node in deciding.filter_map(|key| plan.get(key)) {
                named.asked.extend(asked(node, &source));
            }
            let steps = ["steps", "phases"]
                .into_iter()
                .filter_map(|key| plan.get(key));
            let deeds = steps
                .flat_map(Node::items)
                .filter_map(|step| step.get("do"));
            let deeds = deeds.chain(plan.get("then")).flat_map(Node::items);
            let tags = deeds
                .filter_map(|deed| deed.get("tag"))
                .flat_map(Node::words);
            named.tags.extend(tags.map(|(tag, _)| Tag::from(tag)));
        }
    }
    named
}

/// The tags of an audience, or of each of several conditions.
fn asked(node: &Node, source: &Source) -> Vec<Asked> {
    let conditions = std::iter::once(node).chain(node.items());
    let tests = conditions.flat_map(|one| ["has_tag", "not_tag"].map(|key| one.get(key)));
    let words = tests.flatten().flat_map(Node::words);
    let asked = words.map(|(tag, span)| Asked {
        tag: Tag::from(tag),
        file: source.name().to_owned(),
        span,
        line: source.line(span.line).to_owned(),
    });
    asked.collect()
}

fn files_in(dir: &Path, report: &mut Report) -> BTreeMap<String, Vec<u8>> {
    if dir.exists() {
        read_yaml_tree(dir, problems::UNREADABLE, report, is_sop_file)
    } else {
        BTreeMap::new()
    }
}

fn is_sop_file(name: &str) -> bool {
    let stem = name.strip_suffix(".yaml").or(name.strip_suffix(".yml"));
    stem.is_some_and(|stem| !stem.ends_with(".test"))
}
