//! Serving a recording: the same request gets the recorded answers, in their order.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::exchange::{Body, Exchange, key};
use super::{Asked, Stand};

/// Recorded answers by request; the last one of each stays.
struct Tape {
    exact: BTreeMap<String, VecDeque<Exchange>>,
    /// Answers by method and path only, for clients whose requests vary.
    loose: Option<BTreeMap<String, VecDeque<Exchange>>>,
}

/// Serves a recording. A request that was not recorded answers -1; with `loose` it gets the
/// answer of another request to the same path.
///
/// # Errors
/// When the file cannot be read, a line of it is no exchange, or the address cannot be bound.
pub async fn replay(listen: SocketAddr, file: &Path, loose: bool) -> io::Result<Stand> {
    let text = tokio::fs::read_to_string(file).await?;
    let tape = Tape::read(&text, loose)?;
    let app = Router::new()
        .fallback(answer)
        .with_state(Arc::new(Mutex::new(tape)));
    Stand::serve(listen, app).await
}

impl Tape {
    fn read(text: &str, loose: bool) -> io::Result<Self> {
        let mut tape = Self {
            exact: BTreeMap::new(),
            loose: loose.then(BTreeMap::new),
        };
        for (at, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
        {
            let exchange: Exchange = serde_json::from_str(line).map_err(|error| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("line {}: {error}", at + 1),
                )
            })?;
            if let Some(loose) = &mut tape.loose {
                let path = format!("{} {}", exchange.method, exchange.path);
                loose.entry(path).or_default().push_back(exchange.clone());
            }
            let key = key(
                &exchange.method,
                &exchange.path,
                &exchange.query,
                &exchange.request,
            );
            tape.exact.entry(key).or_default().push_back(exchange);
        }
        Ok(tape)
    }

    fn next(&mut self, asked: &Asked, body: &Body) -> Option<Exchange> {
        let key = key(&asked.method, &asked.path, &asked.query, body);
        if let Some(answers) = self.exact.get_mut(&key) {
            return take(answers);
        }
        let path = format!("{} {}", asked.method, asked.path);
        take(self.loose.as_mut()?.get_mut(&path)?)
    }
}

fn take(answers: &mut VecDeque<Exchange>) -> Option<Exchange> {
    if answers.len() > 1 {
        answers.pop_front()
    } else {
        answers.front().cloned()
    }
}

async fn answer(State(tape): State<Arc<Mutex<Tape>>>, request: Request) -> Response {
    let asked = match Asked::read(request).await {
        Ok(asked) => asked,
        Err(refused) => return refused,
    };
    let body = Body::read(&asked.bytes, &asked.content_type);
    let found = tape
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .next(&asked, &body);
    let Some(exchange) = found else {
        let errmsg = format!(
            "no such request was recorded: {} {}",
            asked.method, asked.path
        );
        return axum::Json(json!({"errcode": -1, "errmsg": errmsg})).into_response();
    };
    let mut response = exchange.response.bytes().into_response();
    *response.status_mut() = StatusCode::from_u16(exchange.status).unwrap_or_default();
    if let Ok(kind) = HeaderValue::from_str(&exchange.content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}
