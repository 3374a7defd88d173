//! `POST /cgi-bin/externalcontact/mark_tag`: a member's tags on a customer (doc 92118).
//!
//! Tags belong to the pair of member and customer. Adding a tag that is there
//! already changes nothing, so a repetition is harmless.

use crate::wecom::api::Done;
use crate::wecom::client::endpoint;
use serde::Serialize;

/// Adds and removes tags; at least one of them.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    userid: String,
    external_userid: String,
    /// Ids of corp tags to add.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add_tag: Vec<String>,
    /// Ids of corp tags to remove.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove_tag: Vec<String>,
}

impl Request {
    /// No change yet.
    pub fn new(user_id: impl Into<String>, external_userid: impl Into<String>) -> Self {
        Self {
            userid: user_id.into(),
            external_userid: external_userid.into(),
            add_tag: Vec::new(),
            remove_tag: Vec::new(),
        }
    }
}

endpoint!(Post "/cgi-bin/externalcontact/mark_tag", Request => Done);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::new("a", "wm1");
        request.add_tag = vec!["et1".into()];
        assert_sends(
            &request,
            r#"{"userid":"a","external_userid":"wm1","add_tag":["et1"]}"#,
        );
        request.remove_tag = vec!["et2".into()];
        assert_sends(
            &request,
            r#"{"userid":"a","external_userid":"wm1","add_tag":["et1"],"remove_tag":["et2"]}"#,
        );
        answer::<Request>("{}");
    }
}
