//! Starting the real binary against a mock, and speaking to it in wire bytes.

mod agent;
mod raw;
mod wire;

use std::time::{Duration, Instant};

use mock_wecom::{Config, MockWecom};

pub use agent::{Agent, AgentBuilder};
pub use raw::{RawAnswer, exchange, read_answer, request};
pub use wire::{
    CALLBACK_TOKEN, Callback, ENCODING_AES_KEY, codec, encrypt_frame, event, query, seal,
    text_message,
};

/// A customer of the mock's sample data.
pub const CUSTOMER: &str = "wmSAMPLE00000000000000000000001";
/// Another customer.
pub const OTHER_CUSTOMER: &str = "wmSAMPLE00000000000000000000002";
/// The kf account of the mock's sample data.
pub const KF: &str = "wkSAMPLE00000000000000000000001";
/// A member of the mock's sample data.
pub const MEMBER: &str = "lin.mei";
/// The corp of the mock's sample data.
pub const CORP: &str = "ww0000000000000001";

/// A mock with its sample people.
pub async fn mock() -> MockWecom {
    MockWecom::start(Config::sample())
        .await
        .expect("the mock starts")
}

/// An HTTP client.
pub fn http() -> reqwest::Client {
    wecom_agent::gateway::install_crypto();
    reqwest::Client::new()
}

/// Waits until `check` gives a value. The only waiting in these tests: it ends as soon as
/// the thing has happened.
pub async fn eventually<T>(what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(value) = check().await {
            return value;
        }
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "never happened: {what}"
        );
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
}

/// Waits until the mock has seen `count` calls of a path that were carried out.
pub async fn calls(mock: &MockWecom, path: &str, count: usize) -> Vec<mock_wecom::Entry> {
    eventually(&format!("{count} × {path}"), async || {
        let seen = applied(mock, path);
        (seen.len() >= count).then_some(seen)
    })
    .await
}

/// The calls of a path that the mock carried out so far.
pub fn applied(mock: &MockWecom, path: &str) -> Vec<mock_wecom::Entry> {
    mock.calls(path)
        .into_iter()
        .filter(|entry| entry.applied && entry.errcode == Some(0))
        .collect()
}

/// What the bot wrote in somebody's chat so far.
pub fn said_by_bot(mock: &MockWecom, who: &str) -> Vec<String> {
    mock.chat(who)
        .into_iter()
        .filter(|line| line.from == "bot")
        .map(|line| line.text)
        .collect()
}

/// Waits until the bot has written `count` messages to somebody.
pub async fn answers(mock: &MockWecom, who: &str, count: usize) -> Vec<String> {
    eventually(&format!("{count} answers to {who}"), async || {
        let said = said_by_bot(mock, who);
        (said.len() >= count).then_some(said)
    })
    .await
}
