//! When runs begin, and what is left out.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::{Approval, Begin, Control, Outlook, Run, Watch, Work};
use crate::domain::clock::UnixMillis;
use crate::rules::Calendar;
use crate::sops::Sop;
use crate::sops::tests::support::plan;

const MONDAY: &str = "
version: 1
sops:
  - id: 早报
    kind: recurring
    every: 周一 09:00
    target: {name: 会员*}
    steps: [{via: broadcast, do: [{send: 甲}]}]
";

const CAMPAIGN: &str = "
version: 1
sops:
  - id: 双十二
    kind: campaign
    audience: {has_tag: 客户/已购买}
    phases:
      - {name: 预热, at: 2026-12-08 10:00, via: broadcast, do: [{send: 甲}]}
      - {name: 标记, at: 2026-12-10 10:00, do: [{tag: 双十二/目标}]}
      - {name: 返场, at: 2026-12-13 10:00, via: broadcast, do: [{send: 甲}]}
";

/// A time in Shanghai.
fn at(text: &str) -> UnixMillis {
    let zoned: jiff::Zoned = format!("{text}[Asia/Shanghai]").parse().expect("a time");
    UnixMillis(zoned.timestamp().as_millisecond())
}

fn look(sop: &Sop, control: &Control, watch: Option<Watch>, now: &str) -> Option<Begin> {
    let outlook = Outlook {
        sop,
        control,
        calendar: &Calendar::of_chinese_holidays(),
        zone: &TimeZone::get("Asia/Shanghai").expect("a zone"),
        now: at(now),
    };
    outlook.begin(watch)
}

fn since(until: &str) -> Option<Watch> {
    Some(Watch::from(at(until)))
}

fn approved(sop: &Sop, when: &str) -> Control {
    Control {
        approved: Some(Approval {
            version: sop.version.clone(),
            at: at(when),
        }),
        ..Control::default()
    }
}

/// Everything that begins or is left out until nothing more is due: step and reason.
fn all(sop: &Sop, control: &Control, from: &str, now: &str) -> Vec<(u32, Option<String>)> {
    let mut watch = since(from);
    let mut out = Vec::new();
    while let Some(begin) = look(sop, control, watch, now) {
        watch = Some(begin.watch.clone());
        if let Some(run) = begin.run {
            let Work::Step { step, .. } = run.work else {
                panic!("{run:?}");
            };
            out.push((step, run.why));
        }
    }
    out
}

#[test]
fn a_new_plan_begins_nothing_that_was_before_it() {
    let sop = plan(MONDAY);
    let none = Control::default();
    let first = look(&sop, &none, None, "2026-11-23T09:30").expect("a watch");
    assert_eq!(first.run, None, "nine was before anybody knew of it");
    let watch = Some(first.watch);
    assert_eq!(look(&sop, &none, watch.clone(), "2026-11-30T08:59"), None);
    let begin = look(&sop, &none, watch, "2026-11-30T09:00").expect("a run");
    let run = begin.run.expect("a run");
    assert_eq!((run.planned, run.why), (at("2026-11-30T09:00"), None));
    assert_eq!(
        look(&sop, &none, Some(begin.watch), "2026-11-30T09:01"),
        None
    );
}

#[test]
fn what_was_missed_is_left_out_or_made_up_for_once() {
    let none = Control::default();
    let skip = plan(MONDAY);
    let once = plan(&MONDAY.replace("target:", "missed: once\n    target:"));
    let missed = Some("it was missed: the server was down".to_owned());
    // Down for three Mondays, up again on a Wednesday.
    let (from, now) = ("2026-11-04T00:00", "2026-11-25T12:00");
    assert_eq!(all(&skip, &none, from, now), [(0, missed)]);
    assert_eq!(all(&once, &none, from, now), [(0, None)]);
    // Up again on Monday within the hour: that is not missed.
    assert_eq!(all(&skip, &none, from, "2026-11-23T09:59"), [(0, None)]);
}

#[test]
fn switching_on_late_sends_nothing_at_once() {
    let sop = plan(CAMPAIGN);
    let from = "2026-12-01T00:00";
    let none = Control::default();
    assert_eq!(
        all(&sop, &none, from, "2026-12-31T00:00"),
        [],
        "not approved"
    );
    let control = approved(&sop, "2026-12-09T00:00");
    let over = Some("its date was over when it was approved".to_owned());
    assert_eq!(
        all(&sop, &control, from, "2026-12-10T10:00"),
        [(0, over), (1, None)]
    );
    let edited = plan(&CAMPAIGN.replace("返场", "最后一天"));
    assert_eq!(
        all(&edited, &control, from, "2026-12-13T10:00"),
        [],
        "what was changed is approved again"
    );
}

