//! `POST /cgi-bin/externalcontact/get_moment_list`: moments of a time (doc 93333).
//!
//! The way to find out whether an unanswered `add_moment_task` took effect.

use super::Text;
use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Most moments of one page.
pub const LIMIT_MAX: u32 = 20;

/// Asks for one page.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    start_time: i64,
    end_time: i64,
    /// 0 the corp's, 1 members' own, 2 both.
    pub filter_type: Option<u8>,
    /// Moments of a page.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Request {
    /// Moments created between two Unix seconds, at most a month apart.
    pub fn new(start_time: i64, end_time: i64) -> Self {
        Self {
            start_time,
            end_time,
            filter_type: None,
            limit: None,
            cursor: None,
        }
    }
}

/// One page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// The moments.
    pub moment_list: Vec<Moment>,
    /// Empty on the last page.
    pub next_cursor: String,
}

/// One moment.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Moment {
    /// Its id.
    pub moment_id: String,
    /// 0 by the corp, 1 by a member.
    pub create_type: i64,
    /// The text.
    pub text: Option<Text>,
}

endpoint!(Post "/cgi-bin/externalcontact/get_moment_list", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::new(1_760_000_000, 1_760_003_600);
        request.filter_type = Some(0);
        assert_sends(
            &request,
            r#"{"start_time":1760000000,"end_time":1760003600,"filter_type":0}"#,
        );
        let page = answer::<Request>(
            r#"{"next_cursor":"","moment_list":[{"moment_id":"momt1","creator":"a",
            "create_time":"1605000000","create_type":0,"visible_type":1,
            "text":{"content":"春茶"},"image":[{"media_id":"M"}]}]}"#,
        );
        assert_eq!(page.moment_list[0].moment_id, "momt1");
        assert_eq!(page.moment_list[0].text.as_ref().unwrap().content, "春茶");
    }
}
