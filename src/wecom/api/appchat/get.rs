//! `GET /cgi-bin/appchat/get`: an internal group and its members (doc 98914).

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Asks for one group.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    chatid: String,
}

impl Request {
    /// The group.
    pub fn new(chat_id: impl Into<String>) -> Self {
        Self {
            chatid: chat_id.into(),
        }
    }
}

/// One group.
#[derive(Debug, Clone, Deserialize)]
pub struct Response {
    /// The group.
    pub chat_info: ChatInfo,
}

/// One group.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ChatInfo {
    /// The group's id.
    pub chatid: String,
    /// Shown name.
    pub name: String,
    /// The owner's userid.
    pub owner: String,
    /// Every member's userid.
    pub userlist: Vec<String>,
    /// 0 ordinary, 1 course.
    pub chat_type: i64,
}

endpoint!(Get "/cgi-bin/appchat/get", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::new("duty1"), r#"{"chatid":"duty1"}"#);
        let chat = answer::<Request>(
            r#"{"chat_info":{"chatid":"duty1","name":"值班","owner":"a","userlist":["a","b"]}}"#,
        )
        .chat_info;
        assert_eq!((chat.owner.as_str(), chat.userlist.len()), ("a", 2));
    }
}