#[test]
fn of_phases_that_were_missed_the_last_is_made_up_for() {
    let sop = plan(CAMPAIGN);
    let control = approved(&sop, "2026-12-01T00:00");
    let missed = Some("it was missed, and the next one is due already".to_owned());
    assert_eq!(
        all(&sop, &control, "2026-12-01T00:00", "2026-12-14T00:00"),
        [(0, missed), (1, None), (2, None)],
        "what disturbs nobody is made up for"
    );
    assert_eq!(
        all(&sop, &control, "2026-12-01T00:00", "2026-12-09T00:00"),
        [(0, None)]
    );
}

#[test]
fn an_edit_repeats_no_phase() {
    let sop = plan(CAMPAIGN);
    let mut watch = since("2026-12-01T00:00");
    let first = look(
        &sop,
        &approved(&sop, "2026-12-01T00:00"),
        watch,
        "2026-12-08T10:00",
    );
    let first = first.expect("a phase");
    watch = Some(first.watch);
    // A phase is put before the first: it is in the past and does not begin.
    let edited = plan(&CAMPAIGN.replace(
        "    phases:\n",
        "    phases:\n      - {at: 2026-12-07 10:00, via: staff, do: [{send: 甲}]}\n",
    ));
    let control = approved(&edited, "2026-12-09T00:00");
    let next = look(&edited, &control, watch, "2026-12-10T10:00").expect("a phase");
    let run = next.run.expect("a run");
    let begun = first.run.expect("a run");
    let (Work::Step { run: one, .. }, Work::Step { run: other, step }) = (begun.work, run.work)
    else {
        panic!("{run:?}");
    };
    assert_eq!((step, one), (2, other), "the same run goes on with 标记");
}

#[test]
fn a_clock_that_jumps_ahead_and_back_stops_nothing_for_long() {
    let sop = plan(MONDAY);
    let none = Control::default();
    let ahead = look(&sop, &none, since("2026-11-22T00:00"), "2027-11-22T09:00");
    let ahead = ahead.expect("a run in a year").watch;
    let back = look(&sop, &none, Some(ahead), "2026-11-22T10:00").expect("the watch");
    assert_eq!((back.run, back.watch.until), (None, at("2026-11-22T10:00")));
    // A few minutes are waited for.
    let little = since("2026-11-23T09:00");
    assert_eq!(look(&sop, &none, little.clone(), "2026-11-23T08:58"), None);
    assert_eq!(look(&sop, &none, little, "2026-11-23T09:01"), None);
    assert!(super::GRACE > Duration::from_secs(120));
}

#[test]
fn what_is_paused_or_off_begins_nothing() {
    let paused = Control {
        paused: Some(at("2026-11-22T00:00")),
        ..Control::default()
    };
    let sop = plan(MONDAY);
    let why = Some("the plan is paused".to_owned());
    assert_eq!(
        all(&sop, &paused, "2026-11-22T00:00", "2026-11-23T09:00"),
        [(0, why)]
    );
    let campaign = plan(CAMPAIGN);
    let both = Control {
        cancelled: paused.paused,
        ..approved(&campaign, "2026-12-01T00:00")
    };
    assert_eq!(
        all(&campaign, &both, "2026-12-01T00:00", "2026-12-31T00:00"),
        []
    );
}

const THREE: &str = "
version: 1
sops:
  - id: 活动
    kind: campaign
    approve: none
    audience: {has_tag: 客户/已购买}
    phases:
      - {name: 一, at: 2026-12-08 10:00, via: broadcast, do: [{send: 甲}]}
      - {name: 二, at: 2026-12-10 10:00, via: broadcast, do: [{send: 甲}]}
      - {at: 2026-12-13 10:00, via: broadcast, do: [{send: 甲}]}
";
const FIRST: &str = "      - {name: 一, at: 2026-12-08 10:00, via: broadcast, do: [{send: 甲}]}\n";

