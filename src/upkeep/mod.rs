//! Looking after the store: claims whose holder is gone, rows past their retention, people who
//! are to be forgotten, times in which nobody ran.

pub mod forget;
pub mod pruner;
pub mod pulse;
pub mod rescuer;
