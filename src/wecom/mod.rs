//! The WeCom protocol: nothing in here knows about the agent.
//!
//! Reading order: [`client`] (one token per secret, one way to make a call),
//! [`api`] (one file per endpoint), [`error`] and [`errcode`] (what a refusal
//! means and what to do about it), [`text`] (fitting text into byte limits).
//!
//! The HTTP client and the clock are arguments, so that the module can be
//! tested without the network and could become a crate of its own.

pub mod api;
pub mod callback;
pub mod client;
pub mod crypto;
pub mod errcode;
pub mod error;
pub mod text;
