//! Who is on duty when, and who is told when nobody answers: `roster.yaml`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime};

use super::calendar::{Calendar, HoursId, Opening};
use crate::domain::ids::UserId;
use crate::domain::inbound::Channel;

/// The next shift is looked for so many days ahead.
const MOST_DAYS: i32 = 62;

/// Shifts of servicer groups, and the ladder of who is told.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) ladder: Option<Ladder>,
}

/// The shifts of one group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) shifts: Vec<Shift>,
    /// Who is told when nobody is on duty: another group or a member.
    pub(super) fallback: Option<String>,
}

/// Some members at some times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shift {
    /// Nobody: the group has the day off.
    pub(super) who: Vec<UserId>,
    pub(super) opening: Opening,
    /// Only on these days, on which the other shifts do not count; empty for any day.
    pub(super) dates: BTreeSet<Date>,
}

/// Who is told when a customer waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    /// Only minutes in these hours count; `None` counts all.
    pub(super) hours: Option<HoursId>,
    /// In which channels.
    pub(super) channels: Vec<Channel>,
    /// Whether those who wrote outside the hours are handed over when the hours begin.
    pub hand_over: Option<String>,
    /// From the first to the last.
    pub steps: Vec<Rung>,
}

/// One step of the ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// So long after the customer wrote.
    pub after: Duration,
    /// A group or a member, or `负责人` for the follower.
    pub tell: String,
}

impl Ladder {
    /// Whether somebody who writes here waits for an answer.
    #[must_use]
    pub fn is_for(&self, channel: Channel) -> bool {
        self.channels.contains(&channel)
    }

    /// Whether no minute counts at this local time.
    #[must_use]
    pub fn is_off_duty(&self, calendar: &Calendar, at: DateTime) -> bool {
        self.hours
            .is_some_and(|hours| !calendar.is_open_at(hours, at))
    }

    /// The time at which so many minutes have counted; `None` if they never do.
    #[must_use]
    pub fn after(&self, calendar: &Calendar, from: DateTime, wait: Duration) -> Option<DateTime> {
        let minutes = i64::try_from(wait.as_secs() / 60).ok()?;
        let Some(hours) = self.hours else {
            return from.checked_add(minutes.minutes()).ok();
        };
        let mut at = calendar.next_opening(hours, from)?;
        for _ in 0..minutes {
            at = at.checked_add(1.minute()).ok()?;
            // The end of the hours is still their last minute.
            if !calendar.is_open_at(hours, at.checked_sub(1.minute()).ok()?) {
                at = calendar
                    .next_opening(hours, at)?
                    .checked_add(1.minute())
                    .ok()?;
            }
        }
        Some(at)
    }

    /// When the hours begin next; now if they run.
    #[must_use]
    pub fn opening(&self, calendar: &Calendar, from: DateTime) -> Option<DateTime> {
        match self.hours {
            Some(hours) => calendar.next_opening(hours, from),
            None => Some(from),
        }
    }
}

impl Roster {
    /// The names of its groups.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.groups.keys().map(String::as_str)
    }

    /// Who is told when nobody answers, if that is written.
    #[must_use]
    pub fn ladder(&self) -> Option<&Ladder> {
        self.ladder.as_ref()
    }

    /// Who of a group is on duty at a local time; `None` if there is no such group.
    #[must_use]
    pub fn on_duty(&self, name: &str, at: DateTime, calendar: &Calendar) -> Option<Vec<UserId>> {
        self.groups
            .get(name)
            .map(|group| group.on_duty(at, calendar))
    }

    /// Who stands in for a group of which nobody is on duty.
    #[must_use]
    pub fn fallback(&self, name: &str) -> Option<&str> {
        self.groups.get(name)?.fallback.as_deref()
    }

    /// Who of a group comes on duty next.
    #[must_use]
    pub fn next_on_duty(&self, name: &str, from: DateTime, calendar: &Calendar) -> Vec<UserId> {
        let group = self.groups.get(name);
        let group = group.filter(|group| group.shifts.iter().any(|shift| !shift.who.is_empty()));
        group.map_or_else(Vec::new, |group| group.next_on_duty(from, calendar))
    }
}

impl Group {
    fn on_duty(&self, at: DateTime, calendar: &Calendar) -> Vec<UserId> {
        let mut members: Vec<UserId> = Vec::new();
        for shift in self
            .shifts
            .iter()
            .filter(|shift| self.runs(shift, at, calendar))
        {
            for member in &shift.who {
                if !members.contains(member) {
                    members.push(member.clone());
                }
            }
        }
        members
    }

    fn runs(&self, shift: &Shift, at: DateTime, calendar: &Calendar) -> bool {
        calendar.runs(&shift.opening, at, |date| {
            if shift.dates.is_empty() {
                !self.shifts.iter().any(|other| other.dates.contains(&date))
            } else {
                shift.dates.contains(&date)
            }
        })
    }

    fn next_on_duty(&self, from: DateTime, calendar: &Calendar) -> Vec<UserId> {
        let mut minutes: Vec<i16> = self
            .shifts
            .iter()
            .map(|shift| shift.opening.from.0)
            .collect();
        minutes.sort_unstable();
        minutes.dedup();
        let mut date = from.date();
        for _ in 0..MOST_DAYS {
            for minute in &minutes {
                let at = date
                    .at(0, 0, 0, 0)
                    .checked_add(i64::from(*minute).minutes());
                let Ok(at) = at else { continue };
                let members = if at > from {
                    self.on_duty(at, calendar)
                } else {
                    Vec::new()
                };
                if !members.is_empty() {
                    return members;
                }
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
        Vec::new()
    }
}
