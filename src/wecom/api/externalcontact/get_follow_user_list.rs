//! `GET /cgi-bin/externalcontact/get_follow_user_list`: who may serve customers (doc 92571).

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Asks for the members with the customer contact permission.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Request {}

/// The members.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// Userids.
    pub follow_user: Vec<String>,
}

endpoint!(Get "/cgi-bin/externalcontact/get_follow_user_list", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request {}, "{}");
        assert_eq!(
            answer::<Request>(r#"{"follow_user":["a","b"]}"#).follow_user,
            ["a", "b"]
        );
    }
}
