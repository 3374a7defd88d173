//! `POST /cgi-bin/kf/service_state/trans`: hands a session over (doc 94669).

use super::ServiceState;
use crate::wecom::client::{Secret, endpoint};
use serde::{Deserialize, Serialize};

/// Changes who handles a session.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    open_kfid: String,
    external_userid: String,
    service_state: ServiceState,
    servicer_userid: Option<String>,
}

impl Request {
    /// Moves the session to the bot, the pool or its end.
    pub fn new(
        open_kfid: impl Into<String>,
        external_userid: impl Into<String>,
        service_state: ServiceState,
    ) -> Self {
        Self {
            open_kfid: open_kfid.into(),
            external_userid: external_userid.into(),
            service_state,
            servicer_userid: None,
        }
    }

    /// Moves the session to a person, which is state 3.
    pub fn to_servicer(
        open_kfid: impl Into<String>,
        external_userid: impl Into<String>,
        servicer_userid: impl Into<String>,
    ) -> Self {
        Self {
            servicer_userid: Some(servicer_userid.into()),
            ..Self::new(open_kfid, external_userid, ServiceState::Human)
        }
    }
}

/// The session was moved.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// Lets `send_msg_on_event` say one sentence about it.
    pub msg_code: Option<Secret>,
}

endpoint!(Post "/cgi-bin/kf/service_state/trans", Request => Response);

#[cfg(test)]
mod tests {
    use super::{Request, ServiceState};
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(
            &Request::new("wk1", "wm1", ServiceState::Queued),
            r#"{"open_kfid":"wk1","external_userid":"wm1","service_state":2}"#,
        );
        assert_sends(
            &Request::to_servicer("wk1", "wm1", "a"),
            r#"{"open_kfid":"wk1","external_userid":"wm1","service_state":3,"servicer_userid":"a"}"#,
        );
        let response = answer::<Request>(r#"{"msg_code":"MC"}"#);
        assert_eq!(response.msg_code.unwrap().expose(), "MC");
        assert!(answer::<Request>("{}").msg_code.is_none());
    }
}
