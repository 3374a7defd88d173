//! The callback codec: AES-256-CBC framing, 32-byte padding and the signature.
//!
//! Written from the protocol facts alone and judged by foreign vectors
//! (`tests/vectors/crypto-vectors.json`); nothing here is shared with a client.

use aes::Aes256;
use aes::cipher::{Block, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, PAD, STANDARD};
use sha1::{Digest, Sha1};

/// Console-made keys leave rubbish in the two spare bits of character 43.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    PAD.with_decode_allow_trailing_bits(true),
);
const AES_BLOCK: usize = 16;
const PAD_BLOCK: usize = 32;
const RANDOM_LEN: usize = 16;
const LENGTH_LEN: usize = 4;

/// Why a text could not be opened, or a key could not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// The key is not 43 characters of Base64.
    #[error("the EncodingAESKey must be 43 Base64 characters")]
    Key,
    /// The signature does not belong to these four texts.
    #[error("the signature does not match")]
    Signature,
    /// The ciphertext is not Base64, or not whole AES blocks.
    #[error("the ciphertext is not Base64 of whole AES blocks")]
    Ciphertext,
    /// The last byte is not a padding length of 1 to 32.
    #[error("the padding is not 1 to 32")]
    Padding,
    /// The length field or the UTF-8 of the frame is wrong.
    #[error("the decrypted frame is not random, length, message, receive id")]
    Frame,
    /// The frame was closed with another receive id.
    #[error("the receive id is not the configured one")]
    ReceiveId,
}

/// One callback configuration: token, key and the receive id that closes each frame.
#[derive(Clone)]
pub struct Codec {
    token: String,
    key: [u8; 32],
    receive_id: String,
}

impl Codec {
    /// Reads the key; spare bits in its last character are ignored as the platform does.
    ///
    /// # Errors
    /// [`CryptoError::Key`] when the text is not 43 Base64 characters.
    pub fn new(token: &str, encoding_aes_key: &str, receive_id: &str) -> Result<Self, CryptoError> {
        if encoding_aes_key.len() != 43 {
            return Err(CryptoError::Key);
        }
        let bytes = LENIENT
            .decode(format!("{encoding_aes_key}="))
            .map_err(|_| CryptoError::Key)?;
        let key = bytes.try_into().map_err(|_| CryptoError::Key)?;
        Ok(Self {
            token: token.to_owned(),
            key,
            receive_id: receive_id.to_owned(),
        })
    }

    /// The raw AES key; aibot media files are encrypted with it, without framing.
    #[must_use]
    pub fn aes_key(&self) -> &[u8; 32] {
        &self.key
    }

    /// Signs the four texts: byte-sorted, joined, SHA-1, lower-case hex.
    #[must_use]
    pub fn sign(&self, timestamp: &str, nonce: &str, ciphertext: &str) -> String {
        let mut parts = [self.token.as_str(), timestamp, nonce, ciphertext];
        parts.sort_unstable();
        let mut sha = Sha1::new();
        for part in parts {
            sha.update(part.as_bytes());
        }
        sha.finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Frames, pads and encrypts a message with the given random block.
    #[must_use]
    pub fn seal(&self, message: &str, random: [u8; RANDOM_LEN]) -> String {
        let mut frame = Vec::with_capacity(RANDOM_LEN + LENGTH_LEN + message.len() + PAD_BLOCK * 2);
        frame.extend_from_slice(&random);
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(message.as_bytes());
        frame.extend_from_slice(self.receive_id.as_bytes());
        STANDARD.encode(self.encrypt_padded(frame))
    }

    /// Pads to 32 and encrypts without any framing, as aibot media files are.
    #[must_use]
    pub fn encrypt_padded(&self, mut plain: Vec<u8>) -> Vec<u8> {
        let pad = PAD_BLOCK - plain.len() % PAD_BLOCK;
        plain.resize(plain.len() + pad, u8::try_from(pad).unwrap_or_default());
        let mut cipher = cbc::Encryptor::<Aes256>::new(&self.key.into(), &self.iv().into());
        for chunk in plain.chunks_exact_mut(AES_BLOCK) {
            let mut block = Block::<Aes256>::default();
            block.copy_from_slice(chunk);
            cipher.encrypt_block(&mut block);
            chunk.copy_from_slice(&block);
        }
        plain
    }

    /// Checks the signature, then opens the ciphertext.
    ///
    /// # Errors
    /// The first thing found wrong, see [`CryptoError`].
    pub fn open(
        &self,
        signature: &str,
        timestamp: &str,
        nonce: &str,
        ciphertext: &str,
    ) -> Result<String, CryptoError> {
        if self.sign(timestamp, nonce, ciphertext) != signature {
            return Err(CryptoError::Signature);
        }
        self.unseal(ciphertext)
    }

    /// Decrypts and unframes without looking at a signature.
    ///
    /// # Errors
    /// The first thing found wrong, see [`CryptoError`].
    pub fn unseal(&self, ciphertext: &str) -> Result<String, CryptoError> {
        let mut bytes = STANDARD
            .decode(ciphertext)
            .map_err(|_| CryptoError::Ciphertext)?;
        if bytes.is_empty() || bytes.len() % AES_BLOCK != 0 {
            return Err(CryptoError::Ciphertext);
        }
        let mut cipher = cbc::Decryptor::<Aes256>::new(&self.key.into(), &self.iv().into());
        for chunk in bytes.chunks_exact_mut(AES_BLOCK) {
            let mut block = Block::<Aes256>::default();
            block.copy_from_slice(chunk);
            cipher.decrypt_block(&mut block);
            chunk.copy_from_slice(&block);
        }
        let frame = strip_padding(&bytes)?;
        let (message, receive_id) = split_frame(frame)?;
        if receive_id != self.receive_id.as_bytes() {
            return Err(CryptoError::ReceiveId);
        }
        String::from_utf8(message.to_vec()).map_err(|_| CryptoError::Frame)
    }

    fn iv(&self) -> [u8; AES_BLOCK] {
        let mut iv = [0; AES_BLOCK];
        iv.copy_from_slice(&self.key[..AES_BLOCK]);
        iv
    }
}

fn strip_padding(bytes: &[u8]) -> Result<&[u8], CryptoError> {
    let pad = usize::from(*bytes.last().ok_or(CryptoError::Padding)?);
    if !(1..=PAD_BLOCK).contains(&pad) {
        return Err(CryptoError::Padding);
    }
    let end = bytes.len().checked_sub(pad).ok_or(CryptoError::Padding)?;
    Ok(&bytes[..end])
}

fn split_frame(frame: &[u8]) -> Result<(&[u8], &[u8]), CryptoError> {
    let rest = frame.get(RANDOM_LEN..).ok_or(CryptoError::Frame)?;
    let (length, rest) = rest
        .split_at_checked(LENGTH_LEN)
        .ok_or(CryptoError::Frame)?;
    let length = u32::from_be_bytes(length.try_into().map_err(|_| CryptoError::Frame)?);
    let length = usize::try_from(length).map_err(|_| CryptoError::Frame)?;
    rest.split_at_checked(length).ok_or(CryptoError::Frame)
}
