//! Statutory holidays of mainland China and the working days that make up for them, by the
//! yearly arrangement of the State Council (国务院办公厅关于部分节假日安排的通知).

use jiff::civil::{Date, date};

/// A run of days off, first and last included.
struct Holiday {
    first: Date,
    last: Date,
}

const fn days(first: Date, last: Date) -> Holiday {
    Holiday { first, last }
}

/// Years that the tables cover.
const YEARS: &[i16] = &[2026];

const OFF: &[Holiday] = &[
    days(date(2026, 1, 1), date(2026, 1, 3)),   // 元旦
    days(date(2026, 2, 15), date(2026, 2, 23)), // 春节
    days(date(2026, 4, 4), date(2026, 4, 6)),   // 清明节
    days(date(2026, 5, 1), date(2026, 5, 5)),   // 劳动节
    days(date(2026, 6, 19), date(2026, 6, 21)), // 端午节
    days(date(2026, 9, 25), date(2026, 9, 27)), // 中秋节
    days(date(2026, 10, 1), date(2026, 10, 7)), // 国庆节
];

const MAKE_UP: &[Date] = &[
    date(2026, 1, 4),
    date(2026, 2, 14),
    date(2026, 2, 28),
    date(2026, 5, 9),
    date(2026, 9, 20),
    date(2026, 10, 10),
];

/// Whether the tables know that year.
pub(super) fn covers(year: i16) -> bool {
    YEARS.contains(&year)
}

/// Whether it is a statutory day off.
pub(super) fn is_off(date: Date) -> bool {
    OFF.iter()
        .any(|days| days.first <= date && date <= days.last)
}

/// Whether it is a Saturday or Sunday on which people work.
pub(super) fn is_make_up(date: Date) -> bool {
    MAKE_UP.contains(&date)
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, Weekday, date};

    use super::{MAKE_UP, OFF, is_make_up, is_off};

    fn days_of(year: i16) -> impl Iterator<Item = Date> {
        let mut day = date(year, 1, 1);
        std::iter::from_fn(move || {
            let now = day;
            day = day.tomorrow().ok()?;
            (now.year() == year).then_some(now)
        })
    }

    #[test]
    fn the_year_has_33_days_off_and_6_made_up() {
        assert_eq!(days_of(2026).filter(|day| is_off(*day)).count(), 33);
        assert_eq!(days_of(2026).filter(|day| is_make_up(*day)).count(), 6);
    }

    #[test]
    fn only_weekends_are_made_up_and_none_is_off_too() {
        for day in MAKE_UP {
            assert!(matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday));
            assert!(!is_off(*day), "{day}");
        }
        assert!(OFF.iter().all(|days| days.first <= days.last));
    }
}
