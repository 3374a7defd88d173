//! `POST /cgi-bin/externalcontact/get_groupmsg_send_result`: who received it (doc 93338).
//!
//! For groups only sent rows appear.

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Most rows of one page; a larger `limit` falls back to 500.
pub const LIMIT_MAX: u32 = 1000;

/// Asks for one page of one member's part.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    msgid: String,
    userid: String,
    /// Rows of a page.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Request {
    /// The task and the member.
    pub fn new(msgid: impl Into<String>, user_id: impl Into<String>) -> Self {
        Self {
            msgid: msgid.into(),
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
    /// One row for each receiver.
    pub send_list: Vec<Delivery>,
    /// Empty on the last page.
    pub next_cursor: String,
}

/// One receiver.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Delivery {
    /// The customer.
    pub external_userid: Option<String>,
    /// Or the customer group.
    pub chat_id: Option<String>,
    /// The member.
    pub userid: String,
    /// 0 not sent, 1 sent, 2 no longer a friend, 3 monthly ceiling reached.
    pub status: i64,
    /// Unix seconds, once sent.
    pub send_time: Option<i64>,
}

impl Response {
    /// Receivers that the message will never reach.
    pub fn rejected(&self) -> impl Iterator<Item = &Delivery> {
        self.send_list
            .iter()
            .filter(|row| matches!(row.status, 2 | 3))
    }
}

endpoint!(Post "/cgi-bin/externalcontact/get_groupmsg_send_result", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::new("T1", "a");
        request.limit = Some(1000);
        assert_sends(&request, r#"{"msgid":"T1","userid":"a","limit":1000}"#);
        let page = answer::<Request>(
            r#"{"send_list":[{"external_userid":"wm1","userid":"a","status":1,
            "send_time":1760000000},{"external_userid":"wm2","userid":"a","status":3},
            {"chat_id":"wr1","userid":"a","status":0}]}"#,
        );
        let rejected: Vec<_> = page
            .rejected()
            .map(|r| r.external_userid.as_deref())
            .collect();
        assert_eq!(rejected, [Some("wm2")]);
    }
}
