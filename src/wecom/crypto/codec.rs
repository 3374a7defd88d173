use std::fmt;
use std::sync::LazyLock;

use base64::Engine as _;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use base64::engine::Simd;
use base64::engine::general_purpose::PAD;
use zeroize::Zeroizing;

use super::cipher::{self, Cipher};
use super::{EncodingAesKey, Refusal, signature};
use crate::wecom::callback::SignedQuery;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static BASE64: LazyLock<Simd> = LazyLock::new(|| Simd::standard(PAD));
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static BASE64: LazyLock<base64::engine::GeneralPurpose> =
    LazyLock::new(|| base64::engine::GeneralPurpose::new(&base64::alphabet::STANDARD, PAD));

/// Opens and seals the envelopes of one callback URL.
pub struct Codec {
    token: Zeroizing<String>,
    cipher: Cipher,
    receive_id: String,
}

/// An encrypted reply, ready for its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Base64 ciphertext.
    pub encrypt: String,
    /// Signature over the token, the two fields below and `encrypt`.
    pub signature: String,
    /// Unix seconds, as signed.
    pub timestamp: i64,
    /// As signed.
    pub nonce: String,
}

impl Codec {
    /// A codec for the token and key of one callback URL.
    ///
    /// `receive_id` is the corp id for a corp's own apps, and empty for an intelligent bot.
    #[must_use]
    pub fn new(token: &str, key: EncodingAesKey, receive_id: &str) -> Self {
        Self {
            token: Zeroizing::new(token.to_owned()),
            cipher: Cipher::new(&key),
            receive_id: receive_id.to_owned(),
        }
    }

    /// The identity that closes every plaintext.
    #[must_use]
    pub fn receive_id(&self) -> &str {
        &self.receive_id
    }

    /// Verifies and decrypts the `Encrypt` text of a push.
    ///
    /// The bytes are not checked to be UTF-8: what is authentic but unreadable is the caller's to
    /// keep, not ours to refuse.
    ///
    /// # Errors
    /// The first check that failed.
    pub fn open(&self, query: &SignedQuery<'_>, encrypt: &str) -> Result<Vec<u8>, Refusal> {
        let (timestamp, nonce) = (query.timestamp(), query.nonce());
        if !signature::verify(query.signature(), &self.token, timestamp, nonce, encrypt) {
            return Err(Refusal::BadSignature);
        }
        let mut buffer = BASE64.decode(encrypt).map_err(|_| Refusal::BadCiphertext)?;
        self.cipher
            .decrypt(&mut buffer)
            .ok_or(Refusal::BadCiphertext)?;
        let frame = cipher::split(&buffer).ok_or(Refusal::BadCiphertext)?;
        if buffer[frame.receive_id] != *self.receive_id.as_bytes() {
            return Err(Refusal::BadReceiveId);
        }
        buffer.truncate(frame.message.end);
        buffer.drain(..frame.message.start);
        Ok(buffer)
    }

    /// Answers the URL check: the decrypted `echostr`, to be sent back as the whole body.
    ///
    /// # Errors
    /// The first check that failed, or [`Refusal::BadQuery`] without an `echostr`.
    pub fn verify_url(&self, query: &SignedQuery<'_>) -> Result<Vec<u8>, Refusal> {
        let echostr = query.echostr().ok_or(Refusal::BadQuery)?;
        self.open(query, echostr)
    }

    /// Encrypts and signs a reply.
    ///
    /// `random` must be fresh for every call. A bot's reply must use the nonce of the callback it
    /// answers; an app may choose any.
    #[must_use]
    pub fn seal(&self, message: &[u8], timestamp: i64, nonce: &str, random: [u8; 16]) -> Sealed {
        let encrypt = BASE64.encode(self.cipher.seal(message, &self.receive_id, random));
        let signature = signature::sign(&self.token, &timestamp.to_string(), nonce, &encrypt);
        Sealed {
            encrypt,
            signature,
            timestamp,
            nonce: nonce.to_owned(),
        }
    }

    /// Decrypts a file sent to an intelligent bot: same key and padding, but no frame around it.
    ///
    /// # Errors
    /// [`Refusal::BadCiphertext`] when the length or the padding is wrong.
    pub fn open_media(&self, mut bytes: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        self.cipher
            .decrypt(&mut bytes)
            .ok_or(Refusal::BadCiphertext)?;
        Ok(bytes)
    }
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codec")
            .field("receive_id", &self.receive_id)
            .finish_non_exhaustive()
    }
}
