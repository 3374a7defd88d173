//! The agent in memory, on a clock that moves when told to: rule tests and `try`.
//!
//! Reading order: who takes part and what they do ([`scene`]), the world that lets production's
//! own [`decide`](crate::process::decide) decide about it ([`world`]), test files (`keys`,
//! `parse`, [`model`], [`mod@load`]), what they expect (`judge`), running them ([`mod@run`]),
//! which rules they leave out ([`mod@coverage`]), and all of it for `check` and reloads
//! ([`mod@verify`]). Nothing here reads a clock or sends anything.

pub mod coverage;
mod expect;
mod judge;
mod keys;
pub mod load;
pub mod model;
mod parse;
pub mod preview;
mod problems;
pub mod run;
pub mod scene;
pub mod verify;
pub mod world;

pub use coverage::coverage;
pub use keys::schema;
pub use load::{Suite, load};
pub use run::{Outcome, Told, Wish, run};
pub use scene::{Doing, Trait, What};
pub use verify::{Verified, verify};
pub use world::{Happened, World};

/// Every kind of finding about rule tests.
#[must_use]
pub fn codes() -> &'static [crate::diagnostic::Kind] {
    problems::ALL
}

#[cfg(test)]
mod tests;
