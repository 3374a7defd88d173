//! The journal over HTTP: read, export, clear, and expectations about it.

use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Ask, ControlError, Corp};
use crate::expect::{Expect, Unmet};
use crate::har;
use crate::journal::{Entry, JournalQuery};
use crate::server::Shared;

/// The longest that an expectation may wait.
const LONGEST_WAIT_MS: u64 = 120_000;

fn asked(uri: &Uri) -> Result<JournalQuery, ControlError> {
    let query = Query::try_from_uri(uri);
    query
        .map(|Query(query)| query)
        .map_err(|error| ControlError::new(error.body_text()))
}

pub(super) async fn read(State(shared): Corp, uri: Uri) -> Result<Json<Vec<Entry>>, ControlError> {
    Ok(Json(shared.world().journal.read(&asked(&uri)?)))
}

pub(super) async fn clear(State(shared): Corp) -> Json<Value> {
    shared.world().journal.clear();
    Json(json!({}))
}

/// One entry on each line.
pub(super) async fn json_lines(State(shared): Corp, uri: Uri) -> Result<Response, ControlError> {
    let entries = shared.world().journal.read(&asked(&uri)?);
    let mut text = String::new();
    for entry in &entries {
        let line =
            serde_json::to_string(entry).map_err(|error| ControlError::new(error.to_string()))?;
        text.push_str(&line);
        text.push('\n');
    }
    Ok((
        [(header::CONTENT_TYPE, "application/jsonl; charset=utf-8")],
        text,
    )
        .into_response())
}

pub(super) async fn har(State(shared): Corp, uri: Uri) -> Result<Json<Value>, ControlError> {
    let entries = shared.world().journal.read(&asked(&uri)?);
    Ok(Json(har::archive(&entries, &shared.base_url)))
}

#[derive(Serialize)]
struct Met {
    ok: bool,
    count: usize,
    entries: Vec<Entry>,
}

#[derive(Serialize)]
struct NotMet {
    ok: bool,
    error: String,
    #[serde(flatten)]
    unmet: Unmet,
}

/// 200 when the expectation is met, 409 with what was found instead when it is not.
pub(super) async fn assert(State(shared): Corp, Ask(expect): Ask<Expect>) -> Response {
    match wait(&shared, &expect).await {
        Ok(entries) => Json(Met {
            ok: true,
            count: entries.len(),
            entries,
        })
        .into_response(),
        Err(unmet) => {
            let body = NotMet {
                ok: false,
                error: unmet.to_string(),
                unmet,
            };
            (StatusCode::CONFLICT, Json(body)).into_response()
        }
    }
}

/// Looks at once, then again after each exchange until the time is over.
pub(crate) async fn wait(shared: &Shared, expect: &Expect) -> Result<Vec<Entry>, Unmet> {
    let time = Duration::from_millis(expect.wait_ms.min(LONGEST_WAIT_MS));
    let deadline = tokio::time::Instant::now() + time;
    let query = expect.query();
    loop {
        // Subscribed before looking, so that nothing slips in between.
        let mut watcher = shared.events.subscribe();
        let found = shared.world().journal.read(&query);
        let judged = expect.judge(found);
        if judged.is_ok() {
            return judged;
        }
        let news = tokio::time::timeout_at(deadline, watcher.recv());
        tokio::select! {
            () = shared.closed() => return judged,
            news = news => if news.is_err() { return judged },
        }
    }
}
