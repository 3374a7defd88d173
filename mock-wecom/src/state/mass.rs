//! Mass-sending tasks, which only members can carry out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    /// Receipts by customer or group; a month is counted as 30 days.
    pub(crate) received: BTreeMap<String, Vec<i64>>,
}

impl MassTasks {
    /// Notes a receipt unless this customer has had one for each day of the month.
    pub(crate) fn admit(&mut self, target: &str, now: i64) -> bool {
        const MONTH: i64 = 30 * 86_400;
        let received = self.received.entry(target.to_owned()).or_default();
        received.retain(|&at| at > now - MONTH);
        let free = received.len() < 30;
        if free {
            received.push(now);
        }
        free
    }
}
