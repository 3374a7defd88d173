use std::fmt;

/// Why a callback was turned away.
///
/// For counting only: the HTTP answer must be the same whatever the reason, or it becomes an
/// oracle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// A query parameter is missing, repeated, malformed or too long.
    BadQuery,
    /// The envelope is not the XML or JSON document it should be.
    BadBody,
    /// The signature does not fit the token, timestamp, nonce and ciphertext.
    BadSignature,
    /// Signed, but the ciphertext is not Base64, has a wrong length, padding or frame.
    BadCiphertext,
    /// Decrypted, but meant for another corp, suite or bot.
    BadReceiveId,
}

impl Refusal {
    /// A stable label for metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadQuery => "bad_query",
            Self::BadBody => "bad_body",
            Self::BadSignature => "bad_signature",
            Self::BadCiphertext => "bad_ciphertext",
            Self::BadReceiveId => "bad_receive_id",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::error::Error for Refusal {}
