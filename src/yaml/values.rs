//! The small values of the language: flags, numbers, durations, dates, times of day.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use crate::domain::clock::UnixMillis;

/// `true` or `false`, also in Chinese.
#[must_use]
pub fn flag(text: &str) -> Option<bool> {
    match text {
        "true" | "是" => Some(true),
        "false" | "否" => Some(false),
        _ => None,
    }
}

/// A whole number.
#[must_use]
pub fn integer(text: &str) -> Option<i64> {
    text.parse().ok()
}

pub use crate::domain::duration::parse_duration as duration;

/// `2026-11-01`.
#[must_use]
pub fn date(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-';
    shaped.then(|| text.parse().ok()).flatten()
}

/// `08:30`; `24:00` is the end of the day and given as `None` inside.
#[must_use]
pub fn clock(text: &str) -> Option<ClockTime> {
    let (hour, minute) = text.split_once(':')?;
    let two = |part: &str| part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !two(hour) || minute.len() != 2 || !two(minute) {
        return None;
    }
    let (hour, minute): (i8, i8) = (hour.parse().ok()?, minute.parse().ok()?);
    if (hour, minute) == (24, 0) {
        return Some(ClockTime(24 * 60));
    }
    Time::new(hour, minute, 0, 0).ok()?;
    Some(ClockTime(i16::from(hour) * 60 + i16::from(minute)))
}

/// Minutes since midnight, up to and including `24:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClockTime(pub i16);

/// A point in time as an operator writes it: in the company's zone unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A date; whole days count.
    Day(Date),
    /// A date and a time.
    Local(DateTime),
    /// A date and a time with its distance from UTC.
    Instant(UnixMillis),
}

impl Moment {
    /// When it begins.
    #[must_use]
    pub fn start(self, zone: &TimeZone) -> UnixMillis {
        match self {
            Self::Day(date) => instant(date.to_datetime(Time::midnight()), zone),
            Self::Local(at) => instant(at, zone),
            Self::Instant(at) => at,
        }
    }

    /// When it is over: a date includes its whole day.
    #[must_use]
    pub fn end(self, zone: &TimeZone) -> UnixMillis {
        match self {
            Self::Day(date) => {
                let next = date.tomorrow().unwrap_or(date);
                instant(next.to_datetime(Time::midnight()), zone)
            }
            Self::Local(_) | Self::Instant(_) => self.start(zone),
        }
    }
}

fn instant(at: DateTime, zone: &TimeZone) -> UnixMillis {
    let at = zone.to_ambiguous_timestamp(at).compatible();
    UnixMillis(at.map_or(i64::MAX, jiff::Timestamp::as_millisecond))
}

/// `2026-11-01`, `2026-11-01 09:30` or `2026-11-01 09:30 +08:00`.
#[must_use]
pub fn moment(text: &str) -> Option<Moment> {
    let mut parts = text.split_whitespace();
    let day = date(parts.next()?)?;
    let Some(time) = parts.next() else {
        return Some(Moment::Day(day));
    };
    let (hour, rest) = time.split_once(':')?;
    let (minute, second) = rest.split_once(':').unwrap_or((rest, "0"));
    let time = Time::new(
        hour.parse().ok()?,
        minute.parse().ok()?,
        second.parse().ok()?,
        0,
    )
    .ok()?;
    let local = day.to_datetime(time);
    let moment = match parts.next() {
        None => Moment::Local(local),
        Some(offset) => Moment::Instant(with_offset(local, offset)?),
    };
    parts.next().is_none().then_some(moment)
}

fn with_offset(local: DateTime, offset: &str) -> Option<UnixMillis> {
    let (sign, rest) = match offset.as_bytes().first()? {
        b'+' => (1, &offset[1..]),
        b'-' => (-1, &offset[1..]),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let offset = jiff::tz::Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()?;
    let at = offset.to_timestamp(local).ok()?;
    Some(UnixMillis(at.as_millisecond()))
}
