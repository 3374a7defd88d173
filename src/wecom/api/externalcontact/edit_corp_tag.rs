//! `POST /cgi-bin/externalcontact/edit_corp_tag`: renames a tag or a group (doc 92117).

use crate::wecom::api::Done;
use crate::wecom::client::endpoint;
use serde::Serialize;

/// Changes what the same app created.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    id: String,
    /// At most 30 characters.
    pub name: Option<String>,
    /// Larger comes first.
    pub order: Option<u32>,
}

impl Request {
    /// No change yet; the id is a tag's or a group's.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: None,
            order: None,
        }
    }
}

endpoint!(Post "/cgi-bin/externalcontact/edit_corp_tag", Request => Done);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::new("et1");
        request.name = Some("SVIP".into());
        request.order = Some(9);
        assert_sends(&request, r#"{"id":"et1","name":"SVIP","order":9}"#);
        answer::<Request>("{}");
    }
}
