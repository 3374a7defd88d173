//! Mistakes in test files, each with its place.

use super::support::{RULES, config, file, playbook, read};
use crate::diagnostic::Severity;
use crate::lang::Lang;

/// What is found: code, line, column and the mend.
fn found(text: &str) -> Vec<(&'static str, usize, usize)> {
    let config = config();
    let playbook = playbook(&config, RULES);
    let (_, report) = read(&config, &playbook, text);
    for lang in [Lang::Zh, Lang::En] {
        let shown = report.human(lang);
        assert!(!shown.contains("check."), "a text is missing: {shown}");
        assert!(
            report.items().iter().all(|item| item.mend(lang).is_some()),
            "{shown}"
        );
    }
    let items = report.items();
    items
        .iter()
        .map(|item| {
            let span = item.span.expect("a place");
            (item.code, span.line, span.column)
        })
        .collect()
}

#[track_caller]
fn one(step: &str, code: &str, column: usize) {
    let text = file(&format!("      - {step}"));
    assert_eq!(found(&text), [(code, 8, column)], "{step}");
}

#[test]
fn names_that_do_not_exist_are_found() {
    one("{from: 张三, say: 在, expect: {rule: 退货}}", "E003", 43);
    one(
        "{from: 张三, say: 在, expect: {not_rule: [退款, 查]}}",
        "E003",
        52,
    );
    one(
        "{from: 张三, say: 在, expect: {skipped: {退: none}}}",
        "E003",
        47,
    );
    one("{from: 王五, say: 在, expect: {none: true}}", "E002", 16);
    one("{from: 张三, say: 在, expect: {reply: 退款说}}", "E004", 44);
    one(
        "{from: 张三, say: 在, expect: {transfer: 售前}}",
        "E005",
        47,
    );
    one("{from: 张三, say: 在, expect: {webhook: 订单}}", "E005", 46);
    one("{from: 张三, say: 在, expect: {robot: 群}}", "E005", 44);
    one("{from: 张三, say: 在, expect: {notify: 售后}}", "E005", 45);
    one(
        "{from: 张三, say: 在, expect: {skipped: {退款: cooling}}}",
        "E006",
        51,
    );
}

#[test]
fn plans_are_known_by_their_id() {
    one("{from: 张三, say: 在, expect: {sop: 跟近}}", "E013", 42);
}

#[test]
fn keys_and_values_are_checked() {
    one("{from: 张三, say: 在, expects: {none: true}}", "Y020", 28);
    one("{from: 张三, say: 在, expect: {tag: +a}}", "Y020", 37);
    one(
        "{from: 张三, say: 在, channel: wechat, expect: {none: true}}",
        "Y024",
        37,
    );
    one(
        "{from: 张三, event: adde, expect: {none: true}}",
        "E009",
        27,
    );
    one(
        "{from: 张三, say: 在, event: added, expect: {none: true}}",
        "E008",
        28,
    );
}

#[test]
fn a_test_that_expects_nothing_is_found() {
    let text = file("      - {from: 张三, say: 在}");
    assert_eq!(found(&text), [("E010", 6, 11)]);
}

#[test]
fn time_runs_forward() {
    let text = file(
        "      - {at: 2h, from: 张三, say: 在, expect: {none: true}}\n      - {at: 1h, expect: {none: true}}",
    );
    assert_eq!(found(&text), [("E007", 9, 14)]);
}

#[test]
fn all_problems_are_told_at_once() {
    let text = "
version: 2
start: 2026-11-23 10:00
tests:
  - name: 一
    steps: [{say: 在, expect: {rule: 无, reply: 无}}]
  - name: 一
    steps: [{say: 在, expect: {none: true}}]
";
    let codes: Vec<_> = found(text).into_iter().map(|(code, ..)| code).collect();
    assert_eq!(codes, ["E012", "E003", "E004", "E011"]);
}

#[test]
fn tests_of_a_file_that_was_removed_are_found_once() {
    let config = config();
    let playbook = playbook(&config, RULES);
    let gone = file(
        "      - {say: 在, expect: {rule: 售前问价, not_rule: 售前试用}}\n      - {say: 好, expect: {rule: 售前问价}}",
    );
    let (_, report) = read(&config, &playbook, &gone);
    assert_eq!(report.count(Severity::Error), 1);
    let told = report.human(Lang::Zh);
    for part in [
        "售前试用, 售前问价",
        "旁边也没有 a.yaml",
        "把 a.test.yaml 也删掉",
    ] {
        assert!(told.contains(part), "{told}");
    }
    let slip = file("      - {say: 在, expect: {rule: 退欵}}");
    let told = read(&config, &playbook, &slip).1.human(Lang::Zh);
    assert!(told.contains("是不是想写 `退款`"), "{told}");
}

#[test]
fn without_good_rules_only_the_form_is_checked() {
    let config = config();
    let files = [(
        "a.test.yaml".to_owned(),
        file("      - {say: 在, expect: {rule: 无}}").into_bytes(),
    )];
    let mut report = crate::diagnostic::Report::default();
    let suite =
        crate::simulate::load::from_files(&files.into(), None, &config.timezone, &mut report);
    assert!(report.is_empty(), "{}", report.human(Lang::En));
    assert_eq!(suite.count(), 1);
}

#[test]
fn what_says_nothing_is_refused() {
    one("{from: 张三, say: 在, expect: {none: false}}", "E014", 43);
    one(
        "{from: 张三, say: 在, expect: {rule: 退款, only: false}}",
        "E014",
        53,
    );
}
