//! `POST /cgi-bin/externalcontact/add_corp_tag`: adds tags to the library (doc 92117).
//!
//! There is no idempotency key, but names are unique in a group: a repetition
//! collapses. At most 10,000 tags in a corp.

use super::get_corp_tag_list::TagGroup;
use crate::wecom::client::endpoint;
use crate::wecom::text::CharLimit;
use serde::{Deserialize, Serialize};

/// Limit of the names of tags and groups.
pub const NAME_MAX: CharLimit = CharLimit(30);

/// Adds tags to a group, old or new.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    group_id: Option<String>,
    group_name: Option<String>,
    /// Place of the group if it is new; larger comes first.
    pub order: Option<u32>,
    tag: Vec<NewTag>,
}

/// A tag to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewTag {
    /// At most [`NAME_MAX`].
    pub name: String,
    /// Larger comes first.
    pub order: Option<u32>,
}

impl NewTag {
    /// A tag without a place of its own.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            order: None,
        }
    }
}

impl Request {
    /// Tags for the group with this name, which is created if need be.
    pub fn to_named_group(group_name: impl Into<String>, tags: Vec<NewTag>) -> Self {
        Self {
            group_id: None,
            group_name: Some(group_name.into()),
            order: None,
            tag: tags,
        }
    }

    /// Tags for an existing group.
    pub fn to_group(group_id: impl Into<String>, tags: Vec<NewTag>) -> Self {
        Self {
            group_id: Some(group_id.into()),
            group_name: None,
            order: None,
            tag: tags,
        }
    }
}

/// What was added.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// The group with the new tags and their ids.
    pub tag_group: TagGroup,
}

endpoint!(Post "/cgi-bin/externalcontact/add_corp_tag", Request => Response);

#[cfg(test)]
mod tests {
    use super::{NewTag, Request};
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let request = Request::to_named_group("等级", vec![NewTag::new("VIP")]);
        assert_sends(&request, r#"{"group_name":"等级","tag":[{"name":"VIP"}]}"#);
        let tag = NewTag {
            name: "VIP".into(),
            order: Some(2),
        };
        let mut request = Request::to_group("eg1", vec![tag]);
        request.order = Some(1);
        assert_sends(
            &request,
            r#"{"group_id":"eg1","order":1,"tag":[{"name":"VIP","order":2}]}"#,
        );
        let group = answer::<Request>(
            r#"{"tag_group":{"group_id":"eg1","tag":[{"id":"et1","name":"VIP"}]}}"#,
        )
        .tag_group;
        assert_eq!(
            (group.group_id.as_str(), group.tag[0].id.as_str()),
            ("eg1", "et1")
        );
    }
}
