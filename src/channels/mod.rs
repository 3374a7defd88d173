//! Channel codes (渠道活码): what the operators want, and what has to be done for it. Pure
//! but for [`mod@load`].
//!
//! Reading order: what a channel is ([`model`]), how the file becomes channels (`keys`,
//! `parse`, [`mod@load`]), and what differs from WeCom ([`plan`]).

mod keys;
pub mod load;
pub mod model;
mod parse;
pub mod plan;
mod problems;

pub use keys::schema;
pub use load::load;
pub use model::{Channel, ChannelSet, GroupWay};

/// Every kind of finding in a file of channels.
#[must_use]
pub fn codes() -> &'static [crate::diagnostic::Kind] {
    problems::ALL
}

#[cfg(test)]
mod tests;
