//! The ways to WeCom: the configured apps, each with its own token.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::Config;
use crate::domain::clock::SharedClock;
use crate::domain::ids::AppName;
use crate::wecom::client::{
    self, App, Carrier, Client, Observer, Options, Outcome, Secret, TokenShare,
};
use crate::wecom::error::Error;

/// The client and the apps by name. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Gateway {
    client: Client,
    apps: Arc<HashMap<AppName, App>>,
}

/// Why there is no gateway.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The HTTP client cannot be built (no usable root certificates, …).
    #[error("the HTTP client cannot be built")]
    Http(#[source] reqwest::Error),
    /// The API base is not usable.
    #[error(transparent)]
    Client(#[from] Error),
}

impl Gateway {
    /// Builds the client and a handle for each app that has a secret. Tokens may be shared
    /// with other processes.
    ///
    /// # Errors
    /// If the HTTP client cannot be built.
    pub fn new(
        config: &Config,
        clock: SharedClock,
        share: Option<Arc<dyn TokenShare>>,
    ) -> Result<Self, GatewayError> {
        install_crypto();
        let http = client::http_builder().build().map_err(GatewayError::Http)?;
        let sharing = Options {
            share,
            ..Options::default()
        };
        Self::with(config, clock, http, sharing)
    }

    /// The same over an HTTP client that is there already, or past it by a `carrier`.
    ///
    /// # Errors
    /// If the API base is not usable.
    pub fn over(
        config: &Config,
        clock: SharedClock,
        http: reqwest::Client,
        carrier: Option<Arc<dyn Carrier>>,
    ) -> Result<Self, GatewayError> {
        let carried = Options {
            carrier,
            ..Options::default()
        };
        Self::with(config, clock, http, carried)
    }

    fn with(
        config: &Config,
        clock: SharedClock,
        http: reqwest::Client,
        options: Options,
    ) -> Result<Self, GatewayError> {
        let options = Options {
            call_timeout: config.api_timeout,
            observer: Arc::new(Metrics),
            ..options
        };
        let clock = Arc::new(WecomClock(clock));
        let client =
            Client::with_options(http, &config.api_base, config.corp.as_str(), clock, options)?;
        let apps = config
            .apps
            .iter()
            .filter_map(|app| {
                let secret = app.secret.as_ref()?;
                Some((app.name.clone(), client.app(Secret::new(secret.expose()))))
            })
            .collect();
        Ok(Self {
            client,
            apps: Arc::new(apps),
        })
    }

    /// For calls without an access token.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// For calls of one app.
    #[must_use]
    pub fn app(&self, name: &AppName) -> Option<&App> {
        self.apps.get(name)
    }
}

/// The one TLS implementation of the process. A second installation changes nothing.
pub fn install_crypto() {
    drop(rustls::crypto::ring::default_provider().install_default());
}

struct WecomClock(SharedClock);

impl client::Clock for WecomClock {
    fn now_millis(&self) -> i64 {
        self.0.now().0
    }
}

struct Metrics;

impl Observer for Metrics {
    fn token_refreshed(&self, ok: bool) {
        let result = if ok { "ok" } else { "failed" };
        metrics::counter!("wecom_agent_token_refreshes_total", "result" => result).increment(1);
    }

    fn called(&self, path: &'static str, outcome: Outcome, elapsed: std::time::Duration) {
        metrics::counter!("wecom_agent_api_calls_total", "path" => path, "outcome" => label(outcome))
            .increment(1);
        metrics::histogram!("wecom_agent_api_seconds", "path" => path)
            .record(elapsed.as_secs_f64());
    }
}

fn label(outcome: Outcome) -> String {
    match outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::Refused(code) => code.to_string(),
        Outcome::NotSent => "not_sent".to_owned(),
        Outcome::Ambiguous => "ambiguous".to_owned(),
        Outcome::Unusable => "unusable".to_owned(),
    }
}
