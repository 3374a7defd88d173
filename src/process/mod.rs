//! Stage 2: one record at a time from the inbox to a decision, committed in one transaction.

mod by_hand;
mod cards;
mod compose;
pub mod context;
pub mod dates;
pub mod decide;
mod duty;
mod guard;
mod joined;
pub mod own;
mod refresh;
mod remind_when;
mod reminders;
pub mod replay;
mod run_action;
mod sop_enter;
mod sop_run;
mod sop_step;
mod today;
mod told;
pub mod trace;
mod unanswered;
pub mod worker;

pub use crate::playbook;

#[cfg(test)]
mod tests;
