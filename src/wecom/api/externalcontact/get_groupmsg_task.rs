//! `POST /cgi-bin/externalcontact/get_groupmsg_task`: which members confirmed (doc 93338).

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Most members of one page; a larger `limit` falls back to 500.
pub const LIMIT_MAX: u32 = 1000;

/// Asks for one page.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    msgid: String,
    /// Members of a page.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Request {
    /// The task.
    pub fn new(msgid: impl Into<String>) -> Self {
        Self {
            msgid: msgid.into(),
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

/// One member's part of the task.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct MemberTask {
    /// The member.
    pub userid: String,
    /// 0 not confirmed, 2 sent.
    pub status: i64,
    /// Unix seconds, once sent.
    pub send_time: Option<i64>,
}

impl MemberTask {
    /// True once the member has confirmed.
    pub fn is_sent(&self) -> bool {
        self.status == 2
    }
}

endpoint!(Post "/cgi-bin/externalcontact/get_groupmsg_task", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::new("T1");
        request.cursor = Some("C".into());
        assert_sends(&request, r#"{"msgid":"T1","cursor":"C"}"#);
        let tasks = answer::<Request>(
            r#"{"task_list":[{"userid":"a","status":2,"send_time":1760000000},
            {"userid":"b","status":0}]}"#,
        )
        .task_list;
        let sent: Vec<_> = tasks.iter().map(|t| (t.is_sent(), t.send_time)).collect();
        assert_eq!(sent, [(true, Some(1_760_000_000)), (false, None)]);
    }
}
