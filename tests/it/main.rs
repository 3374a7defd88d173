//! The real binary against the mock, over real HTTP. One file per story.

mod support;

mod app_sending;
mod architecture;
mod crashes;
mod kf_sending;
mod media;
mod operating;
mod reloading;
mod robots;
mod secrets;
mod spine;
mod tags;
mod tokens;
mod verbs;
mod welcomes;
