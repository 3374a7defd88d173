//! `POST /cgi-bin/externalcontact/batch/get_by_user`: customers of members (doc 92994).

use super::{ExternalContact, FollowInfo};
use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Most members in one call.
pub const USERS_MAX: usize = 100;
/// Most rows of one page.
pub const LIMIT_MAX: u32 = 100;

/// Asks for one page.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    userid_list: Vec<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Rows of a page; 50 if absent.
    pub limit: Option<u32>,
}

impl Request {
    /// The first page for these members.
    pub fn new(userid_list: Vec<String>) -> Self {
        Self {
            userid_list,
            cursor: None,
            limit: None,
        }
    }
}

/// One page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// One row for each member and customer.
    pub external_contact_list: Vec<Row>,
    /// Empty on the last page.
    pub next_cursor: String,
    /// Members who were left out.
    pub fail_info: FailInfo,
}

/// A customer of a member.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Row {
    /// The customer.
    pub external_contact: ExternalContact,
    /// What the member knows.
    pub follow_info: FollowInfo,
}

/// Members who were left out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct FailInfo {
    /// Members without an interface licence.
    pub unlicensed_userid_list: Vec<String>,
}

impl Response {
    /// Members whose customers are not in the answer.
    pub fn rejected(&self) -> impl Iterator<Item = &str> {
        let left_out = &self.fail_info.unlicensed_userid_list;
        left_out.iter().map(String::as_str)
    }
}

endpoint!(Post "/cgi-bin/externalcontact/batch/get_by_user", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::new(vec!["a".into()]);
        request.limit = Some(100);
        assert_sends(&request, r#"{"userid_list":["a"],"limit":100}"#);
        let page = answer::<Request>(
            r#"{"external_contact_list":[{"external_contact":{"external_userid":"wm1"},
            "follow_info":{"userid":"a","tag_id":["et1"],"add_way":2}}],"next_cursor":"C",
            "fail_info":{"unlicensed_userid_list":["b"]}}"#,
        );
        let row = &page.external_contact_list[0];
        assert_eq!(row.external_contact.external_userid, "wm1");
        assert_eq!(row.follow_info.tag_id, ["et1"]);
        assert_eq!(page.rejected().collect::<Vec<_>>(), ["b"]);
    }
}
