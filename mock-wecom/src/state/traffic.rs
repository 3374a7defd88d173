//! How often what was called, for the frequency limits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Window;

/// Calls of one API: counted in whole minutes and hours, so that a call costs the same at any load.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Meter {
    minute: i64,
    in_minute: u64,
    hour: i64,
    in_hour: u64,
    /// Refused until then: as long as the limit that was hit.
    blocked_until: i64,
}

impl Meter {
    fn admit(&mut self, now: i64, per_minute: u64, per_hour: u64) -> bool {
        if now < self.blocked_until {
            return false;
        }
        let (minute, hour) = (now.div_euclid(60), now.div_euclid(3_600));
        if minute != self.minute {
            (self.minute, self.in_minute) = (minute, 0);
        }
        if hour != self.hour {
            (self.hour, self.in_hour) = (hour, 0);
        }
        if per_hour > 0 && self.in_hour >= per_hour {
            self.blocked_until = now + 3_600;
            return false;
        }
        if per_minute > 0 && self.in_minute >= per_minute {
            self.blocked_until = now + 60;
            return false;
        }
        self.in_minute += 1;
        self.in_hour += 1;
        true
    }
}

/// All limits that are not about one member or robot.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Traffic {
    meters: BTreeMap<String, Meter>,
    pub(crate) debug: Window,
    /// Wrong secrets by address.
    bad_secrets: BTreeMap<String, Window>,
    blocked: BTreeMap<String, i64>,
    pub(crate) uploaded_images: Window,
    pub(crate) moments: Window,
    #[serde(default)]
    pub(crate) temp_ways: Window,
    #[serde(default)]
    pub(crate) appchats: Window,
    #[serde(default)]
    pub(crate) appchat_changes: Window,
    /// Person-messages to internal groups in this hour, and in this minute.
    appchat_hour: (i64, u64),
    #[serde(default)]
    appchat_minute: (i64, u64),
}

/// Whether so many more fit into the current span; 0 means no limit.
fn fits(count: &mut (i64, u64), span: i64, more: u64, most: u64) -> bool {
    let used = if count.0 == span { count.1 } else { 0 };
    *count = (span, used);
    most == 0 || used.saturating_add(more) <= most
}

impl Traffic {
    /// Whether an API may be called once more; 0 means no limit.
    pub(crate) fn admit(&mut self, path: &str, now: i64, per_minute: u64, per_hour: u64) -> bool {
        match self.meters.get_mut(path) {
            Some(meter) => meter.admit(now, per_minute, per_hour),
            None => {
                let meter = self.meters.entry(path.to_owned()).or_default();
                meter.admit(now, per_minute, per_hour)
            }
        }
    }

    /// Notes a wrong secret; too many within an hour close the door to the address for an hour.
    pub(crate) fn note_bad_secret(&mut self, address: &str, now: i64, most: usize) {
        let window = self.bad_secrets.entry(address.to_owned()).or_default();
        window.note(now);
        if most > 0 && window.count(now, 3_600) >= most {
            self.blocked.insert(address.to_owned(), now + 3_600);
        }
    }

    pub(crate) fn is_blocked(&self, address: &str, now: i64) -> bool {
        self.blocked.get(address).is_some_and(|&until| now < until)
    }

    /// Whether so many people may get a message in an internal group in this minute and hour.
    pub(crate) fn admit_appchat(
        &mut self,
        now: i64,
        people: u64,
        per_minute: u64,
        per_hour: u64,
    ) -> bool {
        let (minute, hour) = (now.div_euclid(60), now.div_euclid(3_600));
        let free = fits(&mut self.appchat_minute, minute, people, per_minute)
            && fits(&mut self.appchat_hour, hour, people, per_hour);
        if free {
            self.appchat_minute.1 += people;
            self.appchat_hour.1 += people;
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::Traffic;

    #[test]
    fn a_minute_over_the_limit_blocks_for_a_minute() {
        let mut traffic = Traffic::default();
        let admitted: Vec<bool> = [0, 1, 2, 61, 62]
            .map(|now| traffic.admit("p", now, 2, 100))
            .to_vec();
        // The third call hits the limit at second 2, so the API is closed until second 62.
        assert_eq!(admitted, [true, true, false, false, true]);
        assert!(traffic.admit("q", 2, 2, 100), "another API is not touched");
    }

    #[test]
    fn wrong_secrets_close_the_door_for_an_hour() {
        let mut traffic = Traffic::default();
        traffic.note_bad_secret("ip", 0, 2);
        assert!(!traffic.is_blocked("ip", 1));
        traffic.note_bad_secret("ip", 1, 2);
        assert!(traffic.is_blocked("ip", 3_600));
        assert!(!traffic.is_blocked("ip", 3_601));
    }
}