/// The runs that begin when a plan is looked at at these times, each as it is written then.
fn played(looks: &[(&Sop, &str)], watch: &mut Option<Watch>) -> Vec<Run> {
    let mut runs = Vec::new();
    for (sop, now) in looks {
        while let Some(begin) = look(sop, &Control::default(), watch.clone(), now) {
            *watch = Some(begin.watch);
            runs.extend(begin.run);
        }
    }
    runs
}

#[test]
fn a_phase_that_is_over_may_be_deleted_and_the_others_come() {
    let (three, two) = (plan(THREE), plan(&THREE.replace(FIRST, "")));
    let mut watch = since("2026-12-01T00:00");
    let looks = [
        (&three, "2026-12-08T10:00"),
        (&two, "2026-12-10T10:00"),
        (&two, "2026-12-13T10:00"),
    ];
    let runs = played(&looks, &mut watch);
    let names: BTreeSet<String> = runs.iter().map(Run::name).collect();
    assert_eq!(names.len(), 3, "none is taken for another: {names:?}");
    let numbers = runs.iter().map(|run| match run.work {
        Work::Step { step, .. } => (step, run.number.unwrap_or(step)),
        _ => panic!("{run:?}"),
    });
    let numbers: Vec<(u32, u32)> = numbers.collect();
    assert_eq!(numbers, [(0, 0), (0, 1), (1, 2)], "no two share a row");
}

#[test]
fn a_phase_that_has_been_does_not_come_again_at_another_time() {
    let three = plan(THREE);
    let later = plan(&THREE.replace("{name: 一, at: 2026-12-08", "{name: 一, at: 2026-12-09"));
    let mut watch = since("2026-12-01T00:00");
    let first = played(&[(&three, "2026-12-08T10:00")], &mut watch);
    assert_eq!(first.len(), 1);
    let control = Control::default();
    let outlook = Outlook {
        sop: &later,
        control: &control,
        calendar: &Calendar::of_chinese_holidays(),
        zone: &TimeZone::get("Asia/Shanghai").expect("a zone"),
        now: at("2026-12-08T12:00"),
    };
    assert_eq!(outlook.next(watch.as_ref()), Some(at("2026-12-10T10:00")));
    assert_eq!(played(&[(&later, "2026-12-09T10:00")], &mut watch), []);
}

#[test]
fn what_the_version_before_has_begun_is_known_by_its_place() {
    let three = plan(THREE);
    // As the program before has kept them: a watch and a run that know only the place.
    let started = at("2026-12-01T00:00").0;
    let until = at("2026-12-08T10:00").0;
    let watch = serde_json::json!({ "until": until, "started": started });
    let watch: Watch = serde_json::from_value(watch).expect("a watch");
    let run = serde_json::json!({
        "sop": "活动", "version": three.version, "planned": until, "began": until,
        "work": { "step": { "run": started, "step": 0 } }, "ended": until + 5, "looked": 3,
    });
    let run: Run = serde_json::from_value(run).expect("a run");
    let watch = watch.recalling([&run], |version| {
        (version == three.version).then_some(&three)
    });
    let moved = THREE.replace("{name: 一, at: 2026-12-08", "{name: 一, at: 2026-12-09");
    let mut known = Some(watch.clone());
    assert_eq!(
        played(&[(&plan(&moved), "2026-12-09T10:00")], &mut known),
        []
    );
    let two = plan(&THREE.replace(FIRST, ""));
    let mut known = Some(watch);
    let next = played(&[(&two, "2026-12-10T10:00")], &mut known);
    let next = next.first().expect("the second phase");
    assert_eq!((next.number, next.why.as_deref()), (Some(1), None));
}

#[test]
fn groups_make_up_for_nothing_if_they_are_told_so() {
    let groups = "
version: 1
sops:
  - id: 群日
    kind: group
    MISSED
    target: {name: 会*}
    steps: [{at: 2026-12-08 10:00, via: broadcast, do: [{send: 甲}]}]
";
    let none = Control::default();
    let missed = || Some("it was missed: the server was down".to_owned());
    let (from, late) = ("2026-12-01T00:00", "2026-12-09T15:00");
    let skip = plan(&groups.replace("MISSED", "missed: skip"));
    assert_eq!(all(&skip, &none, from, late), [(0, missed())]);
    assert_eq!(all(&skip, &none, from, "2026-12-08T10:59"), [(0, None)]);
    let once = plan(&groups.replace("    MISSED\n", ""));
    assert_eq!(all(&once, &none, from, late), [(0, None)]);
}
