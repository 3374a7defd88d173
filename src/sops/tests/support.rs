//! Plans from text.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::diagnostic::Report;
use crate::rules::{Calendar, PlanReader, References};
use crate::sops::load::from_files;
use crate::sops::{Sop, SopSet};
use crate::templates::Catalog;

/// Reads one file. Known are the templates `甲` (a text) and `乙` (a menu), the servicer
/// group `售后组`, the robot `值班群`, and the plans of the file.
pub(in crate::sops) fn read(text: &str) -> (Option<SopSet>, Report) {
    let files = |pairs: &[(&str, &str)]| -> BTreeMap<String, Vec<u8>> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
            .collect()
    };
    let mut report = Report::default();
    let menu = "menu: {head: 请选, items: [{click: 退款}]}\n";
    let templates = files(&[
        ("甲.txt", "您好"),
        ("乙.yaml", menu),
        ("丁.txt", "{{ contact.name | default('您') }}好"),
    ]);
    let templates = Catalog::from_files(Path::new("templates"), &templates, &mut report);
    let names = |names: &[&str]| -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    };
    let references = References {
        servicer_groups: &names(&["售后组"]),
        robots: &names(&["值班群"]),
        sops: Some(&names(&["计划"])),
        ..References::of(&templates)
    };
    let calendar = Calendar::of_chinese_holidays();
    let reader = PlanReader {
        references: &references,
        calendar: &calendar,
        appchats: &names(&["店长群"]),
    };
    let files = files(&[("x.yaml", text)]);
    let set = from_files(Path::new("sops"), &files, reader, &mut report);
    (set, report)
}

/// The one plan of a good file.
pub(in crate::sops) fn plan(text: &str) -> Sop {
    let (set, report) = read(text);
    let human = report.human(crate::lang::Lang::En);
    let set = set.unwrap_or_else(|| panic!("{human}"));
    let sop = set.iter().next().expect("a plan");
    Sop::clone(sop)
}

/// A lifecycle plan with these lines.
pub(in crate::sops) fn lifecycle(lines: &[&str]) -> Sop {
    plan(&text_of(lines))
}

/// The file of a lifecycle plan with these lines.
pub(in crate::sops) fn text_of(lines: &[&str]) -> String {
    let head = "version: 1\nsops:\n  - id: 计划\n    kind: lifecycle\n";
    let lines: String = lines.iter().map(|line| format!("    {line}\n")).collect();
    format!("{head}{lines}")
}
