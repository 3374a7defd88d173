//! Stage 2: one record at a time from the inbox to a decision, committed in one transaction.

mod compose;
pub mod context;
pub mod decide;
mod guard;
pub mod own;
pub mod playbook;
mod refresh;
mod remind_when;
pub mod replay;
mod run_action;
mod sop_step;
mod today;
mod told;
pub mod trace;
pub mod worker;

#[cfg(test)]
mod tests;
