//! The pieces that an expression of time is made of.

use jiff::civil::Time;

use crate::domain::lunar::LunarDay;

/// One piece.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Atom {
    /// Again and again.
    Every(Every),
    /// A day.
    Day(Day),
    /// A part of the day.
    Part(Part),
    /// A time of day.
    Clock(Clock),
    /// So long from now.
    Wait(Wait),
    /// So long before the time that is named: `提前10分钟`.
    Early(Wait),
    /// 一会儿 and the like: soon, but nobody knows when.
    Soon,
    /// On these days only: `周末除外`.
    Except(Every),
    /// 这个时候, 同一时间: at the time of day that it is now.
    SameTime,
}

/// A part of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// 凌晨
    SmallHours,
    /// 早上
    Morning,
    /// 上午
    Forenoon,
    /// 中午
    Noon,
    /// 下午
    Afternoon,
    /// 傍晚
    Dusk,
    /// 晚上
    Evening,
    /// 半夜
    Night,
}

impl Part {
    /// Whether it lies before noon.
    pub(super) fn is_early(self) -> bool {
        matches!(self, Self::SmallHours | Self::Morning | Self::Forenoon)
    }

    /// The time meant when no other is named.
    pub(super) fn usual(self) -> Time {
        let (hour, minute) = match self {
            Self::SmallHours => (5, 0),
            Self::Morning => (8, 0),
            Self::Forenoon => (9, 0),
            Self::Noon => (12, 0),
            Self::Afternoon => (15, 0),
            Self::Dusk => (18, 0),
            Self::Evening => (20, 0),
            Self::Night => (23, 0),
        };
        Time::constant(hour, minute, 0, 0)
    }

    /// From which hour of its day to which it may last.
    pub(super) fn span(self) -> (i32, i32) {
        match self {
            Self::SmallHours => (0, 6),
            Self::Morning => (3, 12),
            Self::Forenoon => (6, 13),
            Self::Noon => (10, 15),
            Self::Afternoon => (12, 19),
            Self::Dusk => (16, 20),
            Self::Evening => (17, 29),
            Self::Night => (20, 30),
        }
    }

    /// An hour as it is meant in this part: how many days later, and the hour of 24. `None`
    /// if no such hour lies in it.
    pub(super) fn hour(self, hour: i8) -> Option<(i32, i8)> {
        Some(match (self, hour) {
            (Self::SmallHours, 0..=6) | (Self::Morning | Self::Forenoon, 3..=12) => (0, hour),
            (Self::SmallHours, 12) => (0, 0),
            (Self::Noon, 10..=14) | (_, 13..=23) if !self.is_early() => (0, hour),
            (Self::Noon | Self::Afternoon, 1..=7) | (Self::Dusk, 4..=8) => (0, hour + 12),
            (Self::Afternoon, 12) => (0, 12),
            (Self::Afternoon, 8..=11) | (Self::Evening | Self::Night, 5..=11) => (0, hour + 12),
            (Self::Evening | Self::Night, 0 | 12 | 24) => (1, 0),
            // The night belongs to the day on which it began.
            (Self::Evening | Self::Night, 1..=4) => (1, hour),
            _ => return None,
        })
    }
}

/// A time of day as it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    /// 0 to 24.
    pub(super) hour: i8,
    /// 0 to 59.
    pub(super) minute: i8,
    /// Said by the clock of 24 hours: `03:00`, `15点`, `零点`.
    pub(super) exact: bool,
    /// In which part of the day, if that was said with it.
    pub(super) part: Option<Part>,
    /// No more than an hour, so that it may be no time at all: `三点意见`.
    pub(super) bare: bool,
}

/// So long from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Wait {
    pub(super) months: u32,
    pub(super) days: u32,
    pub(super) working_days: u32,
    pub(super) secs: u64,
}

impl Wait {
    /// Whole months, and nothing else.
    pub(super) fn whole_months(self) -> Option<i32> {
        let whole = self.days == 0 && self.working_days == 0 && self.secs == 0;
        (whole && self.months > 0)
            .then(|| i32::try_from(self.months).ok())
            .flatten()
    }

