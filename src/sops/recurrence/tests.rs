//! Known answers, and a clock that is looked at every minute.

use jiff::civil::{DateTime, Weekday, time};
use jiff::tz::TimeZone;
use proptest::prelude::{Just, Strategy, prop_assert_eq, prop_oneof, proptest};

use super::{Cron, ever_comes, last, next};
use crate::domain::clock::UnixMillis;
use crate::rules::Calendar;
use crate::rules::calendar::DayKind;
use crate::sops::model::{Days, Every};

fn utc(text: &str) -> UnixMillis {
    let at: jiff::Timestamp = text.parse().expect("a time");
    UnixMillis(at.as_millisecond())
}

fn on(days: Days, hour: i8, minute: i8) -> Every {
    let time = time(hour, minute, 0, 0);
    Every::On { days, time }
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("a zone")
}

/// The next times behind a moment, in the zone's own clock.
fn times(every: &Every, after: &str, place: &str, count: usize) -> Vec<String> {
    let (zone, calendar) = (zone(place), Calendar::of_chinese_holidays());
    let mut at = utc(after);
    let mut out = Vec::new();
    for _ in 0..count {
        at = next(every, at, &calendar, &zone).expect("a next time");
        let local = at.timestamp().to_zoned(zone.clone()).datetime();
        out.push(local.to_string().trim_end_matches(":00").to_owned());
    }
    out
}

#[test]
fn every_kind_of_day_comes_when_the_company_means_it() {
    let shanghai = "Asia/Shanghai";
    let sunday = "2026-11-22T06:00:00Z";
    assert_eq!(
        times(&on(Days::Week(Weekday::Monday), 9, 0), sunday, shanghai, 2),
        ["2026-11-23T09", "2026-11-30T09"]
    );
    assert_eq!(
        times(&on(Days::Every, 20, 30), sunday, shanghai, 2),
        ["2026-11-22T20:30", "2026-11-23T20:30"]
    );
    // The National Day holidays are 1 to 7 October 2026; Saturday the 10th is worked.
    assert_eq!(
        times(
            &on(Days::Working, 18, 0),
            "2026-09-30T10:00:00Z",
            shanghai,
            4
        ),
        [
            "2026-10-08T18",
            "2026-10-09T18",
            "2026-10-10T18",
            "2026-10-12T18"
        ]
    );
    assert_eq!(
        times(
            &on(Days::Month(31), 10, 0),
            "2028-01-31T02:00:00Z",
            shanghai,
            3
        ),
        ["2028-02-29T10", "2028-03-31T10", "2028-04-30T10"]
    );
    let cron = |text: &str| Every::Cron(text.to_owned());
    assert_eq!(
        times(&cron("*/30 9-10 * * 1,7"), sunday, shanghai, 3),
        ["2026-11-23T09", "2026-11-23T09:30", "2026-11-23T10"]
    );
    assert_eq!(
        times(&cron("0 8 13 * 5"), sunday, shanghai, 3),
        ["2026-11-27T08", "2026-12-04T08", "2026-12-11T08"],
        "a day of the month or a weekday: either will do"
    );
}

#[test]
fn the_clocks_change_and_nine_stays_nine() {
    let daily = on(Days::Every, 2, 30);
    assert_eq!(
        times(&daily, "2026-03-28T12:00:00Z", "Europe/Berlin", 2),
        ["2026-03-29T03:30", "2026-03-30T02:30"],
        "what is left out is an hour later"
    );
    let berlin = zone("Europe/Berlin");
    let calendar = Calendar::of_chinese_holidays();
    let first = next(&daily, utc("2026-10-24T12:00:00Z"), &calendar, &berlin);
    assert_eq!(first, Some(utc("2026-10-25T00:30:00Z")), "the first 02:30");
    let second = next(&daily, utc("2026-10-25T00:30:00Z"), &calendar, &berlin);
    assert_eq!(
        second,
        Some(utc("2026-10-26T01:30:00Z")),
        "not its second run"
    );
}

