//! `POST /cgi-bin/kf/customer/batchget`: who the customers are (doc 95159).

use crate::wecom::api::fields::zero_one;
use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Most customers in one call.
pub const CUSTOMERS_MAX: usize = 100;

/// Asks for customers who were active in the last 48 h.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    external_userid_list: Vec<String>,
    /// Also asks how each entered the session.
    #[serde(rename = "need_enter_session_context", with = "zero_one")]
    pub with_context: bool,
}

impl Request {
    /// These customers, at most [`CUSTOMERS_MAX`].
    pub fn new(external_userid_list: Vec<String>) -> Self {
        Self {
            external_userid_list,
            with_context: false,
        }
    }
}

/// The customers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// Those that are known.
    pub customer_list: Vec<Customer>,
    /// Those that are not, or were silent for 48 h.
    pub invalid_external_userid: Vec<String>,
}

impl Response {
    /// Customers that the answer says nothing about.
    pub fn rejected(&self) -> impl Iterator<Item = &str> {
        self.invalid_external_userid.iter().map(String::as_str)
    }
}

/// One customer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Customer {
    /// The customer's id.
    pub external_userid: String,
    /// WeChat nickname.
    pub nickname: String,
    /// Image URL.
    pub avatar: String,
    /// 0 unknown, 1 male, 2 female.
    pub gender: i64,
    /// WeChat union id, if the corp has bound an open platform account.
    pub unionid: Option<String>,
    /// How the customer entered.
    pub enter_session_context: Option<EnterContext>,
}

/// How a customer entered the session.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct EnterContext {
    /// The scene of the link.
    pub scene: String,
    /// The parameter appended to the link.
    pub scene_param: String,
    /// Channels details, as they came.
    pub wechat_channels: Option<serde_json::Value>,
}

endpoint!(Post "/cgi-bin/kf/customer/batchget", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::new(vec!["wm1".into(), "wm2".into()]);
        request.with_context = true;
        assert_sends(
            &request,
            r#"{"external_userid_list":["wm1","wm2"],"need_enter_session_context":1}"#,
        );
        let response = answer::<Request>(
            r#"{"customer_list":[{"external_userid":"wm1","nickname":"张三","gender":1,
            "enter_session_context":{"scene":"shop","scene_param":"a%3D1"}}],
            "invalid_external_userid":["wm2"]}"#,
        );
        let customer = &response.customer_list[0];
        assert_eq!(customer.nickname, "张三");
        assert_eq!(
            customer.enter_session_context.as_ref().unwrap().scene,
            "shop"
        );
        assert_eq!(response.rejected().collect::<Vec<_>>(), ["wm2"]);
    }
}
