//! `GET /cgi-bin/user/get`: one member (doc 90196).
//!
//! Phone, mail, avatar, gender, QR code and address are absent for apps that
//! were created after 2022-06-20.

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Asks for one member.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    userid: String,
}

impl Request {
    /// The member.
    pub fn new(user_id: impl Into<String>) -> Self {
        Self {
            userid: user_id.into(),
        }
    }
}

/// One member.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// The member's id, possibly in other letter case than asked for.
    pub userid: String,
    /// Shown name.
    pub name: String,
    /// Every department of the member.
    pub department: Vec<i64>,
    /// The department that counts when only one can.
    pub main_department: Option<i64>,
    /// For each department 1 if the member leads it.
    pub is_leader_in_dept: Vec<i64>,
    /// Userids of the direct leaders.
    pub direct_leader: Vec<String>,
    /// Job title.
    pub position: String,
    /// Other name.
    pub alias: String,
    /// Phone number, if it may be seen.
    pub mobile: String,
    /// Mail address, if it may be seen.
    pub email: String,
    /// Image URL, if it may be seen.
    pub avatar: String,
    /// 1 active, 2 disabled, 4 not activated, 5 left.
    pub status: i64,
}

endpoint!(Get "/cgi-bin/user/get", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::new("Lin.Mei"), r#"{"userid":"Lin.Mei"}"#);
        let member = answer::<Request>(
            r#"{"userid":"lin.mei","name":"林梅","department":[1,2],"order":[0,0],"status":1,
            "main_department":2,"is_leader_in_dept":[0,1],"direct_leader":["boss"],
            "extattr":{"attrs":[]}}"#,
        );
        assert_eq!((member.name.as_str(), member.status), ("林梅", 1));
        assert_eq!(member.main_department, Some(2));
        assert_eq!(member.direct_leader, ["boss"]);
    }
}
