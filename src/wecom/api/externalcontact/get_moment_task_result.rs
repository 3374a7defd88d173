//! `GET /cgi-bin/externalcontact/get_moment_task_result`: what a job made (doc 95094).

use crate::wecom::client::endpoint;
use serde::{Deserialize, Serialize};

/// Asks about a job of `add_moment_task`, within 24 h.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    jobid: String,
}

impl Request {
    /// The job.
    pub fn new(jobid: impl Into<String>) -> Self {
        Self {
            jobid: jobid.into(),
        }
    }
}

/// How far the job is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// 1 begun, 2 running, 3 done.
    pub status: i64,
    /// Once it is done.
    pub result: Made,
}

/// What the job made.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Made {
    /// 0 if there is a moment.
    pub errcode: i64,
    /// The moment's id.
    pub moment_id: String,
}

impl Response {
    /// Whether nothing more is to come.
    pub fn is_done(&self) -> bool {
        self.status == 3
    }
}

endpoint!(Get "/cgi-bin/externalcontact/get_moment_task_result", Request => Response);

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(&Request::new("J"), r#"{"jobid":"J"}"#);
        let running = answer::<Request>(r#"{"status":2,"type":"add_moment_task"}"#);
        assert!(!running.is_done());
        let done = answer::<Request>(
            r#"{"status":3,"type":"add_moment_task","result":{"errcode":0,"errmsg":"ok",
            "moment_id":"momt1","invalid_sender_list":{"user_list":[],"department_list":[]},
            "invalid_external_contact_list":{"tag_list":[]}}}"#,
        );
        assert!(done.is_done());
        assert_eq!(done.result.moment_id, "momt1");
    }
}
