//! `POST /cgi-bin/externalcontact/add_msg_template`: a mass message task (doc 92135).
//!
//! Nothing is sent by this call: each member gets a task and has to confirm it.
//! There is no idempotency key either, so after an unknown outcome the task
//! must be looked for with `get_groupmsg_list_v2`.

use super::{Attachment, Text};
use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Most customers in one task.
pub const CUSTOMERS_MAX: usize = 10_000;
/// Most customer groups in one task.
pub const GROUPS_MAX: usize = 2_000;
/// Most tags in each list of the filter.
pub const FILTER_TAGS_MAX: usize = 100;

/// Who is to receive the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// All customers of the sender.
    CustomersOf {
        /// The member.
        sender: String,
    },
    /// These customers, at most [`CUSTOMERS_MAX`]; of each, the member who last
    /// talked with them gets the task.
    Customers {
        /// The customers.
        external_userids: Vec<String>,
        /// Only this member's.
        sender: Option<String>,
    },
    /// Customers who have at least one tag of every list.
    Tagged {
        /// Lists of at most [`FILTER_TAGS_MAX`] tag ids.
        lists: Vec<Vec<String>>,
        /// Only this member's.
        sender: Option<String>,
    },
    /// Customer groups of the sender: these, or all of them if empty.
    Groups {
        /// The owner of the groups.
        sender: String,
        /// At most [`GROUPS_MAX`]; old clients ignore the choice.
        chat_ids: Vec<String>,
    },
}

/// Creates a task.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    chat_type: &'static str,
    external_userid: Option<Vec<String>>,
    chat_id_list: Option<Vec<String>>,
    tag_filter: Option<TagFilter>,
    sender: Option<String>,
    /// Lets members change the list of receivers; not for groups.
    pub allow_select: Option<bool>,
    /// Text, needed unless there are attachments.
    pub text: Option<Text>,
    /// At most nine.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
}

#[derive(Debug, Clone, Serialize)]
struct TagFilter {
    group_list: Vec<TagList>,
}

#[derive(Debug, Clone, Serialize)]
struct TagList {
    tag_list: Vec<String>,
}

impl Request {
    /// A task with a text.
    pub fn new(audience: Audience, text: impl Into<String>) -> Self {
        let mut request = Self {
            chat_type: "single",
            external_userid: None,
            chat_id_list: None,
            tag_filter: None,
            sender: None,
            allow_select: None,
            text: Some(Text::new(text)),
            attachments: Vec::new(),
        };
        match audience {
            Audience::CustomersOf { sender } => request.sender = Some(sender),
            Audience::Customers {
                external_userids,
                sender,
            } => {
                request.external_userid = Some(external_userids);
                request.sender = sender;
            }
            Audience::Tagged { lists, sender } => {
                let group_list = lists
                    .into_iter()
                    .map(|tag_list| TagList { tag_list })
                    .collect();
                request.tag_filter = Some(TagFilter { group_list });
                request.sender = sender;
            }
            Audience::Groups { sender, chat_ids } => {
                request.chat_type = "group";
                request.sender = Some(sender);
                request.chat_id_list = (!chat_ids.is_empty()).then_some(chat_ids);
            }
        }
        request
    }
}

/// The task exists, perhaps not for every receiver.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// The task's id.
    pub msgid: String,
    /// Customers or groups that are not valid.
    pub fail_list: Vec<String>,
}

impl Response {
    /// Customers or groups that the task leaves out.
    pub fn rejected(&self) -> impl Iterator<Item = &str> {
        self.fail_list.iter().map(String::as_str)
    }
}

endpoint!(Post "/cgi-bin/externalcontact/add_msg_template", Request => Response);

#[cfg(test)]
mod tests {
    use super::{Audience, Request};
    use crate::wecom::api::externalcontact::{Attachment, File, Image, Link, Miniprogram, Video};
    use crate::wecom::api::testing::{answer, assert_sends};

    fn assert_audience(audience: Audience, literal: &str) {
        assert_sends(
            &Request::new(audience, "双11"),
            &format!(r#"{{{literal},"text":{{"content":"双11"}}}}"#),
        );
    }

    #[test]
    fn every_audience() {
        assert_audience(
            Audience::CustomersOf { sender: "a".into() },
            r#""chat_type":"single","sender":"a""#,
        );
        assert_audience(
            Audience::Customers {
                external_userids: vec!["wm1".into()],
                sender: None,
            },
            r#""chat_type":"single","external_userid":["wm1"]"#,
        );
        assert_audience(
            Audience::Tagged {
                lists: vec![vec!["et1".into(), "et2".into()], vec!["et3".into()]],
                sender: Some("a".into()),
            },
            r#""chat_type":"single","sender":"a","tag_filter":{"group_list":[
            {"tag_list":["et1","et2"]},{"tag_list":["et3"]}]}"#,
        );
        assert_audience(
            Audience::Groups {
                sender: "a".into(),
                chat_ids: vec!["wr1".into()],
            },
            r#""chat_type":"group","sender":"a","chat_id_list":["wr1"]"#,
        );
    }

    #[test]
    fn every_attachment() {
        let mut request = Request::new(Audience::CustomersOf { sender: "a".into() }, "x");
        request.text = None;
        request.allow_select = Some(true);
        request.attachments = vec![
            Attachment::Image(Image {
                media_id: Some("M".into()),
                pic_url: None,
            }),
            Attachment::Link(Link {
                title: "T".into(),
                url: "https://doc.invalid".into(),
                ..Link::default()
            }),
            Attachment::Miniprogram(Miniprogram {
                title: "T".into(),
                pic_media_id: "M".into(),
                appid: "wx1".into(),
                page: "/a".into(),
            }),
            Attachment::Video(Video {
                media_id: "V".into(),
            }),
            Attachment::File(File {
                media_id: "F".into(),
            }),
        ];
        assert_sends(
            &request,
            r#"{"chat_type":"single","sender":"a","allow_select":true,"attachments":[
            {"msgtype":"image","image":{"media_id":"M"}},
            {"msgtype":"link","link":{"title":"T","url":"https://doc.invalid"}},
            {"msgtype":"miniprogram","miniprogram":{"title":"T","pic_media_id":"M",
             "appid":"wx1","page":"/a"}},
            {"msgtype":"video","video":{"media_id":"V"}},
            {"msgtype":"file","file":{"media_id":"F"}}]}"#,
        );
    }

    #[test]
    fn invalid_receivers_are_seen() {
        let response = answer::<Request>(r#"{"fail_list":["wm9"],"msgid":"T1"}"#);
        assert_eq!(response.msgid, "T1");
        assert_eq!(response.rejected().collect::<Vec<_>>(), ["wm9"]);
    }
}
