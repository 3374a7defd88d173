//! `POST /cgi-bin/webhook/upload_media`: a file for a robot's message (doc 99110).

use crate::wecom::api::media::upload;
use crate::wecom::client::{File, OpenUpload, Secret, Upload};

/// What a robot can upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// At most 20 MB.
    File,
    /// AMR, at most 2 MB and 60 s.
    Voice,
}

impl Kind {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Voice => "voice",
        }
    }
}

/// Uploads a file that only messages of the same robot can use, for three days.
#[derive(Debug, Clone)]
pub struct Request {
    key: Secret,
    kind: Kind,
    file: File,
}

impl Request {
    /// A file for the robot with this key.
    pub fn new(key: impl Into<Secret>, kind: Kind, file: File) -> Self {
        Self {
            key: key.into(),
            kind,
            file,
        }
    }
}

impl Upload for Request {
    const PATH: &'static str = "/cgi-bin/webhook/upload_media";
    type Response = upload::Response;

    fn query(&self) -> Vec<(&'static str, String)> {
        vec![
            ("key", self.key.expose().to_owned()),
            ("type", self.kind.as_str().to_owned()),
        ]
    }

    fn file(&self) -> &File {
        &self.file
    }
}

impl OpenUpload for Request {}

#[cfg(test)]
mod tests {
    use super::{Kind, Request};
    use crate::wecom::client::{File, Upload};

    #[test]
    fn wire() {
        let file = File {
            name: "a.amr".into(),
            content_type: "audio/amr".into(),
            bytes: "#!AMR\n".into(),
        };
        let request = Request::new("K-1", Kind::Voice, file);
        assert_eq!(
            request.query(),
            [("key", "K-1".to_owned()), ("type", "voice".to_owned())]
        );
        assert_eq!(request.file().name, "a.amr");
        assert!(!format!("{request:?}").contains("K-1"));
    }
}
