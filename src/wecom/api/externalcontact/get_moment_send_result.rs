//! `POST /cgi-bin/externalcontact/get_moment_send_result`: who can see it (doc 93333).

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Most customers of one page.
pub const LIMIT_MAX: u32 = 5000;

/// Asks for one page of one member's part.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    moment_id: String,
    userid: String,
    /// Customers of a page.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Request {
    /// The moment and the member.
    pub fn new(moment_id: impl Into<String>, user_id: impl Into<String>) -> Self {
        Self {
            moment_id: moment_id.into(),
            userid: user_id.into(),
            limit: None,
            cursor: None,
        }
    }
}

/// One page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// The customers whom it was shown to.
    pub customer_list: Vec<Customer>,
    /// Empty on the last page.
    pub next_cursor: String,
}

/// One customer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Customer {
    /// Who.
    pub external_userid: String,
}

endpoint!(Post "/cgi-bin/externalcontact/get_moment_send_result", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let request = Request::new("momt1", "a");
        assert_sends(&request, r#"{"moment_id":"momt1","userid":"a"}"#);
        let page =
            answer::<Request>(r#"{"next_cursor":"C","customer_list":[{"external_userid":"wm1"}]}"#);
        assert_eq!(page.customer_list[0].external_userid, "wm1");
        assert_eq!(page.next_cursor, "C");
    }
}
