//! The real binary against the mock, over real HTTP. One file per story.

mod support;

mod kf_sending;
mod spine;
mod tokens;
