//! Whatever happens to the clock, each time of a recurring plan begins once, and only the last
//! one that is due.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::{Control, GRACE, Outlook};
use crate::domain::clock::UnixMillis;
use crate::rules::Calendar;
use crate::sops::Sop;
use crate::sops::model::{Kind, Missed};
use crate::sops::recurrence::next;
use crate::sops::tests::support::plan;

const MINUTE: i64 = 60_000;

fn utc(text: &str) -> UnixMillis {
    let at: jiff::Timestamp = text.parse().expect("a time");
    UnixMillis(at.as_millisecond())
}

fn recurring(often: &str, missed: &str) -> Sop {
    plan(&format!(
        "version: 1\nsops:\n  - id: 早报\n    kind: recurring\n    {often}\n    missed: {missed}\n    \
         audience: {{not_tag: 甲/乙}}\n    steps: [{{via: staff, do: [{{send: 甲}}]}}]\n"
    ))
}

fn often() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("every: 每天 02:30"),
        Just("every: 每天 00:00"),
        Just("every: 周日 02:30"),
        Just("every: 工作日 09:00"),
        Just("every: 每月31日 09:00"),
        Just("cron: \"0 9 29 2 *\""),
        Just("cron: \"30 1,2,3 * * *\""),
    ]
}

/// Shortly before the clocks change, months end and leap days come.
fn starts() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop_oneof![
        Just(("Europe/Berlin", "2026-03-28T22:00:00Z")),
        Just(("Europe/Berlin", "2026-10-24T22:00:00Z")),
        Just(("America/New_York", "2026-10-31T22:00:00Z")),
        Just(("Australia/Lord_Howe", "2026-04-04T10:00:00Z")),
        Just(("America/Sao_Paulo", "2018-11-03T20:00:00Z")),
        Just(("Asia/Shanghai", "2028-02-28T15:00:00Z")),
        Just(("Asia/Shanghai", "2026-09-30T15:00:00Z")),
        Just(("UTC", "2026-12-30T23:00:00Z")),
    ]
}

/// Minutes that the clock goes on: a little, an hour to either side, or days of downtime.
fn moves() -> impl Strategy<Value = Vec<i64>> {
    let one = prop_oneof![
        0..90_i64,
        -60..=60_i64,
        Just(60_i64),
        Just(-60_i64),
        0..9_000_i64
    ];
    proptest::collection::vec(one, 1..40)
}

proptest! {
    #[test]
    fn each_time_begins_once_however_the_clock_jumps(
        often in often(),
        (place, start) in starts(),
        moves in moves(),
        skip in proptest::bool::ANY,
    ) {
        let sop = recurring(often, if skip { "skip" } else { "once" });
        let (zone, calendar) = (TimeZone::get(place).expect("a zone"), Calendar::of_chinese_holidays());
        let (start, control) = (utc(start), Control::default());
        let Kind::Recurring(every) = &sop.kind else { panic!("a recurring plan") };
        // Slowly: every time of the plan, one after the other.
        let ahead: i64 = moves.iter().map(|by| (*by).max(0)).sum();
        let end = UnixMillis(start.0 + ahead * MINUTE);
        let walk = |at: &UnixMillis| next(every, *at, &calendar, &zone).filter(|next| *next <= end);
        let times: Vec<UnixMillis> = std::iter::successors(walk(&start), walk).collect();
        let last = |now: UnixMillis| times.iter().copied().rfind(|at| *at <= now);

        let outlook = |now| Outlook { sop: &sop, control: &control, calendar: &calendar, zone: &zone, now };
        let mut watch = outlook(start).begin(None).map(|begin| begin.watch);
        let (mut now, mut names, mut begun) = (start, BTreeSet::new(), BTreeSet::new());
        let mut due = BTreeSet::new();
        for by in &moves {
            now = UnixMillis(now.0 + by * MINUTE);
            due.extend(last(now));
            let mut looks = 0;
            while let Some(begin) = outlook(now).begin(watch.clone()) {
                looks += 1;
                prop_assert!(looks < 4, "it begins without an end");
                watch = Some(begin.watch);
                // The store knows a run by its name.
                let Some(run) = begin.run.filter(|run| names.insert(run.name())) else { continue };
                prop_assert_eq!(Some(run.planned), last(now));
                prop_assert!(begun.insert(run.planned), "{} begins twice", run.planned.0);
                let missed = sop.missed == Missed::Skip && now.since(run.planned) > GRACE;
                prop_assert_eq!(run.why.is_some(), missed);
            }
        }
        prop_assert!(begun.is_subset(&due));
        if moves.iter().all(|by| *by >= 0) {
            prop_assert_eq!(begun, due);
        }
    }
}
