//! The WeCom API over HTTP: reads the request, meets the faults, keeps the journal.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body as HttpBody, Bytes};
use axum::extract::{ConnectInfo, FromRequest, Multipart, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::{Peer, Shared};
use crate::api::{self, Body, Call, Ctx, Reply, Upload};
use crate::control::scenario;
use crate::errcode::ApiError;
use crate::faults::Action;
use crate::journal::{Entry, EntryKind};
use crate::push;

/// Answers any request outside `/mock` and `/`.
pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response {
    let began = Began {
        time_ms: shared.clock.now_ms(),
        at: Instant::now(),
    };
    let call = read(request).await;
    let fault = shared.world().fault(&call.path);
    let name = fault.as_ref().map(|action| format!("{action:?}"));
    let mut journal = Note::new(&call, name, began);
    match &fault {
        Some(Action::DelayMs { ms }) => tokio::time::sleep(Duration::from_millis(*ms)).await,
        Some(Action::Hang) => {
            journal.write(&shared, Value::Null, None, false);
            shared.closed().await;
            peer.cut();
            return StatusCode::OK.into_response();
        }
        Some(Action::DropBefore) => {
            journal.write(&shared, Value::Null, None, false);
            peer.cut();
            return StatusCode::OK.into_response();
        }
        Some(Action::Http {
            status,
            applied: false,
        }) => {
            journal.write(&shared, json!({"http_status": status}), None, false);
            return bare_status(*status);
        }
        Some(Action::Errcode {
            code,
            applied: false,
        }) => {
            let error = ApiError::numbered(*code, "injected fault");
            let body = refusal(&shared, &error, peer.address);
            journal.write(&shared, body.clone(), Some(*code), false);
            return json_response(&body);
        }
        Some(Action::RevokeToken) => {
            if let Some(token) = call.param("access_token") {
                shared.world().tokens.revoke_one(token);
            }
        }
        _ => {}
    }
    let (reply, problems) = run(&shared, &call, peer.address.ip());
    journal.problems = problems;
    respond(&shared, &peer, reply, fault, journal)
}

fn run(shared: &Shared, call: &Call, peer: IpAddr) -> (Result<Reply, ApiError>, Vec<String>) {
    let now = shared.clock.now();
    let mut world = shared.world();
    world.settle(now);
    let mut ctx = Ctx {
        world: &mut world,
        now,
        peer,
        caller: None,
        problems: Vec::new(),
    };
    let reply = api::answer(&mut ctx, call);
    (reply, ctx.problems)
}

/// Renders the answer through the faults that strike after the work is done.
fn respond(
    shared: &Arc<Shared>,
    peer: &Peer,
    reply: Result<Reply, ApiError>,
    fault: Option<Action>,
    journal: Note,
) -> Response {
    let applied = reply.is_ok();
    let (body, response) = match reply {
        Ok(Reply::File {
            content_type,
            filename,
            bytes,
            range,
        }) => {
            let note = json!({"file": filename, "bytes": bytes.len()});
            (note, file_response(&content_type, &filename, bytes, range))
        }
        Ok(Reply::Json(map)) => {
            let body = Value::Object(map);
            let response = json_response(&body);
            (body, response)
        }
        Err(error) => {
            let body = refusal(shared, &error, peer.address);
            let response = json_response(&body);
            (body, response)
        }
    };
    let code = body["errcode"].as_i64();
    let text = body.to_string();
    journal.write(shared, body, code, applied);
    match fault {
        Some(Action::Errcode { code, .. }) => {
            let error = ApiError::numbered(code, "injected fault");
            json_response(&refusal(shared, &error, peer.address))
        }
        Some(Action::Http { status, .. }) => bare_status(status),
        Some(Action::DropAfter) => {
            peer.cut();
            StatusCode::OK.into_response()
        }
        Some(Action::Truncate) => {
            let half = text
                .chars()
                .take(text.chars().count() / 2)
                .collect::<String>();
            (
                [(header::CONTENT_TYPE, "application/json; charset=UTF-8")],
                half,
            )
                .into_response()
        }
        Some(Action::Garble) => "\u{fffd}<html>502 \0".into_response(),
        _ => response,
    }
}

/// When a call came, by the simulated clock and by the real one.
struct Began {
    time_ms: i64,
    at: Instant,
}

/// The journal entry of one call, written once its fate is known.
struct Note {
    began: Began,
    path: String,
    request: Value,
    problems: Vec<String>,
    fault: Option<String>,
}

impl Note {
    fn new(call: &Call, fault: Option<String>, began: Began) -> Self {
        let mut query: Map<String, Value> = call
            .query
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        query.retain(|name, _| name != "access_token" && name != "corpsecret");
        let body = match &call.body {
            Body::Empty => Value::Null,
            Body::Json(map) => Value::Object(map.clone()),
            Body::Upload(file) => json!({"file": file.filename, "bytes": file.bytes.len()}),
            Body::Unreadable(why) => json!({"unreadable": why}),
        };
        let request = json!({
            "method": if call.is_post { "POST" } else { "GET" }, "query": query,
            "headers": call.headers, "body": body});
        Self {
            began,
            path: call.path.clone(),
            request,
            problems: Vec::new(),
            fault,
        }
    }

    fn write(self, shared: &Arc<Shared>, mut response: Value, errcode: Option<i64>, applied: bool) {
        if let Some(token) = response.get_mut("access_token") {
            *token = json!("(left out)");
        }
        let entry = Entry {
            id: 0,
            kind: EntryKind::Call,
            time_ms: self.began.time_ms,
            took_ms: push::since(self.began.at),
            path: self.path,
            request: self.request,
            response,
            errcode,
            applied,
            problems: self.problems,
            fault: self.fault,
        };
        let mut world = shared.world();
        world.stage.note_call(&entry.path);
        world.record(entry);
        drop(world);
        scenario::advance(shared);
    }
}

async fn read(request: Request) -> Call {
    let query = Query::try_from_uri(request.uri())
        .map(|Query(query)| query)
        .unwrap_or_default();
    let range = request
        .headers()
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok());
    let mut call = Call {
        path: request.uri().path().to_owned(),
        is_post: request.method() == Method::POST,
        query,
        range: range.map(str::to_owned),
        headers: shown_headers(request.headers()),
        body: Body::Empty,
    };
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let is_upload = content_type
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.to_ascii_lowercase().starts_with("multipart/"));
    call.body = if is_upload {
        read_upload(request).await
    } else {
        read_json(request).await
    };
    call
}

