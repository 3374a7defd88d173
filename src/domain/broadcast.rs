//! Tasks by which many hear the same: what WeCom allows of them.

use std::time::Duration;

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::clock::UnixMillis;

/// A task waits so long after the last target that joined it before it is made.
pub const GATHER_QUIET: Duration = Duration::from_secs(60);

/// Whom one task reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Customers, each in their chat with the member.
    Customers,
    /// Customer groups of the member.
    Groups,
    /// Whoever sees the moments of members.
    Moments,
}

impl Reach {
    /// WeCom takes at most so many targets into one task.
    #[must_use]
    pub fn most(self) -> u64 {
        match self {
            Self::Customers => 10_000,
            Self::Groups => 2_000,
            // The request names members and tags only; the targets are ours to report on.
            Self::Moments => 1_000_000,
        }
    }

    /// Whether its messages count towards what one target may receive.
    #[must_use]
    pub fn is_budgeted(self) -> bool {
        self != Self::Moments
    }

    /// The word used in lists and traces.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::Groups => "groups",
            Self::Moments => "moments",
        }
    }
}

/// How many mass messages one customer or group can receive: what the company's
/// administrators have chosen in WeCom's console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ceiling {
    /// One a day.
    Day,
    /// Seven a week.
    Week,
    /// As many a month as it has days: WeCom's own choice.
    #[default]
    Month,
}

/// How many mass messages one target can receive in the period that a moment is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// The beginning of the period.
    pub from: UnixMillis,
    /// The beginning of the next one.
    pub until: UnixMillis,
    /// So many.
    pub most: u32,
}

impl Ceiling {
    /// The budget of the period around `now`, in the company's zone.
    #[must_use]
    pub fn budget(self, now: UnixMillis, zone: &TimeZone) -> Budget {
        let today = now.timestamp().to_zoned(zone.clone()).date();
        let (first, span, most) = match self {
            Self::Day => (today, 1.day(), 1),
            Self::Week => {
                let back = today.weekday().to_monday_zero_offset();
                let monday = today.checked_sub(back.days()).unwrap_or(today);
                (monday, 1.week(), 7)
            }
            Self::Month => {
                let days = u32::try_from(today.days_in_month()).unwrap_or_default();
                (today.first_of_month(), 1.month(), days)
            }
        };
        let next = first.checked_add(span).unwrap_or(Date::MAX);
        Budget {
            from: begins(first, zone).unwrap_or(UnixMillis(i64::MIN)),
            until: begins(next, zone).unwrap_or(UnixMillis(i64::MAX)),
            most,
        }
    }
}

fn begins(day: Date, zone: &TimeZone) -> Option<UnixMillis> {
    let start = day.to_zoned(zone.clone()).ok()?.start_of_day().ok()?;
    Some(UnixMillis(start.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{Budget, Ceiling};
    use crate::domain::clock::UnixMillis;

    fn at(text: &str) -> UnixMillis {
        let zoned: jiff::Zoned = format!("{text}[Asia/Shanghai]").parse().unwrap();
        UnixMillis(zoned.timestamp().as_millisecond())
    }

    fn budget(from: &str, until: &str, most: u32) -> Budget {
        let (from, until) = (at(from), at(until));
        Budget { from, until, most }
    }

    #[test]
    fn each_ceiling_has_its_period() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        // A Sunday.
        let now = at("2026-02-15T23:59:59");
        assert_eq!(
            Ceiling::Day.budget(now, &zone),
            budget("2026-02-15T00:00", "2026-02-16T00:00", 1)
        );
        assert_eq!(
            Ceiling::Week.budget(now, &zone),
            budget("2026-02-09T00:00", "2026-02-16T00:00", 7)
        );
        assert_eq!(
            Ceiling::Month.budget(now, &zone),
            budget("2026-02-01T00:00", "2026-03-01T00:00", 28)
        );
    }
}
