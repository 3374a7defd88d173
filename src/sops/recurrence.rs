//! When a recurring plan comes next, in the company's zone.
//!
//! A time of day that a change of the clocks leaves out is that much later; one that comes
//! twice is its first. A month that is too short has its last day.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::model::{Days, Every};
use super::timing::{instant, local};
use crate::domain::clock::UnixMillis;
use crate::rules::Calendar;
use crate::rules::calendar::DayKind;

/// No plan waits longer: 29 February comes at least every eight years.
const MOST_DAYS: usize = 366 * 9;
/// How far back the last time is looked for, in hours.
const LOOKS_BACK: [i64; 5] = [1, 25, 24 * 8, 24 * 63, 24 * 366 * 9];

/// The first time behind `after`; `None` if there is none in years.
#[must_use]
pub fn next(
    every: &Every,
    after: UnixMillis,
    calendar: &Calendar,
    zone: &TimeZone,
) -> Option<UnixMillis> {
    let when = When::of(every)?;
    // A change of the clocks at midnight may put a time of the day before behind `after`.
    let mut day = local(after, zone).date().yesterday().ok()?;
    for _ in 0..MOST_DAYS {
        let found = when.on(day, after, calendar, zone);
        let tomorrow = day.tomorrow().ok()?;
        if let Some(found) = found {
            // The clocks may also put it behind the first of the next day.
            let other = when.on(tomorrow, after, calendar, zone);
            return Some(other.map_or(found, |other| found.min(other)));
        }
        day = tomorrow;
    }
    None
}

/// The last time behind `after` and not behind `until`: what was missed before it is over.
#[must_use]
pub fn last(
    every: &Every,
    after: UnixMillis,
    until: UnixMillis,
    calendar: &Calendar,
    zone: &TimeZone,
) -> Option<UnixMillis> {
    for hours in LOOKS_BACK {
        let from = UnixMillis(until.0.saturating_sub(hours * 3_600_000)).max(after);
        let mut found = None;
        let mut at = next(every, from, calendar, zone);
        while let Some(time) = at.filter(|time| *time <= until) {
            found = Some(time);
            at = next(every, time, calendar, zone);
        }
        if found.is_some() || from == after {
            return found;
        }
    }
    None
}

/// Which days, and at which times on them.
struct When<'e> {
    days: Which<'e>,
    times: Vec<Time>,
}

enum Which<'e> {
    Days(&'e Days),
    Cron(Cron),
}

impl<'e> When<'e> {
    fn of(every: &'e Every) -> Option<Self> {
        Some(match every {
            Every::On { days, time } => Self {
                days: Which::Days(days),
                times: vec![*time],
            },
            Every::Cron(text) => {
                let cron = Cron::read(text)?;
                let hours = cron.hours.iter();
                let times = hours.flat_map(|hour| cron.minutes.iter().map(move |m| (hour, m)));
                let times = times.filter_map(|(hour, minute)| clock(*hour, *minute));
                let times = times.collect();
                let days = Which::Cron(cron);
                Self { days, times }
            }
        })
    }

    /// The first time of a day that is behind `after`.
    fn on(
        &self,
        day: Date,
        after: UnixMillis,
        calendar: &Calendar,
        zone: &TimeZone,
    ) -> Option<UnixMillis> {
        let is_day = match &self.days {
            Which::Days(Days::Every) => true,
            Which::Days(Days::Working) => calendar.kind_of(day) == DayKind::Working,
            Which::Days(Days::Week(weekday)) => day.weekday() == *weekday,
            Which::Days(Days::Month(number)) => day.day() == (*number).min(day.days_in_month()),
            Which::Cron(cron) => cron.is_day(day),
        };
        if !is_day {
            return None;
        }
        let times = self.times.iter();
        let instants = times.map(|time| instant(day.to_datetime(*time), zone));
        instants.filter(|at| *at > after).min()
    }
}

fn clock(hour: u8, minute: u8) -> Option<Time> {
    let (hour, minute) = (i8::try_from(hour).ok()?, i8::try_from(minute).ok()?);
    Time::new(hour, minute, 0, 0).ok()
}

/// Five fields of cron, as sets.
struct Cron {
    minutes: BTreeSet<u8>,
    hours: BTreeSet<u8>,
    days: BTreeSet<u8>,
    months: BTreeSet<u8>,
    weekdays: BTreeSet<u8>,
    /// If both days and weekdays are named, either will do.
    either: bool,
}

impl Cron {
    fn read(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else {
            return None;
        };
        let either = !days.starts_with('*') && !weekdays.starts_with('*');
        let weekdays = field(weekdays, 0, 7)?;
        Some(Self {
            minutes: field(minutes, 0, 59)?,
            hours: field(hours, 0, 23)?,
            days: field(days, 1, 31)?,
            months: field(months, 1, 12)?,
            weekdays: weekdays.into_iter().map(|day| day % 7).collect(),
            either,
        })
    }

    fn is_day(&self, date: Date) -> bool {
        let has = |set: &BTreeSet<u8>, number: i8| {
            u8::try_from(number).is_ok_and(|number| set.contains(&number))
        };
        let day = has(&self.days, date.day());
        let weekday = has(&self.weekdays, date.weekday().to_sunday_zero_offset());
        let fits = if self.either {
            day || weekday
        } else {
            day && weekday
        };
        has(&self.months, date.month()) && fits
    }
}

/// `*`, numbers, ranges and steps, separated by commas.
fn field(text: &str, least: u8, most: u8) -> Option<BTreeSet<u8>> {
    let mut numbers = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step| *step > 0)?),
            None => (part, 1_usize),
        };
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
            None if range == "*" => (least, most),
            None => {
                let number: u8 = range.parse().ok()?;
                // `5/10` goes on from there.
                (number, if part.contains('/') { most } else { number })
            }
        };
        if from < least || to > most || from > to {
            return None;
        }
        numbers.extend((from..=to).step_by(step));
    }
    Some(numbers)
}

/// Whether a day like that ever comes.
#[must_use]
pub fn ever_comes(every: &Every) -> bool {
    let Every::Cron(text) = every else {
        return true;
    };
    let Some(cron) = Cron::read(text) else {
        return false;
    };
    // Eight years from a leap year hold every day of the year on every weekday that matters.
    let first = Date::constant(2000, 1, 1);
    let mut days = (0..MOST_DAYS).filter_map(|n| {
        let n = i64::try_from(n).ok()?;
        first.checked_add(n.days()).ok()
    });
    days.any(|day| cron.is_day(day))
}

#[cfg(test)]
mod tests;
