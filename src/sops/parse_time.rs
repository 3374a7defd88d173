//! The times of plans as operators write them.

use jiff::civil::{Time, Weekday};

use super::model::{At, Cap, Days, Every, Period};
use super::recurrence::ever_comes;
use crate::yaml::values::{self, ClockTime, Moment};

/// A plan that reaches further than this was meant otherwise.
const MOST_DAYS: u16 = 3660;
/// Nobody is told more often than this.
const MOST_IN_PERIOD: u32 = 1000;

/// `0d`, `1d 10:00`, `3天 10:00`, `+3h`, `2026-12-08 10:00`.
pub(super) fn at(text: &str) -> Option<At> {
    let text = text.trim();
    if let Some(wait) = text.strip_prefix('+') {
        return values::duration(wait).map(At::After);
    }
    if let Some((days, time)) = day_and_time(text) {
        return Some(At::Day { days, time });
    }
    match values::moment(text)? {
        Moment::Local(at) => Some(At::Local(at)),
        Moment::Day(_) | Moment::Instant(_) => None,
    }
}

/// `2d` or `2d 10:00`.
fn day_and_time(text: &str) -> Option<(u16, Option<Time>)> {
    let (day, time) = match text.split_once(char::is_whitespace) {
        Some((day, time)) => (day, Some(clock(time.trim())?)),
        None => (text, None),
    };
    let number = day.strip_suffix('d').or_else(|| day.strip_suffix('天'))?;
    let number: u16 = number.trim().parse().ok()?;
    (number <= MOST_DAYS).then_some((number, time))
}

/// `10:00`; `24:00` is no time of a day.
pub(super) fn clock(text: &str) -> Option<Time> {
    let ClockTime(minutes) = values::clock(text)?;
    let hour = i8::try_from(minutes / 60).ok()?;
    let minute = i8::try_from(minutes % 60).ok()?;
    Time::new(hour, minute, 0, 0).ok()
}

/// The same, where `24:00` is midnight.
pub(super) fn time_of_day(text: &str) -> Option<Time> {
    let midnight = text == "24:00";
    clock(text).or_else(|| midnight.then(Time::midnight))
}

/// `周一 09:00`, `每天 20:00`, `工作日 18:00`, `每月1日 10:00`.
pub(super) fn every(text: &str) -> Option<Every> {
    let (days, time) = text.trim().split_once(char::is_whitespace)?;
    let time = clock(time.trim())?;
    let days = match days {
        "每天" => Days::Every,
        "工作日" => Days::Working,
        _ => weekday(days)
            .map(Days::Week)
            .or_else(|| month_day(days).map(Days::Month))?,
    };
    Some(Every::On { days, time })
}

fn weekday(text: &str) -> Option<Weekday> {
    let text = text.strip_prefix('每').unwrap_or(text);
    let day = text.strip_prefix('周').or(text.strip_prefix("星期"))?;
    Some(match day {
        "一" => Weekday::Monday,
        "二" => Weekday::Tuesday,
        "三" => Weekday::Wednesday,
        "四" => Weekday::Thursday,
        "五" => Weekday::Friday,
        "六" => Weekday::Saturday,
        "日" | "天" => Weekday::Sunday,
        _ => return None,
    })
}

fn month_day(text: &str) -> Option<i8> {
    let day = text.strip_prefix("每月")?;
    let day = day.strip_suffix('日').or_else(|| day.strip_suffix('号'))?;
    let day: i8 = day.parse().ok()?;
    (1..=31).contains(&day).then_some(day)
}

/// Five fields of cron, each a number, `*`, a list, a range or a step. A day that never comes
/// was meant otherwise.
pub(super) fn cron(text: &str) -> Option<Every> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let every = Every::Cron(fields.join(" "));
    ever_comes(&every).then_some(every)
}

/// `1/天`.
pub(super) fn cap(text: &str) -> Option<Cap> {
    let (most, period) = text.split_once('/')?;
    let most: u32 = most.trim().parse().ok()?;
    let period = match period.trim() {
        "小时" | "h" | "hour" => Period::Hour,
        "天" | "日" | "d" | "day" => Period::Day,
        "周" | "w" | "week" => Period::Week,
        "月" | "month" => Period::Month,
        _ => return None,
    };
    (1..=MOST_IN_PERIOD)
        .contains(&most)
        .then_some(Cap { most, period })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::civil::{Weekday, date, time};

    use super::{at, cap, cron, every};
    use crate::sops::model::{At, Cap, Days, Every, Period};

    #[test]
    fn a_step_has_a_day_a_wait_or_a_date() {
        let day = |days, time| Some(At::Day { days, time });
        assert_eq!(at("0d"), day(0, None));
        assert_eq!(at("2d 10:00"), day(2, Some(time(10, 0, 0, 0))));
        assert_eq!(at("3天 9:05"), day(3, Some(time(9, 5, 0, 0))));
        assert_eq!(at("+3h"), Some(At::After(Duration::from_secs(10_800))));
        assert_eq!(
            at("2026-12-08 10:00"),
            Some(At::Local(date(2026, 12, 8).at(10, 0, 0, 0)))
        );
        for wrong in [
            "",
            "1",
            "d",
            "-1d",
            "1d 25:00",
            "1d 24:00",
            "1d 10",
            "9999d",
            "+",
            "2026-12-08",
            "2026-02-30 10:00",
            "1d 10:00 x",
        ] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_plan_recurs_by_weekday_day_of_month_or_cron() {
        let on = |days, hour| {
            let time = time(hour, 0, 0, 0);
            Some(Every::On { days, time })
        };
        assert_eq!(every("周一 09:00"), on(Days::Week(Weekday::Monday), 9));
        assert_eq!(every("每周日 20:00"), on(Days::Week(Weekday::Sunday), 20));
        assert_eq!(every("每天 20:00"), on(Days::Every, 20));
        assert_eq!(every("工作日 18:00"), on(Days::Working, 18));
        assert_eq!(every("每月31日 10:00"), on(Days::Month(31), 10));
        for wrong in [
            "周八 09:00",
            "每月32日 10:00",
            "每天",
            "09:00",
            "每天 25:00",
        ] {
            assert_eq!(every(wrong), None, "{wrong}");
        }
        assert!(cron("*/5 9-18 * * 1,3,5").is_some());
        for wrong in [
            "* * * *",
            "60 * * * *",
            "* * 0 * *",
            "*/0 * * * *",
            "5-1 * * * *",
            "0 9 30 2 *",
        ] {
            assert_eq!(cron(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_cap_is_a_number_and_a_period() {
        let day = Period::Day;
        assert_eq!(
            cap("1/天"),
            Some(Cap {
                most: 1,
                period: day
            })
        );
        assert_eq!(
            cap("2 / day"),
            Some(Cap {
                most: 2,
                period: day
            })
        );
        for wrong in ["0/天", "1", "1/年", "一/天", "1/"] {
            assert_eq!(cap(wrong), None, "{wrong}");
        }
    }
}
