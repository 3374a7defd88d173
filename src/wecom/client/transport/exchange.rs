//! One request and its answer.

use super::Inner;
use crate::wecom::client::wire::{decode, decode_file, fields, pairs};
use crate::wecom::client::{Download, Downloaded, Endpoint, File, Outcome, Token, Upload, Verb};
use crate::wecom::error::{BadJson, Error};
use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_TYPE, RANGE};
use reqwest::multipart::{Form, Part};
use reqwest::{RequestBuilder, Response};
use serde::de::DeserializeOwned;
use std::time::{Duration, Instant};

/// Everything about a call except the token, so that it can be repeated.
pub(super) struct Exchange {
    path: &'static str,
    query: Vec<(String, String)>,
    body: Body,
    range: Option<(u64, u64)>,
    /// Files take longer than calls.
    timeout: Duration,
}

enum Body {
    None,
    Json(Bytes),
    File(File),
}

impl Exchange {
    /// A JSON call.
    pub(super) fn of<E: Endpoint>(client: &Inner, request: &E) -> Result<Self, Error> {
        let mut query = owned(request.query());
        let fields = fields(request)?;
        let body = match E::VERB {
            Verb::Get => {
                query.extend(pairs(fields));
                Body::None
            }
            Verb::Post => Body::Json(encode(E::PATH, &fields)?),
        };
        Ok(Self {
            path: E::PATH,
            query,
            body,
            range: None,
            timeout: client.options.call_timeout,
        })
    }

    /// A call with one file in its body.
    pub(super) fn upload<U: Upload>(client: &Inner, upload: &U) -> Self {
        Self {
            path: U::PATH,
            query: owned(upload.query()),
            body: Body::File(upload.file().clone()),
            range: None,
            timeout: client.options.transfer_timeout,
        }
    }

    /// A call that answers with a file.
    pub(super) fn download<D: Download>(client: &Inner, download: &D) -> Self {
        Self {
            path: D::PATH,
            query: owned(download.query()),
            body: Body::None,
            range: download.range(),
            timeout: client.options.transfer_timeout,
        }
    }

    /// Sends it and reads a JSON answer.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        client: &Inner,
        token: Option<&Token>,
    ) -> Result<T, Error> {
        self.observed(client, async {
            let response = self.send(client, token).await?;
            let status = response.status().as_u16();
            let body = self.read(response, client.options.max_json_bytes).await?;
            decode(self.path, status, &body, &self.secrets(token))
        })
        .await
    }

    /// Sends it and reads a file.
    pub(super) async fn file(
        &self,
        client: &Inner,
        token: &Token,
        max_bytes: usize,
    ) -> Result<Downloaded, Error> {
        self.observed(client, async {
            let response = self.send(client, Some(token)).await?;
            let status = response.status().as_u16();
            let headers = response.headers().clone();
            let body = self.read(response, max_bytes).await?;
            decode_file(
                self.path,
                status,
                &headers,
                body,
                &self.secrets(Some(token)),
            )
        })
        .await
    }

    async fn observed<T>(
        &self,
        client: &Inner,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let started = Instant::now();
        let result = call.await;
        let outcome = match &result {
            Ok(_) => Outcome::Done,
            Err(error) => error.outcome(),
        };
        let observer = &client.options.observer;
        observer.called(self.path, outcome, started.elapsed());
        result
    }

    async fn send(&self, client: &Inner, token: Option<&Token>) -> Result<Response, Error> {
        let failed = |error| Error::from_transport(self.path, error);
        let mut url = client.base.clone();
        url.set_path(&format!(
            "{}{}",
            client.base.path().trim_end_matches('/'),
            self.path
        ));
        if let Some(token) = token {
            url.query_pairs_mut()
                .append_pair("access_token", token.expose());
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        let request = match &self.body {
            Body::None => client.http.get(url),
            Body::Json(json) => client
                .http
                .post(url)
                .header(CONTENT_TYPE, "application/json; charset=utf-8")
                .body(json.clone()),
            Body::File(file) => client.http.post(url).multipart(form(file).map_err(failed)?),
        };
        let request = self.ranged(request).timeout(self.timeout);
        let response = match &client.options.carrier {
            Some(carrier) => carrier.carry(request.build().map_err(failed)?).await,
            None => request.send().await,
        };
        response.map_err(failed)
    }

    fn ranged(&self, request: RequestBuilder) -> RequestBuilder {
        match self.range {
            Some((first, last)) => request.header(RANGE, format!("bytes={first}-{last}")),
            None => request,
        }
    }

    /// Collects the body, but never more than `limit_bytes` of it.
    async fn read(&self, mut response: Response, limit_bytes: usize) -> Result<Bytes, Error> {
        let too_large = || Error::TooLarge {
            path: self.path,
            limit_bytes,
        };
        let mut body = BytesMut::new();
        loop {
            let chunk = response.chunk().await;
            let Some(chunk) = chunk.map_err(|error| Error::from_transport(self.path, error))?
            else {
                return Ok(body.freeze());
            };
            if body.len() + chunk.len() > limit_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
    }

    /// What must not come back in an error: the token and the query values,
    /// among which are the secret of gettoken and the keys of robots.
    fn secrets<'a>(&'a self, token: Option<&'a Token>) -> Vec<&'a str> {
        const SECRET_PARAMETERS: [&str; 3] = ["corpsecret", "key", "response_code"];
        self.query
            .iter()
            .filter(|(name, _)| SECRET_PARAMETERS.contains(&name.as_str()))
            .map(|(_, value)| value.as_str())
            .chain(token.map(Token::expose))
            .collect()
    }
}

fn encode(path: &'static str, fields: &serde_json::Value) -> Result<Bytes, Error> {
    let json = serde_json::to_vec(fields).map_err(|error| Error::Encode {
        path,
        source: BadJson::from(&error),
    })?;
    Ok(json.into())
}

/// WeCom reads the file name as plain UTF-8 and does not know `filename*`.
fn form(file: &File) -> reqwest::Result<Form> {
    let length = u64::try_from(file.bytes.len()).unwrap_or(u64::MAX);
    let part = Part::stream_with_length(file.bytes.clone(), length)
        .file_name(file.name.clone())
        .mime_str(&file.content_type)?;
    Ok(Form::new().percent_encode_noop().part("media", part))
}

fn owned(query: Vec<(&'static str, String)>) -> Vec<(String, String)> {
    query
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
