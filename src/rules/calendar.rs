//! When the company is open: named hours, statutory holidays and make-up working days.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;

use super::holidays;
use crate::domain::clock::UnixMillis;
use crate::yaml::values::ClockTime;

/// Named hours by their place in the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoursId(pub(super) usize);

/// Named hours, holidays and working days.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    pub(super) hours: Vec<(String, Hours)>,
    /// Whether the built-in Chinese holidays count.
    pub(super) chinese: bool,
    pub(super) extra_off: BTreeSet<Date>,
    pub(super) extra_work: BTreeSet<Date>,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hours {
    /// The whole day, every day.
    Always,
    /// Whenever the other is not.
    Not(HoursId),
    /// In any of these.
    Open(Vec<Opening>),
}

/// From one time to another on some days; past midnight if the end is not after the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Opening {
    pub(super) days: Vec<Days>,
    pub(super) from: ClockTime,
    pub(super) to: ClockTime,
}

/// Which days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Days {
    /// 工作日: working days, make-up days included, holidays not.
    Working,
    /// 休息日: all other days.
    Resting,
    /// 周末: Saturdays and Sundays that are not working days.
    Weekend,
    /// 节假日: days off by the holiday table or `extra_off`.
    Holiday,
    /// 每天.
    Every,
    /// 周一 … 周日, whatever kind of day it is.
    On(Weekday),
}

/// What kind of day it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayKind {
    /// People work, though it may be a Sunday.
    Working,
    /// A Saturday or Sunday.
    Weekend,
    /// Off by the holiday table or by the operator.
    Holiday,
}

