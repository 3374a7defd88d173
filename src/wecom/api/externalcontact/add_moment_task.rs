//! `POST /cgi-bin/externalcontact/add_moment_task`: a task to publish a moment (doc 95094).
//!
//! Nothing is published by this call: each member gets a task and has to publish it. The
//! answer is a job; its result names the moment. At most 10 calls a minute and 100,000 a
//! month for a corp. There is no idempotency key.

use super::Text;
use crate::wecom::api::MediaId;
use crate::wecom::api::messages::messages;
use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Most pictures; a film or a link stands alone.
pub const IMAGES_MAX: usize = 9;

messages! {
    /// One attachment; media ids come from `media/upload_attachment`.
    Attachment by "msgtype" {
        /// A picture.
        Image(MediaId) = "image",
        /// A film of at most 30 s.
        Video(MediaId) = "video",
        /// A linked page.
        Link(Link) = "link",
    }
}

/// A linked page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// At most 64 characters.
    pub title: String,
    /// Where it leads.
    pub url: String,
    /// The cover.
    pub media_id: String,
}

/// Creates a task.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    /// At most 2,000 characters; needed unless there are attachments.
    pub text: Option<Text>,
    /// Nine pictures, or one film, or one link.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    visible_range: Range,
}

#[derive(Debug, Clone, Serialize)]
struct Range {
    sender_list: Senders,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_contact_list: Option<Contacts>,
}

#[derive(Debug, Clone, Serialize)]
struct Senders {
    user_list: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
struct Contacts {
    tag_list: Vec<String>,
}

impl Request {
    /// A moment of these members, shown to their customers with one of these tags; to all of
    /// them if there are none.
    pub fn new(members: Vec<String>, tags: Vec<String>) -> Self {
        Self {
            text: None,
            attachments: Vec::new(),
            visible_range: Range {
                sender_list: Senders { user_list: members },
                external_contact_list: (!tags.is_empty()).then_some(Contacts { tag_list: tags }),
            },
        }
    }
}

/// The job that makes the task.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// Valid for 24 h.
    pub jobid: String,
}

endpoint!(Post "/cgi-bin/externalcontact/add_moment_task", Request => Response);

#[cfg(test)]
mod tests {
    use super::{Attachment, Link, Request, Text};
    use crate::wecom::api::MediaId;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::new(vec!["a".into()], vec!["et1".into()]);
        request.text = Some(Text::new("春茶"));
        request.attachments = vec![Attachment::Image(MediaId::new("M"))];
        assert_sends(
            &request,
            r#"{"text":{"content":"春茶"},
            "attachments":[{"msgtype":"image","image":{"media_id":"M"}}],
            "visible_range":{"sender_list":{"user_list":["a"]},
             "external_contact_list":{"tag_list":["et1"]}}}"#,
        );
        let mut request = Request::new(vec!["a".into()], Vec::new());
        request.attachments = vec![Attachment::Link(Link {
            title: "T".into(),
            url: "https://doc.invalid".into(),
            media_id: "M".into(),
        })];
        assert_sends(
            &request,
            r#"{"attachments":[{"msgtype":"link","link":{"title":"T",
            "url":"https://doc.invalid","media_id":"M"}}],
            "visible_range":{"sender_list":{"user_list":["a"]}}}"#,
        );
        assert_eq!(answer::<Request>(r#"{"jobid":"J"}"#).jobid, "J");
    }
}
