//! Stage 2: one record at a time from the inbox to a decision, committed in one transaction.

mod cards;
mod compose;
pub mod context;
pub mod dates;
pub mod decide;
mod duty;
mod guard;
pub mod own;
pub mod playbook;
mod remind_when;
mod reminders;
pub mod replay;
mod run_action;
mod sop_step;
mod today;
pub mod trace;
mod unanswered;
pub mod worker;

#[cfg(test)]
mod tests;
