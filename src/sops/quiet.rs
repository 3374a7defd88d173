//! When nothing may be said, and when it is over.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::model::Quiet;
use super::timing::local;
use crate::domain::clock::UnixMillis;
use crate::rules::Calendar;
use crate::rules::calendar::DayKind;

/// Holidays in a row and changes of the clocks stay far below.
const MOST_LOOKS: usize = 2000;

/// The first moment from `now` on at which something may be said; `None` if there is none,
/// because every day is quiet from end to end.
#[must_use]
pub fn allowed_from(
    quiet: &Quiet,
    now: UnixMillis,
    calendar: &Calendar,
    zone: &TimeZone,
) -> Option<UnixMillis> {
    let mut at = now;
    for _ in 0..MOST_LOOKS {
        if !is_quiet(quiet, local(at, zone), calendar) {
            return Some(at);
        }
        at = next_change(quiet, at, zone)?;
    }
    None
}

/// Whether nothing may be said at a local time.
#[must_use]
pub fn is_quiet(quiet: &Quiet, at: DateTime, calendar: &Calendar) -> bool {
    let holiday = quiet.holidays && calendar.kind_of(at.date()) == DayKind::Holiday;
    holiday || quiet.span.is_some_and(|span| is_within(span, at.time()))
}

fn is_within((from, to): (Time, Time), time: Time) -> bool {
    if from < to {
        from <= time && time < to
    } else {
        from <= time || time < to
    }
}

/// The next instant at which quiet may end: the end of its span, midnight, or a change of
/// the clocks.
fn next_change(quiet: &Quiet, at: UnixMillis, zone: &TimeZone) -> Option<UnixMillis> {
    let today = local(at, zone).date();
    let days = [Some(today), today.tomorrow().ok(), after_tomorrow(today)];
    let ends = [Some(Time::midnight()), quiet.span.map(|(_, to)| to)];
    let mut candidates: Vec<UnixMillis> = Vec::new();
    for day in days.into_iter().flatten() {
        for time in ends.into_iter().flatten() {
            let both = zone.to_ambiguous_timestamp(day.to_datetime(time));
            let instants = [both.earlier(), both.later()];
            let known = instants.into_iter().flatten();
            candidates.extend(known.map(|at| UnixMillis(at.as_millisecond())));
        }
    }
    let clocks = zone.following(at.timestamp()).next();
    candidates.extend(clocks.map(|change| UnixMillis(change.timestamp().as_millisecond())));
    candidates.into_iter().filter(|next| *next > at).min()
}

fn after_tomorrow(today: Date) -> Option<Date> {
    today.tomorrow().ok()?.tomorrow().ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;
    use jiff::tz::TimeZone;
    use proptest::prelude::{Just, Strategy, prop_assert_eq, prop_oneof, proptest};

    use super::{allowed_from, is_quiet};
    use crate::domain::clock::UnixMillis;
    use crate::rules::Calendar;
    use crate::sops::model::{Late, Quiet};
    use crate::sops::timing::local;

    fn quiet(from: (i8, i8), to: (i8, i8), holidays: bool) -> Quiet {
        Quiet {
            span: Some((time(from.0, from.1, 0, 0), time(to.0, to.1, 0, 0))),
            holidays,
            late: Late::Next,
        }
    }

    fn at(text: &str) -> UnixMillis {
        let at: jiff::Timestamp = text.parse().expect("a time");
        UnixMillis(at.as_millisecond())
    }

    fn chinese() -> Calendar {
        Calendar::of_chinese_holidays()
    }

    fn next(quiet: &Quiet, now: &str) -> String {
        let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
        let at = allowed_from(quiet, at(now), &chinese(), &zone).expect("an end");
        at.timestamp().to_string()
    }

    #[test]
    fn the_night_belongs_to_two_days() {
        let night = quiet((21, 0), (9, 0), false);
        // 21:00, 03:00 and 08:59:59 in Shanghai wait for 09:00; 09:00 and 20:59 are free.
        assert_eq!(next(&night, "2026-11-23T13:00:00Z"), "2026-11-24T01:00:00Z");
        assert_eq!(next(&night, "2026-11-23T19:00:00Z"), "2026-11-24T01:00:00Z");
        assert_eq!(next(&night, "2026-11-24T00:59:59Z"), "2026-11-24T01:00:00Z");
        assert_eq!(next(&night, "2026-11-24T01:00:00Z"), "2026-11-24T01:00:00Z");
        assert_eq!(next(&night, "2026-11-24T12:59:00Z"), "2026-11-24T12:59:00Z");
    }

    #[test]
    fn holidays_are_left_out_and_make_up_days_are_not() {
        let night = quiet((21, 0), (9, 0), true);
        // The National Day holidays of 2026 are 1 to 7 October; the 10th is a Saturday at work.
        assert_eq!(next(&night, "2026-09-30T14:00:00Z"), "2026-10-08T01:00:00Z");
        assert_eq!(next(&night, "2026-10-10T02:00:00Z"), "2026-10-10T02:00:00Z");
        let only_holidays = Quiet {
            span: None,
            ..night
        };
        assert_eq!(
            next(&only_holidays, "2026-10-03T02:00:00Z"),
            "2026-10-07T16:00:00Z"
        );
    }

    #[test]
    fn a_span_around_the_clock_never_ends() {
        let always = quiet((8, 0), (8, 0), false);
        let zone = TimeZone::UTC;
        assert_eq!(
            allowed_from(&always, at("2026-11-23T00:00:00Z"), &chinese(), &zone),
            None
        );
    }

    /// What a person would do: look at the clock every minute.
    fn slowly(quiet: &Quiet, from: UnixMillis, zone: &TimeZone) -> UnixMillis {
        let calendar = chinese();
        let mut at = from;
        while is_quiet(quiet, local(at, zone), &calendar) {
            at = UnixMillis((at.0.div_euclid(60_000) + 1) * 60_000);
        }
        at
    }

    fn zones() -> impl Strategy<Value = &'static str> {
        prop_oneof![
            Just("Asia/Shanghai"),
            Just("Europe/Berlin"),
            Just("America/New_York"),
            Just("Australia/Lord_Howe"),
            Just("America/Sao_Paulo"),
        ]
    }

    proptest! {
        /// In any zone, around any change of the clocks.
        #[test]
        fn agrees_with_looking_at_the_clock(
            place in zones(),
            // 2016 to 2027; Sao Paulo changed its clocks at midnight until 2019.
            minute in 24_192_000_i64..30_000_000,
            from in 0..96_i8,
            length in 1..95_i8,
            holidays in proptest::bool::ANY,
        ) {
            let zone = TimeZone::get(place).expect("a zone");
            let to = i16::from(from) + i16::from(length);
            let quarter = |n: i16| {
                let n = n % 96;
                let hour = i8::try_from(n / 4).expect("small");
                let minute = i8::try_from(n % 4 * 15).expect("small");
                (hour, minute)
            };
            let quiet = quiet(quarter(i16::from(from)), quarter(to), holidays);
            let now = UnixMillis(minute * 60_000);
            let fast = allowed_from(&quiet, now, &chinese(), &zone);
            prop_assert_eq!(fast, Some(slowly(&quiet, now, &zone)));
        }
    }
}
