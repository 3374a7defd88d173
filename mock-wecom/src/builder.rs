//! A mock put together step by step, for tests in Rust.

use std::io;
use std::net::SocketAddr;

use serde_json::Value;

use crate::config::{Config, Kind, ReceiverSpec, SecretSpec};
use crate::mock::MockWecom;
use crate::state::book::VisibleRange;

/// Builds a [`MockWecom`] on a free port.
///
/// ```no_run
/// # async fn story() -> std::io::Result<()> {
/// use mock_wecom::{Kind, MockWecom};
///
/// let mock = MockWecom::builder()
///     .seed(7)
///     .start_at(1_760_000_000)
///     .receiver("kf", Kind::Kf, "http://127.0.0.1:8080/callback", "token", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
///     .start()
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder(Config);

impl Default for Builder {
    fn default() -> Self {
        Self(Config::sample())
    }
}

impl Builder {
    /// Takes a free port on loopback unless this names another address.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.0.listen = address;
        self
    }

    /// The simulated corp's id.
    pub fn corp_id(mut self, corp_id: &str) -> Self {
        corp_id.clone_into(&mut self.0.corp_id);
        self
    }

    /// Seed of every generated id.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// Where the simulated clock starts, in unix seconds.
    pub fn start_at(mut self, unix_secs: i64) -> Self {
        self.0.start_at = Some(unix_secs);
        self
    }

    /// Begins with an empty corp: no members, customers, tags, accounts or groups.
    pub fn empty(mut self) -> Self {
        self.0.sample_data = false;
        self
    }

    /// Adds a secret; the four sample secrets stay.
    pub fn secret(mut self, secret: &str, kind: Kind, agent_id: Option<i64>) -> Self {
        self.0.secrets.push(SecretSpec {
            secret: secret.to_owned(),
            kind,
            agent_id,
            also: Vec::new(),
        });
        self
    }

    /// Lets the app of a secret see only these members and departments.
    pub fn visible(mut self, secret: &str, users: &[&str], parties: &[i64]) -> Self {
        self.0.visible.push(VisibleRange {
            secret: secret.to_owned(),
            users: users.iter().map(|&user| user.to_owned()).collect(),
            parties: parties.to_vec(),
        });
        self
    }

    /// Adds a callback address.
    pub fn receiver(mut self, name: &str, kind: Kind, url: &str, token: &str, key: &str) -> Self {
        self.0.receivers.push(ReceiverSpec {
            name: name.to_owned(),
            kind,
            url: url.to_owned(),
            token: token.to_owned(),
            encoding_aes_key: key.to_owned(),
            receive_id: None,
            agent_id: None,
        });
        self
    }

    /// Sets a switch by name.
    pub fn switch(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.switches.insert(name.to_owned(), value.into());
        self
    }

    /// Binds and serves in the background.
    ///
    /// # Errors
    /// When the address cannot be bound or a switch is unknown.
    pub async fn start(self) -> io::Result<MockWecom> {
        MockWecom::start(self.0).await
    }
}
