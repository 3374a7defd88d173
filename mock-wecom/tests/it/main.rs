//! Stories over real HTTP: a client, the mock, and a receiver of callbacks.

mod bots;
mod browser;
mod callbacks;
mod ceilings;
mod chaos;
mod clients;
mod contacts;
mod contracts;
mod coverage;
mod customers;
mod faults;
mod journal;
mod kf;
mod longlink;
mod messages;
mod office;
mod open_points;
mod page;
mod permissions;
mod program;
mod readme;
mod record;
mod robustness;
mod support;
mod switches;
mod vectors;
