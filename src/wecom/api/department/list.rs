//! `GET /cgi-bin/department/list`: departments with their names (doc 90208).
//!
//! Slow in large corps; `department/simplelist` is enough for ids.

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Asks for a department and everything below it.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Request {
    /// Everything visible if absent.
    pub id: Option<i64>,
}

/// The departments.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// The departments.
    pub department: Vec<Department>,
}

/// One department.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Department {
    /// The department's id; the root has 1.
    pub id: i64,
    /// Shown name.
    pub name: String,
    /// Shown name in English.
    pub name_en: String,
    /// Userids of the leaders.
    pub department_leader: Vec<String>,
    /// The department above.
    pub parentid: i64,
    /// Larger comes first.
    pub order: i64,
}

endpoint!(Get "/cgi-bin/department/list", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::default(), "{}");
        assert_sends(&Request { id: Some(2) }, r#"{"id":2}"#);
        let departments = answer::<Request>(
            r#"{"department":[{"id":2,"name":"销售","parentid":1,"order":10,
            "department_leader":["a"]}]}"#,
        )
        .department;
        assert_eq!(
            (departments[0].name.as_str(), departments[0].parentid),
            ("销售", 1)
        );
    }
}
