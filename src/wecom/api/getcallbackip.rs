//! `GET /cgi-bin/getcallbackip`: where callbacks come from (doc 92520).

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Asks for WeCom's outgoing addresses.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Request {}

/// WeCom's outgoing addresses.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// Addresses and ranges, in WeCom's own notation.
    pub ip_list: Vec<String>,
}

endpoint!(Get "/cgi-bin/getcallbackip", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request {}, "{}");
        let response = answer::<Request>(r#"{"ip_list":["198.51.100.1","198.51.100.*"]}"#);
        assert_eq!(response.ip_list, ["198.51.100.1", "198.51.100.*"]);
    }
}
