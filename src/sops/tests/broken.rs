//! Broken files: each mistake by its code and line.

use super::support::{read, text_of};
use crate::lang::Lang;

/// Code and line of every finding.
fn found(text: &str) -> Vec<(&'static str, usize)> {
    let (set, report) = read(text);
    let items = report.items();
    assert_eq!(set.is_none(), report.has_errors());
    for item in &items {
        for lang in [Lang::Zh, Lang::En] {
            assert!(!item.message(lang).contains("check."), "{}", item.code);
            assert!(item.mend(lang).is_some(), "{} has no mend", item.code);
        }
    }
    let places = items
        .iter()
        .map(|item| (item.code, item.span.map_or(0, |span| span.line)));
    places.collect()
}

/// A lifecycle plan; its own lines begin at line 5.
fn plan(lines: &[&str]) -> Vec<(&'static str, usize)> {
    found(&text_of(lines))
}

const STEP: &str = "steps: [{at: 0d, do: [{tag: a/b}]}]";

#[test]
fn times_of_steps() {
    for (at, code) in [("第三天", "S005"), ("1d 25:00", "S005"), ("-1d", "S005")] {
        let step = format!("steps: [{{at: {at}, do: [{{tag: a/b}}]}}]");
        assert_eq!(plan(&[&step]), [(code, 5)], "{at}");
    }
    assert_eq!(plan(&["steps:", "  - {do: [{tag: a/b}]}"]), [("S004", 6)]);
    let order = [
        "steps:",
        "  - {at: 3d 10:00, do: [{tag: a/b}]}",
        "  - {at: 1d 10:00, do: [{tag: a/b}]}",
    ];
    assert_eq!(plan(&order), [("S006", 7)]);
}

#[test]
fn keys_of_another_kind() {
    assert_eq!(plan(&[STEP, "every: 周一 09:00"]), [("S003", 6)]);
    assert_eq!(
        plan(&["phases: [{at: 2026-12-08 10:00, do: [{tag: a/b}]}]"]).len(),
        2
    );
    let group = "version: 1\nsops:\n  - id: 计划\n    kind: group\n    steps: [{at: 0d, do: [{tag: a/b}]}]\n";
    assert_eq!(found(group), [("S004", 3)], "whose groups?");
    let often = "version: 1\nsops:\n  - id: 计划\n    kind: recurring\n    every: 周八 09:00\n    target: {name: a}\n    steps: [{do: [{tag: a/b}]}]\n";
    assert_eq!(found(often), [("S007", 5)]);
    let both = often
        .replace("周八", "周一")
        .replace("    target", "    cron: 0 9 * * 1\n    target");
    assert_eq!(found(&both), [("S007", 5)]);
}

#[test]
fn caps_and_quiet_hours() {
    assert_eq!(
        plan(&[STEP, "limits: {per_contact: 一天一条}"]),
        [("S008", 6)]
    );
    assert_eq!(plan(&[STEP, "limits: {per_contact: 0/天}"]), [("S008", 6)]);
    assert_eq!(plan(&[STEP, "quiet: {from: \"21:00\"}"]), [("S009", 6)]);
    assert_eq!(
        plan(&[STEP, "quiet: {from: \"09:00\", to: \"09:00\"}"]),
        [("S009", 6)]
    );
    assert_eq!(plan(&[STEP, "quiet: {late: drop}"]), [("S009", 6)]);
    assert_eq!(plan(&[STEP, "quiet: {holidays: skip}"]), []);
    let till_midnight = "quiet: {from: \"21:00\", to: \"24:00\"}";
    assert_eq!(plan(&[STEP, till_midnight]), []);
}

