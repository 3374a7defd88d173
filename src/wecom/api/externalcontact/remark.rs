//! `POST /cgi-bin/externalcontact/remark`: a member's notes on a customer (doc 92115).

use crate::wecom::api::Done;
use crate::wecom::client::endpoint;
use crate::wecom::text::CharLimit;
use serde::Serialize;

/// Limit of the remark and of the corp's name.
pub const REMARK_MAX: CharLimit = CharLimit(20);
/// Limit of the description.
pub const DESCRIPTION_MAX: CharLimit = CharLimit(150);

/// Changes the notes; at least one of them.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    userid: String,
    external_userid: String,
    /// The member's name for the customer.
    pub remark: Option<String>,
    /// A longer note.
    pub description: Option<String>,
    /// The customer's corp, for customers on WeChat.
    pub remark_company: Option<String>,
    /// Replaces the phone numbers; one empty string clears them.
    pub remark_mobiles: Option<Vec<String>>,
    /// An image.
    pub remark_pic_mediaid: Option<String>,
}

impl Request {
    /// No change yet.
    pub fn new(user_id: impl Into<String>, external_userid: impl Into<String>) -> Self {
        Self {
            userid: user_id.into(),
            external_userid: external_userid.into(),
            remark: None,
            description: None,
            remark_company: None,
            remark_mobiles: None,
            remark_pic_mediaid: None,
        }
    }
}

endpoint!(Post "/cgi-bin/externalcontact/remark", Request => Done);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::new("a", "wm1");
        request.remark = Some("老张".into());
        request.remark_mobiles = Some(vec![String::new()]);
        assert_sends(
            &request,
            r#"{"userid":"a","external_userid":"wm1","remark":"老张","remark_mobiles":[""]}"#,
        );
        answer::<Request>("{}");
    }
}
