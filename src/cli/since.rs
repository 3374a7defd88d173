//! Times in the past as operators write them: `7d`, `2026-11-22`, `2026-11-22 10:00`.

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;

use super::output::Terminal;
use crate::domain::clock::UnixMillis;
use crate::domain::duration::parse_duration;

/// Reads one, or says how it is written.
pub(super) fn past(
    text: &str,
    now: UnixMillis,
    zone: &TimeZone,
    terminal: &Terminal,
) -> anyhow::Result<UnixMillis> {
    read(text, now, zone)
        .ok_or_else(|| anyhow::anyhow!(terminal.lang.text("since.bad", &[("value", text)])))
}

/// `7d` ago, a date (its beginning), a date with a time, today's time, or a full timestamp.
fn read(text: &str, now: UnixMillis, zone: &TimeZone) -> Option<UnixMillis> {
    let text = text.trim();
    if let Some(ago) = parse_duration(text) {
        return Some(now.before(ago));
    }
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Some(UnixMillis(timestamp.as_millisecond()));
    }
    // A date alone is its beginning; a time alone is today's.
    let local = match text.parse::<DateTime>() {
        Ok(local) => local,
        Err(_) => {
            let today = now.timestamp().to_zoned(zone.clone()).date();
            today.to_datetime(text.parse::<Time>().ok()?)
        }
    };
    let zoned = local.to_zoned(zone.clone()).ok()?;
    Some(UnixMillis(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::domain::clock::UnixMillis;
    use jiff::tz::TimeZone;

    #[test]
    fn times_are_read_as_people_write_them() {
        let zone = TimeZone::get("Asia/Shanghai").expect("zone");
        let now = "2026-11-22T04:00:00Z"
            .parse::<jiff::Timestamp>()
            .expect("now");
        let now = UnixMillis(now.as_millisecond());
        for (text, expected) in [
            ("7d", "2026-11-15T04:00:00Z"),
            ("2小时", "2026-11-22T02:00:00Z"),
            ("2026-11-20", "2026-11-19T16:00:00Z"),
            ("2026-11-20 10:30", "2026-11-20T02:30:00Z"),
            ("09:00", "2026-11-22T01:00:00Z"),
            ("2026-11-20T02:30:00Z", "2026-11-20T02:30:00Z"),
        ] {
            let at = read(text, now, &zone).expect(text);
            assert_eq!(at.timestamp().to_string(), expected, "{text}");
        }
        for wrong in ["昨天下午", "", "-3d", "2026-13-01"] {
            assert_eq!(read(wrong, now, &zone), None, "{wrong}");
        }
    }
}
