//! `GET /cgi-bin/department/simplelist`: ids of departments.

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
    pub department_id: Vec<Department>,
}

/// One department's place in the tree.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub struct Department {
    /// The department's id; the root has 1.
    pub id: i64,
    /// The department above.
    pub parentid: i64,
    /// Larger comes first.
    pub order: i64,
}

endpoint!(Get "/cgi-bin/department/simplelist", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request { id: Some(2) }, r#"{"id":2}"#);
        let departments =
            answer::<Request>(r#"{"department_id":[{"id":2,"parentid":1,"order":10}]}"#)
                .department_id;
        assert_eq!((departments[0].id, departments[0].parentid), (2, 1));
    }
}
