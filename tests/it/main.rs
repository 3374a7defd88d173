//! The real binary against the mock, over real HTTP. One file per story.

mod support;

mod app_sending;
mod attacks;
mod bots;
mod contacts;
mod crowd;
mod duplicates;
mod full_disk;
mod kf;
mod kf_sending;
mod media;
mod members;
mod robots;
mod spine;
mod stopping;
mod tags;
mod tokens;
mod unreadable;
mod verification;
mod welcomes;
