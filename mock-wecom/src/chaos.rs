//! Chaos: faults at random, the same ones for the same seed.
//!
//! Whether the n-th call of a path meets a fault depends on the seed, the path and
//! n alone, so that calls that overtake each other change nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::faults::Action;
use crate::ids::Ids;

/// Faults at random.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chaos {
    /// The same seed brings the same faults.
    #[serde(default)]
    pub seed: u64,
    /// How many of a hundred calls meet one.
    pub percent: u8,
    /// Ends of API paths, `callback/NAME` or `callback/*`; empty means every call.
    #[serde(default)]
    pub paths: Vec<String>,
    /// What can go wrong; empty takes a mixture.
    #[serde(default)]
    pub actions: Vec<Action>,
}

/// The chaos in force and how often each path was called since it began.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Storm {
    chaos: Option<Chaos>,
    counts: BTreeMap<String, u64>,
}

impl Storm {
    pub(crate) fn begin(&mut self, chaos: Chaos) {
        self.chaos = (chaos.percent > 0).then_some(chaos);
        self.counts.clear();
    }

    pub(crate) fn end(&mut self) {
        self.chaos = None;
    }

    /// The fault that this call or callback meets.
    pub(crate) fn take(&mut self, path: &str) -> Option<Action> {
        let chaos = self.chaos.as_ref()?;
        let is_callback = path.starts_with("callback/");
        let hit = |wanted: &String| match wanted.strip_prefix("callback/") {
            Some("*") => is_callback,
            Some(_) => path == wanted,
            None => !is_callback && path.ends_with(wanted.as_str()),
        };
        let listed = match chaos.paths.is_empty() {
            true => !is_callback,
            false => chaos.paths.iter().any(hit),
        };
        if !listed {
            return None;
        }
        let count = self.counts.entry(path.to_owned()).or_default();
        *count += 1;
        let mut dice = Ids::new(chaos.seed ^ hash(path).wrapping_add(*count));
        if dice.next() % 100 >= u64::from(chaos.percent) {
            return None;
        }
        let all = match chaos.actions.is_empty() {
            true if is_callback => callback_mixture(),
            true => call_mixture(),
            false => chaos.actions.clone(),
        };
        let at = dice.next() % u64::try_from(all.len()).unwrap_or(1);
        all.into_iter().nth(usize::try_from(at).unwrap_or_default())
    }
}

fn hash(text: &str) -> u64 {
    let mix = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    text.bytes().fold(0xCBF2_9CE4_8422_2325, mix)
}

fn call_mixture() -> Vec<Action> {
    let errcode = |code, applied| Action::Errcode { code, applied };
    vec![
        errcode(-1, false),
        errcode(-1, true),
        errcode(45009, false),
        Action::RevokeToken,
        Action::Http {
            status: 502,
            applied: false,
        },
        Action::DropBefore,
        Action::DropAfter,
        Action::DelayMs { ms: 200 },
        Action::Truncate,
        Action::Garble,
    ]
}

fn callback_mixture() -> Vec<Action> {
    vec![
        Action::Duplicate { copies: 1 },
        Action::DelayMs { ms: 200 },
        Action::Reorder { ms: 500 },
        Action::Lose,
    ]
}

#[cfg(test)]
mod tests {
    use super::{Chaos, Storm};

    fn storm(seed: u64, percent: u8) -> Storm {
        let mut storm = Storm::default();
        storm.begin(Chaos {
            seed,
            percent,
            paths: Vec::new(),
            actions: Vec::new(),
        });
        storm
    }

    fn run(seed: u64, percent: u8) -> Vec<String> {
        let mut storm = storm(seed, percent);
        (0..200)
            .map(|_| format!("{:?}", storm.take("/cgi-bin/kf/send_msg")))
            .collect()
    }

    #[test]
    fn the_same_seed_brings_the_same_faults() {
        assert_eq!(run(7, 30), run(7, 30));
        assert_ne!(run(7, 30), run(8, 30));
        let hits = run(7, 30).iter().filter(|one| *one != "None").count();
        assert!((40..=80).contains(&hits), "{hits} of 200");
        assert!(run(7, 0).iter().all(|one| one == "None"));
    }

    #[test]
    fn calls_that_overtake_each_other_change_nothing() {
        let (mut one, mut two) = (storm(3, 50), storm(3, 50));
        let first: Vec<_> = ["a", "a", "b"].map(|path| one.take(path)).to_vec();
        let second: Vec<_> = ["b", "a", "a"].map(|path| two.take(path)).to_vec();
        assert_eq!(first[0], second[1]);
        assert_eq!(first[1], second[2]);
        assert_eq!(first[2], second[0]);
        assert_eq!(one.take("callback/kf"), None, "callbacks must be named");
    }
}
