use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use zeroize::Zeroizing;

/// Characters in an `EncodingAESKey`: 32 bytes in Base64 without the final `=`.
const KEY_CHARS: usize = 43;
const KEY_BYTES: usize = 32;

/// 43 characters carry 258 bits. The admin console does not clear the two spare ones, so the
/// decoder has to ignore them; the default engine refuses even Tencent's own sample key.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    NO_PAD.with_decode_allow_trailing_bits(true),
);

/// The AES key of one callback URL, as shown by the admin console.
///
/// Wiped from memory when dropped, and never printed.
#[derive(Clone)]
pub struct EncodingAesKey(Zeroizing<[u8; KEY_BYTES]>);

/// What is wrong with an `EncodingAESKey`. Never shows any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Characters are missing or too many.
    #[error("EncodingAESKey must have {KEY_CHARS} characters, this one has {found}")]
    Length {
        /// How many characters were given.
        found: usize,
    },
    /// A character that Base64 does not have, such as a space or a full-width letter.
    #[error("EncodingAESKey has an invalid character at position {position}")]
    Character {
        /// Position of the first such character, from 1.
        position: usize,
    },
}

impl EncodingAesKey {
    /// Reads a key as copied from the admin console.
    ///
    /// # Errors
    /// When the length or a character is wrong.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if let Some(index) = text.chars().position(|c| !is_base64(c)) {
            return Err(KeyError::Character {
                position: index + 1,
            });
        }
        let length = KeyError::Length { found: text.len() };
        if text.len() != KEY_CHARS {
            return Err(length);
        }
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        match LENIENT.decode_slice(text, key.as_mut_slice()) {
            Ok(KEY_BYTES) => Ok(Self(key)),
            _ => Err(length),
        }
    }

    pub(super) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '+' || c == '/'
}

impl fmt::Debug for EncodingAesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncodingAesKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";

    #[test]
    fn official_sample_with_spare_bits_set() {
        let key = EncodingAesKey::parse(SAMPLE).unwrap();
        assert_eq!(key.bytes()[..4], [0x8d, 0x69, 0x98, 0x9b]);
        assert_eq!(key.bytes()[28..], [0xaa, 0xb6, 0x07, 0x60]);
        assert_eq!(format!("{key:?}"), "EncodingAesKey(redacted)");
    }

    #[test]
    fn says_what_is_wrong() {
        let short = EncodingAesKey::parse(&SAMPLE[..42]).unwrap_err();
        assert_eq!(
            short.to_string(),
            "EncodingAESKey must have 43 characters, this one has 42"
        );
        let padded = EncodingAesKey::parse(&format!("{SAMPLE}=")).unwrap_err();
        assert_eq!(padded, KeyError::Character { position: 44 });
        let wide = EncodingAesKey::parse(&SAMPLE.replace('7', "７")).unwrap_err();
        assert_eq!(wide, KeyError::Character { position: 6 });
        let empty = EncodingAesKey::parse("").unwrap_err();
        assert_eq!(empty, KeyError::Length { found: 0 });
    }
}
