//! The control API under `/mock`: seeds the corp, lets people speak, looks inside.

pub(crate) mod app;
pub(crate) mod bot;
pub(crate) mod bot_media;
pub(crate) mod contact;
pub(crate) mod event;
pub(crate) mod group;
pub(crate) mod journal;
pub(crate) mod kf;
pub(crate) mod link;
pub(crate) mod mass;
pub(crate) mod people;
pub(crate) mod scan;
pub(crate) mod scenario;
pub(crate) mod seed;
pub(crate) mod snapshot;
pub(crate) mod watch;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::errcode::ApiError;
use crate::push::{self, Push, PushOutcome};
use crate::server::Shared;

/// Why a control call could not be carried out.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct ControlError(String);

impl ControlError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<ApiError> for ControlError {
    fn from(error: ApiError) -> Self {
        Self(error.text.into_owned())
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({"error": self.0}))).into_response()
    }
}

/// What happened in the corp, and how the receivers took the callbacks.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Pushed {
    /// HTTP status of the first receiver; absent when it did not answer.
    pub http_status: Option<u16>,
    /// How often the first receiver was tried.
    pub attempts: u32,
    /// The first receiver's decrypted reply.
    pub reply: Option<Value>,
    /// Every receiver.
    pub pushes: Vec<PushOutcome>,
    /// Ids and codes that came up.
    #[serde(flatten)]
    pub facts: Map<String, Value>,
}

impl Pushed {
    /// A fact as text, such as `msgid` or `welcome_code`; empty when there is none.
    #[must_use]
    pub fn fact(&self, name: &str) -> &str {
        self.facts
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

/// Sends callbacks and reports what happened.
pub(crate) async fn report(shared: &Arc<Shared>, pushes: Vec<Push>, facts: Value) -> Pushed {
    let pushes = push::deliver(shared, pushes).await;
    let first = pushes.first().cloned().unwrap_or_default();
    let facts = match facts {
        Value::Object(facts) => facts,
        _ => Map::new(),
    };
    Pushed {
        http_status: first.http_status,
        attempts: first.attempts,
        reply: first.reply,
        pushes,
        facts,
    }
}

/// A JSON body read without a look at its Content-Type; an empty body is `{}`.
struct Ask<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Ask<T> {
    type Rejection = ControlError;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|error| ControlError::new(error.to_string()))?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        serde_json::from_slice(text)
            .map(Ask)
            .map_err(|error| ControlError::new(error.to_string()))
    }
}

/// One or many of the same thing.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany<T> {
    /// Several.
    Many(Vec<T>),
    /// Just one.
    One(T),
}

impl<T> OneOrMany<T> {
    pub(crate) fn into_vec(self) -> Vec<T> {
        match self {
            Self::Many(items) => items,
            Self::One(item) => vec![item],
        }
    }
}

type Answer<T> = Result<Json<T>, ControlError>;
type Corp = State<Arc<Shared>>;

/// A handler that reads a request, runs an operation and answers its result.
macro_rules! pushing {
    ($operation:path) => {
        post(|State(shared): Corp, Ask(request)| async move {
            let answer: Answer<Pushed> = $operation(&shared, request).await.map(Json);
            answer
        })
    };
}

/// A handler for an operation that sends nothing.
macro_rules! setting {
    ($operation:path) => {
        post(|State(shared): Corp, Ask(request)| async move {
            let answer: Answer<Value> = $operation(&shared, request).map(Json);
            answer
        })
    };
}

/// Snapshots carry every uploaded file in Base64.
const SNAPSHOT_LIMIT: usize = 1024 * 1024 * 1024;

/// Every control route.
pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/kf/say", pushing!(kf::say))
        .route("/kf/enter", pushing!(kf::enter))
        .route("/kf/session", pushing!(kf::session))
        .route("/kf/fail", pushing!(kf::fail))
        .route("/app/say", pushing!(app::say))
        .route("/app/event", pushing!(app::event))
        .route("/aibot/say", pushing!(bot::bot_say))
        .route("/aibot/event", pushing!(bot::bot_event))
        .route("/aibot/refresh", pushing!(bot::bot_refresh))
        .route("/contact/add", pushing!(contact::add))
        .route("/contact/scan", pushing!(scan::contact))
        .route("/contact/delete", pushing!(contact::delete))
        .route("/contact/edit", pushing!(contact::edit))
        .route("/tag/event", pushing!(contact::tag_event))
        .route("/event", pushing!(event::send))
        .route("/member/leave", pushing!(people::leave))
        .route("/transfer/settle", pushing!(people::settle))
        .route("/moment/publish", setting!(people::publish))
        .route("/moment/remark", setting!(people::remark))
        .route("/oauth/login", setting!(people::login))
        .route("/group/create", pushing!(group::create))
        .route("/group/join", pushing!(group::join))
        .route("/group/scan", pushing!(scan::group))
        .route("/group/leave", pushing!(group::leave))
        .route("/group/update", pushing!(group::update))
        .route("/group/dismiss", pushing!(group::dismiss))
        .route("/callback", pushing!(watch::callback))
        .route("/mass/confirm", setting!(mass::confirm))
        .route("/receivers", setting!(seed::receivers))
        .route("/secrets", setting!(seed::secrets))
        .route("/visible", setting!(seed::visible))
        .route("/members", setting!(seed::members))
        .route("/departments", setting!(seed::departments))
        .route("/contacts", setting!(seed::contacts))
        .route("/tags", setting!(seed::tags))
        .route("/kf/accounts", setting!(seed::kf_accounts))
        .route("/groups", setting!(seed::groups))
        .route("/robots", setting!(seed::robots))
        .route("/book-tags", setting!(seed::book_tags))
        .route("/bots", setting!(seed::bots))
        .route("/media", setting!(seed::media))
        .route(
            "/faults",
            setting!(watch::add_fault).merge(delete(watch::clear_faults)),
        )
        .route("/chaos", setting!(watch::chaos).merge(delete(watch::calm)))
        .route(
            "/scenario",
            setting!(scenario::play).merge(get(watch::scenario)),
        )
        .route("/tokens/revoke", setting!(watch::revoke))
        .route(
            "/switches",
            setting!(watch::set_switches).merge(get(watch::switches)),
        )
        .route(
            "/clock",
            setting!(watch::set_clock).merge(get(watch::clock)),
        )
        .route("/reset", setting!(watch::reset))
        .route("/receivers/verify", post(watch::verify))
        .merge(looking())
}

/// The routes that look inside, and those that keep and bring back what is there.
fn looking() -> Router<Arc<Shared>> {
    Router::new()
        .route("/state", get(watch::state))
        .route("/journal", get(journal::read).merge(delete(journal::clear)))
        .route("/journal/assert", post(journal::assert))
        .route("/journal.jsonl", get(journal::json_lines))
        .route("/journal.har", get(journal::har))
        .route("/snapshot", get(snapshot::download))
        .route(
            "/restore",
            setting!(snapshot::restore).layer(DefaultBodyLimit::max(SNAPSHOT_LIMIT)),
        )
        .route("/endpoints", get(watch::endpoints))
        .route("/chat", get(watch::chat))
        .route("/events", get(watch::events))
}
