//! Names that are compared and never read: kept as hashes of one length.

use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

/// A lane or conversation: the first 16 bytes of its SHA-1, in JSON as 32 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct LaneHash(pub [u8; 16]);

impl LaneHash {
    /// Of a lane or conversation.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut hash = [0; 16];
        hash.copy_from_slice(&Sha1::digest(text.as_bytes())[..16]);
        Self(hash)
    }
}

impl From<LaneHash> for String {
    fn from(hash: LaneHash) -> Self {
        format!("{:032x}", u128::from_be_bytes(hash.0))
    }
}

impl TryFrom<String> for LaneHash {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u128::from_str_radix(&text, 16).map(|number| Self(number.to_be_bytes()))
    }
}

/// A dedupe key: its SHA-1, in JSON as 40 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct DedupeHash(pub [u8; 20]);

impl DedupeHash {
    /// Of a dedupe key.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha1::digest(text.as_bytes()).into())
    }
}

impl From<DedupeHash> for String {
    fn from(hash: DedupeHash) -> Self {
        hash.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl TryFrom<String> for DedupeHash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const WRONG: &str = "not 40 hex digits";
        if text.len() != 40 || !text.is_ascii() {
            return Err(WRONG);
        }
        let mut hash = [0; 20];
        for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| WRONG)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| WRONG)?;
        }
        Ok(Self(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::{DedupeHash, LaneHash};

    #[test]
    fn hashes_survive_json() {
        let hash = LaneHash([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(json, "\"000102030405060708090a0b0c0d0eff\"");
        assert_eq!(serde_json::from_str::<LaneHash>(&json).unwrap(), hash);

        // SHA-1 of "abc", FIPS 180-1.
        let hash = DedupeHash::of("abc");
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(json, "\"a9993e364706816aba3e25717850c26c9cd0d89d\"");
        assert_eq!(serde_json::from_str::<DedupeHash>(&json).unwrap(), hash);
        assert!(serde_json::from_str::<DedupeHash>("\"a9\"").is_err());
    }
}
