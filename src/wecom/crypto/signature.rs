use sha1::{Digest as _, Sha1};
use subtle::ConstantTimeEq as _;

const HEX_LEN: usize = 40;

/// `msg_signature`: lower-case hex of the SHA-1 over the four strings, sorted bytewise.
pub(super) fn sign(token: &str, timestamp: &str, nonce: &str, encrypt: &str) -> String {
    hex(token, timestamp, nonce, encrypt)
        .iter()
        .map(|&b| char::from(b))
        .collect()
}

/// Whether `signature` is exactly what [`sign`] gives, compared in constant time.
pub(super) fn verify(
    signature: &str,
    token: &str,
    timestamp: &str,
    nonce: &str,
    encrypt: &str,
) -> bool {
    let expected = hex(token, timestamp, nonce, encrypt);
    // Slices of different lengths are unequal, which also refuses anything but 40 characters.
    expected.as_slice().ct_eq(signature.as_bytes()).into()
}

fn hex(token: &str, timestamp: &str, nonce: &str, encrypt: &str) -> [u8; HEX_LEN] {
    let mut parts = [token, timestamp, nonce, encrypt];
    parts.sort_unstable();
    let mut sha = Sha1::new();
    for part in parts {
        sha.update(part);
    }
    lower_hex(&sha.finalize().into())
}

fn lower_hex(digest: &[u8; HEX_LEN / 2]) -> [u8; HEX_LEN] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = [0; HEX_LEN];
    for (pair, byte) in out.chunks_exact_mut(2).zip(digest) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_the_forty_lower_case_digits() {
        let good = sign("QDG6eK", "1409659813", "1372623149", "cipher");
        let check = |s: &str| verify(s, "QDG6eK", "1409659813", "1372623149", "cipher");
        assert!(check(&good));
        assert!(!check(&good.to_uppercase()));
        assert!(!check(&good[..39]));
        assert!(!check(&format!("{good}0")));
        assert!(!check(""));
    }

    #[test]
    fn order_of_the_parts_does_not_matter_but_their_content_does() {
        assert_eq!(sign("a", "b", "c", "d"), sign("d", "c", "b", "a"));
        // SHA-1 of "abcd".
        assert_eq!(
            sign("b", "a", "d", "c"),
            "81fe8bfe87576c3ecb22426f8e57847382917acf"
        );
        assert_ne!(sign("a", "b", "c", "d"), sign("a", "b", "c", "e"));
    }
}
