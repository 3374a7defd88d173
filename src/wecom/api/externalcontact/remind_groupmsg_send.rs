//! `POST /cgi-bin/externalcontact/remind_groupmsg_send`: reminds members who have not confirmed (doc 97610).
//!
//! At most three reminders for a task in 24 h (41094 beyond).

use crate::wecom::api::Done;
use crate::wecom::client::endpoint;
use serde::Serialize;

/// Reminds the members of a mass message task.
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

endpoint!(Post "/cgi-bin/externalcontact/remind_groupmsg_send", Request => Done);

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