    /// Whole weeks, and nothing else.
    pub(super) fn weeks(self) -> Option<i32> {
        let whole = self.months == 0 && self.working_days == 0 && self.secs == 0;
        let weeks = (whole && self.days.is_multiple_of(7)).then_some(self.days / 7)?;
        i32::try_from(weeks).ok()
    }
}

/// A day as it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Day {
    /// So many days from today.
    Offset(i32),
    /// The next such weekday; 1 is Monday.
    Weekday(i8),
    /// A weekday of the week that is so many weeks from this one.
    InWeek { weeks: i32, day: i8 },
    /// A day of this or the next month.
    Monthly(MonthDay),
    /// A day of the month that is so many months from this one.
    InMonth { months: i32, day: MonthDay },
    /// The nth such weekday of the month that is so many months from this one; without a
    /// weekday its nth working day. -1 is the last.
    NthInMonth {
        months: i32,
        nth: i8,
        day: Option<i8>,
    },
    /// Today so many months on: `明年今天`.
    Months(i32),
    /// A day of the year.
    Yearly {
        year: Option<Year>,
        day: YearDay,
        /// So many days before (negative) or after it.
        shift: i16,
    },
}

impl Day {
    /// Whether it was said as a day that is over: `昨天`, `上周三`.
    pub(super) fn is_over(self) -> bool {
        match self {
            Self::Offset(days) => days < 0,
            Self::InWeek { weeks, .. } => weeks < 0,
            Self::InMonth { months, .. }
            | Self::NthInMonth { months, .. }
            | Self::Months(months) => months < 0,
            Self::Yearly { year, .. } => matches!(year, Some(Year::Offset(..0))),
            Self::Weekday(_) | Self::Monthly(_) => false,
        }
    }
}

/// A day of a month: 31 may be its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MonthDay {
    Number(i8),
    Last,
}

/// Which year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Year {
    Number(i16),
    /// So many years from this one.
    Offset(i16),
}

/// A day of the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum YearDay {
    Solar {
        month: i8,
        day: MonthDay,
    },
    Lunar(LunarDay),
    /// The last day of the lunar year.
    LunarEve,
    /// 清明
    Qingming,
    /// 冬至
    WinterSolstice,
    /// The nth such weekday of a month.
    Nth {
        month: i8,
        nth: i8,
        day: i8,
    },
}

/// Again and again, as it was said.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Every {
    Minutes(u32),
    Days(u16),
    Working,
    Resting,
    /// No days: that of today.
    Weeks {
        every: u16,
        days: Vec<i8>,
    },
    /// No days: that of today. `anchor` is one of the months, if not this one.
    Months {
        every: u16,
        days: Vec<i8>,
        anchor: Option<i8>,
    },
    /// The nth such weekday of each month; -1 is the last.
    NthWeekday {
        nth: i8,
        day: i8,
    },
    /// The nth working day of each month; -1 is the last.
    NthWorking(i8),
    /// Days of each lunar month, which nobody can be reminded of yet.
    LunarMonth,
    /// `None`: the day of today.
    Year(Option<(YearDay, i16)>),
}

impl Every {
    /// Whether a day beside it says on which day it comes, and not from when on.
    pub(super) fn takes(&self, day: Day) -> bool {
        match self {
            Self::Weeks { days, .. } => {
                days.is_empty() && matches!(day, Day::Weekday(_) | Day::InWeek { .. })
            }
            Self::Months { days, .. } => days.is_empty() && matches!(day, Day::Monthly(_)),
            Self::Year(named) => named.is_none(),
            _ => false,
        }
    }

    /// Whether it names days, so that 每天 behind it says nothing more: `周一到周六每天`.
    pub(super) fn names_days(&self) -> bool {
        match self {
            Self::Working | Self::Resting | Self::LunarMonth => true,
            Self::Weeks { days, .. } => !days.is_empty(),
            _ => false,
        }
    }
}
