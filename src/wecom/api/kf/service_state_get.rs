//! `POST /cgi-bin/kf/service_state/get`: who handles a session (doc 94669).

use super::ServiceState;
use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Asks for one customer's session with one account.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    open_kfid: String,
    external_userid: String,
}

impl Request {
    /// The account and the customer.
    pub fn new(open_kfid: impl Into<String>, external_userid: impl Into<String>) -> Self {
        Self {
            open_kfid: open_kfid.into(),
            external_userid: external_userid.into(),
        }
    }
}

/// The session.
#[derive(Debug, Clone, Deserialize)]
pub struct Response {
    /// Who handles it.
    pub service_state: ServiceState,
    /// The person, in state 3.
    pub servicer_userid: Option<String>,
}

endpoint!(Post "/cgi-bin/kf/service_state/get", Request => Response);

#[cfg(test)]
mod tests {
    use super::{Request, ServiceState};
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(
            &Request::new("wk1", "wm1"),
            r#"{"open_kfid":"wk1","external_userid":"wm1"}"#,
        );
        let session = answer::<Request>(r#"{"service_state":3,"servicer_userid":"a"}"#);
        assert_eq!(session.service_state, ServiceState::Human);
        assert_eq!(session.servicer_userid.as_deref(), Some("a"));
    }
}
