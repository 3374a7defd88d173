//! `POST /cgi-bin/kf/account/update`: changes name or portrait of an account.

use crate::wecom::api::Done;
use crate::wecom::client::endpoint;
use serde::Serialize;

/// Changes an account.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    open_kfid: String,
    /// At most 16 characters.
    pub name: Option<String>,
    /// New portrait.
    pub media_id: Option<String>,
}

impl Request {
    /// No change yet.
    pub fn new(open_kfid: impl Into<String>) -> Self {
        Self {
            open_kfid: open_kfid.into(),
            name: None,
            media_id: None,
        }
    }
}

endpoint!(Post "/cgi-bin/kf/account/update", Request => Done);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::new("wk1");
        request.name = Some("客服".into());
        assert_sends(&request, r#"{"open_kfid":"wk1","name":"客服"}"#);
        answer::<Request>("{}");
    }
}
