use super::{Diagnostic, Part, Report, Severity, Source, Span, nearest};
use crate::lang::Lang;

fn finding(line: usize, column: usize, len: usize, text: &str) -> Diagnostic {
    Diagnostic::new("Y020", Severity::Error, "check.unknown_key")
        .value("key", "优先")
        .at("rules/售后.yaml", Span::new(line, column, len))
        .line(text)
}

#[test]
fn carets_stand_under_double_width_characters() {
    let text = finding(12, 5, 2, "  退款优先: 1").human(Lang::Zh);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[1], "  --> rules/售后.yaml:12:5");
    assert_eq!(lines[3], "12 |   退款优先: 1");
    // Two spaces and two double-width characters: six columns, then four carets.
    assert_eq!(lines[4], "   |       ^^^^");
}

#[test]
fn a_place_past_the_end_of_the_line_still_has_a_caret() {
    let text = finding(1, 9, 3, "a").human(Lang::En);
    assert!(text.contains("  |  ^\n"), "{text}");
}

#[test]
fn a_long_line_is_cut_around_the_place() {
    let line = "词".repeat(3000);
    let text = finding(1, 2000, 1, &line).human(Lang::Zh);
    let shown = text.lines().nth(3).expect("source line");
    assert!(shown.chars().count() < 220, "{}", shown.chars().count());
    assert!(shown.contains('…'));
}

#[test]
fn one_run_reads_in_both_languages() {
    let mut report = Report::default();
    report.push(finding(2, 1, 2, "优先: 1"));
    assert!(report.human(Lang::Zh).contains("不认识"));
    assert!(report.human(Lang::En).contains("unknown key"));
    assert!(report.summary(Lang::En).contains('1'));
}

#[test]
fn findings_are_sorted_by_file_and_place() {
    let mut report = Report::default();
    report.push(finding(9, 1, 1, ""));
    report.push(finding(2, 7, 1, ""));
    report.push(finding(2, 3, 1, ""));
    let places: Vec<_> = report
        .rendered(Lang::En)
        .iter()
        .map(|item| (item.line, item.column))
        .collect();
    assert_eq!(
        places,
        [(Some(2), Some(3)), (Some(2), Some(7)), (Some(9), Some(1))]
    );
}

#[test]
fn bytes_become_lines_and_characters() {
    let source = Source::new("f", "甲乙\n丙 {{ x }}\r\n");
    assert_eq!(source.line(2), "丙 {{ x }}");
    assert_eq!(source.span(7..10), Span::new(2, 1, 1));
    assert_eq!(source.span(11..99), Span::new(2, 3, 7));
    assert_eq!(source.line(9), "");
}

#[test]
fn only_near_names_are_offered() {
    let known = ["priority", "channel", "售后/退款说明"];
    assert_eq!(nearest("pirority", known), Some("priority"));
    assert_eq!(nearest("退款说明", known), Some("售后/退款说明"));
    assert_eq!(nearest("xyz", known), None);
}

#[test]
fn causes_come_first_and_missing_values_last_counted_apart() {
    let of = |code, part, line| {
        let found = Diagnostic::new(code, Severity::Error, "check.unknown_key");
        found.part(part).at("甲", Span::new(line, 1, 1))
    };
    let mut report = Report::default();
    report.push(of("A006", Part::Values, 1));
    report.push(of("E020", Part::Tests, 2));
    report.push(of("Y011", Part::Files, 3));
    let codes: Vec<_> = report.items().iter().map(|item| item.code).collect();
    assert_eq!(codes, ["Y011", "E020", "A006"]);
    let told = report.human(Lang::Zh);
    let values = told.find("还缺 1 个值").expect("a section of its own");
    assert!(told.find("E020") < Some(values) && told.find("A006") > Some(values));
    assert!(
        told.trim_end()
            .ends_with("共 2 个错误、0 个提醒；另缺 1 个值"),
        "{told}"
    );
}
