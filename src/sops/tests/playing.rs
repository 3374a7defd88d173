//! Whole plans played with any delays: whatever happens, nobody is disturbed.

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

/// Plays a plan to its end. Gives the step and time of everything that was done.
fn play(sop: &Sop, zone: &TimeZone, start: UnixMillis, delays: &[i64]) -> Vec<(u32, UnixMillis)> {
    let calendar = Calendar::of_chinese_holidays();
    let outreach = Outreach::default();
    let mut contact = Contact::unknown(Person::External("wm1".into()));
    let begun = begin(sop, start, zone);
    contact.sops.insert(sop.id.clone(), begun.enrolment);
    let (mut due, mut now) = (begun.due, start);
    let mut done = Vec::new();
    let mut delays = delays.iter().cycle();
    for _ in 0..10_000 {
        let Some(at) = due else { return done };
        // The scheduler is never early and sometimes late.
        now = now.max(UnixMillis(
            at.0 + delays.next().copied().unwrap_or_default(),
        ));
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
        let (turn, moved) = (scene.turn(at, false), scene.moved_on());
        let Progress {
            enrolment,
            due: next,
        } = match turn {
            Turn::Wait(until, _) => {
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
