//! `POST /cgi-bin/media/uploadimg`: a permanent image URL (doc 90256).
//!
//! The URL works only inside WeCom. At most 1000 a day and 3000 a month.

use crate::wecom::client::{File, Upload};
use serde::Deserialize;

/// Largest image.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Uploads one image.
#[derive(Debug, Clone)]
pub struct Request {
    file: File,
}

impl Request {
    /// An image of at most [`MAX_BYTES`].
    pub fn new(file: File) -> Self {
        Self { file }
    }
}

/// Where the image is.
#[derive(Debug, Clone, Deserialize)]
pub struct Response {
    /// Permanent.
    pub url: String,
}

impl Upload for Request {
    const PATH: &'static str = "/cgi-bin/media/uploadimg";
    type Response = Response;

    fn query(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn file(&self) -> &File {
        &self.file
    }
}

#[cfg(test)]
mod tests {
    use super::Response;

    #[test]
    fn wire() {
        let response: Response = serde_json::from_str(r#"{"url":"https://p.invalid/1"}"#).unwrap();
        assert_eq!(response.url, "https://p.invalid/1");
    }
}