#[test]
fn what_never_comes_is_known() {
    let cron = |text: &str| Every::Cron(text.to_owned());
    assert!(!ever_comes(&cron("0 9 30 2 *")));
    assert!(!ever_comes(&cron("0 9 31 4,6,9,11 *")));
    assert!(ever_comes(&cron("0 9 29 2 *")));
    assert!(ever_comes(&cron("0 9 30 2 1")), "Mondays in February");
    assert!(Cron::read("5/20 * * * *").is_some_and(|cron| cron.minutes == [5, 25, 45].into()));
}

#[test]
fn after_downtime_the_last_time_is_found_whatever_was_missed() {
    let (shanghai, calendar) = (zone("Asia/Shanghai"), Calendar::of_chinese_holidays());
    let found = |every: &Every, after: &str, until: &str| {
        let at = last(every, utc(after), utc(until), &calendar, &shanghai);
        at.map(|at| at.timestamp().to_string())
    };
    let minutely = Every::Cron("* * * * *".to_owned());
    assert_eq!(
        found(&minutely, "2016-01-01T00:00:00Z", "2026-11-22T06:00:30Z").as_deref(),
        Some("2026-11-22T06:00:00Z")
    );
    let monthly = on(Days::Month(1), 9, 0);
    assert_eq!(
        found(&monthly, "2026-11-01T01:00:00Z", "2026-11-30T00:00:00Z"),
        None,
        "the last one was done already"
    );
    assert_eq!(
        found(&monthly, "2026-06-10T00:00:00Z", "2026-11-30T00:00:00Z").as_deref(),
        Some("2026-11-01T01:00:00Z")
    );
}

/// What a person would do: look at the wall clock every minute. A time that was shown before
/// does not count again, and a time that was left out counts so much later.
fn slowly(every: &Every, after: UnixMillis, zone: &TimeZone, most: i64) -> Option<UnixMillis> {
    let calendar = Calendar::of_chinese_holidays();
    let wall = |minute: i64| -> DateTime {
        let at = UnixMillis(minute * 60_000).timestamp();
        at.to_zoned(zone.clone()).datetime()
    };
    let first = after.0.div_euclid(60_000) + 1;
    // From a day before on, so that what the clocks showed already is known.
    let start = first - 2 * 1440;
    let mut furthest = wall(start - 1);
    let mut owed: Vec<(i64, DateTime)> = Vec::new();
    for minute in start..first + most {
        let now = wall(minute);
        let mut shown = furthest.checked_add(jiff::Span::new().minutes(1)).ok()?;
        while shown < now {
            let late = now.since(shown).ok()?.total(jiff::Unit::Minute).ok()?;
            let gap = now.since(furthest).ok()?.total(jiff::Unit::Minute).ok()? - 1.0;
            #[expect(clippy::cast_possible_truncation, reason = "whole minutes of a test")]
            owed.push((minute + (gap - late) as i64, shown));
            shown = shown.checked_add(jiff::Span::new().minutes(1)).ok()?;
        }
        let fresh = now > furthest;
        furthest = furthest.max(now);
        let due = owed
            .iter()
            .any(|(at, time)| *at == minute && fits(every, *time, &calendar));
        let here = (fresh && fits(every, now, &calendar)) || due;
        if here && minute >= first {
            return Some(UnixMillis(minute * 60_000));
        }
    }
    None
}

