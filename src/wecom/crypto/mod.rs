//! Signing, encryption and framing of callbacks.
//!
//! A callback is accepted in this order: signature (constant time), Base64, AES, padding, framing,
//! receive id. Nothing is decrypted before the signature has been verified, so the later checks
//! give a forger nothing to probe. [`Codec`] does all of it; the parts are separate files because
//! each has its own published test vectors.

mod cipher;
mod codec;
mod key;
mod refusal;
mod signature;

#[cfg(test)]
mod tests;

pub use codec::{Codec, Sealed};
pub use key::{EncodingAesKey, KeyError};
pub use refusal::Refusal;
