//! `POST /cgi-bin/user/list_id`: every member's id (doc 96067).
//!
//! Works with the secret of contact synchronisation only.

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Most rows of one page.
pub const LIMIT_MAX: u32 = 10_000;

/// Asks for one page.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Request {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Rows of a page.
    pub limit: Option<u32>,
}

/// One page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// One row for each member and department.
    pub dept_user: Vec<Row>,
    /// Empty on the last page.
    pub next_cursor: String,
}

/// A member in a department.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Row {
    /// The member's id.
    pub userid: String,
    /// The department's id.
    pub department: i64,
}

endpoint!(Post "/cgi-bin/user/list_id", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::default(), "{}");
        let request = Request {
            cursor: Some("C".into()),
            limit: Some(100),
        };
        assert_sends(&request, r#"{"cursor":"C","limit":100}"#);
        let page = answer::<Request>(
            r#"{"dept_user":[{"userid":"a","department":1},{"userid":"a","department":2}]}"#,
        );
        assert_eq!(page.dept_user[1].department, 2);
        assert_eq!(page.next_cursor, "");
    }
}
