//! Rule tests that must pass do, and those that must fail do.

mod broken;
mod coverage;
mod judging;
mod plans;
mod previewing;
mod running;
mod support;
