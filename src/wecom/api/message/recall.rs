//! `POST /cgi-bin/message/recall`: takes back a message of the last 24 h (doc 94867).

use crate::wecom::api::Done;
use crate::wecom::client::endpoint;
use serde::Serialize;

/// Recalls a message that the same app sent.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    /// From the answer to the sending call.
    pub msgid: String,
}

impl Request {
    /// The message to recall.
    pub fn new(msgid: impl Into<String>) -> Self {
        Self {
            msgid: msgid.into(),
        }
    }
}

endpoint!(Post "/cgi-bin/message/recall", Request => Done);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::new("M1"), r#"{"msgid":"M1"}"#);
        answer::<Request>("{}");
    }
}
