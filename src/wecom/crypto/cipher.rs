use std::ops::Range;

use aes::{Aes256Dec, Aes256Enc};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, InnerIvInit as _, KeyInit as _};
use zeroize::Zeroizing;

use super::EncodingAesKey;

const AES_BLOCK: usize = 16;
/// WeCom pads to 32 although AES works on 16, so the pad is 1 to 32 and a library's own PKCS#7
/// would refuse half of all messages.
const PAD_BLOCK: usize = 32;
const RANDOM_LEN: usize = 16;
const HEADER_LEN: usize = RANDOM_LEN + size_of::<u32>();

/// AES-256-CBC with WeCom's fixed IV, its padding and its frame. Keys are expanded once.
pub(super) struct Cipher {
    encrypt: Aes256Enc,
    decrypt: Aes256Dec,
    iv: Zeroizing<[u8; AES_BLOCK]>,
}

/// Where the two parts lie in a decrypted buffer.
pub(super) struct Frame {
    pub(super) message: Range<usize>,
    pub(super) receive_id: Range<usize>,
}

impl Cipher {
    pub(super) fn new(key: &EncodingAesKey) -> Self {
        let key = key.bytes();
        let mut iv = Zeroizing::new([0; AES_BLOCK]);
        iv.copy_from_slice(&key[..AES_BLOCK]);
        Self {
            encrypt: Aes256Enc::new(key.into()),
            decrypt: Aes256Dec::new(key.into()),
            iv,
        }
    }

    /// Decrypts in place and removes the padding. `None`: not something this key has encrypted.
    pub(super) fn decrypt(&self, buffer: &mut Vec<u8>) -> Option<()> {
        if buffer.is_empty() || !buffer.len().is_multiple_of(AES_BLOCK) {
            return None;
        }
        cbc::Decryptor::inner_iv_init(&self.decrypt, (&*self.iv).into())
            .decrypt_padded::<NoPadding>(buffer)
            .ok()?;
        let unpadded = unpadded_len(buffer)?;
        buffer.truncate(unpadded);
        Some(())
    }

    /// Frames, pads and encrypts in one buffer.
    pub(super) fn seal(&self, message: &[u8], receive_id: &str, random: [u8; 16]) -> Vec<u8> {
        let mut buffer = frame(message, receive_id, random);
        let length = buffer.len();
        // The frame is a whole number of blocks, so there is nothing that could fail here.
        let done = cbc::Encryptor::inner_iv_init(&self.encrypt, (&*self.iv).into())
            .encrypt_padded::<NoPadding>(&mut buffer, length);
        debug_assert!(done.is_ok());
        buffer
    }
}

/// `random ‖ length ‖ message ‖ receive id ‖ padding`
fn frame(message: &[u8], receive_id: &str, random: [u8; RANDOM_LEN]) -> Vec<u8> {
    let content = HEADER_LEN + message.len() + receive_id.len();
    let pad = PAD_BLOCK - content % PAD_BLOCK;
    let mut buffer = Vec::with_capacity(content + pad);
    buffer.extend_from_slice(&random);
    // Replies are limited to kilobytes; a saturated length would only be refused by the reader.
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    buffer.extend_from_slice(&length.to_be_bytes());
    buffer.extend_from_slice(message);
    buffer.extend_from_slice(receive_id.as_bytes());
    #[expect(clippy::cast_possible_truncation, reason = "a pad is 1 to 32")]
    buffer.resize(content + pad, pad as u8);
    buffer
}

fn unpadded_len(buffer: &[u8]) -> Option<usize> {
    let &last = buffer.last()?;
    let pad = usize::from(last);
    if pad == 0 || pad > PAD_BLOCK {
        return None;
    }
    let unpadded = buffer.len().checked_sub(pad)?;
    buffer[unpadded..]
        .iter()
        .all(|&b| b == last)
        .then_some(unpadded)
}

/// Finds the message and the receive id in a decrypted, unpadded buffer.
pub(super) fn split(buffer: &[u8]) -> Option<Frame> {
    let length = buffer.get(RANDOM_LEN..HEADER_LEN)?;
    let length = u32::from_be_bytes(length.try_into().ok()?);
    let end = HEADER_LEN.checked_add(usize::try_from(length).ok()?)?;
    (end <= buffer.len()).then_some(Frame {
        message: HEADER_LEN..end,
        receive_id: end..buffer.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cipher() -> Cipher {
        let key = EncodingAesKey::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap();
        Cipher::new(&key)
    }

    /// Encrypts exactly these bytes: no frame, no padding added.
    fn raw(plain: &[u8]) -> Vec<u8> {
        let cipher = cipher();
        let mut buffer = plain.to_vec();
        let length = buffer.len();
        cbc::Encryptor::inner_iv_init(&cipher.encrypt, (&*cipher.iv).into())
            .encrypt_padded::<NoPadding>(&mut buffer, length)
            .unwrap();
        buffer
    }

    #[test]
    fn all_thirty_two_pad_lengths() {
        for length in 0..64 {
            let message = vec![b'x'; length];
            let mut sealed = cipher().seal(&message, "", [7; 16]);
            assert_eq!(sealed.len() % 32, 0);
            let pad = sealed.len() - HEADER_LEN - length;
            assert_eq!(pad, 32 - (HEADER_LEN + length) % 32);
            cipher().decrypt(&mut sealed).unwrap();
            let frame = split(&sealed).unwrap();
            assert_eq!(sealed[frame.message], message);
            assert!(frame.receive_id.is_empty());
        }
    }

    #[test]
    fn every_pad_byte_is_checked() {
        for pad in 1..=32_u8 {
            let mut plain = vec![b'x'; 64 - usize::from(pad)];
            plain.resize(64, pad);
            assert!(cipher().decrypt(&mut raw(&plain)).is_some(), "pad {pad}");
            for index in 64 - usize::from(pad)..64 {
                let mut wrong = plain.clone();
                wrong[index] ^= 0x40;
                assert!(
                    cipher().decrypt(&mut raw(&wrong)).is_none(),
                    "{pad} {index}"
                );
            }
        }
    }

    #[test]
    fn impossible_pads_are_refused() {
        for last in [0, 33, 64, 255] {
            assert!(cipher().decrypt(&mut raw(&[last; 64])).is_none(), "{last}");
        }
        // A pad longer than the whole message.
        assert!(cipher().decrypt(&mut raw(&[17; 16])).is_none());
        for length in [0, 1, 15, 17, 31, 33] {
            assert!(cipher().decrypt(&mut vec![0; length]).is_none(), "{length}");
        }
    }

    #[test]
    fn a_length_beyond_the_buffer_is_refused() {
        let mut frame = vec![0; RANDOM_LEN];
        frame.extend_from_slice(&5_u32.to_be_bytes());
        frame.extend_from_slice(b"12345");
        assert!(split(&frame).is_some());
        frame.pop();
        assert!(split(&frame).is_none());
        frame[RANDOM_LEN..HEADER_LEN].copy_from_slice(&u32::MAX.to_be_bytes());
        assert!(split(&frame).is_none());
        for length in 0..HEADER_LEN {
            assert!(split(&frame[..length]).is_none(), "{length}");
        }
    }
}