fn fits(every: &Every, at: DateTime, calendar: &Calendar) -> bool {
    let date = at.date();
    match every {
        Every::On { days, time } => {
            let day = match days {
                Days::Every => true,
                Days::Working => calendar.kind_of(date) == DayKind::Working,
                Days::Week(day) => date.weekday() == *day,
                Days::Month(day) => {
                    let end = date.tomorrow().is_ok_and(|next| next.day() == 1);
                    date.day() == *day || (end && date.day() < *day)
                }
            };
            day && at.time() == *time
        }
        Every::Cron(text) => {
            let fields: Vec<&str> = text.split(' ').collect();
            let is = |n: usize, number: i8| {
                fields[n] == "*" || fields[n].split(',').any(|one| one == number.to_string())
            };
            let (day, week) = (
                is(2, at.day()),
                is(4, date.weekday().to_sunday_zero_offset()),
            );
            let both = fields[2] != "*" && fields[4] != "*";
            let day = if both { day || week } else { day && week };
            is(0, at.minute()) && is(1, at.hour()) && is(3, at.month()) && day
        }
    }
}

fn zones() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("Asia/Shanghai"),
        Just("Europe/Berlin"),
        Just("America/New_York"),
        Just("Australia/Lord_Howe"),
        Just("America/Sao_Paulo"),
        Just("Africa/Cairo"),
    ]
}

fn plans() -> impl Strategy<Value = Every> {
    let days = prop_oneof![
        Just(Days::Every),
        Just(Days::Working),
        (1..=7_i8).prop_map(|day| {
            Days::Week(Weekday::from_monday_one_offset(day).expect("a weekday"))
        }),
        (1..=31_i8).prop_map(Days::Month),
    ];
    let clock = (0..24_i8, prop_oneof![Just(0_i8), Just(30), 0..60_i8]);
    let named = (days, clock).prop_map(|(days, (hour, minute))| on(days, hour, minute));
    let cron = (0..60_u8, 0..60_u8, 0..24_u8, 1..=31_u8, 0..=6_u8, 0..6_u8);
    let cron = cron.prop_map(|(one, other, hour, day, week, form)| {
        Every::Cron(match form {
            0 => format!("{one},{other} * * * *"),
            1 => format!("{one} {hour} * * *"),
            2 => format!("{one} {hour} * * {week}"),
            3 => format!("{one} {hour} {day} * {week}"),
            4 => format!("{one} 1,2,3 * * *"),
            _ => format!("{one} {hour} 28,29,30,31 * *"),
        })
    });
    prop_oneof![named, cron]
}

/// Moments around which something is odd: changes of the clocks, month ends, holidays.
fn moments() -> impl Strategy<Value = i64> {
    let odd = prop_oneof![
        Just("2026-03-29T00:30:00Z"),
        Just("2026-10-25T00:30:00Z"),
        Just("2026-03-08T06:30:00Z"),
        Just("2026-11-01T05:30:00Z"),
        Just("2026-04-04T14:30:00Z"),
        Just("2026-10-03T15:00:00Z"),
        Just("2018-11-04T02:00:00Z"),
        Just("2018-02-18T01:30:00Z"),
        Just("2024-04-25T22:00:00Z"),
        Just("2024-02-28T16:00:00Z"),
        Just("2026-09-30T16:00:00Z"),
        Just("2026-12-31T16:00:00Z"),
    ];
    // Up to a day and a half to either side.
    (odd, -2160..2160_i64, 0..60_000_i64)
        .prop_map(|(odd, minutes, millis)| utc(odd).0 + minutes * 60_000 + millis)
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// In any zone, around any change of the clocks, month end and holiday.
    #[test]
    fn agrees_with_looking_at_the_clock_every_minute(
        every in plans(),
        place in zones(),
        now in moments(),
    ) {
        let (zone, calendar) = (zone(place), Calendar::of_chinese_holidays());
        let fast = next(&every, UnixMillis(now), &calendar, &zone);
        let wait = fast.map_or(i64::MAX, |fast| fast.0 - now);
        // Longer waits than ten days are looked at from ten days before their end.
        let ten = 10 * 86_400_000;
        let from = UnixMillis(now + (wait - ten).max(0));
        prop_assert_eq!(slowly(&every, from, &zone, 16 * 1440), fast);
    }
}
