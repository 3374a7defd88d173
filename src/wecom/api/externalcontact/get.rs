//! `GET /cgi-bin/externalcontact/get`: one customer and who follows them (doc 92114).

use super::{ExternalContact, FollowUser};
use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Asks for one customer.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    external_userid: String,
    /// `next_cursor` of the page before, for more than 500 followers.
    pub cursor: Option<String>,
}

impl Request {
    /// The customer.
    pub fn new(external_userid: impl Into<String>) -> Self {
        Self {
            external_userid: external_userid.into(),
            cursor: None,
        }
    }
}

/// The customer and a page of followers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// The customer.
    pub external_contact: ExternalContact,
    /// Members who added the customer.
    pub follow_user: Vec<FollowUser>,
    /// Empty on the last page.
    pub next_cursor: String,
}

endpoint!(Get "/cgi-bin/externalcontact/get", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::new("wm1");
        assert_sends(&request, r#"{"external_userid":"wm1"}"#);
        request.cursor = Some("C".into());
        assert_sends(&request, r#"{"external_userid":"wm1","cursor":"C"}"#);

        let response = answer::<Request>(
            r#"{"external_contact":{"external_userid":"wm1","name":"张三","type":1,"gender":1,
            "unionid":"o1"},"follow_user":[{"userid":"a","remark":"老张","createtime":1760000000,
            "tags":[{"group_name":"等级","tag_name":"VIP","tag_id":"et1","type":1},
            {"group_name":"","tag_name":"自己的","type":2}],"remark_mobiles":["13800000000"],
            "oper_userid":"a","add_way":1,"state":"shop"}]}"#,
        );
        assert_eq!(response.external_contact.name, "张三");
        assert_eq!(response.external_contact.kind, 1);
        let follower = &response.follow_user[0];
        assert_eq!((follower.state.as_str(), follower.add_way), ("shop", 1));
        assert_eq!(follower.tags[0].tag_id.as_deref(), Some("et1"));
        assert_eq!(follower.tags[1].tag_id, None);
        assert_eq!(response.next_cursor, "");
    }
}
