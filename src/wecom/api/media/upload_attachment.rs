//! `POST /cgi-bin/media/upload_attachment`: a file for moments or albums (doc 95098).
//!
//! Moments accept only media ids from here, group messages and welcome messages
//! only those from `media/upload`.

use super::Kind;
use super::upload::Response;
use crate::wecom::client::{File, Upload};

/// Largest file.
pub const MAX_BYTES: usize = 10 * 1024 * 1024;

/// Where the attachment will be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Customer moments: images and videos of at most 30 s.
    Moments,
    /// A product album.
    Album,
}

/// Uploads one attachment.
#[derive(Debug, Clone)]
pub struct Request {
    kind: Kind,
    purpose: Purpose,
    file: File,
}

impl Request {
    /// An image, video or file of at most [`MAX_BYTES`].
    pub fn new(kind: Kind, purpose: Purpose, file: File) -> Self {
        Self {
            kind,
            purpose,
            file,
        }
    }
}

impl Upload for Request {
    const PATH: &'static str = "/cgi-bin/media/upload_attachment";
    type Response = Response;

    fn query(&self) -> Vec<(&'static str, String)> {
        let purpose = match self.purpose {
            Purpose::Moments => "1",
            Purpose::Album => "2",
        };
        vec![
            ("media_type", self.kind.as_str().to_owned()),
            ("attachment_type", purpose.to_owned()),
        ]
    }

    fn file(&self) -> &File {
        &self.file
    }
}

#[cfg(test)]
mod tests {
    use super::{Purpose, Request};
    use crate::wecom::api::media::Kind;
    use crate::wecom::client::{File, Upload};

    #[test]
    fn wire() {
        let file = File {
            name: "a.mp4".into(),
            content_type: "video/mp4".into(),
            bytes: "......".into(),
        };
        let request = Request::new(Kind::Video, Purpose::Moments, file);
        assert_eq!(
            request.query(),
            [
                ("media_type", "video".to_owned()),
                ("attachment_type", "1".to_owned())
            ]
        );
    }
}
