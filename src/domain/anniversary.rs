//! A day that an attribute of a contact names: a birthday, an anniversary, the end of a
//! contract.

use jiff::ToSpan as _;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::clock::UnixMillis;
use super::contact::Value;
use super::lunar::LunarDay;

mod written;

use written::{Written, read};

/// Which day is meant, and when on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anniversary {
    /// The attribute that holds the day.
    pub attribute: String,
    /// It is kept by the lunar calendar.
    pub lunar: bool,
    /// It comes once, not every year.
    pub once: bool,
    /// So many days before it.
    pub before: u16,
    /// At this time of day.
    pub at: Time,
}

/// Whether a text names a day.
#[must_use]
pub fn is_day(text: &str) -> bool {
    read(text).is_some()
}

impl Anniversary {
    /// What tells its timer from others of the same contact.
    #[must_use]
    pub fn key(&self) -> String {
        let Self {
            attribute,
            lunar,
            once,
            before,
            at,
        } = self;
        format!(
            "{attribute}/{lunar}/{once}/{before}/{}",
            at.strftime("%H:%M")
        )
    }

    /// Whether a value names a day on which this can come: once needs a year.
    #[must_use]
    pub fn reads(&self, value: &Value) -> bool {
        match value {
            Value::Text(text) => match read(text) {
                Some(Written::Full(_)) => true,
                Some(_) => !self.once,
                None => false,
            },
            _ => false,
        }
    }

    /// The next time after `now`; `None` if there is none, or if the value is no day.
    #[must_use]
    pub fn next(&self, value: &Value, now: UnixMillis, zone: &TimeZone) -> Option<UnixMillis> {
        let Value::Text(text) = value else {
            return None;
        };
        let day = read(text)?;
        let due = |date: Date| {
            let date = date.checked_sub(i32::from(self.before).days()).ok()?;
            Some(UnixMillis::of_local(date.to_datetime(self.at), zone))
        };
        if self.once {
            let Written::Full(date) = day else {
                return None;
            };
            return due(date).filter(|due| *due > now);
        }
        // The year before, because the day may lie before what is left of this one.
        let year = now.local(zone).year().checked_sub(1)?;
        let mut years = (year..year.saturating_add(4)).filter_map(|year| self.in_year(day, year));
        years.find_map(|date| due(date).filter(|due| *due > now))
    }

    fn in_year(&self, day: Written, year: i16) -> Option<Date> {
        match (day, self.lunar) {
            (Written::Lunar(day), _) => day.in_year(year),
            // Somebody was born on this day of our calendar, and keeps the lunar day.
            (Written::Full(born), true) => LunarDay::of(born)?.1.in_year(year),
            (Written::Yearly(month, day), true) => {
                LunarDay::new(month.unsigned_abs(), day.unsigned_abs()).in_year(year)
            }
            (Written::Full(date), false) => of_month(year, date.month(), date.day()),
            (Written::Yearly(month, day), false) => of_month(year, month, day),
        }
    }
}

/// 29 February is the 28th in other years.
fn of_month(year: i16, month: i8, day: i8) -> Option<Date> {
    let first = Date::new(year, month, 1).ok()?;
    Date::new(year, month, day.min(first.days_in_month())).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;
    use jiff::tz::TimeZone;

    use super::Anniversary;
    use crate::domain::clock::UnixMillis;
    use crate::domain::contact::Value;

    /// At nine, `before` days ahead, asked at a local time in Shanghai.
    fn next(text: &str, lunar: bool, once: bool, before: u16, now: &str) -> Option<String> {
        let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
        let anniversary = Anniversary {
            attribute: "生日".into(),
            lunar,
            once,
            before,
            at: time(9, 0, 0, 0),
        };
        let now = UnixMillis::of_local(now.parse().expect("a time"), &zone);
        let due = anniversary.next(&Value::Text(text.into()), now, &zone)?;
        Some(due.local(&zone).strftime("%Y-%m-%d %H:%M").to_string())
    }

    #[test]
    fn birthdays_come_every_year() {
        let now = "2026-11-23T10:00:00";
        let of = |text: &str| next(text, false, false, 0, now);
        for text in [
            "1990-12-03",
            "1990年12月3日",
            "12-03",
            "12/3",
            "12月3日",
            "1990/12/3",
        ] {
            assert_eq!(of(text).as_deref(), Some("2026-12-03 09:00"), "{text}");
        }
        assert_eq!(
            of("1990-11-23").as_deref(),
            Some("2027-11-23 09:00"),
            "it is over for today"
        );
        assert_eq!(of("1992-02-29").as_deref(), Some("2027-02-28 09:00"));
        assert_eq!(of("不详"), None);
        assert_eq!(of("13-40"), None);
    }

    #[test]
    fn days_before_reach_over_the_new_year() {
        let before = |now: &str| next("01-02", false, false, 3, now);
        assert_eq!(
            before("2026-11-23T10:00:00").as_deref(),
            Some("2026-12-30 09:00")
        );
        assert_eq!(
            before("2026-12-30T09:00:00").as_deref(),
            Some("2027-12-30 09:00")
        );
    }

    #[test]
    fn lunar_birthdays_move() {
        let now = "2026-11-23T10:00:00";
        assert_eq!(
            next("08-15", true, false, 0, now).as_deref(),
            Some("2027-09-15 09:00")
        );
        assert_eq!(
            next("农历8月15", false, false, 0, now).as_deref(),
            Some("2027-09-15 09:00")
        );
        // Born on the mid-autumn day of 1990.
        assert_eq!(
            next("1990-10-03", true, false, 0, now).as_deref(),
            Some("2027-09-15 09:00")
        );
        assert_eq!(
            next("12-08", true, false, 0, "2026-12-01T10:00:00").as_deref(),
            Some("2027-01-15 09:00")
        );
    }

    #[test]
    fn the_end_of_a_contract_comes_once() {
        let end = |now: &str| next("2027-03-31", false, true, 30, now);
        assert_eq!(
            end("2026-11-23T10:00:00").as_deref(),
            Some("2027-03-01 09:00")
        );
        assert_eq!(end("2027-03-02T10:00:00"), None);
        assert_eq!(next("03-31", false, true, 0, "2026-11-23T10:00:00"), None);
    }
}
