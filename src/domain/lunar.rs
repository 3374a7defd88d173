//! Days of the Chinese calendar (农历): birthdays and feasts that move through ours.

use icu_calendar::cal::{ChineseTraditional, Iso};
use icu_calendar::types::Month;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A day of the lunar year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LunarDay {
    /// 1 (正月) to 12 (腊月).
    pub month: u8,
    /// 1 to 30.
    pub day: u8,
    /// In the leap month (闰月) that follows the month of this number.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leap: bool,
}

impl LunarDay {
    /// A day of an ordinary month.
    #[must_use]
    pub const fn new(month: u8, day: u8) -> Self {
        let leap = false;
        Self { month, day, leap }
    }

    /// The lunar year and day of a date. The year is the one in which most of it lies.
    #[must_use]
    pub fn of(date: Date) -> Option<(i16, Self)> {
        let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
        let iso = icu_calendar::Date::try_new_iso(i32::from(date.year()), month, day).ok()?;
        let lunar = iso.to_calendar(ChineseTraditional::new());
        let month = lunar.month().to_input();
        let of = Self {
            month: month.number(),
            day: lunar.day_of_month().0,
            leap: month.is_leap(),
        };
        let year = i16::try_from(lunar.cyclic_year().related_iso).ok()?;
        Some((year, of))
    }

    /// Its date in a lunar year. What a year does not have is kept on the day that people
    /// keep it: the 30th of a month of 29 days on the 29th, a leap month's day in the month
    /// of the same number.
    #[must_use]
    pub fn in_year(self, year: i16) -> Option<Date> {
        let leap = self.leap.then(|| Month::leap(self.month));
        let months = leap.into_iter().chain([Month::new(self.month)]);
        let mut days = months.flat_map(|month| [(month, self.day), (month, self.day.min(29))]);
        days.find_map(|(month, day)| {
            let calendar = ChineseTraditional::new();
            let lunar =
                icu_calendar::Date::try_new(i32::from(year).into(), month, day, calendar).ok()?;
            let iso = lunar.to_calendar(Iso);
            Date::new(
                i16::try_from(iso.year().extended_year()).ok()?,
                i8::try_from(iso.month().number()).ok()?,
                i8::try_from(iso.day_of_month().0).ok()?,
            )
            .ok()
        })
    }

    /// The first such day at or after a date.
    #[must_use]
    pub fn next_from(self, from: Date) -> Option<Date> {
        let mut years = from.year() - 1..=from.year() + 1;
        years.find_map(|year| self.in_year(year).filter(|date| *date >= from))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};

    use super::LunarDay;

    fn new_year(year: i16, month: i8, day: i8) {
        let expected = date(year, month, day);
        assert_eq!(LunarDay::new(1, 1).in_year(year), Some(expected));
        assert_eq!(
            LunarDay::of(expected),
            Some((year, LunarDay::new(1, 1))),
            "{year}"
        );
    }

    /// By the calendar tables of the Hong Kong Observatory.
    #[test]
    fn new_years_and_mid_autumns_are_those_of_the_almanac() {
        let springs = [
            (2020, 1, 25),
            (2021, 2, 12),
            (2022, 2, 1),
            (2023, 1, 22),
            (2024, 2, 10),
            (2025, 1, 29),
            (2026, 2, 17),
            (2027, 2, 6),
            (2028, 1, 26),
            (2029, 2, 13),
            (2030, 2, 3),
            (2031, 1, 23),
            (2032, 2, 11),
            (2033, 1, 31),
            (2034, 2, 19),
            (2035, 2, 8),
        ];
        for (year, month, day) in springs {
            new_year(year, month, day);
        }
        let autumns = [
            (2020, 10, 1),
            (2021, 9, 21),
            (2022, 9, 10),
            (2023, 9, 29),
            (2024, 9, 17),
            (2025, 10, 6),
            (2026, 9, 25),
            (2027, 9, 15),
            (2028, 10, 3),
            (2029, 9, 22),
            (2030, 9, 12),
            (2031, 10, 1),
            (2032, 9, 19),
            (2033, 9, 8),
            (2034, 9, 27),
            (2035, 9, 16),
        ];
        for (year, month, day) in autumns {
            let autumn = LunarDay::new(8, 15).in_year(year);
            assert_eq!(autumn, Some(date(year, month, day)), "{year}");
        }
    }

    #[test]
    fn leap_months_begin_when_they_do() {
        let firsts = [
            (2020, 4, date(2020, 5, 23)),
            (2023, 2, date(2023, 3, 22)),
            (2025, 6, date(2025, 7, 25)),
            (2028, 5, date(2028, 6, 23)),
            (2031, 3, date(2031, 4, 22)),
            (2033, 11, date(2033, 12, 22)),
        ];
        for (year, month, first) in firsts {
            let day = LunarDay {
                month,
                day: 1,
                leap: true,
            };
            assert_eq!(day.in_year(year), Some(first));
            assert_eq!(LunarDay::of(first), Some((year, day)));
        }
    }

    #[test]
    fn what_a_year_lacks_is_kept_on_the_nearest_day() {
        let leap = LunarDay {
            month: 6,
            day: 1,
            leap: true,
        };
        let ordinary = LunarDay::new(6, 1);
        assert_eq!(leap.in_year(2026), ordinary.in_year(2026));
        // The twelfth month of 2025 has 29 days, that of 2023 has 30.
        let last = LunarDay::new(12, 30);
        assert_eq!(last.in_year(2025), Some(date(2026, 2, 16)));
        assert_eq!(last.in_year(2023), Some(date(2024, 2, 9)));
    }

    #[test]
    fn the_next_one_may_lie_in_the_year_after() {
        let next = |from: Date| LunarDay::new(12, 8).next_from(from);
        assert_eq!(next(date(2026, 1, 1)), Some(date(2026, 1, 26)));
        assert_eq!(next(date(2026, 1, 26)), Some(date(2026, 1, 26)));
        assert_eq!(next(date(2026, 1, 27)), Some(date(2027, 1, 15)));
    }
}
