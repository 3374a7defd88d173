//! The real binary against the mock, over real HTTP. One file per story.

mod support;

mod app_sending;
mod architecture;
mod attacks;
mod bots;
mod codes;
mod contacts;
mod crashes;
mod crowd;
mod duplicates;
mod fix;
mod full_disk;
mod import;
mod kf;
mod kf_recovery;
mod kf_sending;
mod media;
mod members;
mod operating;
mod reloading;
mod robots;
mod saving;
mod secrets;
mod spine;
mod stopping;
mod tags;
mod tokens;
mod unreadable;
mod verbs;
mod verification;
mod versions;
mod welcomes;
