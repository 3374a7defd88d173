//! What members read about their reminders.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::clock::UnixMillis;
use crate::domain::lunar::LunarDay;
use crate::domain::reminder::{Asks, Question, Reminder, When};
use crate::domain::rhythm::{OnDays, Rhythm};
use crate::lang::Lang;

/// Puts times into words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Voice<'a> {
    pub(super) lang: Lang,
    pub(super) now: UnixMillis,
    pub(super) zone: &'a TimeZone,
}

impl Voice<'_> {
    pub(super) fn text(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.lang.text(key, values)
    }

    /// `11月23日 周一 15:00`, with the year if it is another.
    pub(super) fn time(&self, at: UnixMillis) -> String {
        let local = at.local(self.zone);
        let same_year = local.year() == self.now.local(self.zone).year();
        let key = if same_year {
            "reminder.time"
        } else {
            "reminder.time_of_year"
        };
        let weekday = self.weekday(local.weekday().to_monday_one_offset());
        let [year, month, day] = [
            local.year().into(),
            i32::from(local.month()),
            local.day().into(),
        ]
        .map(|number: i32| number.to_string());
        let clock = local.strftime("%H:%M").to_string();
        let values = [
            ("year", year.as_str()),
            ("month", month.as_str()),
            ("day", day.as_str()),
            ("weekday", weekday.as_str()),
            ("clock", clock.as_str()),
        ];
        self.text(key, &values)
    }

    /// Only the time of day if it is today.
    pub(super) fn short(&self, at: UnixMillis) -> String {
        let today: Date = self.now.local(self.zone).date();
        let local = at.local(self.zone);
        if local.date() == today {
            return local.strftime("%H:%M").to_string();
        }
        self.time(at)
    }

    fn weekday(&self, number: i8) -> String {
        self.text(&format!("reminder.weekday_{number}"), &[])
    }

    pub(super) fn when(&self, when: &When) -> String {
        match when {
            When::Once(at) => self.time(*at),
            When::Repeating { rhythm, first } => {
                let rhythm = self.rhythm(rhythm);
                let first = self.time(*first);
                self.text(
                    "reminder.repeating",
                    &[("rhythm", &rhythm), ("first", &first)],
                )
            }
        }
    }

    /// One line of the list.
    pub(super) fn line(&self, number: u32, reminder: &Reminder) -> String {
        let number = number.to_string();
        let time = match &reminder.rhythm {
            Some(rhythm) => {
                let first = reminder.due;
                let rhythm = rhythm.clone();
                self.when(&When::Repeating { rhythm, first })
            }
            None => self.time(reminder.due),
        };
        let key = if reminder.is_shown() {
            "reminder.line_shown"
        } else {
            "reminder.line"
        };
        let values = [
            ("number", number.as_str()),
            ("time", &time),
            ("text", &reminder.text),
        ];
        self.text(key, &values)
    }

    /// A question of ours, with what can be answered.
    pub(super) fn question(&self, question: &Question) -> String {
        let choices: Vec<String> = question
            .choices
            .iter()
            .enumerate()
            .map(|(place, when)| {
                let number = (place + 1).to_string();
                let half = self.half(when);
                let when = self.when(when);
                let values = [
                    ("number", number.as_str()),
                    ("when", &when),
                    ("half", &half),
                ];
                self.text("reminder.choice", &values)
            })
            .collect();
        let choices = choices.join("\n");
        let key = match (question.asks, choices.is_empty()) {
            (Asks::Which, _) => "reminder.ask_which",
            (Asks::Passed, false) => "reminder.ask_passed",
            (Asks::Passed, true) => "reminder.passed",
            (Asks::Time, _) => "reminder.ask_time",
            (Asks::Text, _) => "reminder.ask_text",
            (Asks::Unsure, _) => "reminder.ask_unsure",
            (Asks::Wanted, _) => "reminder.ask_wanted",
        };
        self.text(key, &[("choices", &choices), ("text", &question.what)])
    }

    /// The part of the day.
    fn half(&self, when: &When) -> String {
        let part = match when.first().local(self.zone).hour() {
            0..=5 => "small_hours",
            6..=11 => "morning",
            12 => "noon",
            13..=17 => "afternoon",
            _ => "evening",
        };
        self.text(&format!("reminder.{part}"), &[])
    }

    fn rhythm(&self, rhythm: &Rhythm) -> String {
        let (on, at) = match rhythm {
            Rhythm::Minutes(minutes) => return self.minutes(*minutes),
            Rhythm::Days { on, at } => (on, at),
        };
        let times: Vec<String> = at
            .iter()
            .map(|time| time.strftime("%H:%M").to_string())
            .collect();
        format!("{} {}", self.days(on), times.join("、"))
    }

    fn minutes(&self, minutes: u32) -> String {
        let (key, count) = match minutes % 60 {
            0 => ("reminder.every_hours", minutes / 60),
            _ => ("reminder.every_minutes", minutes),
        };
        self.text(key, &[("count", &count.to_string())])
    }

    fn days(&self, on: &OnDays) -> String {
        let counted = |one: &str, many: &str, count: u16| match count {
            0 | 1 => self.text(one, &[]),
            _ => self.text(many, &[("count", &count.to_string())]),
        };
        match on {
            OnDays::Nth { every, .. } => counted("reminder.daily", "reminder.every_days", *every),
            OnDays::Working => self.text("reminder.working", &[]),
            OnDays::Resting => self.text("reminder.resting", &[]),
            OnDays::Week { days, every, .. } => {
                let days: Vec<String> = days.iter().map(|day| self.weekday(*day)).collect();
                let each = counted("reminder.weekly", "reminder.every_weeks", *every);
                format!("{each}{}", days.join("、"))
            }
            OnDays::Month { days, every, .. } => {
                let day = |day: &i8| match day {
                    31 => self.text("reminder.last_day", &[]),
                    day => self.text("reminder.month_day", &[("day", &day.to_string())]),
                };
                let days: Vec<String> = days.iter().map(day).collect();
                let each = counted("reminder.monthly", "reminder.every_months", *every);
                format!("{each}{}", days.join("、"))
            }
            OnDays::NthWeekday { nth, day } => {
                let (nth, day) = (self.nth(*nth), self.weekday(*day));
                self.text("reminder.nth_weekday", &[("nth", &nth), ("day", &day)])
            }
            OnDays::NthWorking { nth } => {
                let nth = self.nth(*nth);
                self.text("reminder.nth_working", &[("nth", &nth)])
            }
            OnDays::Year { month, day, shift } => {
                let values = [("month", &*month.to_string()), ("day", &*day.to_string())];
                self.shifted(self.text("reminder.yearly", &values), *shift)
            }
            OnDays::Lunar {
                day: LunarDay { month, day, leap },
                shift,
            } => {
                let key = if *leap {
                    "reminder.lunar_leap"
                } else {
                    "reminder.lunar"
                };
                let values = [("month", &*month.to_string()), ("day", &*day.to_string())];
                self.shifted(self.text(key, &values), *shift)
            }
        }
    }

    fn nth(&self, nth: i8) -> String {
        match nth {
            ..0 => self.text("reminder.last", &[]),
            _ => self.text("reminder.nth", &[("nth", &nth.to_string())]),
        }
    }

    fn shifted(&self, day: String, shift: i16) -> String {
        let key = match shift {
            0 => return day,
            ..0 => "reminder.days_before",
            _ => "reminder.days_after",
        };
        let count = shift.unsigned_abs().to_string();
        day + &self.text(key, &[("count", &count)])
    }
}
