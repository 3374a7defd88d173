//! `GET /cgi-bin/media/get`: downloads a file (doc 90254).
//!
//! A file above 20 MB must be fetched in ranges (830002 otherwise).

use crate::wecom::client::Download;

/// The most that is accepted at once: WeCom's own limit without ranges.
pub const MAX_BYTES: usize = 20 * 1024 * 1024;

/// Downloads a file or a part of it.
#[derive(Debug, Clone)]
pub struct Request {
    media_id: String,
    /// First and last byte wanted.
    pub range: Option<(u64, u64)>,
}

impl Request {
    /// The whole file.
    pub fn new(media_id: impl Into<String>) -> Self {
        Self {
            media_id: media_id.into(),
            range: None,
        }
    }
}

impl Download for Request {
    const PATH: &'static str = "/cgi-bin/media/get";

    fn query(&self) -> Vec<(&'static str, String)> {
        vec![("media_id", self.media_id.clone())]
    }

    fn range(&self) -> Option<(u64, u64)> {
        self.range
    }

    fn max_bytes(&self) -> usize {
        MAX_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::wecom::client::Download;

    #[test]
    fn wire() {
        let mut request = Request::new("M1");
        assert_eq!(request.query(), [("media_id", "M1".to_owned())]);
        assert_eq!(request.range(), None);
        request.range = Some((0, 15));
        assert_eq!(Download::range(&request), Some((0, 15)));
    }
}
