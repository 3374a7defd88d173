//! `POST /cgi-bin/externalcontact/groupchat/list`: customer groups (doc 92120).

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Most groups of one page.
pub const LIMIT_MAX: u32 = 1000;
/// Most owners to filter by.
pub const OWNERS_MAX: usize = 100;

/// Asks for one page.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    /// 0 all, 1 owner has left, 2 being inherited, 3 inherited.
    pub status_filter: Option<u8>,
    owner_filter: Option<OwnerFilter>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    limit: u32,
}

#[derive(Debug, Clone, Serialize)]
struct OwnerFilter {
    userid_list: Vec<String>,
}

impl Request {
    /// Every group; 81017 if more than 1000 members are visible.
    pub fn all(limit: u32) -> Self {
        Self {
            status_filter: None,
            owner_filter: None,
            cursor: None,
            limit,
        }
    }

    /// The groups of these owners, at most [`OWNERS_MAX`].
    pub fn of_owners(owners: Vec<String>, limit: u32) -> Self {
        Self {
            owner_filter: Some(OwnerFilter {
                userid_list: owners,
            }),
            ..Self::all(limit)
        }
    }
}

/// One page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// The groups.
    pub group_chat_list: Vec<GroupChat>,
    /// Empty on the last page.
    pub next_cursor: String,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct GroupChat {
    /// The group's id, `wr…`.
    pub chat_id: String,
    /// 0 ordinary, 1 owner has left, 2 being inherited, 3 inherited.
    pub status: i64,
}

endpoint!(Post "/cgi-bin/externalcontact/groupchat/list", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::all(1000), r#"{"limit":1000}"#);
        let mut request = Request::of_owners(vec!["a".into()], 10);
        request.status_filter = Some(1);
        request.cursor = Some("C".into());
        assert_sends(
            &request,
            r#"{"status_filter":1,"owner_filter":{"userid_list":["a"]},"cursor":"C","limit":10}"#,
        );
        let page = answer::<Request>(
            r#"{"group_chat_list":[{"chat_id":"wr1","status":0}],"next_cursor":"C2"}"#,
        );
        assert_eq!(page.group_chat_list[0].chat_id, "wr1");
        assert_eq!(page.next_cursor, "C2");
    }
}
