//! `POST /cgi-bin/appchat/create`: opens an internal group (doc 90245).

use crate::wecom::client::endpoint;
use crate::wecom::text::CharLimit;
use serde::{Deserialize, Serialize};

/// Limit of the group's name.
pub const NAME_MAX: CharLimit = CharLimit(50);
/// Fewest and most members.
pub const MEMBERS: std::ops::RangeInclusive<usize> = 2..=2000;

/// Opens a group; old clients show it only after the first message.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    /// Shown name.
    pub name: Option<String>,
    /// A member of the group; one is picked if absent.
    pub owner: Option<String>,
    /// The members.
    pub userlist: Vec<String>,
    /// At most 32 of `[0-9A-Za-z]`; made by WeCom if absent. A chosen id makes
    /// a repeated call fail with 86215 instead of opening a second group.
    pub chatid: Option<String>,
}

impl Request {
    /// A group of these members.
    pub fn new(members: Vec<String>) -> Self {
        Self {
            name: None,
            owner: None,
            userlist: members,
            chatid: None,
        }
    }
}

/// The group is open.
#[derive(Debug, Clone, Deserialize)]
pub struct Response {
    /// The group's id.
    pub chatid: String,
}

endpoint!(Post "/cgi-bin/appchat/create", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::new(vec!["a".into(), "b".into()]);
        assert_sends(&request, r#"{"userlist":["a","b"]}"#);
        request.name = Some("值班".into());
        request.owner = Some("a".into());
        request.chatid = Some("duty1".into());
        assert_sends(
            &request,
            r#"{"name":"值班","owner":"a","userlist":["a","b"],"chatid":"duty1"}"#,
        );
        assert_eq!(answer::<Request>(r#"{"chatid":"duty1"}"#).chatid, "duty1");
    }
}
