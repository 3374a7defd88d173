//! The signed query string of a callback.

use std::borrow::Cow;

use crate::wecom::crypto::Refusal;

const MAX_QUERY: usize = 4096;
const MAX_SIGNATURE: usize = 64;
const MAX_TIMESTAMP: usize = 20;
const MAX_NONCE: usize = 128;
const MAX_ECHOSTR: usize = 2048;

/// `msg_signature`, `timestamp`, `nonce` and perhaps `echostr`, percent-decoded exactly once.
///
/// The strings are kept as received, since the signature covers them as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedQuery<'q> {
    signature: Cow<'q, str>,
    timestamp: Cow<'q, str>,
    nonce: Cow<'q, str>,
    echostr: Option<Cow<'q, str>>,
}

impl<'q> SignedQuery<'q> {
    /// Reads the part of the URL after `?`.
    ///
    /// Parameters that are not ours are ignored. Ours may appear only once, however their names
    /// are encoded, because two readers could otherwise disagree on which one was signed.
    ///
    /// # Errors
    /// [`Refusal::BadQuery`] when something is missing, repeated, malformed or too long.
    pub fn parse(raw_query: &'q str) -> Result<Self, Refusal> {
        if raw_query.len() > MAX_QUERY {
            return Err(Refusal::BadQuery);
        }
        let mut slots = Slots::default();
        for pair in raw_query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            slots.put(&percent_decode(name)?, percent_decode(value)?)?;
        }
        slots.finish()
    }

    /// `msg_signature`.
    #[must_use]
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// Unix seconds as sent; digits only.
    #[must_use]
    pub fn timestamp(&self) -> &str {
        &self.timestamp
    }

    /// Random text chosen by WeCom. A bot's reply has to repeat it.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The ciphertext of a URL check; only in GET requests.
    #[must_use]
    pub fn echostr(&self) -> Option<&str> {
        self.echostr.as_deref()
    }
}

#[derive(Default)]
struct Slots<'q> {
    signature: Option<Cow<'q, str>>,
    timestamp: Option<Cow<'q, str>>,
    nonce: Option<Cow<'q, str>>,
    echostr: Option<Cow<'q, str>>,
}

impl<'q> Slots<'q> {
    fn put(&mut self, name: &str, value: Cow<'q, str>) -> Result<(), Refusal> {
        // `nonce[]` and `nonce[0]` are arrays to some frameworks: the same parameter again.
        let base = name.split('[').next().unwrap_or(name);
        let (slot, limit) = match base {
            "msg_signature" => (&mut self.signature, MAX_SIGNATURE),
            "timestamp" => (&mut self.timestamp, MAX_TIMESTAMP),
            "nonce" => (&mut self.nonce, MAX_NONCE),
            "echostr" => (&mut self.echostr, MAX_ECHOSTR),
            _ => return Ok(()),
        };
        let array = base.len() != name.len();
        if array || slot.is_some() || value.is_empty() || value.len() > limit {
            return Err(Refusal::BadQuery);
        }
        *slot = Some(value);
        Ok(())
    }

    fn finish(self) -> Result<SignedQuery<'q>, Refusal> {
        let query = SignedQuery {
            signature: self.signature.ok_or(Refusal::BadQuery)?,
            timestamp: self.timestamp.ok_or(Refusal::BadQuery)?,
            nonce: self.nonce.ok_or(Refusal::BadQuery)?,
            echostr: self.echostr.map(spaces_to_plus),
        };
        if query.timestamp.bytes().all(|b| b.is_ascii_digit()) {
            Ok(query)
        } else {
            Err(Refusal::BadQuery)
        }
    }
}

/// Base64 has no spaces: one in `echostr` is a `+` that a form decoder on the way has changed.
fn spaces_to_plus(echostr: Cow<'_, str>) -> Cow<'_, str> {
    if echostr.contains(' ') {
        Cow::Owned(echostr.replace(' ', "+"))
    } else {
        echostr
    }
}

/// Decodes `%XX` and nothing else; a raw `+` stays a `+`, as WeCom means it.
fn percent_decode(text: &str) -> Result<Cow<'_, str>, Refusal> {
    // Without an early end the compiler looks at many bytes at once.
    let plain = |all, b: u8| all & (b.is_ascii_graphic() & (b != b'%'));
    if text.bytes().fold(true, plain) {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex_digit(rest.next())? << 4 | hex_digit(rest.next())?,
            other => other,
        });
    }
    let decoded = String::from_utf8(bytes).map_err(|_| Refusal::BadQuery)?;
    if decoded.chars().any(char::is_control) {
        return Err(Refusal::BadQuery);
    }
    Ok(Cow::Owned(decoded))
}