/// Headers that hold no secret.
fn shown_headers(all: &HeaderMap) -> BTreeMap<String, String> {
    let names = [header::CONTENT_TYPE, header::USER_AGENT, header::RANGE];
    let shown = |name: header::HeaderName| {
        let value = String::from_utf8_lossy(all.get(&name)?.as_bytes()).into_owned();
        Some((name.to_string(), value))
    };
    names.into_iter().filter_map(shown).collect()
}

/// Many real clients send no Content-Type, so it is not looked at.
async fn read_json(request: Request) -> Body {
    let bytes = match Bytes::from_request(request, &()).await {
        Ok(bytes) => bytes,
        Err(error) => return Body::Unreadable(error.to_string()),
    };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Body::Empty;
    }
    match serde_json::from_slice(&bytes) {
        Ok(map) => Body::Json(map),
        Err(error) => Body::Unreadable(error.to_string()),
    }
}

/// Takes the first part that has a file name; the field's name is free for some calls.
async fn read_upload(request: Request) -> Body {
    let mut parts = match Multipart::from_request(request, &()).await {
        Ok(parts) => parts,
        Err(error) => return Body::Unreadable(error.to_string()),
    };
    loop {
        let part = match parts.next_field().await {
            Ok(Some(part)) => part,
            Ok(None) => return Body::Empty,
            Err(error) => return Body::Unreadable(error.to_string()),
        };
        let Some(filename) = part.file_name().map(str::to_owned) else {
            continue;
        };
        let field = part.name().unwrap_or_default().to_owned();
        let content_type = part
            .content_type()
            .unwrap_or("application/octet-stream")
            .to_owned();
        return match part.bytes().await {
            Ok(bytes) => Body::Upload(Upload {
                field,
                filename,
                content_type,
                bytes: bytes.to_vec(),
            }),
            Err(error) => Body::Unreadable(error.to_string()),
        };
    }
}

/// A refusal with the platform's usual tail.
fn refusal(shared: &Shared, error: &ApiError, peer: SocketAddr) -> Value {
    let (number, hash) = {
        let mut world = shared.world();
        (world.ids.number(), world.ids.next())
    };
    let errmsg = format!(
        "{}, hint: [{}_{number}_{hash:016x}], from ip: {}, more info at \
         https://open.work.weixin.qq.com/devtool/query?e={}",
        error.text,
        shared.clock.now(),
        peer.ip(),
        error.code,
    );
    json!({"errcode": error.code, "errmsg": errmsg})
}

fn json_response(body: &Value) -> Response {
    (
        [(header::CONTENT_TYPE, "application/json; charset=UTF-8")],
        body.to_string(),
    )
        .into_response()
}

fn bare_status(status: u16) -> Response {
    StatusCode::from_u16(status)
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        .into_response()
}

fn file_response(
    content_type: &str,
    filename: &str,
    bytes: Vec<u8>,
    range: Option<(usize, usize)>,
) -> Response {
    let total = bytes.len();
    let (status, part) = match range {
        Some((from, to)) => (StatusCode::PARTIAL_CONTENT, bytes[from..=to].to_vec()),
        None => (StatusCode::OK, bytes),
    };
    let mut response = Response::new(HttpBody::from(part));
    *response.status_mut() = status;
    let disposition = format!("attachment; filename=\"{filename}\"");
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            response.headers_mut().insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, content_type);
    set(header::CONTENT_DISPOSITION, &disposition);
    if let Some((from, to)) = range {
        set(header::CONTENT_RANGE, &format!("bytes {from}-{to}/{total}"));
    }
    response
}
