//! `POST /cgi-bin/media/upload`: a file for messages, for three days (doc 90253).

use super::Kind;
use crate::wecom::api::fields::number;
use crate::wecom::client::{File, Upload};
use serde::Deserialize;

/// Uploads one file.
#[derive(Debug, Clone)]
pub struct Request {
    kind: Kind,
    file: File,
}

impl Request {
    /// A file of at most [`Kind::max_bytes`].
    pub fn new(kind: Kind, file: File) -> Self {
        Self { kind, file }
    }
}

/// The file's id.
#[derive(Debug, Clone, Deserialize)]
pub struct Response {
    /// Valid for three days from `created_at`.
    pub media_id: String,
    /// Unix seconds; WeCom writes them as text here and as a number elsewhere.
    #[serde(default, deserialize_with = "number")]
    pub created_at: i64,
}

impl Upload for Request {
    const PATH: &'static str = "/cgi-bin/media/upload";
    type Response = Response;

    fn query(&self) -> Vec<(&'static str, String)> {
        vec![("type", self.kind.as_str().to_owned())]
    }

    fn file(&self) -> &File {
        &self.file
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Request, Response};
    use crate::wecom::client::{File, Upload};

    #[test]
    fn wire() {
        let file = File {
            name: "a.png".into(),
            content_type: "image/png".into(),
            bytes: "\u{89}PNG..".into(),
        };
        let request = Request::new(Kind::Image, file);
        assert_eq!(request.query(), [("type", "image".to_owned())]);
        for answer in [
            r#"{"type":"image","media_id":"M1","created_at":"1760000000"}"#,
            r#"{"type":"image","media_id":"M1","created_at":1760000000}"#,
        ] {
            let response: Response = serde_json::from_str(answer).unwrap();
            assert_eq!(response.media_id, "M1");
            assert_eq!(response.created_at, 1_760_000_000);
        }
    }
}
