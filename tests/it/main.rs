//! The real binary against the mock, over real HTTP. One file per story.

#[expect(
    unreachable_pub,
    reason = "the harness has one interface for all stories"
)]
mod support;

mod attacks;
mod bots;
mod contacts;
mod crowd;
mod duplicates;
mod kf;
mod members;
mod spine;
mod stopping;
mod unreadable;
mod verification;
