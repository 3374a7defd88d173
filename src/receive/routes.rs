//! `/callback/<app>`: verification by GET, pushes by POST, one uniform answer to all else.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{Method, Request, Response, StatusCode, header};
use axum::routing::any;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::accept::{Acceptor, Ended};
use super::handshake;
use crate::domain::ids::AppName;
use crate::http::cut_connection;
use crate::wecom::crypto::Refusal;

/// The largest push that is read.
const MAX_BODY: usize = 256 * 1024;
/// Of a larger one so much is read and thrown away before it is refused.
const MAX_DISCARDED: usize = 32 * 1024 * 1024;
/// The same for a body that is refused whatever it holds.
const REFUSED_BODY_TIMEOUT: Duration = Duration::from_millis(500);
/// A body that has not arrived by then is refused.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

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
        Method::POST => match read(request, MAX_BODY).await {
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

/// A body of at most so many bytes, or why it is refused.
pub(super) async fn read(request: Request<Body>, most: usize) -> Result<Bytes, &'static str> {
    let declared = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let invited = !request.headers().contains_key(header::EXPECT);
    // An encoded body would have to be unpacked first: WeCom sends none.
    let encoded = request
        .headers()
        .get(header::CONTENT_ENCODING)
        .is_some_and(|encoding| encoding != "identity");
    let declared_too_large = declared.is_some_and(|length| length > most);
    let mut body = request.into_body();
    let read = async {
        if declared_too_large {
            if invited {
                discard(&mut body).await;
            }
            return Err("too_large");
        }
        match Limited::new(&mut body, most).collect().await {
            Ok(_) if encoded => Err("encoded"),
            Ok(whole) => Ok(whole.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => {
                discard(&mut body).await;
                Err("too_large")
            }
            Err(_) => Err("broken_body"),
        }
    };
    let patience = if declared_too_large || encoded {
        REFUSED_BODY_TIMEOUT
    } else {
        BODY_TIMEOUT
    };
    match tokio::time::timeout(patience, read).await {
        Ok(result) => result,
        Err(_) => Err("slow_body"),
    }
}

/// Lets a sender who is still talking come to an end: a connection that is closed under
/// its hands would hide the answer from it.
async fn discard(body: &mut Body) {
    let mut left = MAX_DISCARDED;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
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
