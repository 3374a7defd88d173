//! The real binary against the mock, over real HTTP. One file per story.

mod support;

mod app_sending;
mod architecture;
mod attacks;
mod bots;
mod contacts;
mod crashes;
mod crowd;
mod duplicates;
mod full_disk;
mod guard;
mod kf;
mod kf_recovery;
mod kf_sending;
mod limits;
mod media;
mod members;
mod operating;
mod reloading;
mod replay;
mod robots;
mod rule_tests;
mod saving;
mod secrets;
mod spine;
mod stopping;
mod tags;
mod tokens;
mod traces;
mod undo;
mod unreadable;
mod verbs;
mod verification;
mod versions;
mod welcomes;
