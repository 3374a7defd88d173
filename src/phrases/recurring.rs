//! When a rhythm comes next.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::Scene;
use crate::domain::clock::UnixMillis;
use crate::domain::lunar::LunarDay;
use crate::domain::reminder::Reminder;
use crate::domain::rhythm::{OnDays, Rhythm};
use crate::rules::{Calendar, DayKind};

/// No rhythm rests for longer; a leap day may.
const MOST_DAYS: i32 = 9 * 366;
const MINUTE: i64 = 60_000;
/// No more times than this are left out in a row.
const MOST_LEFT_OUT: usize = 10_000;

/// The next time after `now`. `None` if there is none, or if it lies too far ahead.
#[must_use]
pub fn next(
    rhythm: &Rhythm,
    now: UnixMillis,
    zone: &TimeZone,
    calendar: &Calendar,
) -> Option<UnixMillis> {
    let (on, times) = match rhythm {
        Rhythm::Minutes(minutes) => {
            return Some(UnixMillis(
                now.0.saturating_add(i64::from(*minutes) * MINUTE),
            ));
        }
        Rhythm::Days { on, at } => (on, at),
    };
    let mut date = now.local(zone).date().yesterday().ok()?;
    let end = date.checked_add(MOST_DAYS.days()).ok()?;
    while date <= end {
        date = candidate(on, date, calendar)?;
        let times = times
            .iter()
            .map(|time| UnixMillis::of_local(date.to_datetime(*time), zone));
        if let Some(due) = times.filter(|due| *due > now).min() {
            return Some(due);
        }
        date = date.tomorrow().ok()?;
    }
    None
}

/// When a reminder that comes again comes next, without the times that were left out.
#[must_use]
pub fn next_of(reminder: &Reminder, after: UnixMillis, scene: &Scene<'_>) -> Option<UnixMillis> {
    let rhythm = reminder.rhythm.as_ref()?;
    let is_out = |at: &UnixMillis| {
        let mut spans = reminder.without.iter();
        spans.any(|(from, until)| (*from..*until).contains(at))
    };
    let following = |at: &UnixMillis| next(rhythm, *at, scene.zone, scene.calendar);
    let times = std::iter::successors(following(&after), following);
    times.take(MOST_LEFT_OUT).find(|at| !is_out(at))
}

/// The first day of the rhythm at or after a date.
fn candidate(on: &OnDays, from: Date, calendar: &Calendar) -> Option<Date> {
    match on {
        OnDays::Nth { every, from: first } => {
            let every = i32::from(*every).max(1);
            let gone = (from - *first).get_days();
            let ahead = if gone <= 0 {
                -gone
            } else {
                (every - gone % every) % every
            };
            from.checked_add(ahead.days()).ok()
        }
        OnDays::Year { month, day, shift } => by_year(from, *shift, |year| {
            let first = Date::new(year, *month, 1).ok()?;
            Date::new(year, *month, (*day).min(first.days_in_month())).ok()
        }),
        OnDays::Lunar { day, shift } => {
            let day: LunarDay = *day;
            by_year(from, *shift, |year| day.in_year(year))
        }
        OnDays::Working
        | OnDays::Resting
        | OnDays::Week { .. }
        | OnDays::Month { .. }
        | OnDays::NthWeekday { .. }
        | OnDays::NthWorking { .. } => {
            let mut date = from;
            for _ in 0..MOST_DAYS {
                if is_one(on, date, calendar) {
                    return Some(date);
                }
                date = date.tomorrow().ok()?;
            }
            None
        }
    }
}

fn by_year(from: Date, shift: i16, day: impl Fn(i16) -> Option<Date>) -> Option<Date> {
    let mut years = from.year().saturating_sub(1)..=from.year().saturating_add(2);
    years.find_map(|year| {
        let moved = day(year)?.checked_add(i32::from(shift).days()).ok()?;
        (moved >= from).then_some(moved)
    })
}

pub(super) fn is_one(on: &OnDays, date: Date, calendar: &Calendar) -> bool {
    match on {
        OnDays::Working => calendar.kind_of(date) == DayKind::Working,
        OnDays::Resting => calendar.kind_of(date) != DayKind::Working,
        OnDays::Week { days, every, from } => {
            let monday =
                |date: Date| date - i32::from(date.weekday().to_monday_zero_offset()).days();
            let weeks = (monday(date) - monday(*from)).get_days() / 7;
            weeks % i32::from((*every).max(1)) == 0
                && days.contains(&date.weekday().to_monday_one_offset())
        }
        OnDays::Month { days, every, from } => {
            let months = |date: Date| i32::from(date.year()) * 12 + i32::from(date.month());
            let last = date.days_in_month();
            (months(date) - months(*from)).rem_euclid(i32::from((*every).max(1))) == 0
                && days.iter().any(|day| (*day).min(last) == date.day())
        }
        OnDays::NthWeekday { nth, day } => Weekday::from_monday_one_offset(*day)
            .and_then(|day| date.nth_weekday_of_month(*nth, day))
            .is_ok_and(|found| found == date),
        OnDays::NthWorking { nth } => is_nth_working(date, *nth, calendar),
        OnDays::Nth { .. } | OnDays::Year { .. } | OnDays::Lunar { .. } => false,
    }
}

fn is_nth_working(date: Date, nth: i8, calendar: &Calendar) -> bool {
    let works = |date: &Date| calendar.kind_of(*date) == DayKind::Working;
    let days = |from: Date, to: Date| from.series(1.day()).take_while(move |day| *day <= to);
    let others = if nth < 0 {
        date.tomorrow().map_or(0, |next| {
            days(next, date.last_of_month()).filter(works).count()
        })
    } else {
        let until = days(date.first_of_month(), date);
        until.filter(works).count().saturating_sub(1)
    };
    works(&date) && others + 1 == usize::from(nth.unsigned_abs())
}

/// The working day that is so many working days after a date.
pub(super) fn working_day(from: Date, count: u32, calendar: &Calendar) -> Option<Date> {
    let mut date = from;
    let mut left = count;
    while left > 0 {
        date = date.tomorrow().ok()?;
        if calendar.kind_of(date) == DayKind::Working {
            left -= 1;
        }
    }
    Some(date)
}
