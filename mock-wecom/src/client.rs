//! A client of the control API, for a mock that runs somewhere else.

use std::io;

use serde_json::Value;

use crate::server;

/// Talks to the control API of a running mock.
#[derive(Debug, Clone)]
pub struct ControlClient {
    base_url: String,
    http: reqwest::Client,
}

impl ControlClient {
    /// A client of the mock at this address, such as `http://127.0.0.1:8090`.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(base_url: &str) -> io::Result<Self> {
        Ok(Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            http: server::client().map_err(io::Error::other)?,
        })
    }

    /// Calls `/mock/…`: a GET without a body, a POST with one.
    ///
    /// # Errors
    /// When there is no answer, or the mock refuses the call; the reason is in the error.
    pub async fn call(&self, path: &str, body: Option<String>) -> io::Result<Value> {
        let path = path.trim_start_matches('/').trim_start_matches("mock/");
        let url = format!("{}/mock/{path}", self.base_url);
        let request = match body {
            Some(body) => self.http.post(url).body(body),
            None => self.http.get(url),
        };
        let response = request.send().await.map_err(io::Error::other)?;
        let status = response.status();
        let text = response.text().await.map_err(io::Error::other)?;
        let answer: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        if status.is_success() {
            return Ok(answer);
        }
        let why = answer["error"].as_str().map(str::to_owned);
        Err(io::Error::other(
            why.unwrap_or_else(|| format!("HTTP {status}: {answer}")),
        ))
    }
}
