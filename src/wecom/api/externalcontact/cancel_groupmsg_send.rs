//! `POST /cgi-bin/externalcontact/cancel_groupmsg_send`: stops what is not sent yet (doc 97611).
//!
//! What was sent stays. Later calls for the task answer 41093.

use crate::wecom::api::Done;
use crate::wecom::client::endpoint;
use serde::Serialize;

/// Stops a mass message task.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    msgid: String,
}

impl Request {
    /// The task.
    pub fn new(msgid: impl Into<String>) -> Self {
        Self {
            msgid: msgid.into(),
        }
    }
}

endpoint!(Post "/cgi-bin/externalcontact/cancel_groupmsg_send", Request => Done);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::new("T1"), r#"{"msgid":"T1"}"#);
        answer::<Request>("{}");
    }
}
