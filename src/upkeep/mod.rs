//! Looking after the store: claims whose holder is gone, rows past their retention.

pub mod pruner;
pub mod rescuer;
