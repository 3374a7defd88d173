//! A folder on the disk.

use std::path::Path;

use super::support::{CALENDAR, catalog};
use crate::diagnostic::Report;
use crate::rules::load::{References, load};
use crate::rules::{Mode, RuleSet};

fn read(dir: &Path) -> (Option<RuleSet>, Report) {
    load(dir, &References::of(&catalog()))
}

fn rule(id: &str, more: &str) -> String {
    format!("  - {{id: {id}, {more}when: {{any: 退}}, do: [{{tag: a/b}}]}}\n")
}

fn write(dir: &Path, name: &str, rules: &[String]) {
    let text = format!("rules:\n{}", rules.concat());
    std::fs::write(dir.join(name), text).expect("file");
}

#[test]
fn priority_then_file_then_place() {
    let dir = tempfile::tempdir().expect("folder");
    let dir = dir.path();
    std::fs::create_dir(dir.join("分店")).expect("folder");
    std::fs::write(dir.join("calendar.yaml"), CALENDAR).expect("file");
    write(
        dir,
        "b.yaml",
        &[rule("b1", ""), rule("b2", "priority: 90, ")],
    );
    write(
        dir,
        "a.yml",
        &[rule("a1", ""), rule("a2", "hours: 工作时间, ")],
    );
    write(dir, "分店/c.yaml", &[rule("c1", "mode: off, ")]);
    write(dir, "b.test.yaml", &["not a rule".to_owned()]);
    write(dir, ".b.yaml", &["nor this".to_owned()]);
    std::fs::write(dir.join("说明.txt"), "读我").expect("file");
    let (set, report) = read(dir);
    assert!(report.is_empty(), "{report:?}");
    let set = set.expect("rules");
    let ids: Vec<_> = set.rules().iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["b2", "a1", "a2", "b1", "c1"]);
    assert_eq!(&*set.rules()[4].place.file, "分店/c.yaml");
    assert_eq!(set.rules()[4].mode, Mode::Off);
}

#[test]
fn an_id_is_unique_over_all_files() {
    let dir = tempfile::tempdir().expect("folder");
    write(dir.path(), "a.yaml", &[rule("x", "")]);
    write(dir.path(), "b.yaml", &[rule("y", ""), rule("x", "")]);
    let (set, report) = read(dir.path());
    assert!(set.is_none());
    let found = report.items()[0];
    assert_eq!(found.code, "R002");
    let file = found.file.as_deref().expect("file");
    assert!(
        file.ends_with("b.yaml") && Path::new(file).is_file(),
        "{file}"
    );
    assert!(found.message(crate::lang::Lang::En).contains("a.yaml:2"));
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let (set, report) = read(Path::new("没有这个目录"));
    assert!(set.is_none());
    assert_eq!(report.items()[0].code, "R001");
}

#[test]
fn files_that_only_look_like_rules_are_told_of() {
    let dir = tempfile::tempdir().expect("folder");
    write(dir.path(), "a.yaml", &[rule("x", "")]);
    for name in ["b.YAML", "c.yaml.txt", "d.yml.bak", "e.json"] {
        write(dir.path(), name, &[rule("y", "")]);
    }
    let (set, report) = read(dir.path());
    assert!(set.is_some(), "a warning is no error");
    let items = report.items();
    let codes: Vec<_> = items.iter().map(|item| item.code).collect();
    assert_eq!(codes, ["Y041"; 4]);
    let mend = items[0].mend(crate::lang::Lang::En);
    assert!(mend.is_some_and(|mend| mend.contains("b.yaml")));
}
