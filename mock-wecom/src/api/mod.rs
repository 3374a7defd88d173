//! The WeCom API: one table of endpoints, one file for each family.

mod aibot;
mod appchat;
mod book;
mod card;
mod content;
mod customer;
mod fields;
mod greeting;
mod group;
mod kf_account;
mod kf_message;
mod kf_session;
mod mass;
mod media;
mod message;
mod robot;
mod tag;
mod token;
mod way;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::config::{Kind, SecretSpec};
use crate::errcode::{self, ApiError};
use crate::state::World;

pub(crate) use fields::Fields;

/// The verb an endpoint wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
}

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Nobody is asked for a token.
    Open,
    /// Any living token.
    Any,
    /// A token of a secret listed for this kind.
    Only(Kind),
}

type Handler = fn(&mut Ctx<'_>, &Call) -> Result<Reply, ApiError>;

/// One endpoint.
pub(crate) struct Endpoint {
    path: &'static str,
    verb: Verb,
    scope: Scope,
    run: Handler,
    /// The top-level fields (query parameters for GET) it knows.
    fields: &'static [&'static str],
}

impl Endpoint {
    const fn get(
        path: &'static str,
        scope: Scope,
        run: Handler,
        fields: &'static [&'static str],
    ) -> Self {
        Self {
            path,
            verb: Verb::Get,
            scope,
            run,
            fields,
        }
    }

    const fn post(
        path: &'static str,
        scope: Scope,
        run: Handler,
        fields: &'static [&'static str],
    ) -> Self {
        Self {
            path,
            verb: Verb::Post,
            scope,
            run,
            fields,
        }
    }
}

/// A request as it arrived.
#[derive(Debug, Default)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) is_post: bool,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) body: Body,
    pub(crate) range: Option<String>,
}

/// A request body.
#[derive(Debug, Default)]
pub(crate) enum Body {
    #[default]
    Empty,
    Json(Map<String, Value>),
    Upload(Upload),
    Unreadable(String),
}

/// An uploaded file.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) field: String,
    pub(crate) filename: String,
    pub(crate) content_type: String,
    pub(crate) bytes: Vec<u8>,
}

impl Call {
    /// The JSON body; empty when there is none.
    pub(crate) fn fields(&self) -> Fields<'_> {
        match &self.body {
            Body::Json(map) => Fields::new(map),
            _ => Fields::empty(),
        }
    }

    /// A query parameter that is there and not empty.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

/// What a handler works with.
pub(crate) struct Ctx<'w> {
    pub(crate) world: &'w mut World,
    pub(crate) now: i64,
    /// The secret behind the token.
    pub(crate) caller: Option<SecretSpec>,
    /// Where the request left the contract without being refused.
    pub(crate) problems: Vec<String>,
}

impl Ctx<'_> {
    pub(crate) fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }
}

/// What an endpoint answers.
#[derive(Debug)]
pub(crate) enum Reply {
    Json(Map<String, Value>),
    File {
        content_type: String,
        filename: String,
        bytes: Vec<u8>,
        range: Option<(usize, usize)>,
    },
}

impl Reply {
    /// `errcode` 0 and nothing else.
    pub(crate) fn ok() -> Self {
        Self::with(json!({}))
    }

    /// `errcode` 0 and these fields.
    pub(crate) fn with(fields: Value) -> Self {
        let mut map = Map::new();
        map.insert("errcode".to_owned(), json!(0));
        map.insert("errmsg".to_owned(), json!("ok"));
        if let Value::Object(fields) = fields {
            map.extend(fields);
        }
        Self::Json(map)
    }
}

const FAMILIES: [&[Endpoint]; 17] = [
    token::ENDPOINTS,
    message::ENDPOINTS,
    appchat::ENDPOINTS,
    robot::ENDPOINTS,
    media::ENDPOINTS,
    kf_account::ENDPOINTS,
    kf_session::ENDPOINTS,
    kf_message::ENDPOINTS,
    customer::ENDPOINTS,
    tag::ENDPOINTS,
    group::ENDPOINTS,
    mass::ENDPOINTS,
    greeting::ENDPOINTS,
    way::ENDPOINTS,
    book::ENDPOINTS,
    aibot::ENDPOINTS,
    card::ENDPOINTS,
];

/// Every path that is served.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    FAMILIES
        .iter()
        .flat_map(|family| family.iter())
        .map(|endpoint| endpoint.path)
}

/// Finds the endpoint, checks token and verb, and runs it.
pub(crate) fn answer(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let endpoint = FAMILIES
        .iter()
        .flat_map(|family| family.iter())
        .find(|endpoint| endpoint.path == call.path)
        .ok_or_else(|| errcode::UNKNOWN_PATH.about(&call.path))?;
    if endpoint.scope != Scope::Open {
        ctx.caller = Some(token::check(ctx, call)?);
    }
    if let (Scope::Only(kind), Some(caller)) = (endpoint.scope, &ctx.caller)
        && !caller.may(kind)
    {
        return Err(errcode::API_FORBIDDEN.plain());
    }
    if let Body::Unreadable(why) = &call.body {
        return Err(errcode::BAD_PARAMETER.about(format!("Warning: wrong json format. {why}")));
    }
    if endpoint.verb == Verb::Post && !call.is_post {
        return Err(errcode::BAD_PARAMETER.about("POST is required"));
    }
    note_unknown_fields(ctx, endpoint, call);
    (endpoint.run)(ctx, call)
}

fn note_unknown_fields(ctx: &mut Ctx<'_>, endpoint: &Endpoint, call: &Call) {
    let known_query = [
        "access_token",
        "debug",
        "corpid",
        "corpsecret",
        "key",
        "type",
        "media_type",
        "attachment_type",
        "response_code",
    ];
    for name in call.query.keys() {
        if !known_query.contains(&name.as_str()) && !endpoint.fields.contains(&name.as_str()) {
            ctx.problem(format!("unknown query parameter {name}"));
        }
    }
    for name in call.fields().names() {
        if name == "access_token" {
            ctx.problem("access_token belongs in the query, not in the body");
        } else if !endpoint.fields.contains(&name) {
            ctx.problem(format!("unknown field {name}"));
        }
    }
}
