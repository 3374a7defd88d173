//! `GET /cgi-bin/externalcontact/list`: the customers of one member (doc 92113).
//!
//! A member without customers may also be answered with 84061.

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Asks for one member's customers; there are no pages.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    userid: String,
}

impl Request {
    /// The member.
    pub fn new(user_id: impl Into<String>) -> Self {
        Self {
            userid: user_id.into(),
        }
    }
}

/// The customers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// Ids of the customers.
    pub external_userid: Vec<String>,
}

endpoint!(Get "/cgi-bin/externalcontact/list", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::new("a"), r#"{"userid":"a"}"#);
        assert_eq!(
            answer::<Request>(r#"{"external_userid":["wm1"]}"#).external_userid,
            ["wm1"]
        );
    }
}
