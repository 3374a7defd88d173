//! When a reminder is due.

use std::time::Duration;

use jiff::ToSpan as _;
use jiff::tz::TimeZone;

use crate::domain::action::RemindWhen;
use crate::domain::clock::UnixMillis;
use crate::rules::Calendar;
use crate::sops::timing::{instant, local};

const MINUTE: i64 = 60_000;
/// Nobody is closed for longer.
const MOST_MINUTES: i64 = 62 * 24 * 60;

/// When it is due; now, if its time has passed.
///
/// # Errors
/// When the hours that it waits for do not begin within two months.
pub(super) fn due(
    when: &RemindWhen,
    now: UnixMillis,
    calendar: &Calendar,
    zone: &TimeZone,
) -> Result<UnixMillis, String> {
    let here = local(now, zone);
    let due = match when {
        RemindWhen::Now => now,
        RemindWhen::In { secs } => now.after(Duration::from_secs(*secs)),
        RemindWhen::Local(at) => instant(*at, zone),
        RemindWhen::Clock { days, time } => {
            let on = |days: i32| {
                let date = here.date().checked_add(days.days());
                date.map(|date| instant(date.to_datetime(*time), zone))
                    .map_err(|_| "it lies too far ahead".to_owned())
            };
            let first = on(i32::from(*days))?;
            if *days == 0 && first <= now {
                on(1)?
            } else {
                first
            }
        }
        RemindWhen::Opening(name) => opening(name, now, calendar, zone)?,
    };
    Ok(due.max(now))
}

/// The next minute at which these hours run.
fn opening(
    name: &str,
    now: UnixMillis,
    calendar: &Calendar,
    zone: &TimeZone,
) -> Result<UnixMillis, String> {
    let hours = calendar.find(name);
    let hours = hours.ok_or_else(|| format!("the calendar has no hours {name}"))?;
    let open = |at: UnixMillis| calendar.is_open_at(hours, local(at, zone));
    if open(now) {
        return Ok(now);
    }
    let this = now.0.div_euclid(MINUTE);
    let mut minutes = (1..=MOST_MINUTES).map(|minute| UnixMillis((this + minute) * MINUTE));
    let next = minutes.find(|at| open(*at));
    next.ok_or_else(|| format!("the hours {name} do not begin within two months"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};
    use jiff::tz::TimeZone;

    use super::due;
    use crate::domain::action::RemindWhen;
    use crate::domain::clock::UnixMillis;
    use crate::rules::{Calendar, calendar_in};

    fn calendar() -> Calendar {
        let folder = tempfile::tempdir().expect("a folder");
        let text =
            "hours:\n  工作时间: {days: 工作日, from: \"09:00\", to: \"18:00\"}\nholidays: cn\n";
        std::fs::write(folder.path().join("calendar.yaml"), text).expect("a file");
        calendar_in(folder.path())
    }

    /// In Shanghai.
    fn at(when: &RemindWhen, now: &str) -> Result<String, String> {
        let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
        let now: jiff::civil::DateTime = now.parse().expect("a time");
        let now = now.to_zoned(zone.clone()).expect("a time").timestamp();
        let now = UnixMillis(now.as_millisecond());
        let due = due(when, now, &calendar(), &zone)?;
        let local = due.timestamp().to_zoned(zone).datetime();
        Ok(local.strftime("%Y-%m-%d %H:%M").to_string())
    }

    fn clock(days: u16, hour: i8) -> RemindWhen {
        let time = time(hour, 0, 0, 0);
        RemindWhen::Clock { days, time }
    }

    #[test]
    fn a_time_of_day_is_the_next_one() {
        let now = "2026-11-23T15:00:00";
        assert_eq!(at(&clock(0, 18), now).as_deref(), Ok("2026-11-23 18:00"));
        assert_eq!(at(&clock(0, 15), now).as_deref(), Ok("2026-11-24 15:00"));
        assert_eq!(at(&clock(1, 9), now).as_deref(), Ok("2026-11-24 09:00"));
        assert_eq!(at(&clock(3, 9), now).as_deref(), Ok("2026-11-26 09:00"));
    }

    #[test]
    fn waits_are_exact_and_what_has_passed_is_now() {
        let now = "2026-11-23T15:00:00";
        let wait = RemindWhen::In { secs: 5400 };
        assert_eq!(at(&wait, now).as_deref(), Ok("2026-11-23 16:30"));
        let past = RemindWhen::Local(date(2026, 11, 1).at(9, 0, 0, 0));
        assert_eq!(at(&past, now).as_deref(), Ok("2026-11-23 15:00"));
        let later = RemindWhen::Local(date(2026, 12, 31).at(9, 0, 0, 0));
        assert_eq!(at(&later, now).as_deref(), Ok("2026-12-31 09:00"));
    }

    #[test]
    fn an_opening_knows_weekends_and_holidays() {
        let open = RemindWhen::Opening("工作时间".into());
        assert_eq!(
            at(&open, "2026-11-23T10:30:00").as_deref(),
            Ok("2026-11-23 10:30"),
            "it is open"
        );
        assert_eq!(
            at(&open, "2026-11-23T20:00:30").as_deref(),
            Ok("2026-11-24 09:00")
        );
        // The last evening before the National Day holidays.
        assert_eq!(
            at(&open, "2026-09-30T20:00:00").as_deref(),
            Ok("2026-10-08 09:00")
        );
        let unknown = RemindWhen::Opening("午休".into());
        assert!(at(&unknown, "2026-11-23T10:30:00").is_err());
    }
}
