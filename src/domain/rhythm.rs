//! What comes again and again: on days of a rhythm at times of day, or at a fixed distance.

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use super::lunar::LunarDay;

/// How something comes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rhythm {
    /// Every so many minutes.
    Minutes(u32),
    /// At these times of these days.
    Days {
        /// Which days.
        on: OnDays,
        /// When, in order.
        at: Vec<Time>,
    },
}

/// Days that come again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDays {
    /// Every so many days, counted from one of them.
    Nth {
        /// 1 is every day.
        every: u16,
        /// One of them.
        from: Date,
    },
    /// Working days, make-up days included.
    Working,
    /// All others.
    Resting,
    /// Weekdays of every so many weeks.
    Week {
        /// 1 is Monday.
        days: Vec<i8>,
        /// 1 is every week.
        every: u16,
        /// A day in one of these weeks.
        from: Date,
    },
    /// Days of every so many months.
    Month {
        /// 1 to 31; the last day of a month that is shorter.
        days: Vec<i8>,
        /// 1 is every month.
        every: u16,
        /// A day in one of these months.
        from: Date,
    },
    /// The nth such weekday of each month.
    NthWeekday {
        /// 1 to 4; -1 is the last.
        nth: i8,
        /// 1 is Monday.
        day: i8,
    },
    /// The nth working day of each month.
    NthWorking {
        /// 1 and up; -1 is the last.
        nth: i8,
    },
    /// A day of the year; 29 February is the 28th in other years.
    Year {
        /// Which month.
        month: i8,
        /// Which day of it.
        day: i8,
        /// So many days before (negative) or after it.
        shift: i16,
    },
    /// A day of the lunar year.
    Lunar {
        /// Which.
        day: LunarDay,
        /// So many days before (negative) or after it.
        shift: i16,
    },
}
