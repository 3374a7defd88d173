//! When a step is due: days, times of day, dates and periods in the company's zone.
//!
//! Days are days of the calendar, not 24 hours. A time of day that a change of the clocks
//! leaves out is that much later; one that comes twice is its first.

use std::time::Duration;

use jiff::ToSpan as _;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;

use super::model::{At, Cap, Period};
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Enrolment;

/// No plan reaches further.
const FOREVER: UnixMillis = UnixMillis(i64::MAX);

/// When a step is due for somebody: as planned, but never before the step before it was over.
#[must_use]
pub fn due_at(at: At, enrolment: &Enrolment, zone: &TimeZone) -> UnixMillis {
    planned(at, enrolment, zone).max(begun(enrolment))
}

/// When a step is planned for somebody, whatever became of the steps before it. Only one that
/// follows a while after the step before it goes by that.
#[must_use]
pub fn planned(at: At, enrolment: &Enrolment, zone: &TimeZone) -> UnixMillis {
    let start = enrolment.started_at;
    let planned = match at {
        At::After(wait) => begun(enrolment).after(wait),
        At::Day {
            days: 0,
            time: None,
        } => start,
        At::Day { days, time } => {
            let local = local(start, zone);
            let time = time.unwrap_or_else(|| local.time());
            let date = local.date().checked_add(i32::from(days).days());
            date.map_or(FOREVER, |date| instant(date.to_datetime(time), zone))
        }
        At::Local(at) => instant(at, zone),
    };
    planned.max(start)
}

/// When the step before was over, or they entered.
fn begun(enrolment: &Enrolment) -> UnixMillis {
    let start = enrolment.started_at;
    enrolment.last_step_at.unwrap_or(start).max(start)
}

/// A local time as an instant.
#[must_use]
pub fn instant(local: DateTime, zone: &TimeZone) -> UnixMillis {
    UnixMillis::of_local(local, zone)
}

/// An instant as a local time.
#[must_use]
pub fn local(at: UnixMillis, zone: &TimeZone) -> DateTime {
    at.local(zone)
}

/// When there is room again under a cap: `None` if there is room now. It is the same time of
/// day in the first period that has room.
#[must_use]
pub fn room(cap: Cap, sent: &[UnixMillis], now: UnixMillis, zone: &TimeZone) -> Option<UnixMillis> {
    let here = local(now, zone);
    let period = |at: DateTime| beginning(cap.period, at);
    let this = period(here);
    let used = sent.iter().filter(|at| period(local(**at, zone)) == this);
    if used.count() < usize::try_from(cap.most).unwrap_or(usize::MAX) {
        return None;
    }
    let next = following(cap.period, this)?;
    let at = match cap.period {
        Period::Hour => next,
        _ => next.date().to_datetime(here.time()),
    };
    let at = instant(at, zone);
    // Where an hour comes twice its second run is the same hour: then the next one is meant.
    Some(if at > now {
        at
    } else {
        now.after(Duration::from_secs(3600))
    })
}

/// The beginning of the period that a local time is in.
fn beginning(period: Period, at: DateTime) -> DateTime {
    let day = at.date();
    match period {
        Period::Hour => day.at(at.hour(), 0, 0, 0),
        Period::Day => day.to_datetime(Time::midnight()),
        Period::Week => {
            let back = at.weekday().to_monday_zero_offset();
            let monday = day.checked_sub(back.days()).unwrap_or(day);
            monday.to_datetime(Time::midnight())
        }
        Period::Month => day.first_of_month().to_datetime(Time::midnight()),
    }
}

