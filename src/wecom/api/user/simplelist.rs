//! `GET /cgi-bin/user/simplelist`: the members of one department (doc 90200).
//!
//! Members of departments below it are not included.

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Asks for one department.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Request {
    department_id: i64,
}

impl Request {
    /// The department.
    pub fn new(department_id: i64) -> Self {
        Self { department_id }
    }
}

/// The members.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// The members.
    pub userlist: Vec<Member>,
}

/// One member in short.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Member {
    /// The member's id.
    pub userid: String,
    /// Shown name.
    pub name: String,
    /// Every department of the member.
    pub department: Vec<i64>,
}

endpoint!(Get "/cgi-bin/user/simplelist", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::new(3), r#"{"department_id":3}"#);
        let members = answer::<Request>(
            r#"{"userlist":[{"userid":"a","name":"甲","department":[3],"open_userid":"o"}]}"#,
        )
        .userlist;
        assert_eq!(
            (members[0].userid.as_str(), members[0].name.as_str()),
            ("a", "甲")
        );
    }
}
