//! `POST /cgi-bin/kf/account/del`: closes a customer service account.

use crate::wecom::api::Done;
use crate::wecom::client::endpoint;
use serde::Serialize;

/// Closes an account.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    open_kfid: String,
}

impl Request {
    /// The account.
    pub fn new(open_kfid: impl Into<String>) -> Self {
        Self {
            open_kfid: open_kfid.into(),
        }
    }
}

endpoint!(Post "/cgi-bin/kf/account/del", Request => Done);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::new("wk1"), r#"{"open_kfid":"wk1"}"#);
        answer::<Request>("{}");
    }
}
