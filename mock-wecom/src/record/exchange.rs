//! A recorded exchange: one line of JSON.

use std::collections::BTreeMap;

use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::mask;

/// A body as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// A JSON document.
    Json(Value),
    /// Any other text.
    Text(String),
    /// Bytes that are no text, in Base64.
    Base64(String),
    /// An upload: only its length is kept, because its boundary changes each time.
    Upload(usize),
}

impl Body {
    pub(super) fn read(bytes: &Bytes, content_type: &str) -> Self {
        if content_type.to_ascii_lowercase().starts_with("multipart/") {
            return Self::Upload(bytes.len());
        }
        if bytes.is_empty() {
            return Self::Empty;
        }
        match (serde_json::from_slice(bytes), str::from_utf8(bytes)) {
            (Ok(value), _) => Self::Json(value),
            (_, Ok(text)) => Self::Text(text.to_owned()),
            _ => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    /// The bytes to serve again.
    pub(super) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Empty | Self::Upload(_) => Vec::new(),
            Self::Json(value) => value.to_string().into_bytes(),
            Self::Text(text) => text.clone().into_bytes(),
            Self::Base64(text) => STANDARD.decode(text).unwrap_or_default(),
        }
    }
}

/// What was asked and what was answered, without secrets.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    pub(super) method: String,
    pub(super) path: String,
    #[serde(default)]
    pub(super) query: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) request: Body,
    pub(super) status: u16,
    pub(super) content_type: String,
    #[serde(default)]
    pub(super) response: Body,
}

/// What decides whether two requests are the same: everything but the secrets, and of an
/// upload not even its length.
pub(super) fn key(
    method: &str,
    path: &str,
    query: &BTreeMap<String, String>,
    body: &Body,
) -> String {
    let query: Vec<String> = query
        .iter()
        .filter(|(name, _)| !mask::is_secret_parameter(name))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let body = match body {
        Body::Empty => String::new(),
        Body::Upload(_) => "(upload)".to_owned(),
        Body::Json(value) => canonical(value).to_string(),
        Body::Text(text) | Body::Base64(text) => text.clone(),
    };
    format!("{method} {path}?{}\n{body}", query.join("&"))
}

/// The same value with sorted names and without secrets.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, Value> = map
                .iter()
                .filter(|(name, _)| !mask::is_secret(name))
                .map(|(name, value)| (name, canonical(value)))
                .collect();
            sorted
                .into_iter()
                .map(|(name, value)| (name.clone(), value))
                .collect()
        }
        Value::Array(items) => items.iter().map(canonical).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, key};
    use axum::body::Bytes;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[test]
    fn a_body_keeps_its_kind() {
        let read = |bytes: &'static [u8], kind| Body::read(&Bytes::from_static(bytes), kind);
        assert_eq!(read(b"", ""), Body::Empty);
        assert_eq!(read(b"{\"a\": 1}", ""), Body::Json(json!({"a": 1})));
        assert_eq!(read(b"<xml/>", "text/xml"), Body::Text("<xml/>".into()));
        assert_eq!(read(b"\xff\xfe", "image/png"), Body::Base64("//4=".into()));
        assert_eq!(
            read(b"--x", "Multipart/form-data; boundary=x"),
            Body::Upload(3)
        );
        assert_eq!(read(b"\xff\xfe", "").bytes(), b"\xff\xfe");
    }

    #[test]
    fn order_and_secrets_do_not_matter_but_everything_else_does() {
        let query = |token: &str| {
            BTreeMap::from([
                ("access_token".to_owned(), token.to_owned()),
                ("id".to_owned(), "1".to_owned()),
            ])
        };
        let of = |token: &str, body| key("POST", "/cgi-bin/x", &query(token), &Body::Json(body));
        let first = of("T1", json!({"a": 1, "b": {"c": [1, 2], "d": ""}}));
        assert_eq!(
            first,
            of("T2", json!({"b": {"d": "", "c": [1, 2]}, "a": 1}))
        );
        assert_ne!(
            first,
            of("T1", json!({"a": 1, "b": {"c": [2, 1], "d": ""}}))
        );
    }
}
