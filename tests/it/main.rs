//! The real binary against the mock, over real HTTP. One file per story.

mod support;

mod app_sending;
mod kf_sending;
mod media;
mod robots;
mod spine;
mod tags;
mod tokens;
mod welcomes;
