//! `POST /ingest/contacts`: answered when what was told is on the disk.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{read, records};
use crate::config::Config;
use crate::domain::clock::SharedClock;
use crate::lang::Lang;
use crate::playbook::CurrentPlaybook;
use crate::receive::body;
use crate::store::{Acceptance, Store};

/// The largest body: some thousands of lines.
const MAX_BODY: usize = 1024 * 1024;
/// So many refused lines are told.
const MOST_TOLD: usize = 100;

struct Ingest {
    config: Arc<Config>,
    store: Arc<dyn Store>,
    clock: SharedClock,
    playbook: CurrentPlaybook,
}

/// The answer.
#[derive(Debug, Default, Serialize)]
struct Answer {
    /// New lines, on the disk.
    accepted: usize,
    /// Lines that were told before.
    duplicates: usize,
    /// How many were refused …
    refused: usize,
    /// … and the first of them.
    problems: Vec<Refused>,
    /// What was taken though rules will find no day in it: the first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Refused {
    line: usize,
    problem: String,
}

/// The route; nothing if the config has no token for it.
pub fn router(
    config: Arc<Config>,
    store: Arc<dyn Store>,
    clock: SharedClock,
    playbook: CurrentPlaybook,
) -> Router {
    if config.ingest_token.is_none() {
        return Router::new();
    }
    let state = Arc::new(Ingest {
        config,
        store,
        clock,
        playbook,
    });
    Router::new()
        .route("/ingest/contacts", post(take))
        .with_state(state)
}

async fn take(State(ingest): State<Arc<Ingest>>, request: Request<Body>) -> Response {
    if !ingest.knows(&request) {
        count("unauthorized", 1);
        let ask = [
            (header::WWW_AUTHENTICATE, "Bearer"),
            (header::CONNECTION, "close"),
        ];
        return (StatusCode::UNAUTHORIZED, ask).into_response();
    }
    let whole = match body::read(request, MAX_BODY).await {
        Ok(whole) => whole,
        Err(reason) => {
            count(reason, 1);
            let status = match reason {
                "too_large" => StatusCode::PAYLOAD_TOO_LARGE,
                "slow_body" => StatusCode::REQUEST_TIMEOUT,
                _ => StatusCode::BAD_REQUEST,
            };
            return (status, [(header::CONNECTION, "close")], reason).into_response();
        }
    };
    let Ok(text) = std::str::from_utf8(&whole) else {
        count("not_utf8", 1);
        return (StatusCode::BAD_REQUEST, "not UTF-8").into_response();
    };
    ingest.answer(text).await
}

impl Ingest {
    /// Whether the caller shows the token. The time it takes says nothing about it.
    fn knows(&self, request: &Request<Body>) -> bool {
        let Some(token) = &self.config.ingest_token else {
            return false;
        };
        let shown = request.headers().get(header::AUTHORIZATION);
        let shown = shown.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        // Digests are equally long, whatever is shown.
        let shown = Sha256::digest(shown.unwrap_or_default());
        let wanted = Sha256::digest(token.expose().as_bytes());
        shown.ct_eq(&wanted).into()
    }

    async fn answer(&self, text: &str) -> Response {
        let now = self.clock.now();
        let read = read(text, &self.config.timezone, now);
        let notes = read.not_days(self.playbook.get().rules.anniversaries());
        let notes = notes.iter().take(MOST_TOLD);
        let notes = notes.map(|note| note.note(Lang::En)).collect();
        let records = records(&self.config, read.good, now);
        let taken = match self.store.accept(records).await {
            Ok(taken) => taken,
            Err(error) => {
                tracing::error!(%error, "what was told about customers could not be stored");
                count("not_stored", 1);
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
        };
        let is_new = |taken: &&Acceptance| matches!(taken, Acceptance::New(_));
        let accepted = taken.iter().filter(is_new).count();
        let problems = read.bad.iter().take(MOST_TOLD).map(|bad| Refused {
            line: bad.line,
            problem: bad.problem(Lang::En),
        });
        let answer = Answer {
            accepted,
            duplicates: taken.len() - accepted,
            refused: read.bad.len(),
            problems: problems.collect(),
            notes,
        };
        count("accepted", answer.accepted);
        count("duplicate", answer.duplicates);
        count("refused", answer.refused);
        tracing::info!(
            accepted = answer.accepted,
            duplicates = answer.duplicates,
            refused = answer.refused,
            "told about customers"
        );
        let status = match answer.refused {
            0 => StatusCode::OK,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        (status, Json(answer)).into_response()
    }
}

fn count(result: &'static str, lines: usize) {
    metrics::counter!("wecom_agent_ingest_lines_total", "result" => result).increment(lines as u64);
}