#[test]
fn what_steps_do() {
    let doing = |what: &str| format!("steps: [{{at: 0d, {what}}}]");
    let all = |what: &str| plan(&[&doing(what)]);
    assert_eq!(all("do: [{send: 甲}]"), [("S010", 5)]);
    assert_eq!(all("via: staff, do: [{send: 甲}]"), []);
    assert_eq!(all("via: robot, do: [{send: 甲}]"), [("S004", 5)]);
    assert_eq!(all("via: robot, to: 值班群, do: [{send: 甲}]"), []);
    assert_eq!(all("via: appchat, to: 店长群, do: [{send: 甲}]"), []);
    assert_eq!(all("via: appchat, do: [{send: 甲}]"), [("S004", 5)]);
    let elsewhere = "via: appchat, to: 别的群, do: [{send: 甲}]";
    assert_eq!(all(elsewhere), [("S016", 5)]);
    let each = "via: broadcast, do: [{send: 丁}]";
    assert_eq!(all(each), [("S015", 5)], "a task for each");
    assert_eq!(all("via: staff, do: [{send: 丁}]"), []);
    let one = "via: moments, do: [{send: 甲}]";
    assert_eq!(all(one), [("S017", 3)], "not to one customer");
    // What plans share with rules has the codes of rules.
    for (what, code) in [
        ("via: staff, do: [{send: 丙}]", "R013"),
        ("via: robot, to: 别的群, do: [{send: 甲}]", "R016"),
        ("do: [{tag: /}]", "R017"),
        (
            "do: [{notify: {to: 没有的组, text: \"{{ now }}\"}}]",
            "R014",
        ),
        ("if: {added_days: 很久}, do: [{tag: a/b}]", "R022"),
    ] {
        assert_eq!(all(what), [(code, 5)], "{what}");
    }
    assert_eq!(all("via: broadcast, do: [{send: 乙}]").len(), 1, "no menus");
    assert_eq!(all("do: [{start_sop: 没有}]").len(), 1);
    assert_eq!(all("do: [{start_sop: 计划}]"), []);
    assert_eq!(all("do: [{reply: 甲}]").len(), 1, "nobody wrote");
}

#[test]
fn plans_that_make_no_sense() {
    let ages = "audience: {added_days: \">= 30\"}";
    assert_eq!(plan(&[STEP, ages]), [("S013", 6)]);
    let same = [
        "audience: {has_tag: a/b}",
        "exit_when: {has_tag: a/b}",
        STEP,
    ];
    assert_eq!(plan(&same), [("S014", 6)]);
    assert_eq!(found("version: 2\nsops: []\n").first(), Some(&("S011", 1)));
    let twice = format!(
        "{}{}",
        text_of(&[STEP]),
        "  - {id: 计划, kind: lifecycle, steps: [{at: 0d, do: [{tag: a/b}]}]}\n"
    );
    assert_eq!(found(&twice), [("S002", 6)]);
}

#[test]
fn one_run_finds_everything() {
    let many = plan(&[
        "limits: {per_contact: 多}",
        "quiet: {from: \"21:00\"}",
        "steps:",
        "  - {at: 后天, via: staff, do: [{send: 丙}]}",
        "  - {at: 1d, do: [{send: 甲}], wenn: {}}",
    ]);
    let codes: Vec<&str> = many.iter().map(|(code, _)| *code).collect();
    for code in ["S005", "S008", "S009", "S010", "R013"] {
        assert!(codes.contains(&code), "{code} in {codes:?}");
    }
    assert_eq!(many.len(), 6, "{many:?}");
}

#[test]
fn moments_are_for_everybody_with_a_tag() {
    let plan = |audience: &str| {
        found(&format!(
            "version: 1\nsops:\n  - id: 计划\n    kind: recurring\n    every: 周一 09:00\n    \
             audience: {audience}\n    steps: [{{via: moments, do: [{{send: 甲}}]}}]\n"
        ))
    };
    let codes = |audience: &str| {
        let found = plan(audience);
        found.iter().any(|(code, _)| *code == "S017")
    };
    assert!(!codes("{has_tag: a/b}"));
    assert!(codes("{has_tag: a/b, not_tag: a/c}"));
    assert!(codes("{not_tag: a/b}"));
}
