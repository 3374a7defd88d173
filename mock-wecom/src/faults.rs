//! Injected faults: what goes wrong on purpose, where and how often.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::json;

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
    /// Another instance has made the caller's token invalid: the call answers 40014.
    RevokeToken,
    /// Callbacks: sends it again, so many times, after a success.
    Duplicate {
        /// How many more times.
        #[serde(default = "once")]
        copies: u32,
    },
    /// Callbacks: never sends it.
    Lose,
    /// Callbacks: sends it after the next one to the same receiver, or after this time.
    Reorder {
        /// How long it waits for another one.
        #[serde(default = "two_seconds")]
        ms: u64,
    },
}

impl Action {
    /// Whether a callback can meet it.
    fn is_for_callbacks(&self) -> bool {
        matches!(
            self,
            Self::Duplicate { .. } | Self::Lose | Self::Reorder { .. } | Self::DelayMs { .. }
        )
    }

    /// Whether a call can meet it.
    fn is_for_calls(&self) -> bool {
        matches!(self, Self::DelayMs { .. }) || !self.is_for_callbacks()
    }
}

/// A fault waiting for its call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fault {
    /// The end of the API path (`kf/send_msg`), `*` for every call, `callback/NAME` for the
    /// callbacks to a receiver, or `callback/*` for all callbacks.
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

fn two_seconds() -> u64 {
    2_000
}

const CALLBACK: &str = "callback/";

impl Fault {
    /// Refuses what could never strike.
    ///
    /// # Errors
    /// When the action does not fit the path.
    pub fn check(&self) -> Result<(), String> {
        let fits = if self.path.starts_with(CALLBACK) {
            self.action.is_for_callbacks()
        } else {
            self.action.is_for_calls()
        };
        if fits {
            return Ok(());
        }
        Err(format!(
            "{:?} does not strike {}: callbacks are delayed, duplicated, lost or reordered",
            self.action, self.path
        ))
    }

    fn is_met_by(&self, path: &str) -> bool {
        match (
            self.path.strip_prefix(CALLBACK),
            path.strip_prefix(CALLBACK),
        ) {
            (Some(wanted), Some(name)) => wanted == "*" || wanted == name,
            (None, None) => self.path == "*" || path.ends_with(&self.path),
            _ => false,
        }
    }
}

impl FromStr for Fault {
    type Err = String;

    /// `PATH=ACTION[:ARGUMENT][,times=N][,skip=N][,applied]`, as the command line takes it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let usage = || format!("{text}: PATH=ACTION[:ARGUMENT][,times=N][,skip=N][,applied]");
        let (path, rest) = text.split_once('=').ok_or_else(usage)?;
        let mut parts = rest.split(',');
        let action = parts.next().unwrap_or_default();
        let (name, argument) = action.split_once(':').unwrap_or((action, ""));
        let number = |text: &str| text.parse::<i64>().map_err(|_| usage());
        let mut fault = json!({"path": path, "action": name});
        let place = match name {
            "errcode" => Some("code"),
            "http" => Some("status"),
            "delay_ms" | "reorder" => Some("ms"),
            "duplicate" => Some("copies"),
            _ => None,
        };
        match place {
            Some(place) if !argument.is_empty() => fault[place] = json!(number(argument)?),
            None if !argument.is_empty() => return Err(usage()),
            _ => {}
        }
        for part in parts {
            match part.split_once('=') {
                Some((name @ ("times" | "skip"), value)) => fault[name] = json!(number(value)?),
                None if part == "applied" => fault["applied"] = json!(true),
                _ => return Err(usage()),
            }
        }
        let fault: Self =
            serde_json::from_value(fault).map_err(|error| format!("{text}: {error}"))?;
        fault.check()?;
        Ok(fault)
    }
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
            if fault.times == 0 || !fault.is_met_by(path) {
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
    fn a_line_of_the_command_line_becomes_a_fault() {
        let fault: Fault = "kf/send_msg=errcode:45009,times=3,skip=1,applied"
            .parse()
            .expect("a fault");
        assert_eq!((fault.times, fault.skip), (3, 1));
        let wanted = Action::Errcode {
            code: 45009,
            applied: true,
        };
        assert_eq!(fault.action, wanted);
        for bad in [
            "kf/send_msg",
            "kf/send_msg=errcode",
            "kf/send_msg=hang:5",
            "kf/send_msg=lose",
            "callback/kf=hang",
            "kf/send_msg=hang,times=x",
        ] {
            assert!(bad.parse::<Fault>().is_err(), "{bad}");
        }
    }

    #[test]
    fn calls_and_callbacks_do_not_share_faults() {
        let mut faults = Faults::default();
        faults.add("*=hang".parse().expect("a fault"));
        faults.add("callback/*=lose".parse().expect("a fault"));
        assert_eq!(faults.take("callback/kf"), Some(Action::Lose));
        assert_eq!(faults.take("/cgi-bin/gettoken"), Some(Action::Hang));
        assert_eq!(faults.take("callback/kf"), None);
    }

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
