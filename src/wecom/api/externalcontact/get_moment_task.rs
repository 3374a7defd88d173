//! `POST /cgi-bin/externalcontact/get_moment_task`: which members published (doc 93333).

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Most members of one page.
pub const LIMIT_MAX: u32 = 1000;

/// Asks for one page.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    moment_id: String,
    /// Members of a page.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Request {
    /// The moment.
    pub fn new(moment_id: impl Into<String>) -> Self {
        Self {
            moment_id: moment_id.into(),
            limit: None,
            cursor: None,
        }
    }
}

/// One page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// One row for each member.
    pub task_list: Vec<MemberTask>,
    /// Empty on the last page.
    pub next_cursor: String,
}

/// One member's part.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct MemberTask {
    /// The member.
    pub userid: String,
    /// 0 not published, 1 published.
    pub publish_status: i64,
}

impl MemberTask {
    /// True once the member has published.
    pub fn is_published(&self) -> bool {
        self.publish_status == 1
    }
}

endpoint!(Post "/cgi-bin/externalcontact/get_moment_task", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::new("momt1");
        request.cursor = Some("C".into());
        assert_sends(&request, r#"{"moment_id":"momt1","cursor":"C"}"#);
        let page = answer::<Request>(
            r#"{"next_cursor":"","task_list":[{"userid":"a","publish_status":1},
            {"userid":"b","publish_status":0}]}"#,
        );
        let published: Vec<bool> = page.task_list.iter().map(|t| t.is_published()).collect();
        assert_eq!(published, [true, false]);
    }
}
