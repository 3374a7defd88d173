//! `GET /cgi-bin/gettoken`: an access token for one secret (doc 91039).
//!
//! Called by the token cache alone.

use crate::wecom::client::{Grant, OpenEndpoint, Secret, Token, endpoint};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Asks for the token of one (corp, secret) pair.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    corpid: String,
    corpsecret: Secret,
}

impl Request {
    /// The pair.
    pub fn new(corp_id: impl Into<String>, secret: Secret) -> Self {
        Self {
            corpid: corp_id.into(),
            corpsecret: secret,
        }
    }
}

/// A token and its validity.
#[derive(Debug, Clone, Deserialize)]
pub struct Response {
    /// At most 512 bytes; the same one is repeated while it is valid.
    pub access_token: Secret,
    /// Seconds, normally 7200.
    pub expires_in: u64,
}

impl Response {
    /// The form that the token cache keeps.
    pub fn into_grant(self) -> Grant {
        Grant {
            token: Token::new(self.access_token.expose()),
            expires_in: Duration::from_secs(self.expires_in),
        }
    }
}

endpoint!(Get "/cgi-bin/gettoken", Request => Response);
impl OpenEndpoint for Request {}

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};
    use std::time::Duration;

    #[test]
    fn wire() {
        let request = Request::new("ww1", "s3cret".into());
        assert_sends(&request, r#"{"corpid":"ww1","corpsecret":"s3cret"}"#);
        assert!(!format!("{request:?}").contains("s3cret"));

        let response = answer::<Request>(r#"{"access_token":"AT1","expires_in":7200}"#);
        assert!(!format!("{response:?}").contains("AT1"));
        let grant = response.into_grant();
        assert_eq!(grant.token.expose(), "AT1");
        assert_eq!(grant.expires_in, Duration::from_secs(7200));
    }
}
