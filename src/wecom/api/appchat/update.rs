//! `POST /cgi-bin/appchat/update`: changes an internal group (doc 98913).

use crate::wecom::api::Done;
use crate::wecom::client::endpoint;
use serde::Serialize;

/// Changes a group that the same app opened (86008 otherwise).
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    chatid: String,
    /// New name.
    pub name: Option<String>,
    /// New owner; needed when the present one is removed.
    pub owner: Option<String>,
    /// Members to add.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add_user_list: Vec<String>,
    /// Members to remove.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub del_user_list: Vec<String>,
}

impl Request {
    /// No change yet.
    pub fn new(chat_id: impl Into<String>) -> Self {
        Self {
            chatid: chat_id.into(),
            name: None,
            owner: None,
            add_user_list: Vec::new(),
            del_user_list: Vec::new(),
        }
    }
}

endpoint!(Post "/cgi-bin/appchat/update", Request => Done);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::new("duty1");
        request.add_user_list = vec!["c".into()];
        assert_sends(&request, r#"{"chatid":"duty1","add_user_list":["c"]}"#);
        answer::<Request>("{}");
    }
}