impl Calendar {
    /// The hours of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<HoursId> {
        let at = self.hours.iter().position(|(known, _)| known == name)?;
        Some(HoursId(at))
    }

    /// Whether these hours never end.
    pub(super) fn is_always(&self, id: HoursId) -> bool {
        matches!(self.hours.get(id.0), Some((_, Hours::Always)))
    }

    /// When these hours run next, from a local time on; that time itself if they run then,
    /// `None` if they do not within a year.
    #[must_use]
    pub fn next_opening(&self, id: HoursId, from: DateTime) -> Option<DateTime> {
        if self.is_open_at(id, from) {
            return Some(from);
        }
        let mut minutes: Vec<i16> = vec![0];
        for (_, hours) in &self.hours {
            if let Hours::Open(openings) = hours {
                let edges = openings.iter().flat_map(|part| [part.from.0, part.to.0]);
                minutes.extend(edges.filter(|minute| *minute < 24 * 60));
            }
        }
        minutes.sort_unstable();
        minutes.dedup();
        let mut day = from.date();
        for _ in 0..=366 {
            for minute in &minutes {
                let at = day.at(
                    i8::try_from(minute / 60).ok()?,
                    i8::try_from(minute % 60).ok()?,
                    0,
                    0,
                );
                if at > from && self.is_open_at(id, at) {
                    return Some(at);
                }
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    /// The name of hours.
    #[must_use]
    pub fn name(&self, id: HoursId) -> &str {
        self.hours.get(id.0).map_or("", |(name, _)| name)
    }

    /// All names, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.hours.iter().map(|(name, _)| name.as_str())
    }

    /// The built-in Chinese holidays and no hours.
    #[cfg(test)]
    pub(crate) fn of_chinese_holidays() -> Self {
        Self {
            chinese: true,
            ..Self::default()
        }
    }

    /// Whether `name` is open now; `None` if there are no such hours.
    #[must_use]
    pub fn is_open(&self, name: &str, now: UnixMillis, zone: &TimeZone) -> Option<bool> {
        let local = now.timestamp().to_zoned(zone.clone()).datetime();
        self.find(name).map(|id| self.is_open_at(id, local))
    }

    /// Whether these hours are open at a local time.
    #[must_use]
    pub fn is_open_at(&self, id: HoursId, local: DateTime) -> bool {
        match self.hours.get(id.0).map(|(_, hours)| hours) {
            None => false,
            Some(Hours::Always) => true,
            Some(Hours::Not(other)) => !self.is_open_at(*other, local),
            Some(Hours::Open(openings)) => openings
                .iter()
                .any(|opening| self.is_within(opening, local)),
        }
    }

    fn is_within(&self, opening: &Opening, local: DateTime) -> bool {
        self.runs(opening, local, |_| true)
    }

    /// Whether an opening runs at a local time, on those of its days that `counts` lets be.
    pub(super) fn runs(
        &self,
        opening: &Opening,
        local: DateTime,
        counts: impl Fn(Date) -> bool,
    ) -> bool {
        let now = ClockTime(i16::from(local.hour()) * 60 + i16::from(local.minute()));
        let on = |date: Date| {
            opening.days.iter().any(|days| self.is_one_of(*days, date)) && counts(date)
        };
        if opening.from < opening.to {
            return now >= opening.from && now < opening.to && on(local.date());
        }
        // Past midnight: the evening of this day or the small hours after the day before.
        let evening = now >= opening.from && on(local.date());
        let before = local.date().yesterday();
        evening || (now < opening.to && before.is_ok_and(on))
    }

    fn is_one_of(&self, days: Days, date: Date) -> bool {
        match days {
            Days::Every => true,
            Days::On(weekday) => date.weekday() == weekday,
            Days::Working => self.kind_of(date) == DayKind::Working,
            Days::Resting => self.kind_of(date) != DayKind::Working,
            Days::Holiday => self.kind_of(date) == DayKind::Holiday,
            Days::Weekend => is_weekend(date) && self.kind_of(date) != DayKind::Working,
        }
    }

    /// What kind of day it is. What the operator adds wins over the built-in table.
    #[must_use]
    pub fn kind_of(&self, date: Date) -> DayKind {
        if self.extra_work.contains(&date) {
            return DayKind::Working;
        }
        if self.extra_off.contains(&date) {
            return DayKind::Holiday;
        }
        if self.chinese {
            if holidays::is_make_up(date) {
                return DayKind::Working;
            }
            if holidays::is_off(date) {
                return DayKind::Holiday;
            }
        }
        if is_weekend(date) {
            DayKind::Weekend
        } else {
            DayKind::Working
        }
    }

    /// The year, now or in the next two months, for which holidays are wanted but not known:
    /// only weekends count in it.
    #[must_use]
    pub fn missing_year(&self, now: UnixMillis, zone: &TimeZone) -> Option<i16> {
        let today = now.timestamp().to_zoned(zone.clone()).date();
        let soon = if today.month() >= 11 {
            today.year() + 1
        } else {
            today.year()
        };
        let added = |year| {
            let mut days = self.extra_off.iter().chain(&self.extra_work);
            days.any(|date| date.year() == year)
        };
        (today.year()..=soon).find(|year| self.chinese && !holidays::covers(*year) && !added(*year))
    }
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Weekday, date};
    use jiff::tz::TimeZone;

    use super::{Calendar, DayKind, Days, Hours, HoursId, Opening};
    use crate::domain::clock::UnixMillis;
    use crate::yaml::values::ClockTime;

    fn opening(days: &[Days], from: i16, to: i16) -> Hours {
        Hours::Open(vec![Opening {
            days: days.to_vec(),
            from: ClockTime(from),
            to: ClockTime(to),
        }])
    }

    fn calendar() -> Calendar {
        Calendar {
            hours: vec![
                ("工作时间".into(), opening(&[Days::Working], 540, 1080)),
                ("非工作时间".into(), Hours::Not(HoursId(0))),
                (
                    "夜班".into(),
                    opening(&[Days::On(Weekday::Friday)], 1320, 360),
                ),
                ("周末".into(), opening(&[Days::Weekend], 0, 1440)),
                ("节假日".into(), opening(&[Days::Holiday], 0, 1440)),
                ("全天".into(), Hours::Always),
            ],
            chinese: true,
            ..Calendar::default()
        }
    }

    fn open(name: &str, day: (i16, i8, i8), hour: i8, minute: i8) -> bool {
        let calendar = calendar();
        let at = date(day.0, day.1, day.2).at(hour, minute, 0, 0);
        calendar.is_open_at(calendar.find(name).expect("hours"), at)
    }

    #[test]
    fn working_hours_know_holidays_and_make_up_days() {
        assert!(open("工作时间", (2026, 11, 23), 9, 0));
        assert!(!open("工作时间", (2026, 11, 23), 18, 0));
        assert!(!open("工作时间", (2026, 11, 22), 10, 0), "Sunday");
        assert!(!open("工作时间", (2026, 10, 1), 10, 0), "国庆");
        assert!(
            open("工作时间", (2026, 10, 10), 10, 0),
            "a Saturday made up"
        );
        assert!(open("非工作时间", (2026, 2, 17), 10, 0), "春节");
        assert!(open("工作时间", (2026, 1, 4), 10, 0), "a Sunday made up");
    }

    #[test]
    fn weekends_and_holidays_are_told_apart() {
        assert!(open("周末", (2026, 11, 22), 23, 59));
        assert!(!open("周末", (2026, 2, 14), 10, 0), "a Saturday made up");
        assert!(open("节假日", (2026, 5, 5), 0, 0));
        assert!(!open("节假日", (2026, 5, 9), 0, 0));
        assert!(open("全天", (2026, 2, 17), 3, 0));
    }

    #[test]
    fn hours_past_midnight_belong_to_the_day_they_began() {
        assert!(open("夜班", (2026, 11, 20), 22, 0), "Friday evening");
        assert!(open("夜班", (2026, 11, 21), 5, 59), "Saturday morning");
        assert!(!open("夜班", (2026, 11, 21), 6, 0));
        assert!(!open("夜班", (2026, 11, 20), 3, 0), "Friday morning");
    }

    #[test]
    fn the_next_opening() {
        let calendar = calendar();
        let next = |name: &str, day: (i16, i8, i8), hour: i8, minute: i8| {
            let from = date(day.0, day.1, day.2).at(hour, minute, 0, 0);
            calendar.next_opening(calendar.find(name).expect("hours"), from)
        };
        let at = |day: i8, hour: i8| Some(date(2026, 11, day).at(hour, 0, 0, 0));
        assert_eq!(next("工作时间", (2026, 11, 23), 21, 0), at(24, 9));
        assert_eq!(
            next("工作时间", (2026, 11, 20), 18, 0),
            at(23, 9),
            "a weekend"
        );
        assert_eq!(
            next("工作时间", (2026, 11, 23), 10, 0),
            at(23, 10),
            "they run"
        );
        assert_eq!(next("非工作时间", (2026, 11, 23), 10, 0), at(23, 18));
        assert_eq!(next("夜班", (2026, 11, 23), 10, 0), at(27, 22));
        assert_eq!(
            next("工作时间", (2026, 9, 30), 19, 0),
            Some(date(2026, 10, 8).at(9, 0, 0, 0)),
            "国庆"
        );
    }

    #[test]
    fn what_the_operator_adds_wins() {
        let mut calendar = calendar();
        calendar.extra_off.insert(date(2026, 12, 31));
        calendar.extra_work.insert(date(2026, 10, 1));
        assert_eq!(calendar.kind_of(date(2026, 12, 31)), DayKind::Holiday);
        assert_eq!(calendar.kind_of(date(2026, 10, 1)), DayKind::Working);
    }

    #[test]
    fn the_zone_decides_the_day() {
        let zone = TimeZone::get("Asia/Shanghai").expect("zone");
        // 2026-11-23 01:30 UTC is Monday 09:30 in Shanghai.
        let at = "2026-11-23T01:30:00Z"
            .parse::<jiff::Timestamp>()
            .expect("time");
        let now = UnixMillis(at.as_millisecond());
        assert_eq!(calendar().is_open("工作时间", now, &zone), Some(true));
        assert_eq!(
            calendar().is_open("工作时间", now, &TimeZone::UTC),
            Some(false)
        );
        assert_eq!(calendar().is_open("午休", now, &zone), None);
    }

    #[test]
    fn a_year_without_data_is_named_from_november() {
        let at = |text: &str| {
            let at = text.parse::<jiff::Timestamp>().expect("time");
            UnixMillis(at.as_millisecond())
        };
        let mut calendar = calendar();
        let utc = TimeZone::UTC;
        assert_eq!(
            calendar.missing_year(at("2026-10-31T00:00:00Z"), &utc),
            None
        );
        assert_eq!(
            calendar.missing_year(at("2026-11-01T00:00:00Z"), &utc),
            Some(2027)
        );
        calendar.extra_off.insert(date(2027, 1, 1));
        assert_eq!(
            calendar.missing_year(at("2026-11-01T00:00:00Z"), &utc),
            None
        );
    }
}
