//! Faults at every point: production's own stages over a store that dies between any two
//! writes, against a WeCom that loses, delays, repeats and reorders.
//!
//! Time is virtual, the network is a function call, and one seed decides everything that
//! chance decides: the same seed tells the same story. `docs/faults.md` says how to run more.

mod check;
#[path = "../it/support/cluster.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "the stories of the real program use more of it"
)]
mod cluster;
mod crash_points;
mod database;
mod life;
mod link;
mod migrate;
mod mortal;
mod network;
mod overload;
mod power;
mod reload;
mod shop;
mod simulation;
mod story;
mod time;
mod wecom;

use std::sync::OnceLock;

/// The HTTP client that builds requests; none of them leaves the process. Making one is slow.
pub(crate) fn http() -> reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    let client = CLIENT.get_or_init(|| {
        wecom_agent::gateway::install_crypto();
        reqwest::Client::builder().build().expect("a client")
    });
    client.clone()
}

/// A number from the environment, for longer runs.
pub(crate) fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    let number = value.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable} is not a number: {value}")))
}
