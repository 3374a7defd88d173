//! Requests to the company's own systems, signed as Standard Webhooks ask for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::translate::Failure;
use crate::config::{Config, Webhook};
use crate::domain::clock::SharedClock;
use crate::store::AttemptEnd;

const TIMEOUT: Duration = Duration::from_secs(10);

/// The endpoints named in the config.
pub struct Webhooks {
    http: Option<reqwest::Client>,
    targets: BTreeMap<String, Webhook>,
    clock: SharedClock,
}

impl Webhooks {
    /// The endpoints of the config.
    #[must_use]
    pub fn new(config: &Arc<Config>, clock: SharedClock) -> Self {
        Self {
            http: (!config.webhooks.is_empty()).then(client).flatten(),
            targets: config.webhooks.clone(),
            clock,
        }
    }

    /// Posts the body. The id is the same on every try, so the receiver can drop repeats.
    pub(super) async fn post(
        &self,
        id: &str,
        name: &str,
        body: &serde_json::Value,
    ) -> Result<WebhookEnd, Failure> {
        let missing = || Failure::Content(format!("the config names no webhook {name}"));
        let target = self.targets.get(name).ok_or_else(missing)?;
        let http = self.http.as_ref().ok_or_else(missing)?;
        let text = body.to_string();
        let secs = self.clock.now().as_secs().to_string();
        let mut request = http
            .post(target.url.expose())
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", &secs);
        if let Some(secret) = &target.secret {
            request = request.header("webhook-signature", sign(secret.expose(), id, &secs, &text));
        }
        match request.body(text).send().await {
            Ok(response) if response.status().is_success() => Ok(WebhookEnd::Done),
            Ok(response) if response.status().is_client_error() && response.status() != 429 => Ok(
                WebhookEnd::Refused(format!("HTTP {}", response.status().as_u16())),
            ),
            Ok(response) => Ok(WebhookEnd::Again(format!(
                "HTTP {}",
                response.status().as_u16()
            ))),
            Err(error) => Ok(WebhookEnd::Again(error.without_url().to_string())),
        }
    }
}

/// No redirects: the operator named one address, and no proxy may see the body.
fn client() -> Option<reqwest::Client> {
    crate::gateway::install_crypto();
    reqwest::Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .ok()
}

/// How a post ended.
pub(super) enum WebhookEnd {
    Done,
    Refused(String),
    Again(String),
}

impl WebhookEnd {
    /// As the end of an attempt; `again` decides about another try.
    pub(super) fn into_end(self, again: impl FnOnce(String) -> AttemptEnd) -> AttemptEnd {
        match self {
            Self::Done => AttemptEnd::Sent { note: None },
            Self::Refused(reason) => AttemptEnd::Failed { reason },
            Self::Again(reason) => again(reason),
        }
    }
}

/// `v1,<base64 of HMAC-SHA256 over id.timestamp.body>`; a `whsec_` secret is Base64.
fn sign(secret: &str, id: &str, secs: &str, body: &str) -> String {
    let key = secret
        .strip_prefix("whsec_")
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .unwrap_or_else(|| secret.as_bytes().to_vec());
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else {
        // HMAC takes keys of any length.
        return String::new();
    };
    mac.update(format!("{id}.{secs}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::sign;

    /// The example of the Standard Webhooks specification's reference libraries.
    #[test]
    fn signs_as_the_standard_says() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let body = r#"{"test": 2432232314}"#;
        let signature = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
