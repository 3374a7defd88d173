//! Files that members send to intelligent bots: encrypted, behind an address that lives five
//! minutes.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Map, Value, json};

use super::ControlError;
use super::bot::Way;
use crate::crypto::Codec;
use crate::errcode;
use crate::server::Shared;
use crate::state::World;
use crate::state::app::BotFile;

const LIFE_SECS: i64 = 5 * 60;

/// The message with an address in the place of each `media_id`, at any depth.
pub(super) fn behind_addresses(
    world: &mut World,
    base_url: &str,
    way: &Way,
    value: &Value,
    now: i64,
) -> Result<Value, ControlError> {
    match value {
        Value::Object(map) => match map.get("media_id").and_then(Value::as_str) {
            Some(media_id) => address(world, base_url, way, media_id, now),
            None => map
                .iter()
                .map(|(name, inner)| {
                    let inner = behind_addresses(world, base_url, way, inner, now)?;
                    Ok((name.clone(), inner))
                })
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
        },
        Value::Array(items) => items
            .iter()
            .map(|item| behind_addresses(world, base_url, way, item, now))
            .collect(),
        other => Ok(other.clone()),
    }
}

/// In URL mode the callback key opens the file; over the long connection each has its own.
fn address(
    world: &mut World,
    base_url: &str,
    way: &Way,
    media_id: &str,
    now: i64,
) -> Result<Value, ControlError> {
    world.media.get(media_id, now)?;
    let code = world.ids.text("BF", 40);
    let mut sent = json!({"url": format!("{base_url}/aibot/media/{code}")});
    let encoding_aes_key = match way {
        Way::Url(receiver) => receiver.encoding_aes_key.clone(),
        Way::Link(_) => {
            let key = [world.ids.block(), world.ids.block()].concat();
            let key = STANDARD_NO_PAD.encode(key);
            sent["aeskey"] = json!(key);
            key
        }
    };
    let file = BotFile {
        media_id: media_id.to_owned(),
        encoding_aes_key,
        expires_at: now + LIFE_SECS,
    };
    world.app.bot_files.insert(code, file);
    Ok(sent)
}

/// The encrypted bytes, as long as the address lives.
pub(crate) async fn download(
    State(shared): State<Arc<Shared>>,
    Path(code): Path<String>,
) -> Response {
    let world = shared.world();
    let now = shared.clock.now();
    let living = world.app.bot_files.get(&code);
    let living = living.filter(|file| file.expires_at > now);
    let found = living.and_then(|file| {
        let media = world.media.get(&file.media_id, now).ok()?;
        let codec = Codec::new("", &file.encoding_aes_key, "").ok()?;
        Some((media, codec.encrypt_padded(media.bytes.clone())))
    });
    let Some((media, bytes)) = found else {
        let refused = errcode::BAD_MEDIA_ID.about("the address is unknown or over");
        let body = Json(json!({"errcode": refused.code, "errmsg": refused.text}));
        return (StatusCode::FORBIDDEN, body).into_response();
    };
    let disposition = format!("attachment; filename=\"{}\"", media.filename);
    let mut response = bytes.into_response();
    if let Ok(disposition) = HeaderValue::from_bytes(disposition.as_bytes()) {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}
