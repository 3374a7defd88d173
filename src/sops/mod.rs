//! Follow-up plans: from operators' files to what is due next. Pure but for [`mod@load`].
//!
//! Reading order: what a plan is ([`model`]), how files become plans (`keys`, `parse`,
//! [`mod@load`]), when a step is due and when it may not be ([`timing`], [`recurrence`],
//! [`quiet`], [`outreach`]), what is done for everybody at once ([`run`]), what operators
//! have said ([`control`]), and how somebody moves through a plan ([`lifecycle`]).

pub mod control;
mod keys;
pub mod lifecycle;
pub mod load;
pub mod model;
pub mod outreach;
mod parse;
mod parse_condition;
mod parse_step;
mod parse_time;
pub mod phases;
mod problems;
pub mod quiet;
pub mod recurrence;
pub mod run;
pub mod still;
mod tags;
pub mod timing;

pub use keys::schema;
pub use load::{Named, load, named_in};
pub use model::{Sop, SopSet};
pub use tags::unheard_of;

/// Every kind of finding in SOP files.
#[must_use]
pub fn codes() -> &'static [crate::diagnostic::Kind] {
    problems::ALL
}

#[cfg(test)]
mod tests;
