//! The rule language: from operators' files to decisions. Pure but for [`mod@load`].
//!
//! Reading order: what a rule is ([`model`]), how files become rules (`keys`, `parse`,
//! [`mod@load`]), how texts are compared ([`normalize`], [`matcher`]), when the company is open
//! ([`calendar`]), and how a decision is made ([`engine`]) and explained ([`mod@explain`]).

mod audience;
pub mod calendar;
mod calendar_keys;
mod conditions;
mod dictionary;
pub mod engine;
pub mod explain;
pub mod glance;
mod hits;
mod holidays;
mod keys;
mod lint;
pub mod load;
pub mod matcher;
pub mod model;
pub mod normalize;
mod occasion;
mod parse;
mod parse_action;
mod parse_calendar;
mod parse_contact;
mod parse_content;
mod parse_date;
mod parse_pattern;
mod parse_plan;
mod parse_roster;
mod parse_task;
mod parse_when;
mod pinyin;
pub(crate) mod problems;
pub mod roster;
mod roster_keys;
pub mod words;

pub use audience::fits;
pub use calendar::{Calendar, DayKind};
pub use calendar_keys::calendar_schema;
pub use engine::{Decision, Fired, decide, deed, explain};
pub use explain::{Reason, Step, Trace, Verdict};
pub use glance::{Glance, nearly_fired};
pub use keys::{ACTION, AUDIENCE, CONTACT, schema};
pub use load::{References, Setting, calendar_in, load, roster_in};
pub use model::{HitsWanted, Mode, On, Rule, RuleSet, Standing};
pub use parse_contact::{contact_tests, tags};
pub use parse_plan::PlanReader;
pub use roster::Roster;
pub use roster_keys::roster_schema;

/// Every kind of finding in rule and calendar files.
#[must_use]
pub fn codes() -> &'static [crate::diagnostic::Kind] {
    problems::ALL
}

#[cfg(test)]
mod tests;
