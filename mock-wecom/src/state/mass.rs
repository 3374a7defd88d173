//! Mass-sending tasks, which only members can carry out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::civil_date;
use crate::switches::MassCeiling;

/// One receiver of a task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MassTarget {
    pub(crate) userid: String,
    /// A customer, or a group when the task is for groups.
    pub(crate) target: String,
    /// 0 unsent, 1 sent, 2 no friend, 3 over the monthly ceiling.
    pub(crate) status: u8,
    pub(crate) send_time: i64,
}

/// A task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MassTask {
    pub(crate) msgid: String,
    pub(crate) creator: String,
    pub(crate) for_groups: bool,
    pub(crate) created_at: i64,
    pub(crate) text: Value,
    pub(crate) attachments: Value,
    pub(crate) targets: Vec<MassTarget>,
    pub(crate) reminders: Vec<i64>,
    pub(crate) cancelled: bool,
}

impl MassTask {
    /// The members who have something to confirm, with the time they sent it (0: not yet).
    pub(crate) fn members(&self) -> BTreeMap<&str, i64> {
        let mut out = BTreeMap::new();
        for target in &self.targets {
            let sent: &mut i64 = out.entry(target.userid.as_str()).or_default();
            *sent = (*sent).max(target.send_time);
        }
        out
    }
}

/// Tasks by message id.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct MassTasks {
    pub(crate) tasks: BTreeMap<String, MassTask>,
    /// Receipts by customer or group.
    pub(crate) received: BTreeMap<String, Vec<i64>>,
}

impl MassTasks {
    /// Notes a receipt unless this customer or group has had as many as the corp allows.
    pub(crate) fn admit(&mut self, target: &str, now: i64, ceiling: MassCeiling) -> bool {
        let received = self.received.entry(target.to_owned()).or_default();
        let span = ceiling.span(now);
        received.retain(|&at| at > now - LONGEST);
        let used = received.iter().filter(|&&at| ceiling.span(at) == span);
        let free = used.count() < ceiling.most(now);
        if free {
            received.push(now);
        }
        free
    }
}

/// No span is longer.
const LONGEST: i64 = 31 * 86_400;

impl MassCeiling {
    /// The month, week or day of a moment, in China's time, as a number.
    fn span(self, at: i64) -> i64 {
        let days = china_days(at);
        match self {
            Self::Month => {
                let (year, month, _) = civil_date(days);
                year * 12 + month
            }
            // 1970-01-01 was a Thursday; weeks begin on Monday.
            Self::Week => (days + 3).div_euclid(7),
            Self::Day => days,
        }
    }

    /// How many a span takes: as many as the month has days, 7 a week, or 1 a day.
    fn most(self, at: i64) -> usize {
        match self {
            Self::Month => {
                let today = china_days(at);
                let (_, month, day) = civil_date(today);
                let first = today - day + 1;
                let inside = |day: &i64| civil_date(*day).1 == month;
                (first..first + 31).filter(inside).count()
            }
            Self::Week => 7,
            Self::Day => 1,
        }
    }
}

/// Days since 1970 at UTC+8.
fn china_days(at: i64) -> i64 {
    (at + 8 * 3_600).div_euclid(86_400)
}

#[cfg(test)]
mod tests {
    use super::{MassCeiling, MassTasks};

    /// How many of 40 tasks a customer gets when all come at once.
    fn received(at: i64, ceiling: MassCeiling) -> usize {
        let mut tasks = MassTasks::default();
        (0..40).filter(|_| tasks.admit("c", at, ceiling)).count()
    }

    #[test]
    fn a_month_takes_as_many_as_it_has_days() {
        for (noon, days) in [
            (1_769_918_400, 28), // 2026-02-01
            (1_709_179_200, 29), // 2024-02-29
            (1_776_222_000, 30), // 2026-04-15
            (1_767_196_800, 31), // 2026-01-01 00:00 in China
            (1_798_732_799, 31), // 2026-12-31 23:59:59 in China
        ] {
            assert_eq!(received(noon, MassCeiling::Month), days, "{noon}");
        }
        assert_eq!(received(1_769_918_400, MassCeiling::Week), 7);
        assert_eq!(received(1_769_918_400, MassCeiling::Day), 1);
    }

    #[test]
    fn a_new_month_begins_anew() {
        let mut tasks = MassTasks::default();
        let january_ends = 1_769_875_199;
        for _ in 0..31 {
            assert!(tasks.admit("c", january_ends, MassCeiling::Month));
        }
        assert!(!tasks.admit("c", january_ends, MassCeiling::Month));
        assert!(tasks.admit("c", january_ends + 1, MassCeiling::Month));
    }
}
