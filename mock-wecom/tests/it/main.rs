//! Stories over real HTTP: a client, the mock, and a receiver of callbacks.

mod bots;
mod browser;
mod callbacks;
mod contacts;
mod faults;
mod journal;
mod kf;
mod messages;
mod page;
mod program;
mod record;
mod robustness;
mod support;
mod vectors;
