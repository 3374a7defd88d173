//! What a mock starts with; everything here can also be set later under `/mock/…`.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::state::book::VisibleRange;

/// What an app's secret may be used for, and which callbacks a receiver gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A self-built app that members talk to.
    App,
    /// An app listed under 微信客服 "callable apps".
    Kf,
    /// An app listed under 客户联系 "callable apps".
    Contact,
    /// The contact-sync assistant (通讯录同步).
    ContactsBook,
    /// An intelligent bot (智能机器人); receivers only.
    Aibot,
}

/// A secret that `gettoken` accepts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretSpec {
    /// The secret itself.
    pub secret: String,
    /// What it may call.
    pub kind: Kind,
    /// The app it belongs to; needed for `message/send`.
    #[serde(default)]
    pub agent_id: Option<i64>,
    /// Further kinds this app is listed for.
    #[serde(default)]
    pub also: Vec<Kind>,
}

impl SecretSpec {
    pub(crate) fn may(&self, kind: Kind) -> bool {
        self.kind == kind || self.also.contains(&kind)
    }
}

/// A callback URL with its crypto settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiverSpec {
    /// A name to address it by, unique.
    pub name: String,
    /// Which callbacks it gets.
    pub kind: Kind,
    /// Where to post.
    pub url: String,
    /// The signature token.
    pub token: String,
    /// 43 characters of Base64.
    pub encoding_aes_key: String,
    /// Closes each frame; the corp id, or empty for an aibot. Absent means "as usual".
    #[serde(default)]
    pub receive_id: Option<String>,
    /// The app whose messages it gets; absent means every app.
    #[serde(default)]
    pub agent_id: Option<i64>,
}

/// What a mock starts with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The address to bind; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How others reach this mock, for the addresses that it hands out (`response_url` of a
    /// bot); absent means the bound address.
    pub public_url: Option<String>,
    /// The simulated corp.
    pub corp_id: String,
    /// Secrets that get tokens.
    pub secrets: Vec<SecretSpec>,
    /// Where callbacks go.
    pub receivers: Vec<ReceiverSpec>,
    /// Seed of every generated id.
    pub seed: u64,
    /// Whether ids and positions in the kf log lie beyond those of every earlier run, for an
    /// agent that keeps its data while mocks come and go. Such a run cannot be repeated.
    pub fresh_ids: bool,
    /// Whether to begin with sample members, customers, tags, a kf account and a group.
    pub sample_data: bool,
    /// Unix time at which the simulated clock starts; absent means real time.
    pub start_at: Option<i64>,
    /// Switches that differ from their defaults, by name.
    pub switches: Map<String, Value>,
    /// What apps may see; an app that is not here sees the whole corp.
    pub visible: Vec<VisibleRange>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            public_url: None,
            corp_id: "ww0000000000000001".to_owned(),
            secrets: Vec::new(),
            receivers: Vec::new(),
            seed: 1,
            fresh_ids: false,
            sample_data: true,
            start_at: None,
            switches: Map::new(),
            visible: Vec::new(),
        }
    }
}

impl Config {
    /// A corp with one secret of each kind, sample people and no receivers.
    ///
    /// Secrets: `app-secret` (agent 1000002), `kf-secret`, `contact-secret`, `book-secret`.
    #[must_use]
    pub fn sample() -> Self {
        let secret = |secret: &str, kind, agent_id| SecretSpec {
            secret: secret.to_owned(),
            kind,
            agent_id,
            also: Vec::new(),
        };
        Self {
            secrets: vec![
                secret("app-secret", Kind::App, Some(1_000_002)),
                secret("kf-secret", Kind::Kf, None),
                secret("contact-secret", Kind::Contact, None),
                secret("book-secret", Kind::ContactsBook, None),
            ],
            ..Self::default()
        }
    }
}
