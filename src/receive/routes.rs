//! `/callback/<app>`: verification by GET, pushes by POST, one uniform answer to all else.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{Method, Request, Response, StatusCode, header};
use axum::routing::any;

use super::accept::{Acceptor, Ended};
use super::{body, handshake};
use crate::domain::ids::AppName;
use crate::http::cut_connection;
use crate::wecom::crypto::Refusal;

/// The largest push that is read.
const MAX_BODY: usize = 256 * 1024;

/// The callback routes.
pub fn router(acceptor: Arc<Acceptor>) -> Router {
    Router::new()
        .route("/callback/{app}", any(callback))
        .with_state(acceptor)
}

async fn callback(
    State(acceptor): State<Arc<Acceptor>>,
    Path(app): Path<String>,
    RawQuery(query): RawQuery,
    request: Request<Body>,
) -> Response<Body> {
    let app = AppName(app);
    let Some(receiver) = acceptor.receiver(&app) else {
        count(&app, "unknown_app");
        return respond(StatusCode::NOT_FOUND, Vec::new(), "text/plain");
    };
    let query = query.unwrap_or_default();
    match *request.method() {
        Method::GET => match handshake::answer(receiver, &query) {
            Ok(plain) => {
                count(&app, "verified");
                respond(StatusCode::OK, plain, "text/plain")
            }
            Err(refusal) => refuse_callback(&app, refusal),
        },
        Method::POST => match body::read(request, MAX_BODY).await {
            Ok(body) => push(&acceptor, &app, &query, &body).await,
            Err(reason) => refuse(&app, reason),
        },
        _ => refuse(&app, "bad_method"),
    }
}

async fn push(acceptor: &Acceptor, app: &AppName, query: &str, body: &[u8]) -> Response<Body> {
    match acceptor.accept(app, query, body).await {
        Ended::Stored { answer, duplicate } => {
            count(app, if duplicate { "duplicate" } else { "accepted" });
            match answer {
                Some(answer) => respond(StatusCode::OK, answer.body, answer.content_type),
                None => respond(StatusCode::OK, Vec::new(), "text/plain"),
            }
        }
        Ended::Refused(refusal) => refuse_callback(app, refusal),
        Ended::NotStored => {
            count(app, "not_stored");
            cut_connection()
        }
    }
}

/// Refuses, and tells the operator when only the configuration can be the reason.
///
/// These two follow a good signature, so nobody without the token can fill the log.
fn refuse_callback(app: &AppName, refusal: Refusal) -> Response<Body> {
    match refusal {
        Refusal::BadCiphertext => tracing::warn!(
            %app,
            "signed with the right token, but not encrypted with this encoding_aes_key: \
             compare it with the console's"
        ),
        Refusal::BadReceiveId => tracing::warn!(
            %app,
            "signed and encrypted as it should be, but meant for another receive id: \
             compare corp.id (or the app's receive_id) with the console's"
        ),
        _ => {}
    }
    refuse(app, refusal.as_str())
}

/// The one answer to everything that is not a good callback, whatever the reason.
fn refuse(app: &AppName, reason: &'static str) -> Response<Body> {
    count(app, reason);
    tracing::debug!(%app, reason, "callback refused");
    let mut response = respond(StatusCode::BAD_REQUEST, Vec::new(), "text/plain");
    // What is left of a refused body is not worth reading.
    response.headers_mut().insert(
        header::CONNECTION,
        header::HeaderValue::from_static("close"),
    );
    response
}

fn respond(status: StatusCode, body: Vec<u8>, content_type: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(content_type),
    );
    response
}

fn count(app: &AppName, result: &'static str) {
    metrics::counter!("wecom_agent_callbacks_total", "app" => app.0.clone(), "result" => result)
        .increment(1);
}
