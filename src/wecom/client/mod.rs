//! Making calls: tokens, transport, and the traits that endpoints implement.
//!
//! [`Client`] belongs to one corp and needs no token for what it offers itself
//! (group robots, `response_url`). [`Client::app`] gives an [`App`], which adds
//! the token of one secret to its calls.

mod carrier;
pub mod clock;
mod endpoint;
mod observer;
mod secret;
mod share;
mod token;
mod transport;
mod wire;

pub use carrier::Carrier;
pub use clock::Clock;
pub(crate) use endpoint::endpoint;
pub use endpoint::{Download, Downloaded, Endpoint, File, OpenEndpoint, OpenUpload, Upload, Verb};
pub use observer::{Observer, Outcome, Unobserved};
pub use secret::Secret;
pub use share::{Asking, TokenShare};
pub use token::{Grant, Token, TokenCache, TokenPolicy};
pub use transport::{App, Client, Options, http_builder};
pub(crate) use wire::drop_nulls;
#[cfg(test)]
pub(crate) use wire::{decode, fields};
