//! The dates of days that were named.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

use super::atom::{Day, MonthDay, Year};
use super::recurring::is_one;
use crate::domain::rhythm::OnDays;
use crate::rules::Calendar;

/// Waits for the 29th of February, and for a month with a 31st.
const MOST_TRIES: i32 = 8;

pub(super) fn moved(date: Date, days: i32) -> Option<Date> {
    date.checked_add(days.days()).ok()
}

/// Whether the next such day is meant when the first has passed.
pub(super) fn rolls(day: Day) -> bool {
    match day {
        Day::Weekday(_) | Day::Monthly(_) => true,
        // A year is long: it is asked whether the next one is meant.
        Day::Yearly { .. }
        | Day::Offset(_)
        | Day::InWeek { .. }
        | Day::InMonth { .. }
        | Day::NthInMonth { .. }
        | Day::Months(_) => false,
    }
}

/// The day at or after a date; for days that are named from today, `from` is today.
pub(super) fn first_date(day: Day, from: Date, calendar: &Calendar) -> Option<Date> {
    match day {
        Day::Offset(days) => moved(from, days),
        Day::Weekday(number) => {
            let weekday = Weekday::from_monday_one_offset(number).ok()?;
            moved(from, i32::from(from.weekday().until(weekday)))
        }
        Day::InWeek { weeks, day } => {
            let monday = moved(from, -i32::from(from.weekday().to_monday_zero_offset()))?;
            moved(monday, weeks * 7 + i32::from(day) - 1)
        }
        Day::Monthly(day) => (0..MOST_TRIES).find_map(|months| {
            let date = in_month(from, months, day)?;
            (date >= from).then_some(date)
        }),
        Day::InMonth { months, day } => in_month(from, months, day),
        Day::Months(months) => from.checked_add(months.months()).ok(),
        Day::NthInMonth { months, nth, day } => {
            let on = match day {
                Some(day) => OnDays::NthWeekday { nth, day },
                None => OnDays::NthWorking { nth },
            };
            let first = in_month(from, months, MonthDay::Number(1))?;
            let mut days = first
                .series(1.day())
                .take_while(|day| *day <= first.last_of_month());
            days.find(|day| is_one(&on, *day, calendar))
        }
        Day::Yearly {
            year: None,
            day,
            shift,
        } => {
            // 国庆前两天 may be over, though the feast is still to come.
            let before = moved(day.next_from(from, 0)?, i32::from(shift))?;
            let over = shift < 0 && before < from;
            over.then_some(before)
                .or_else(|| day.next_from(from, shift))
        }
        Day::Yearly {
            year: Some(year),
            day,
            shift,
        } => {
            let year = match year {
                Year::Number(year) => year,
                Year::Offset(years) => from.year().checked_add(years)?,
            };
            moved(day.in_year(year)?, i32::from(shift))
        }
    }
}

fn in_month(from: Date, months: i32, day: MonthDay) -> Option<Date> {
    let first = from.first_of_month().checked_add(months.months()).ok()?;
    day.in_month(first.year(), first.month())
}

/// What somebody may have meant who named a day that has passed.
pub(super) fn later(day: Day, date: Date) -> Option<Date> {
    match day {
        Day::Offset(_) => moved(date, 1),
        Day::InWeek { .. } | Day::Weekday(_) => moved(date, 7),
        Day::InMonth { .. } | Day::Monthly(_) | Day::NthInMonth { .. } | Day::Months(_) => {
            date.checked_add(1.months()).ok()
        }
        Day::Yearly { day, shift, .. } => day.next_from(moved(date, 1)?, shift),
    }
}