fn following(period: Period, beginning: DateTime) -> Option<DateTime> {
    let span = match period {
        Period::Hour => 1.hours(),
        Period::Day => 1.days(),
        Period::Week => 1.weeks(),
        Period::Month => 1.months(),
    };
    beginning.checked_add(span).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::ToSpan as _;
    use jiff::civil::{Time, date, time};
    use jiff::tz::TimeZone;
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::{due_at, local, planned, room};
    use crate::domain::clock::UnixMillis;
    use crate::domain::contact::Enrolment;
    use crate::sops::model::{At, Cap, Period};

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a zone")
    }

    fn utc(text: &str) -> UnixMillis {
        let at: jiff::Timestamp = text.parse().expect("a time");
        UnixMillis(at.as_millisecond())
    }

    fn due(at: At, started: &str, place: &str) -> String {
        let enrolment = Enrolment::begin("v".into(), utc(started));
        let due = due_at(at, &enrolment, &zone(place));
        due.timestamp().to_string()
    }

    fn day(days: u16, hour: i8, minute: i8) -> At {
        let time = Some(time(hour, minute, 0, 0));
        At::Day { days, time }
    }

    #[test]
    fn days_are_counted_in_the_companys_zone() {
        // 2026-11-23 00:30 in Shanghai is still the 22nd in UTC.
        let start = "2026-11-22T16:30:00Z";
        assert_eq!(
            due(day(1, 10, 0), start, "Asia/Shanghai"),
            "2026-11-24T02:00:00Z"
        );
        assert_eq!(due(day(1, 10, 0), start, "UTC"), "2026-11-23T10:00:00Z");
        let same_time = At::Day {
            days: 3,
            time: None,
        };
        assert_eq!(
            due(same_time, start, "Asia/Shanghai"),
            "2026-11-25T16:30:00Z"
        );
    }

    #[test]
    fn a_time_that_has_passed_on_the_first_day_is_now() {
        let start = "2026-11-23T07:00:00Z";
        assert_eq!(due(day(0, 10, 0), start, "Asia/Shanghai"), start);
        assert_eq!(
            due(day(0, 20, 0), start, "Asia/Shanghai"),
            "2026-11-23T12:00:00Z"
        );
    }

    #[test]
    fn the_clocks_change_and_ten_stays_ten() {
        // Berlin goes back on 2026-10-25 and forward on 2026-03-29.
        let autumn = due(day(1, 10, 0), "2026-10-24T08:00:00Z", "Europe/Berlin");
        assert_eq!(autumn, "2026-10-25T09:00:00Z");
        let left_out = due(day(1, 2, 30), "2026-03-28T08:00:00Z", "Europe/Berlin");
        assert_eq!(left_out, "2026-03-29T01:30:00Z", "03:30 summer time");
        let twice = due(day(1, 2, 30), "2026-10-24T08:00:00Z", "Europe/Berlin");
        assert_eq!(twice, "2026-10-25T00:30:00Z", "the first 02:30");
    }

    #[test]
    fn month_ends_are_no_obstacle() {
        assert_eq!(
            due(day(2, 9, 0), "2028-02-28T03:00:00Z", "Asia/Shanghai"),
            "2028-03-01T01:00:00Z"
        );
        let date = At::Local(date(2026, 12, 31).at(23, 59, 0, 0));
        assert_eq!(
            due(date, "2026-11-22T00:00:00Z", "Asia/Shanghai"),
            "2026-12-31T15:59:00Z"
        );
    }

    #[test]
    fn hours_count_from_the_step_before() {
        let mut enrolment = Enrolment::begin("v".into(), utc("2026-11-22T00:00:00Z"));
        let wait = At::After(Duration::from_secs(3 * 3600));
        let shanghai = zone("Asia/Shanghai");
        let first = due_at(wait, &enrolment, &shanghai);
        assert_eq!(first, utc("2026-11-22T03:00:00Z"));
        enrolment.last_step_at = Some(utc("2026-11-23T02:00:00Z"));
        let next = due_at(wait, &enrolment, &shanghai);
        assert_eq!(next, utc("2026-11-23T05:00:00Z"));
        // A step that was held back holds back those behind it.
        let before = due_at(day(1, 9, 0), &enrolment, &shanghai);
        assert_eq!(before, utc("2026-11-23T02:00:00Z"));
        // It was planned earlier all the same: it is late.
        let wished = planned(day(1, 9, 0), &enrolment, &shanghai);
        assert_eq!(wished, utc("2026-11-23T01:00:00Z"));
    }

    #[test]
    fn a_cap_is_by_the_calendar() {
        let shanghai = zone("Asia/Shanghai");
        let cap = |period| Cap { most: 1, period };
        let sent = [utc("2026-11-23T15:59:00Z")];
        // 23:59 and 00:01 are two days in Shanghai.
        let now = utc("2026-11-23T16:01:00Z");
        assert_eq!(room(cap(Period::Day), &sent, now, &shanghai), None);
        let same_day = utc("2026-11-23T15:59:30Z");
        assert_eq!(
            room(cap(Period::Day), &sent, same_day, &shanghai),
            Some(utc("2026-11-24T15:59:30Z"))
        );
        assert_eq!(
            room(cap(Period::Week), &sent, now, &shanghai),
            Some(utc("2026-11-29T16:01:00Z")),
            "the next Monday at the same time"
        );
        assert_eq!(
            room(cap(Period::Month), &sent, now, &shanghai),
            Some(utc("2026-11-30T16:01:00Z"))
        );
        assert_eq!(
            room(cap(Period::Hour), &sent, same_day, &shanghai),
            Some(utc("2026-11-23T16:00:00Z"))
        );
        let two = Cap {
            most: 2,
            period: Period::Day,
        };
        assert_eq!(room(two, &sent, same_day, &shanghai), None);
    }

    /// What a person would do who looks at a clock on the wall every minute. What a change of
    /// the clocks leaves out is counted on by the old clock.
    fn slowly(days: u16, time: Time, start: UnixMillis, zone: &TimeZone) -> UnixMillis {
        let day = local(start, zone).date();
        let target = day
            .checked_add(i32::from(days).days())
            .expect("a day")
            .to_datetime(time);
        let whole = Duration::from_secs(86_400 * u64::from(days.saturating_sub(2)));
        let mut before = UnixMillis(start.after(whole).0.div_euclid(60_000) * 60_000);
        before = before.before(Duration::from_secs(2 * 86_400));
        loop {
            let next = before.after(Duration::from_secs(60));
            if local(next, zone) >= target {
                let left = target.duration_since(local(before, zone));
                let left = u64::try_from(left.as_millis()).expect("later");
                return before.after(Duration::from_millis(left)).max(start);
            }
            before = next;
        }
    }

    proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(96))]

        /// In any zone, over changes of the clocks and month ends.
        #[test]
        fn mochat_173_mautic_837_2824_7665_10170_day_n_at_a_time_is_that_day_at_that_time(
            place in proptest::sample::select(vec![
                "Asia/Shanghai", "Europe/Berlin", "America/New_York",
                "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia",
            ]),
            // 2017 to 2027; Sao Paulo changed its clocks at midnight until 2019.
            minute in 24_720_000_i64..30_000_000,
            days in 0..40_u16,
            quarter in 0..96_i8,
        ) {
            let zone = zone(place);
            let start = UnixMillis(minute * 60_000);
            let time = time(quarter / 4, quarter % 4 * 15, 0, 0);
            let at = At::Day { days, time: Some(time) };
            let fast = due_at(at, &Enrolment::begin("v".into(), start), &zone);
            prop_assert_eq!(fast, slowly(days, time, start, &zone));
        }
    }
}
