//! A stranger's HTTP server: hears what it is told and gives one answer.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;

/// What was heard, request by request: method, path and body.
#[derive(Clone)]
pub struct Ear {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
struct Answer {
    heard: Arc<Mutex<Vec<String>>>,
    redirect: Option<String>,
}

impl Ear {
    /// Answers 200 to everything.
    pub async fn open() -> Self {
        Self::start(None).await
    }

    /// Sends everybody elsewhere.
    pub async fn redirecting(to: &str) -> Self {
        Self::start(Some(to.to_owned())).await
    }

    async fn start(redirect: Option<String>) -> Self {
        let heard = Arc::default();
        let answer = Answer {
            heard: Arc::clone(&heard),
            redirect,
        };
        let router = Router::new().fallback(hear).with_state(answer);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, heard }
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that was heard so far.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("heard").clone()
    }
}

async fn hear(
    State(answer): State<Answer>,
    request: Request,
) -> (StatusCode, [(&'static str, String); 1]) {
    let head = format!("{} {}", request.method(), request.uri());
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await;
    let body = String::from_utf8_lossy(&body.expect("a body")).into_owned();
    answer
        .heard
        .lock()
        .expect("heard")
        .push(format!("{head}\n{body}"));
    match answer.redirect {
        Some(to) => (StatusCode::TEMPORARY_REDIRECT, [("location", to)]),
        None => (StatusCode::OK, [("x-heard", "yes".to_owned())]),
    }
}
