//! Looking after the store: claims whose holder is gone, rows past their retention, people who
//! are to be forgotten.

pub mod forget;
pub mod pruner;
pub mod rescuer;
