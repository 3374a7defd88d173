//! Injected faults: what goes wrong on purpose, where and how often.

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Answers this code; `applied` does the work first.
    Errcode {
        /// The code to answer.
        code: i64,
        /// Whether the call takes effect nevertheless.
        #[serde(default)]
        applied: bool,
    },
    /// Answers this HTTP status; `applied` does the work first.
    Http {
        /// The status to answer.
        status: u16,
        /// Whether the call takes effect nevertheless.
        #[serde(default)]
        applied: bool,
    },
    /// Never answers; the work is not done.
    Hang,
    /// Cuts the connection before the work is done.
    DropBefore,
    /// Does the work, then cuts the connection without an answer.
    DropAfter,
    /// Answers late.
    DelayMs {
        /// How late.
        ms: u64,
    },
    /// Does the work and answers the first half of the body.
    Truncate,
    /// Does the work and answers bytes that are not JSON.
    Garble,
}

/// A fault waiting for its call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fault {
    /// The end of the API path (`kf/send_msg`), or `*` for every call.
    pub path: String,
    /// How many calls it hits.
    #[serde(default = "once")]
    pub times: u32,
    /// How many matching calls pass before it hits.
    #[serde(default)]
    pub skip: u32,
    /// What goes wrong.
    #[serde(flatten)]
    pub action: Action,
}

fn once() -> u32 {
    1
}

/// The faults in force, first match wins.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault that this call meets; uses it up.
    pub(crate) fn take(&mut self, path: &str) -> Option<Action> {
        for fault in &mut self.0 {
            if fault.times == 0 || !(fault.path == "*" || path.ends_with(&fault.path)) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            fault.times -= 1;
            let action = fault.action.clone();
            self.0.retain(|fault| fault.times > 0);
            return Some(action);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Fault, Faults};
    use serde_json::json;

    #[test]
    fn a_fault_skips_then_hits_its_number_of_times() {
        let fault: Fault = serde_json::from_value(
            json!({"path": "kf/send_msg", "skip": 1, "times": 2, "action": "http", "status": 500}),
        )
        .expect("a fault");
        let mut faults = Faults::default();
        faults.add(fault);
        let hits: Vec<bool> = (0..4)
            .map(|_| faults.take("/cgi-bin/kf/send_msg").is_some())
            .collect();
        assert_eq!(hits, [false, true, true, false]);
        assert!(faults.0.is_empty());
    }

    #[test]
    fn other_paths_do_not_meet_it() {
        let mut faults = Faults::default();
        faults.add(Fault {
            path: "gettoken".into(),
            times: 1,
            skip: 0,
            action: Action::Hang,
        });
        assert_eq!(faults.take("/cgi-bin/kf/send_msg"), None);
    }
}
