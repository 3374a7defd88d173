//! `POST /cgi-bin/externalcontact/list_contact_way`: ids of "add me" codes (doc 92228).
//!
//! Only codes created after 2021-07-10; without times, the last 90 days.

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Most ids of one page.
pub const LIMIT_MAX: u32 = 1000;

/// Asks for one page.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Request {
    /// Unix seconds.
    pub start_time: Option<i64>,
    /// Unix seconds.
    pub end_time: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Ids of a page; 100 if absent.
    pub limit: Option<u32>,
}

/// One page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// The codes.
    pub contact_way: Vec<ContactWayId>,
    /// Empty on the last page.
    pub next_cursor: String,
}

/// The id of a code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ContactWayId {
    /// The id.
    pub config_id: String,
}

endpoint!(Post "/cgi-bin/externalcontact/list_contact_way", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::default(), "{}");
        let request = Request {
            start_time: Some(1_760_000_000),
            end_time: Some(1_760_003_600),
            cursor: Some("C".into()),
            limit: Some(1000),
        };
        assert_sends(
            &request,
            r#"{"start_time":1760000000,"end_time":1760003600,"cursor":"C","limit":1000}"#,
        );
        let page = answer::<Request>(r#"{"contact_way":[{"config_id":"CF1"}],"next_cursor":"D"}"#);
        assert_eq!(page.contact_way[0].config_id, "CF1");
        assert_eq!(page.next_cursor, "D");
    }
}
