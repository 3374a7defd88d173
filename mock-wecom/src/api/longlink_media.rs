//! Uploads in parts over the long connection.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::contract::{Field, bytes, one_of, range, text};
use super::longlink::Order;
use crate::errcode::{self, ApiError};
use crate::state::World;
use crate::state::links::LinkUpload;
use crate::state::media::Media;

const MB: usize = 1024 * 1024;
const CHUNK_MAX: usize = 512 * 1024;
const SESSION_SECS: i64 = 1_800;
const PER_MINUTE: usize = 30;
const PER_HOUR: usize = 1_000;

pub(super) const INIT: &[Field] = &[
    one_of("type", &["image", "voice", "video", "file"])
        .must(errcode::BAD_MEDIA_TYPE)
        .or(errcode::BAD_MEDIA_TYPE),
    bytes("filename", 256).must(errcode::EMPTY_PARAMETER),
    range("total_size", 1, 20 * 1024 * 1024)
        .must(errcode::EMPTY_PARAMETER)
        .or(errcode::MEDIA_TOO_LARGE),
    range("total_chunks", 1, 100).must(errcode::EMPTY_PARAMETER),
    bytes("md5", 32),
];
pub(super) const CHUNK: &[Field] = &[
    text("upload_id").must(errcode::EMPTY_PARAMETER),
    range("chunk_index", 0, 99).must(errcode::EMPTY_PARAMETER),
    text("base64_data").must(errcode::EMPTY_MEDIA),
];
pub(super) const FINISH: &[Field] = &[text("upload_id").must(errcode::EMPTY_PARAMETER)];

fn size(order: &Order<'_>, name: &str) -> Result<usize, ApiError> {
    let number = order.fields().int(name)?.unwrap_or_default();
    usize::try_from(number).map_err(|_| errcode::BAD_PARAMETER.about(name))
}

pub(super) fn init(world: &mut World, order: &Order<'_>) -> Result<Option<Value>, ApiError> {
    let fields = order.fields();
    let kind = fields.need("type", errcode::BAD_MEDIA_TYPE)?;
    let most = match kind.as_str() {
        "voice" => 2 * MB,
        "file" => 20 * MB,
        _ => 10 * MB,
    };
    let (total_size, total_chunks) = (size(order, "total_size")?, size(order, "total_chunks")?);
    if total_size > most {
        return Err(errcode::MEDIA_TOO_LARGE.about(format!("over {most} bytes")));
    }
    let bot_id = order.bot_id.to_owned();
    let window = world.links.uploaded.entry(bot_id.clone()).or_default();
    if window.count(order.now, 3_600) >= PER_HOUR || !window.admit(order.now, 60, PER_MINUTE) {
        return Err(errcode::TOO_FREQUENT.plain());
    }
    let upload = LinkUpload {
        bot_id,
        kind,
        filename: fields.need("filename", errcode::EMPTY_PARAMETER)?,
        total_size,
        total_chunks,
        md5: fields.text("md5")?.unwrap_or_default(),
        at: order.now,
        chunks: std::collections::BTreeMap::new(),
    };
    let id = world.ids.text("UP", 40);
    world.links.uploads.insert(id.clone(), upload);
    Ok(Some(json!({"upload_id": id})))
}

fn session<'w>(world: &'w mut World, order: &Order<'_>) -> Result<&'w mut LinkUpload, ApiError> {
    let id = order.fields().need("upload_id", errcode::EMPTY_PARAMETER)?;
    let upload = world.links.uploads.get_mut(&id);
    upload
        .filter(|one| one.bot_id == order.bot_id && order.now - one.at < SESSION_SECS)
        .ok_or_else(|| errcode::BAD_PARAMETER.about("upload_id"))
}

pub(super) fn chunk(world: &mut World, order: &Order<'_>) -> Result<Option<Value>, ApiError> {
    let at = size(order, "chunk_index")?;
    let data = order.fields().need("base64_data", errcode::EMPTY_MEDIA)?;
    let data = STANDARD
        .decode(data)
        .map_err(|_| errcode::BAD_PARAMETER.about("base64_data"))?;
    if data.len() > CHUNK_MAX {
        return Err(errcode::MEDIA_TOO_LARGE.about("a chunk is over 512 KB"));
    }
    let upload = session(world, order)?;
    if at >= upload.total_chunks {
        return Err(errcode::BAD_PARAMETER.about("chunk_index"));
    }
    upload.chunks.insert(at, data);
    Ok(Some(json!({})))
}

pub(super) fn finish(world: &mut World, order: &Order<'_>) -> Result<Option<Value>, ApiError> {
    let upload = session(world, order)?.clone();
    if upload.chunks.len() != upload.total_chunks {
        return Err(errcode::BAD_PARAMETER.about("chunks are missing"));
    }
    let bytes: Vec<u8> = upload.chunks.into_values().flatten().collect();
    if bytes.len() != upload.total_size {
        return Err(errcode::BAD_FILE_SIZE.about("total_size differs"));
    }
    let digest = Md5::digest(&bytes);
    let md5: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    if !upload.md5.is_empty() && !upload.md5.eq_ignore_ascii_case(&md5) {
        return Err(errcode::BAD_PARAMETER.about("md5"));
    }
    let id = order.fields().need("upload_id", errcode::EMPTY_PARAMETER)?;
    world.links.uploads.remove(&id);
    let media_id = world.ids.text("M", 60);
    let media = Media {
        kind: upload.kind.clone(),
        filename: upload.filename,
        content_type: "application/octet-stream".to_owned(),
        created_at: order.now,
        robot: None,
        attachment: None,
        bytes,
    };
    world.media.files.insert(media_id.clone(), media);
    Ok(Some(
        json!({"type": upload.kind, "media_id": media_id, "created_at": order.now}),
    ))
}
