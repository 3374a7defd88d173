//! `POST /cgi-bin/kf/account/add`: opens a customer service account (doc 94662).

use crate::wecom::client::endpoint;
use crate::wecom::text::CharLimit;
use serde::{Deserialize, Serialize};

/// Limit of the account's name.
pub const NAME_MAX: CharLimit = CharLimit(16);

/// Opens an account.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    name: String,
    media_id: String,
}

impl Request {
    /// An account with this name and portrait.
    pub fn new(name: impl Into<String>, media_id: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            media_id: media_id.into(),
        }
    }
}

/// The new account.
#[derive(Debug, Clone, Deserialize)]
pub struct Response {
    /// The account's id.
    pub open_kfid: String,
}

endpoint!(Post "/cgi-bin/kf/account/add", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(
            &Request::new("客服", "M1"),
            r#"{"name":"客服","media_id":"M1"}"#,
        );
        assert_eq!(answer::<Request>(r#"{"open_kfid":"wk1"}"#).open_kfid, "wk1");
    }
}
