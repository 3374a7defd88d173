//! `POST /cgi-bin/externalcontact/cancel_moment_task`: stops what is not published (doc 97612).

use crate::wecom::api::Done;
use crate::wecom::client::endpoint;
use serde::Serialize;

/// Stops a moment.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    moment_id: String,
}

impl Request {
    /// The moment.
    pub fn new(moment_id: impl Into<String>) -> Self {
        Self {
            moment_id: moment_id.into(),
        }
    }
}

endpoint!(Post "/cgi-bin/externalcontact/cancel_moment_task", Request => Done);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::new("momt1"), r#"{"moment_id":"momt1"}"#);
        answer::<Request>("{}");
    }
}
