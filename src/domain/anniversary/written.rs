//! A day as people write it: in figures and in Chinese numerals, of our year and the lunar one.

use jiff::civil::Date;

use crate::domain::lunar::LunarDay;

/// A day as it is written in an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// With its year.
    Full(Date),
    /// Month and day.
    Yearly(i8, i8),
    /// Month and day of the lunar year.
    Lunar(LunarDay),
}

/// `1990-08-15`, `19900815`, `1990年8月15日`, `08-15`, `8/15`, `8月15日`, `农历8月15`,
/// `农历1990-08-15`, `农历八月十五`, `闰六月初八`, `腊月廿三`.
pub(super) fn read(text: &str) -> Option<Written> {
    let text = text.trim();
    let mut calendars = ["农历", "阴历", "旧历"].iter();
    let lunar = calendars.find_map(|word| text.strip_prefix(word));
    let rest = lunar.unwrap_or(text).trim();
    let (year, rest) = split_year(rest);
    let leap = rest.strip_prefix('闰');
    let rest = leap.unwrap_or(rest);
    let own = rest.starts_with(['正', '冬', '腊']) || rest.contains(['初', '廿', '卅']);
    let (month, day) = month_and_day(rest)?;
    if lunar.is_some() || leap.is_some() || own {
        let fits = (1..=12).contains(&month) && (1..=30).contains(&day);
        let leap = leap.is_some();
        return fits.then_some(Written::Lunar(LunarDay { month, day, leap }));
    }
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    if let Some(year) = year {
        return Date::new(year, month, day).ok().map(Written::Full);
    }
    // 2000 has every day that a year can have.
    Date::new(2000, month, day).ok()?;
    Some(Written::Yearly(month, day))
}

/// The year in front, if there is one: four figures.
fn split_year(text: &str) -> (Option<i16>, &str) {
    let Some((year, rest)) = text.split_at_checked(4) else {
        return (None, text);
    };
    let all = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !all(year) || rest.is_empty() {
        return (None, text);
    }
    let compact = all(rest) && rest.len() == 4;
    let marked = rest.strip_prefix(['-', '/', '.', '年']);
    match (compact, marked) {
        (true, _) => (year.parse().ok(), rest),
        (false, Some(rest)) => (year.parse().ok(), rest.trim_start()),
        (false, None) => (None, text),
    }
}

fn month_and_day(text: &str) -> Option<(u8, u8)> {
    // A time of day may follow.
    let day = text.split(['T', ' ']).next()?;
    let mut parts = day.split(['-', '/', '.', '月', '日', '号']);
    let mut parts = parts.by_ref().filter(|part| !part.is_empty());
    let (first, second) = match (parts.next()?, parts.next()) {
        (first, Some(second)) => (first, second),
        (both, None) if both.len() == 4 => both.split_at_checked(2)?,
        _ => return None,
    };
    if parts.next().is_some() {
        return None;
    }
    Some((month_number(first)?, day_number(second)?))
}

fn month_number(text: &str) -> Option<u8> {
    match text {
        "正" => Some(1),
        "冬" => Some(11),
        "腊" => Some(12),
        _ => number(text),
    }
}

fn day_number(text: &str) -> Option<u8> {
    let tens = |rest: &str, tens: u8| match rest {
        "" => Some(tens),
        _ => digit(rest)?.checked_add(tens),
    };
    if let Some(rest) = text.strip_prefix('初') {
        return number(rest).filter(|day| (1..=10).contains(day));
    }
    if let Some(rest) = text.strip_prefix('廿') {
        return tens(rest, 20);
    }
    match text.strip_prefix('卅') {
        Some(rest) => tens(rest, 30),
        None => number(text),
    }
}

/// A number below 100: `8`, `08`, `十五`, `二十三`.
fn number(text: &str) -> Option<u8> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let Some((tens, ones)) = text.split_once('十') else {
        return digit(text);
    };
    let tens = match tens {
        "" => 1,
        _ => digit(tens)?,
    };
    let ones = match ones {
        "" => 0,
        _ => digit(ones)?,
    };
    Some(tens * 10 + ones)
}

fn digit(text: &str) -> Option<u8> {
    let digits = ["一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let place = digits.iter().position(|digit| *digit == text)?;
    u8::try_from(place + 1).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{Written, read};
    use crate::domain::lunar::LunarDay;

    #[test]
    fn figures() {
        let full = Some(Written::Full(date(1990, 11, 20)));
        for text in [
            "1990-11-20",
            "19901120",
            "1990年11月20日",
            "1990/11/20 08:00",
        ] {
            assert_eq!(read(text), full, "{text}");
        }
        for text in ["11-20", "11月20日", "11/20", "1120", "十一月二十日"] {
            assert_eq!(read(text), Some(Written::Yearly(11, 20)), "{text}");
        }
        assert_eq!(read("02-29"), Some(Written::Yearly(2, 29)));
        for text in [
            "",
            "不详",
            "13-40",
            "1990-13-45",
            "1990-02-30",
            "02-30",
            "19901345",
            "1990",
            "8月",
            "1990-11-20-1",
            "199011",
            "农历",
            "农历十三月初一",
            "农历八月卅一",
            "初一",
            "正月",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn lunar_days_in_words() {
        let day = |text: &str| match read(text) {
            Some(Written::Lunar(LunarDay { month, day, leap })) => (month, day, leap),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(day("农历十一月三十"), (11, 30, false));
        assert_eq!(day("农历闰六月初八"), (6, 8, true));
        assert_eq!(day("闰六月初八"), (6, 8, true));
        assert_eq!(day("农历十月初十"), (10, 10, false));
        assert_eq!(day("腊月廿三"), (12, 23, false));
        assert_eq!(day("正月初一"), (1, 1, false));
        assert_eq!(day("冬月二十"), (11, 20, false));
        assert_eq!(day("阴历八月十五日"), (8, 15, false));
        assert_eq!(day("农历1990-10-10"), (10, 10, false));
        assert_eq!(day("农历1990年腊月卅"), (12, 30, false));
        assert_eq!(day("农历8月15"), (8, 15, false));
        assert_eq!(day("农历闰4月2"), (4, 2, true));
    }
}
