//! Feasts by name.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday, date};

use super::atom::{MonthDay, YearDay};
use super::fold::Cursor;
use crate::domain::lunar::LunarDay;

const fn solar(month: i8, day: i8) -> YearDay {
    let day = MonthDay::Number(day);
    YearDay::Solar { month, day }
}

const fn lunar(month: u8, day: u8) -> YearDay {
    YearDay::Lunar(LunarDay::new(month, day))
}

/// The longer of two that begin alike comes first.
const FEASTS: &[(&str, YearDay)] = &[
    ("元旦", solar(1, 1)),
    ("情人节", solar(2, 14)),
    ("妇女节", solar(3, 8)),
    ("三八节", solar(3, 8)),
    ("植树节", solar(3, 12)),
    ("愚人节", solar(4, 1)),
    ("清明", YearDay::Qingming),
    ("劳动节", solar(5, 1)),
    ("五一", solar(5, 1)),
    ("青年节", solar(5, 4)),
    ("五四青年", solar(5, 4)),
    (
        "母亲节",
        YearDay::Nth {
            month: 5,
            nth: 2,
            day: 7,
        },
    ),
    (
        "父亲节",
        YearDay::Nth {
            month: 6,
            nth: 3,
            day: 7,
        },
    ),
    (
        "感恩节",
        YearDay::Nth {
            month: 11,
            nth: 4,
            day: 4,
        },
    ),
    ("儿童节", solar(6, 1)),
    ("六一", solar(6, 1)),
    ("建党节", solar(7, 1)),
    ("建军节", solar(8, 1)),
    ("八一", solar(8, 1)),
    ("教师节", solar(9, 10)),
    ("国庆", solar(10, 1)),
    ("十一黄金周", solar(10, 1)),
    ("万圣节", solar(10, 31)),
    ("双十一", solar(11, 11)),
    ("双11", solar(11, 11)),
    ("双十二", solar(12, 12)),
    ("双12", solar(12, 12)),
    ("冬至", YearDay::WinterSolstice),
    ("平安夜", solar(12, 24)),
    ("圣诞", solar(12, 25)),
    ("跨年", solar(12, 31)),
    ("大年三十", YearDay::LunarEve),
    ("年三十", YearDay::LunarEve),
    ("除夕", YearDay::LunarEve),
    ("大年初一", lunar(1, 1)),
    ("年初一", lunar(1, 1)),
    ("大年初二", lunar(1, 2)),
    ("大年初三", lunar(1, 3)),
    ("大年初五", lunar(1, 5)),
    ("大年初七", lunar(1, 7)),
    ("春节", lunar(1, 1)),
    ("新春", lunar(1, 1)),
    ("元宵", lunar(1, 15)),
    ("端午", lunar(5, 5)),
    ("七夕", lunar(7, 7)),
    ("中元", lunar(7, 15)),
    ("中秋", lunar(8, 15)),
    ("重阳", lunar(9, 9)),
    ("腊八", lunar(12, 8)),
    ("小年", lunar(12, 23)),
];

/// A feast that stands here.
pub(super) fn feast(cursor: &mut Cursor<'_>) -> Option<YearDay> {
    let day = cursor.eat_of(FEASTS)?;
    cursor.eat("节");
    Some(day)
}

impl YearDay {
    /// Its date in a year; of lunar days, in that lunar year. `None` if there is none.
    pub(super) fn in_year(self, year: i16) -> Option<Date> {
        match self {
            Self::Solar { month, day } => day.in_month(year, month),
            Self::Lunar(day) => day.in_year(year),
            Self::LunarEve => LunarDay::new(1, 1).in_year(year + 1)?.yesterday().ok(),
            Self::Qingming => solar_term(year, 4, 4.81),
            Self::WinterSolstice => solar_term(year, 12, 21.94),
            Self::Nth { month, nth, day } => {
                let weekday = Weekday::from_monday_one_offset(day).ok()?;
                let first = Date::new(year, month, 1).ok()?;
                first.nth_weekday_of_month(nth, weekday).ok()
            }
        }
    }

    /// The first such day, moved by `shift`, at or after a date.
    pub(super) fn next_from(self, from: Date, shift: i16) -> Option<Date> {
        let mut years = from.year().saturating_sub(1)..=from.year().saturating_add(8);
        years.find_map(|year| {
            let day = self.in_year(year)?;
            let moved = day.checked_add(i32::from(shift).days()).ok()?;
            (moved >= from).then_some(moved)
        })
    }
}

impl MonthDay {
    /// Its date in a month; `None` if the month has no such day.
    pub(super) fn in_month(self, year: i16, month: i8) -> Option<Date> {
        match self {
            Self::Number(day) => Date::new(year, month, day).ok(),
            Self::Last => Some(Date::new(year, month, 1).ok()?.last_of_month()),
        }
    }
}

/// The usual formula of the almanac for a solar term of this century.
fn solar_term(year: i16, month: i8, offset: f64) -> Option<Date> {
    if !(2000..2100).contains(&year) {
        return None;
    }
    let (of_century, leaps) = (f64::from(year - 2000), (year - 2000) / 4);
    // Whole days, and a date is small: nothing is cut off.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a day of a month, rounded down"
    )]
    let day = (of_century * 0.2422 + offset) as i16 - leaps;
    let day = i8::try_from(day)
        .ok()
        .filter(|day| (1..=28).contains(day))?;
    Some(date(year, month, day))
}
