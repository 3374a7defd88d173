//! What operators have said about a plan, and when nobody could carry it out. Pure.

use serde::{Deserialize, Serialize};

use crate::domain::clock::UnixMillis;

/// Under this name the program notes that it runs: a time.
pub const ALIVE: &str = "alive";
/// Under this name stands when nobody ran for long: pauses of all plans.
pub const DOWNTIMES: &str = "downtimes";
/// So many pauses are remembered: what waits to leave does not wait through more.
const MOST_PAUSES: usize = 8;

/// What operators have said about a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Control {
    /// It waits since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<UnixMillis>,
    /// When it waited before, the last time at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Pause>,
    /// Its campaign may begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Approval>,
    /// It was ended for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<UnixMillis>,
    /// The version whose preview somebody has looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previewed: Option<String>,
}

/// A plan waited for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Since then.
    pub from: UnixMillis,
    /// It went on then.
    pub until: UnixMillis,
}

/// Somebody has looked at a campaign and let it begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// As it was then.
    pub version: String,
    /// When.
    pub at: UnixMillis,
}

impl Control {
    /// It goes on, if it waits.
    pub fn resume(&mut self, now: UnixMillis) {
        let Some(from) = self.paused.take() else {
            return;
        };
        remember(&mut self.pauses, Pause { from, until: now });
    }
}

/// Adds a pause to those that are remembered.
pub fn remember(pauses: &mut Vec<Pause>, pause: Pause) {
    pauses.push(pause);
    let old = pauses.len().saturating_sub(MOST_PAUSES);
    pauses.drain(..old);
}

#[cfg(test)]
mod tests {
    use super::{Control, MOST_PAUSES, Pause};
    use crate::domain::clock::UnixMillis;

    #[test]
    fn the_last_pauses_are_remembered() {
        let mut control = Control::default();
        control.resume(UnixMillis(1));
        assert_eq!(control, Control::default(), "it did not wait");
        for n in 0..20 {
            control.paused = Some(UnixMillis(n * 10));
            control.resume(UnixMillis(n * 10 + 5));
        }
        assert_eq!(control.paused, None);
        assert_eq!(control.pauses.len(), MOST_PAUSES);
        let last = Pause {
            from: UnixMillis(190),
            until: UnixMillis(195),
        };
        assert_eq!(control.pauses.last(), Some(&last));
    }

    #[test]
    fn what_an_earlier_version_wrote_is_read() {
        let control: Control = serde_json::from_str(r#"{"paused":5}"#).expect("a control");
        assert_eq!(control.paused, Some(UnixMillis(5)));
    }
}
