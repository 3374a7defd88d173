//! `roster.yaml`: who is on duty, and when minutes count.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::civil::{DateTime, date};

use crate::diagnostic::Report;
use crate::lang::Lang;
use crate::rules::load::{References, from_files};
use crate::rules::{Calendar, RuleSet};
use crate::templates::Catalog;

const CALENDAR: &str = "\
hours:
  工作时间: {days: 工作日, from: \"09:00\", to: \"18:00\"}
holidays: cn
";

const ROSTER: &str = "\
groups:
  售后组:
    shifts:
      - {who: [a, b], days: 工作日, from: \"09:00\", to: \"18:00\"}
      - {who: c, days: 周五, from: \"22:00\", to: \"02:00\"}
      - {who: d, dates: [2026-12-24], from: \"12:00\", to: \"15:00\"}
      - {who: [], dates: [2026-12-25]}
    fallback: e
unanswered:
  hours: 工作时间
  steps: [{after: 5m, tell: 售后组}, {after: 30m, tell: 售后组}]
";

fn read(roster: &str) -> (Option<RuleSet>, Report) {
    let files: BTreeMap<String, Vec<u8>> = [
        ("calendar.yaml", CALENDAR),
        ("roster.yaml", roster),
        (
            "r.yaml",
            "rules:\n  - id: a\n    when: {any: 急}\n    do: [{notify: {to: 售后组, text: '{{ contact.id }} 有事'}}]\n",
        ),
    ]
    .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
    .into();
    let templates = Catalog::default();
    let references = References::of(&templates);
    let mut report = Report::default();
    let set = from_files(Path::new("rules"), &files, &references, &mut report);
    (set, report)
}

fn good() -> RuleSet {
    let (set, report) = read(ROSTER);
    set.unwrap_or_else(|| panic!("{}", report.human(Lang::Zh)))
}

fn on_duty(at: DateTime) -> Vec<String> {
    let set = good();
    let members = set.roster().on_duty("售后组", at, set.calendar());
    let members = members.expect("a group");
    members.into_iter().map(|member| member.0).collect()
}

#[test]
fn shifts_know_weekdays_holidays_nights_and_dates() {
    let monday = date(2026, 11, 23);
    assert_eq!(on_duty(monday.at(9, 0, 0, 0)), ["a", "b"]);
    assert_eq!(on_duty(monday.at(18, 0, 0, 0)), Vec::<String>::new());
    assert_eq!(
        on_duty(date(2026, 10, 1).at(10, 0, 0, 0)),
        Vec::<String>::new(),
        "国庆"
    );
    assert_eq!(
        on_duty(date(2026, 10, 10).at(10, 0, 0, 0)),
        ["a", "b"],
        "made up"
    );
    assert_eq!(
        on_duty(date(2026, 11, 28).at(1, 30, 0, 0)),
        ["c"],
        "Friday's night"
    );
    assert_eq!(
        on_duty(date(2026, 12, 24).at(10, 0, 0, 0)),
        Vec::<String>::new()
    );
    assert_eq!(on_duty(date(2026, 12, 24).at(12, 0, 0, 0)), ["d"]);
    assert_eq!(
        on_duty(date(2026, 12, 25).at(12, 0, 0, 0)),
        Vec::<String>::new(),
        "a day off"
    );
}

#[test]
fn the_next_shift_is_found_over_days_off() {
    let set = good();
    let next = |at: DateTime| {
        let members = set.roster().next_on_duty("售后组", at, set.calendar());
        members
            .into_iter()
            .map(|member| member.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(next(date(2026, 11, 23).at(20, 0, 0, 0)), ["a", "b"]);
    assert_eq!(next(date(2026, 11, 27).at(20, 0, 0, 0)), ["c"]);
    assert_eq!(next(date(2026, 12, 23).at(20, 0, 0, 0)), ["d"]);
    assert_eq!(set.roster().fallback("售后组"), Some("e"));
}

#[test]
fn only_minutes_of_the_hours_count() {
    let set = good();
    let ladder = set.roster().ladder().expect("a ladder");
    let calendar: &Calendar = set.calendar();
    let after = |from: DateTime, minutes: u64| {
        ladder.after(calendar, from, Duration::from_secs(minutes * 60))
    };
    let monday = date(2026, 11, 23);
    assert_eq!(
        after(monday.at(10, 0, 0, 0), 5),
        Some(monday.at(10, 5, 0, 0))
    );
    assert_eq!(
        after(monday.at(17, 55, 0, 0), 5),
        Some(monday.at(18, 0, 0, 0))
    );
    let tuesday = date(2026, 11, 24);
    assert_eq!(
        after(monday.at(17, 50, 0, 0), 30),
        Some(tuesday.at(9, 20, 0, 0))
    );
    assert_eq!(
        after(monday.at(20, 0, 0, 0), 5),
        Some(tuesday.at(9, 5, 0, 0))
    );
    // The last evening before the National Day holidays.
    let back = date(2026, 10, 8).at(9, 5, 0, 0);
    assert_eq!(after(date(2026, 9, 30).at(20, 0, 0, 0), 5), Some(back));
}

#[test]
fn what_is_wrong_is_named() {
    let codes = |roster: &str| -> Vec<&'static str> {
        let (_, report) = read(roster);
        report.items().iter().map(|item| item.code).collect()
    };
    let group = |shift: &str| format!("groups:\n  售后组:\n    shifts: [{shift}]\n");
    assert_eq!(codes(&group("{who: a, from: \"09:00\"}")), ["C010"]);
    assert_eq!(codes(&group("{who: []}")), ["C010"]);
    assert_eq!(
        codes(&group("{who: a, days: 周一, dates: [2026-12-24]}")),
        ["C010"]
    );
    let good = group("{who: a}");
    let ladder = |steps: &str| format!("{good}unanswered:\n  steps: [{steps}]\n");
    assert_eq!(codes(&ladder("{after: 5m, tell: 售后}")), ["R014"]);
    assert_eq!(
        codes(&ladder("{after: 5m, tell: a}, {after: 5m, tell: b}")),
        ["C011"]
    );
    let hours = format!("{good}unanswered:\n  hours: 上班\n  steps: [{{after: 5m, tell: a}}]\n");
    assert_eq!(codes(&hours), ["R008"]);
}
