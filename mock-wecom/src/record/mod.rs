//! Recording a real WeCom and serving the recording again.
//!
//! [`record()`] stands between a client and a real base URL and writes each exchange as a line
//! of JSON, with secrets masked. [`replay()`] serves such a file without any network.

mod exchange;
mod mask;
mod replay;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body as HttpBody, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use exchange::{Body, Exchange};
use mask::Mask;

pub use replay::replay;

/// Uploads are at most 20 MB; the rest is room for multipart headers.
const BODY_LIMIT: usize = 24 * 1024 * 1024;

/// A recorder or a replayer that serves until it is dropped.
#[derive(Debug)]
pub struct Stand {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Stand {
    /// `http://127.0.0.1:PORT`, to be used in place of `https://qyapi.weixin.qq.com`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    async fn serve(listen: SocketAddr, app: Router) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let app = app.layer(DefaultBodyLimit::max(BODY_LIMIT));
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::error!(%error, "the server stopped");
            }
        });
        Ok(Self { address, task })
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Recorder {
    base: String,
    http: reqwest::Client,
    out: Mutex<(Mask, std::fs::File)>,
}

/// Passes every request on to a WeCom base URL and appends each exchange to a file.
///
/// # Errors
/// When the file cannot be written, the address cannot be bound, or the machine's root
/// certificates cannot be read.
pub async fn record(listen: SocketAddr, base: &str, file: &Path) -> io::Result<Stand> {
    let out = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)?;
    // The client below takes the process's provider; somebody else may have set it already.
    drop(rustls::crypto::ring::default_provider().install_default());
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(io::Error::other)?;
    let recorder = Recorder {
        base: base.trim_end_matches('/').to_owned(),
        http,
        out: Mutex::new((Mask::default(), out)),
    };
    let app = Router::new()
        .fallback(pass_on)
        .with_state(Arc::new(recorder));
    Stand::serve(listen, app).await
}

/// A request as both sides need it.
struct Asked {
    method: String,
    path: String,
    raw_query: String,
    query: BTreeMap<String, String>,
    content_type: String,
    bytes: Bytes,
}

impl Asked {
    async fn read(request: Request) -> Result<Self, Response> {
        let query = Query::try_from_uri(request.uri());
        let asked = Self {
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            raw_query: request.uri().query().unwrap_or_default().to_owned(),
            query: query.map(|Query(query)| query).unwrap_or_default(),
            content_type: text(request.headers(), &header::CONTENT_TYPE),
            bytes: Bytes::new(),
        };
        let bytes = Bytes::from_request(request, &()).await;
        let bytes = bytes.map_err(IntoResponse::into_response)?;
        Ok(Self { bytes, ..asked })
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

async fn pass_on(State(recorder): State<Arc<Recorder>>, request: Request) -> Response {
    let asked = match Asked::read(request).await {
        Ok(asked) => asked,
        Err(refused) => return refused,
    };
    match recorder.fetch(&asked).await {
        Ok((status, headers, bytes)) => {
            if let Err(error) = recorder.keep(asked, status, &headers, &bytes) {
                tracing::error!(%error, "the exchange was not recorded");
            }
            let mut response = Response::new(HttpBody::from(bytes));
            *response.status_mut() = status;
            for name in [
                header::CONTENT_TYPE,
                header::CONTENT_DISPOSITION,
                header::CONTENT_RANGE,
            ] {
                if let Some(value) = headers.get(&name) {
                    response.headers_mut().insert(name, value.clone());
                }
            }
            response
        }
        Err(error) => {
            tracing::warn!(error = %error.without_url(), "no answer from the other side");
            StatusCode::BAD_GATEWAY.into_response()
        }
    }
}

impl Recorder {
    async fn fetch(&self, asked: &Asked) -> Result<(StatusCode, HeaderMap, Bytes), reqwest::Error> {
        let mut url = format!("{}{}", self.base, asked.path);
        if !asked.raw_query.is_empty() {
            url = format!("{url}?{}", asked.raw_query);
        }
        let method = reqwest::Method::from_bytes(asked.method.as_bytes()).unwrap_or_default();
        let mut request = self.http.request(method, url).body(asked.bytes.clone());
        if !asked.content_type.is_empty() {
            request = request.header(header::CONTENT_TYPE, &asked.content_type);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok((status, headers, response.bytes().await?))
    }

    fn keep(
        &self,
        asked: Asked,
        status: StatusCode,
        headers: &HeaderMap,
        bytes: &Bytes,
    ) -> io::Result<()> {
        let content_type = text(headers, &header::CONTENT_TYPE);
        let mut exchange = Exchange {
            request: Body::read(&asked.bytes, &asked.content_type),
            method: asked.method,
            path: asked.path,
            query: asked.query,
            status: status.as_u16(),
            response: Body::read(bytes, &content_type),
            content_type,
        };
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let (mask, file) = &mut *out;
        mask.query(&mut exchange.query);
        for body in [&mut exchange.request, &mut exchange.response] {
            match body {
                Body::Json(value) => mask.json(value),
                Body::Text(text) => *text = mask.text(text),
                Body::Empty | Body::Base64(_) | Body::Upload(_) => {}
            }
        }
        let mut line = serde_json::to_vec(&exchange)?;
        line.push(b'\n');
        // One write for a line, so that a killed recorder leaves whole lines.
        file.write_all(&line)
    }
}
