//! `POST /cgi-bin/externalcontact/get_corp_tag_list`: the tag library (doc 92117).

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Asks for the whole library, or a part of it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Request {
    /// Only these tags; ignored if groups are named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tag_id: Vec<String>,
    /// Only these groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group_id: Vec<String>,
}

/// The library.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// Groups of tags.
    pub tag_group: Vec<TagGroup>,
}

/// A group of tags.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct TagGroup {
    /// The group's id.
    pub group_id: String,
    /// Shown name.
    pub group_name: String,
    /// Unix seconds.
    pub create_time: i64,
    /// Larger comes first.
    pub order: u32,
    /// True if it was deleted; only when asked for by id.
    pub deleted: bool,
    /// The tags.
    pub tag: Vec<Tag>,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Tag {
    /// The tag's id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// Unix seconds.
    pub create_time: i64,
    /// Larger comes first.
    pub order: u32,
    /// True if it was deleted; only when asked for by id.
    pub deleted: bool,
}

endpoint!(Post "/cgi-bin/externalcontact/get_corp_tag_list", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::default(), "{}");
        let request = Request {
            group_id: vec!["eg1".into()],
            ..Request::default()
        };
        assert_sends(&request, r#"{"group_id":["eg1"]}"#);
        let groups = answer::<Request>(
            r#"{"tag_group":[{"group_id":"eg1","group_name":"等级","create_time":1760000000,
            "order":4294967295,"tag":[{"id":"et1","name":"VIP","order":1,"deleted":true}]}]}"#,
        )
        .tag_group;
        assert_eq!((groups[0].order, groups[0].deleted), (u32::MAX, false));
        assert_eq!(groups[0].tag[0].name, "VIP");
        assert!(groups[0].tag[0].deleted);
    }
}
