//! `POST /cgi-bin/kf/account/list`: the customer service accounts (doc 94661).

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Most accounts of one page. A shorter page is the last one.
pub const LIMIT_MAX: u32 = 100;

/// Asks for one page.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Request {
    /// How many accounts to skip.
    pub offset: u32,
    /// Accounts of a page.
    pub limit: u32,
}

impl Request {
    /// A full page after `offset` accounts.
    pub fn from_offset(offset: u32) -> Self {
        Self {
            offset,
            limit: LIMIT_MAX,
        }
    }
}

/// One page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// The accounts.
    pub account_list: Vec<Account>,
}

/// One account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Account {
    /// The account's id.
    pub open_kfid: String,
    /// Shown name.
    pub name: String,
    /// Image URL.
    pub avatar: String,
    /// True if the calling app may manage its sessions.
    pub manage_privilege: bool,
}

endpoint!(Post "/cgi-bin/kf/account/list", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::from_offset(100), r#"{"offset":100,"limit":100}"#);
        let accounts = answer::<Request>(
            r#"{"account_list":[{"open_kfid":"wk1","name":"客服","avatar":"https://p.invalid",
            "manage_privilege":true}]}"#,
        )
        .account_list;
        assert_eq!(accounts[0].open_kfid, "wk1");
        assert!(accounts[0].manage_privilege);
    }
}