fn hex_digit(byte: Option<u8>) -> Result<u8, Refusal> {
    match byte {
        Some(b @ b'0'..=b'9') => Ok(b - b'0'),
        Some(b @ b'a'..=b'f') => Ok(b - b'a' + 10),
        Some(b @ b'A'..=b'F') => Ok(b - b'A' + 10),
        _ => Err(Refusal::BadQuery),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(query: &str) {
        assert_eq!(
            SignedQuery::parse(query),
            Err(Refusal::BadQuery),
            "{query:?}"
        );
    }

    #[test]
    fn decodes_once() {
        let query = "msg_signature=ab&timestamp=17&nonce=%2541&echostr=a%2Bb%2F%3D%3D&other=%20";
        let query = SignedQuery::parse(query).unwrap();
        assert_eq!(query.signature(), "ab");
        assert_eq!(query.timestamp(), "17");
        assert_eq!(query.nonce(), "%41");
        assert_eq!(query.echostr(), Some("a+b/=="));
    }

    #[test]
    fn plus_survives_a_form_decoder() {
        for echostr in ["a+b", "a%20b", "a b", "a%2bb"] {
            let query = format!("msg_signature=ab&timestamp=17&nonce=n&echostr={echostr}");
            assert_eq!(
                SignedQuery::parse(&query).unwrap().echostr(),
                Some("a+b"),
                "{echostr}"
            );
        }
    }

    #[test]
    fn missing_or_empty() {
        refused("");
        refused("timestamp=17&nonce=n");
        refused("msg_signature=ab&nonce=n");
        refused("msg_signature=ab&timestamp=17");
        refused("msg_signature=ab&timestamp=17&nonce=");
        refused("msg_signature=ab&timestamp=17&nonce");
    }

    #[test]
    fn repeated_under_any_spelling() {
        let good = "msg_signature=ab&timestamp=17&nonce=n";
        assert!(SignedQuery::parse(good).is_ok());
        for again in [
            "nonce=n",
            "nonce=other",
            "%6Eonce=n",
            "nonce[]=n",
            "nonce%5B0%5D=n",
            "timestamp[a][b]=17",
            "msg%5fsignature=ab",
        ] {
            refused(&format!("{good}&{again}"));
            refused(&format!("{again}&{good}"));
        }
        refused("msg_signature=ab&timestamp=17&nonce[]=n");
    }

    #[test]
    fn malformed_values() {
        for bad in [
            "nonce=%",
            "nonce=%4",
            "nonce=%zz",
            "nonce=%+1",
            "nonce=a%00",
            "nonce=a%0A",
            "nonce=%ff",
            "nonce=%c2%85",
        ] {
            refused(&format!("msg_signature=ab&timestamp=17&{bad}"));
        }
        for timestamp in ["-1", "1e3", "17.0", "+17", "%2017", "１７", "0x11"] {
            refused(&format!("msg_signature=ab&timestamp={timestamp}&nonce=n"));
        }
    }

    #[test]
    fn sizes_are_limited() {
        let long = |n: usize| "1".repeat(n);
        assert!(
            SignedQuery::parse(&format!(
                "msg_signature=ab&timestamp=17&nonce={}",
                long(128)
            ))
            .is_ok()
        );
        refused(&format!(
            "msg_signature=ab&timestamp=17&nonce={}",
            long(129)
        ));
        refused(&format!("msg_signature=ab&timestamp={}&nonce=n", long(21)));
        refused(&format!("msg_signature={}&timestamp=17&nonce=n", long(65)));
        refused(&format!(
            "msg_signature=ab&timestamp=17&nonce=n&x={}",
            long(4096)
        ));
    }
}
