//! Intelligent bots in URL mode.

pub mod response;
