//! Identifiers and random bytes, all from one seed, so that a run can be repeated.
//! Where that is not wanted, they leave the seed's path at a number of the caller's.

use serde::{Deserialize, Serialize};

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A small seeded generator (`SplitMix64`); the mock needs variety, not secrecy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ids {
    seed: u64,
    state: u64,
    counter: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            state: seed,
            counter: 0,
        }
    }

    /// Goes on elsewhere: texts take another path for every `number`, numbers begin behind it.
    pub(crate) fn leave_for(&mut self, number: u64) {
        self.state = self.state.wrapping_add(number);
        self.counter = self.counter.saturating_add(number);
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// The 16 random bytes in front of an encrypted frame.
    pub(crate) fn block(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next().to_le_bytes());
        bytes[8..].copy_from_slice(&self.next().to_le_bytes());
        bytes
    }

    /// `len` letters and digits behind a prefix.
    pub(crate) fn text(&mut self, prefix: &str, len: usize) -> String {
        let mut out = prefix.to_owned();
        for _ in 0..len {
            let at = usize::try_from(self.next() % 62).unwrap_or_default();
            out.push(char::from(LETTERS[at]));
        }
        out
    }

    /// A rising number, for ids that must be integers.
    pub(crate) fn number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// A 64-bit message id as app messages carry it.
    pub(crate) fn msg_id(&mut self) -> u64 {
        7_300_000_000_000_000_000 + self.number()
    }
}

#[cfg(test)]
mod tests {
    use super::Ids;

    #[test]
    fn ids_that_left_for_a_later_number_are_other_ids() {
        let made = |number: u64| {
            let mut ids = Ids::new(1);
            ids.leave_for(number);
            let texts: Vec<String> = (0..100).map(|_| ids.text("MSG", 29)).collect();
            (texts, ids.msg_id())
        };
        assert_eq!(made(0).1, 7_300_000_000_000_000_001);
        let ((first, early), (second, late)) = (made(1_000), made(2_000));
        assert!(first.iter().all(|text| !second.contains(text)));
        assert_eq!(late - early, 1_000);
    }
}
