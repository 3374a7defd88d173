//! `POST /cgi-bin/externalcontact/get_groupmsg_list_v2`: mass message tasks (doc 93338).
//!
//! The way to find out whether an unanswered `add_msg_template` took effect.

use super::Text;
use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most tasks of one page; a larger `limit` falls back to 50.
pub const LIMIT_MAX: u32 = 100;

/// Kind of receivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChatType {
    /// Customers.
    Single,
    /// Customer groups.
    Group,
}

/// Asks for one page.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    chat_type: ChatType,
    start_time: i64,
    end_time: i64,
    /// Only tasks of this member.
    pub creator: Option<String>,
    /// 0 the corp's, 1 members' own, 2 both.
    pub filter_type: Option<u8>,
    /// Tasks of a page.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Request {
    /// Tasks created between two Unix seconds, at most a month apart.
    pub fn new(chat_type: ChatType, start_time: i64, end_time: i64) -> Self {
        Self {
            chat_type,
            start_time,
            end_time,
            creator: None,
            filter_type: None,
            limit: None,
            cursor: None,
        }
    }
}

/// One page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// The tasks.
    pub group_msg_list: Vec<GroupMsg>,
    /// Empty on the last page.
    pub next_cursor: String,
}

/// One task.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct GroupMsg {
    /// The task's id.
    pub msgid: String,
    /// Who created it; absent for tasks of the API.
    pub creator: Option<String>,
    /// Unix seconds, which some answers write as text.
    #[serde(deserialize_with = "crate::wecom::api::fields::number")]
    pub create_time: i64,
    /// 0 by the corp, 1 by a member.
    pub create_type: i64,
    /// The text.
    pub text: Option<Text>,
    /// The attachments as they came.
    pub attachments: Vec<Value>,
}

endpoint!(Post "/cgi-bin/externalcontact/get_groupmsg_list_v2", Request => Response);

#[cfg(test)]
mod tests {
    use super::{ChatType, Request};
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::new(ChatType::Single, 1_760_000_000, 1_760_003_600);
        request.creator = Some("a".into());
        request.filter_type = Some(2);
        request.limit = Some(100);
        assert_sends(
            &request,
            r#"{"chat_type":"single","start_time":1760000000,"end_time":1760003600,
            "creator":"a","filter_type":2,"limit":100}"#,
        );
        let page = answer::<Request>(
            r#"{"group_msg_list":[{"msgid":"T1","creator":"a","create_time":"1760000001",
            "create_type":0,"text":{"content":"双11"},
            "attachments":[{"msgtype":"image","image":{"media_id":"M"}}]}],"next_cursor":""}"#,
        );
        let task = &page.group_msg_list[0];
        assert_eq!(
            (task.msgid.as_str(), task.create_time),
            ("T1", 1_760_000_001)
        );
        assert_eq!(task.text.as_ref().unwrap().content, "双11");
        assert_eq!(task.attachments[0]["image"]["media_id"], "M");
    }
}
