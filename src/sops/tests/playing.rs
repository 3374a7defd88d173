//! Whole plans played with any delays: whatever happens, nobody is disturbed.

use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};

use super::support::lifecycle;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::ids::Person;
use crate::rules::Calendar;
use crate::sops::Sop;
use crate::sops::lifecycle::{Progress, Scene, Turn, begin};
use crate::sops::outreach::Outreach;
use crate::sops::quiet::is_quiet;
use crate::sops::timing::local;

const DAY: i64 = 86_400_000;

/// Plays a plan to its end with a scheduler that is late by these, again and again. Gives the
/// step and time of everything that was done.
fn play(sop: &Sop, zone: &TimeZone, start: UnixMillis, delays: &[i64]) -> Vec<(u32, UnixMillis)> {
    let mut delays = delays.iter().cycle();
    play_with(sop, zone, start, |due| {
        UnixMillis(due.0 + delays.next().copied().unwrap_or_default())
    })
}

/// Plays a plan to its end. `looked` says when what is due then is looked at.
fn play_with(
    sop: &Sop,
    zone: &TimeZone,
    start: UnixMillis,
    mut looked: impl FnMut(UnixMillis) -> UnixMillis,
) -> Vec<(u32, UnixMillis)> {
    let calendar = Calendar::of_chinese_holidays();
    let outreach = Outreach::default();
    let mut contact = Contact::unknown(Person::External("wm1".into()));
    let begun = begin(sop, start, zone);
    contact.sops.insert(sop.id.clone(), begun.enrolment);
    let (mut due, mut now) = (begun.due, start);
    let mut done = Vec::new();
    for _ in 0..10_000 {
        let Some(at) = due else { return done };
        // The scheduler is never early and sometimes late.
        now = now.max(looked(at));
        let enrolment = &contact.sops[&sop.id];
        let scene = Scene {
            sop,
            contact: &contact,
            enrolment,
            outreach: &outreach,
            calendar: &calendar,
            zone,
            now,
        };
        let sends = sop.steps[enrolment.step as usize].sends();
        let (turn, moved, missed) = (scene.turn(at, false), scene.moved_on(), scene.missed_on());
        let Progress {
            enrolment,
            due: next,
        } = match turn {
            Turn::Wait(until, _) | Turn::Idle(until, _) => {
                assert!(until > now, "it waits for the past");
                due = Some(until);
                continue;
            }
            Turn::Do => {
                done.push((enrolment.step, now));
                contact.reached.extend(sends.then_some(now));
                moved
            }
            Turn::Skip(_) => moved,
            Turn::Missed(_) => missed,
            Turn::Exit => return done,
        };
        contact.sops.insert(sop.id.clone(), enrolment);
        due = next;
    }
    panic!("it never ends");
}

fn steps() -> impl Strategy<Value = Vec<(u16, u8)>> {
    proptest::collection::vec((0..9_u16, 0..24_u8), 1..7).prop_map(|mut steps| {
        steps.sort_unstable();
        steps
    })
}

proptest! {
    /// Down for some days in the middle: of what was to be said then, the last is said now, or
    /// nothing; and never two things at once.
    #[test]
    fn after_downtime_nobody_gets_everything_at_once(
        steps in steps(),
        start in 0..40 * DAY,
        down in 0..9 * DAY,
        lasts in 2 * 3_600_000..9 * DAY,
        skip in proptest::bool::ANY,
    ) {
        let mut times: Vec<(u16, u8)> = steps;
        times.dedup();
        let lines: Vec<String> = times
            .iter()
            .map(|(day, hour)| {
                format!("  - {{at: {day}d {hour:02}:30, via: staff, do: [{{send: 甲}}]}}")
            })
            .collect();
        let head = [if skip { "missed: skip" } else { "missed: once" }, "steps:"];
        let lines: Vec<&str> = head.into_iter().chain(lines.iter().map(String::as_str)).collect();
        let sop = lifecycle(&lines);
        let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
        let start = UnixMillis(1_789_862_400_000 + start);
        let (from, until) = (UnixMillis(start.0 + down), UnixMillis(start.0 + down + lasts));
        let done = play_with(&sop, &zone, start, |due| {
            if from < due && due < until { until } else { due }
        });
        // What the day began with is done at once, so only later days are spoken of.
        let planned = |step: u32| {
            let (day, hour) = times[step as usize];
            let date = local(start, &zone).date().checked_add(i64::from(day).days());
            let hour = i8::try_from(hour).expect("an hour");
            UnixMillis::of_local(date.expect("a date").at(hour, 30, 0, 0), &zone)
        };
        let made_up = done.iter().filter(|(step, at)| {
            *at == until && planned(*step) > start && until.since(planned(*step)).as_secs() > 3600
        });
        let made_up: Vec<_> = made_up.collect();
        prop_assert!(made_up.len() <= usize::from(!skip), "{made_up:?}");
        // Who was there at its time has done it.
        for (step, _) in (0_u32..).zip(&times) {
            let at = planned(step);
            let there = at > start && (at <= from || at >= until);
            prop_assert!(!there || done.contains(&(step, at)), "step {step} of {times:?}: {done:?}");
        }
    }

    #[test]
    fn kj_scrm_once_each_in_order_never_in_quiet_hours_and_never_too_often(
        steps in steps(),
        // Around the change of the clocks in Berlin, and around the holidays in China.
        start in 0..40 * DAY,
        delays in proptest::collection::vec(0..2 * 3_600_000_i64, 1..6),
        place in 0..2_usize,
    ) {
        let lines: Vec<String> = steps
            .iter()
            .map(|(day, hour)| {
                format!("  - {{at: {day}d {hour:02}:30, via: staff, do: [{{send: 甲}}]}}")
            })
            .collect();
        let head = [
            "quiet: {from: \"21:00\", to: \"09:00\", holidays: skip}",
            "limits: {per_contact: 1/天}",
            "missed: once",
            "steps:",
        ];
        let lines: Vec<&str> = head.into_iter().chain(lines.iter().map(String::as_str)).collect();
        let sop = lifecycle(&lines);
        let zone = ["Asia/Shanghai", "Europe/Berlin"][place];
        let zone = TimeZone::get(zone).expect("a zone");
        // From 2026-09-20 on.
        let start = UnixMillis(1_789_862_400_000 + start);
        let done = play(&sop, &zone, start, &delays);

        let quiet = sop.quiet.as_ref().expect("quiet hours");
        let calendar = Calendar::of_chinese_holidays();
        for (step, at) in &done {
            prop_assert!(!is_quiet(quiet, local(*at, &zone), &calendar), "step {step}");
        }
        for pair in done.windows(2) {
            prop_assert!(pair[0].0 < pair[1].0, "once each, in order");
            prop_assert!(local(pair[0].1, &zone).date() < local(pair[1].1, &zone).date());
        }
        // Whoever is never late by more than an hour misses nothing.
        if delays.iter().all(|delay| *delay <= 3_600_000) {
            prop_assert_eq!(done.len(), steps.len());
        }
    }
}
