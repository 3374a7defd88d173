//! Stage 2: one record at a time from the inbox to a decision, committed in one transaction.

mod compose;
pub mod context;
pub mod decide;
mod guard;
pub mod own;
pub mod playbook;
pub mod replay;
mod run_action;
mod today;
pub mod trace;
pub mod worker;
