//! `POST /cgi-bin/kf/servicer/add`: adds servicers of an account (doc 94646).

use super::ServicerResults;
use crate::wecom::client::endpoint;
use serde::Serialize;

/// Most members in one call.
pub const USERS_MAX: usize = 100;
/// Most departments in one call.
pub const DEPARTMENTS_MAX: usize = 20;

/// Adds members and departments.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    open_kfid: String,
    /// Members, at most [`USERS_MAX`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub userid_list: Vec<String>,
    /// Departments, at most [`DEPARTMENTS_MAX`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub department_id_list: Vec<i64>,
}

impl Request {
    /// These members.
    pub fn new(open_kfid: impl Into<String>, userid_list: Vec<String>) -> Self {
        Self {
            open_kfid: open_kfid.into(),
            userid_list,
            department_id_list: Vec::new(),
        }
    }
}

endpoint!(Post "/cgi-bin/kf/servicer/add", Request => ServicerResults);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        let mut request = Request::new("wk1", vec!["a".into()]);
        request.department_id_list = vec![2];
        assert_sends(
            &request,
            r#"{"open_kfid":"wk1","userid_list":["a"],"department_id_list":[2]}"#,
        );
        let results = answer::<Request>(
            r#"{"result_list":[{"userid":"a","errcode":95014,"errmsg":"invalid servicer"}]}"#,
        );
        assert_eq!(results.rejected().count(), 1);
    }
}
