//! What an endpoint has to say about itself.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The two verbs of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// The request is its query string.
    Get,
    /// The request is its JSON body.
    Post,
}

/// One JSON call: a request that knows where it goes and what comes back.
///
/// The request is serialised once. A field that is `None` is left out of the
/// wire form, so optional fields need no serde attributes.
pub trait Endpoint: Serialize + Sync {
    /// GET: the fields become the query. POST: they become the body.
    const VERB: Verb;
    /// Path below the API base, such as `/cgi-bin/message/send`.
    const PATH: &'static str;
    /// What an answer with errcode 0 holds.
    type Response: DeserializeOwned + Send;

    /// Query parameters beside `access_token` and the fields of a GET.
    fn query(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// An endpoint that authenticates by something other than an access token.
pub trait OpenEndpoint: Endpoint {}

/// A file on its way to WeCom; cloning it does not copy the bytes.
#[derive(Debug, Clone)]
pub struct File {
    /// Shown to the receiver; WeCom tells the format by its extension.
    pub name: String,
    /// MIME type, such as `image/png`.
    pub content_type: String,
    /// The file itself.
    pub bytes: Bytes,
}

/// A multipart call with one file in the field `media`.
pub trait Upload: Sync {
    /// Path below the API base.
    const PATH: &'static str;
    /// What an answer with errcode 0 holds.
    type Response: DeserializeOwned + Send;

    /// Query parameters beside `access_token`.
    fn query(&self) -> Vec<(&'static str, String)>;

    /// The file to send.
    fn file(&self) -> &File;
}

/// An upload that authenticates by something other than an access token.
pub trait OpenUpload: Upload {}

/// A GET that answers with raw bytes (or with JSON when it fails).
pub trait Download: Sync {
    /// Path below the API base.
    const PATH: &'static str;

    /// Query parameters beside `access_token`.
    fn query(&self) -> Vec<(&'static str, String)>;

    /// First and last byte wanted; `None` asks for the whole file.
    fn range(&self) -> Option<(u64, u64)> {
        None
    }

    /// The largest body that is accepted.
    fn max_bytes(&self) -> usize;
}

/// A downloaded file or a part of one.
#[derive(Debug, Clone)]
pub struct Downloaded {
    /// The bytes that came.
    pub bytes: Bytes,
    /// File name from `Content-Disposition`, when there is one.
    pub file_name: Option<String>,
    /// MIME type of the answer.
    pub content_type: Option<String>,
    /// Size of the whole file when only a range was asked for.
    pub total_bytes: Option<u64>,
}

/// Implements [`Endpoint`] for a request type.
macro_rules! endpoint {
    ($verb:ident $path:literal, $request:ty => $response:ty) => {
        impl $crate::wecom::client::Endpoint for $request {
            const VERB: $crate::wecom::client::Verb = $crate::wecom::client::Verb::$verb;
            const PATH: &'static str = $path;
            type Response = $response;
        }
    };
}
pub(crate) use endpoint;
