//! Snapshots: the whole state as one JSON document, and back.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ControlError, Corp};
use crate::chat::ChatLine;
use crate::journal::Entry;
use crate::server::Shared;
use crate::state::World;

/// Rises when an older snapshot can no longer be read.
const FORMAT: u32 = 1;

/// Everything that a mock knows. The state's own JSON leaves out what is long, so that
/// `GET /mock/state` stays readable; here it is all there.
#[derive(Debug, Serialize, Deserialize)]
struct Snapshot {
    mock_wecom_snapshot: u32,
    now_ms: i64,
    state: World,
    chat: VecDeque<ChatLine>,
    journal: VecDeque<Entry>,
    /// Uploaded bytes by media id, in Base64.
    files: BTreeMap<String, String>,
}

fn refused(error: impl std::fmt::Display) -> ControlError {
    ControlError::new(format!("the snapshot cannot be read: {error}"))
}

/// The whole state, to be kept by the caller.
pub(crate) fn take(shared: &Shared) -> Result<Value, ControlError> {
    let world = shared.world();
    let files: BTreeMap<&String, String> = world
        .media
        .files
        .iter()
        .map(|(id, file)| (id, STANDARD.encode(&file.bytes)))
        .collect();
    let state = serde_json::to_value(&*world).map_err(refused)?;
    Ok(json!({
        "mock_wecom_snapshot": FORMAT, "now_ms": shared.clock.now_ms(), "state": state,
        "chat": world.chat_lines(), "journal": world.journal.entries(), "files": files,
    }))
}

/// Puts a snapshot in the place of everything; the clock goes on from its time.
pub(crate) fn restore(shared: &Arc<Shared>, snapshot: Value) -> Result<Value, ControlError> {
    let format = snapshot["mock_wecom_snapshot"].as_u64();
    if format != Some(FORMAT.into()) {
        return Err(refused(format!("mock_wecom_snapshot is not {FORMAT}")));
    }
    let snapshot: Snapshot = serde_json::from_value(snapshot).map_err(refused)?;
    let mut world = snapshot.state;
    for (id, text) in snapshot.files {
        if let Some(file) = world.media.files.get_mut(&id) {
            file.bytes = STANDARD.decode(text).map_err(refused)?;
        }
    }
    world.refill(snapshot.chat, snapshot.journal, shared.events.clone());
    shared.clock.set_ms(snapshot.now_ms);
    *shared.world() = world;
    shared.announce("restored", &json!({}));
    Ok(json!({"now_ms": snapshot.now_ms}))
}

/// A browser keeps it as a file, and nobody keeps it for later.
pub(super) async fn download(State(shared): Corp) -> Result<impl IntoResponse, ControlError> {
    let disposition = "attachment; filename=\"mock-wecom.snapshot.json\"";
    let headers = [
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Json(take(&shared)?)))
}
