//! The agent in memory, on a clock that moves when told to: rule tests and `try`.
//!
//! Reading order: who takes part and what they do ([`scene`]), the world that lets production's
//! own [`decide`](crate::process::decide) decide about it ([`world`]), with plans for everybody
//! ([`plans`]), mass-send tasks ([`tasks`]) and cards (`cards`), what happened in it
//! ([`happened`]), test files (`keys`,
//! `parse`, [`model`], [`mod@load`]), what they expect (`judge`), running them ([`mod@run`]),
//! which rules they leave out ([`mod@coverage`]), and all of it for `check` and reloads
//! ([`mod@verify`]). Nothing here reads a clock or sends anything.

mod cards;
pub mod coverage;
mod expect;
mod fates;
pub mod happened;
mod judge;
mod keys;
pub mod load;
pub mod model;
mod parse;
pub mod plans;
pub mod preview;
mod problems;
pub mod run;
pub mod scene;
pub mod tasks;
pub mod verify;
pub mod world;

pub use coverage::coverage;
pub use happened::{Happened, Passed, Past};
pub use keys::schema;
pub use load::{Suite, load};
pub use run::{Outcome, Told, Wish, run};
pub use scene::{Act, Doing, Order, Trait, What};
pub use verify::{Verified, verify};
pub use world::World;

/// Every kind of finding about rule tests.
#[must_use]
pub fn codes() -> &'static [crate::diagnostic::Kind] {
    problems::ALL
}

#[cfg(test)]
mod tests;
