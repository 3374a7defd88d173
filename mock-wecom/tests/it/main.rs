//! Stories over real HTTP: a client, the mock, and a receiver of callbacks.

mod bots;
mod callbacks;
mod contacts;
mod faults;
mod kf;
mod messages;
mod program;
mod robustness;
mod support;
mod vectors;
