//! `GET /cgi-bin/kf/servicer/list`: the servicers of an account (doc 94645).

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Asks for one account.
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

/// The servicers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// Members and departments.
    pub servicer_list: Vec<Servicer>,
}

/// One servicer, or a department of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Servicer {
    /// Set for a member.
    pub userid: Option<String>,
    /// Set for a department.
    pub department_id: Option<i64>,
    /// 0 receiving, 1 stopped.
    pub status: i64,
    /// 0 stopped, 1 paused for a while.
    pub stop_type: Option<i64>,
}

impl Servicer {
    /// True for a member who takes sessions now.
    pub fn is_receiving(&self) -> bool {
        self.userid.is_some() && self.status == 0
    }
}

endpoint!(Get "/cgi-bin/kf/servicer/list", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::new("wk1"), r#"{"open_kfid":"wk1"}"#);
        let servicers = answer::<Request>(
            r#"{"servicer_list":[{"userid":"a","status":0},{"userid":"b","status":1,"stop_type":1},
            {"department_id":2}]}"#,
        )
        .servicer_list;
        let receiving: Vec<bool> = servicers
            .iter()
            .map(super::Servicer::is_receiving)
            .collect();
        assert_eq!(receiving, [true, false, false]);
        assert_eq!(servicers[2].department_id, Some(2));
    }
}
