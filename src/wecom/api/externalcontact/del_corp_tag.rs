//! `POST /cgi-bin/externalcontact/del_corp_tag`: removes tags or groups (doc 92117).
//!
//! A group goes with its last tag.

use crate::wecom::api::Done;
use crate::wecom::client::endpoint;
use serde::Serialize;

/// Removes what the same app created.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Request {
    /// Tags to remove.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tag_id: Vec<String>,
    /// Groups to remove with all their tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group_id: Vec<String>,
}

endpoint!(Post "/cgi-bin/externalcontact/del_corp_tag", Request => Done);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let request = Request {
            tag_id: vec!["et1".into()],
            ..Request::default()
        };
        assert_sends(&request, r#"{"tag_id":["et1"]}"#);
        answer::<Request>("{}");
    }
}
