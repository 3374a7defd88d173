//! `POST /cgi-bin/kf/add_contact_way`: a link to an account (doc 94665).

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Asks for a link.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    open_kfid: String,
    /// At most 32 of `[0-9A-Za-z_-]`; comes back in the enter event.
    pub scene: Option<String>,
}

impl Request {
    /// A link to this account.
    pub fn new(open_kfid: impl Into<String>) -> Self {
        Self {
            open_kfid: open_kfid.into(),
            scene: None,
        }
    }
}

/// The link.
#[derive(Debug, Clone, Deserialize)]
pub struct Response {
    /// May get `&scene_param=` appended, but no other change.
    pub url: String,
}

endpoint!(Post "/cgi-bin/kf/add_contact_way", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::new("wk1");
        assert_sends(&request, r#"{"open_kfid":"wk1"}"#);
        request.scene = Some("shop_1".into());
        assert_sends(&request, r#"{"open_kfid":"wk1","scene":"shop_1"}"#);
        let response = answer::<Request>(r#"{"url":"https://work.weixin.qq.com/kf/x"}"#);
        assert_eq!(response.url, "https://work.weixin.qq.com/kf/x");
    }
}
