//! The WeCom API: one table of endpoints, one file for each family.

mod acquisition;
mod agent;
mod aibot;
mod appchat;
mod book;
mod card;
mod content;
mod contract;
pub(crate) mod coverage;
mod customer;
mod endpoint;
mod fields;
mod greeting;
mod group;
mod group_way;
mod intercept;
mod kf_account;
mod kf_message;
mod kf_service;
mod kf_session;
mod login;
pub(crate) mod longlink;
mod longlink_media;
mod mass;
mod media;
mod member;
mod message;
mod moment;
mod moment_result;
mod party;
mod product;
mod robot;
mod schedule;
mod shapes;
mod statistic;
mod strategy;
mod tag;
mod token;
mod transfer;
mod way;

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Map, Value, json};

use crate::config::SecretSpec;
use crate::errcode::{self, ApiError};
use crate::state::World;

pub(crate) use endpoint::{Endpoint, Scope, Verb};
pub(crate) use fields::Fields;

/// A request as it arrived.
#[derive(Debug, Default)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) is_post: bool,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) body: Body,
    pub(crate) range: Option<String>,
    /// Those that tell who calls and what it sends; for the journal only.
    pub(crate) headers: BTreeMap<String, String>,
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
    /// Where the call comes from.
    pub(crate) peer: IpAddr,
    /// The secret behind the token.
    pub(crate) caller: Option<SecretSpec>,
    /// Where the request left the contract without being refused.
    pub(crate) problems: Vec<String>,
}

impl Ctx<'_> {
    /// The secret behind the token; empty for calls without one.
    pub(crate) fn secret(&self) -> String {
        let caller = self.caller.as_ref();
        caller
            .map(|caller| caller.secret.clone())
            .unwrap_or_default()
    }

    /// Refuses a member whom the app behind the token does not see.
    pub(crate) fn see(&self, userid: &str) -> Result<(), ApiError> {
        match self.world.book.sees(&self.secret(), userid) {
            true => Ok(()),
            false => Err(errcode::NOT_VISIBLE.about(userid)),
        }
    }

    /// Refuses a member who is not there, or whom the app does not see.
    pub(crate) fn employee(&self, userid: &str) -> Result<(), ApiError> {
        match self.world.book.member(userid) {
            Some(_) => self.see(userid),
            None => Err(errcode::BAD_USERID.about(userid)),
        }
    }

    /// Whether the app behind the token sees a department.
    pub(crate) fn sees_party(&self, id: i64) -> bool {
        self.world.book.sees_party(&self.secret(), id)
    }

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

const FAMILIES: [&[Endpoint]; 35] = [
    token::ENDPOINTS,
    login::ENDPOINTS,
    message::ENDPOINTS,
    card::ENDPOINTS,
    appchat::ENDPOINTS,
    robot::ENDPOINTS,
    aibot::ENDPOINTS,
    media::ENDPOINTS,
    kf_account::ENDPOINTS,
    kf_session::ENDPOINTS,
    kf_message::ENDPOINTS,
    kf_service::ENDPOINTS,
    customer::ENDPOINTS,
    tag::ENDPOINTS,
    strategy::ENDPOINTS,
    greeting::ENDPOINTS,
    way::ENDPOINTS,
    transfer::ENDPOINTS,
    acquisition::ENDPOINTS,
    statistic::ENDPOINTS,
    mass::ENDPOINTS,
    moment::ENDPOINTS,
    moment_result::ENDPOINTS,
    group::ENDPOINTS,
    group_way::ENDPOINTS,
    intercept::ENDPOINTS,
    product::ENDPOINTS,
    book::ENDPOINTS,
    member::ENDPOINTS,
    party::ENDPOINTS,
    agent::ENDPOINTS,
    schedule::ENDPOINTS,
    schedule::CALENDARS,
    customer::IDS,
    group::TRANSFERS,
];

/// Every endpoint, in the order of the coverage table.
pub(crate) fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    FAMILIES.into_iter().flatten()
}

/// Finds the endpoint, checks token, frequency and contract, and runs it.
pub(crate) fn answer(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let endpoint = endpoints()
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
    limit(ctx, endpoint, call)?;
    check(ctx, endpoint, call)?;
    (endpoint.run)(ctx, call)
}

/// The general limits: calls of one API a minute and an hour, and those with `debug=1`.
fn limit(ctx: &mut Ctx<'_>, endpoint: &Endpoint, call: &Call) -> Result<(), ApiError> {
    let (now, world) = (ctx.now, &mut *ctx.world);
    if call.param("debug") == Some("1") && !world.traffic.debug.admit(now, 60, 5) {
        return Err(errcode::TOO_FREQUENT.about("debug=1 is limited to 5 calls a minute"));
    }
    if !endpoint.metered {
        return Ok(());
    }
    let switches = &world.switches;
    let is_contact = endpoint.path.starts_with("/cgi-bin/externalcontact/");
    let per_minute = match switches.contact_calls_per_min {
        most if is_contact && most > 0 => most,
        _ => switches.calls_per_min,
    };
    let per_hour = switches.calls_per_hour;
    if world
        .traffic
        .admit(endpoint.path, now, per_minute, per_hour)
    {
        Ok(())
    } else {
        Err(errcode::TOO_FREQUENT.plain())
    }
}

/// Checks the request against the endpoint's table.
fn check(ctx: &mut Ctx<'_>, endpoint: &Endpoint, call: &Call) -> Result<(), ApiError> {
    let query: Map<String, Value> = call
        .query
        .iter()
        .filter(|(name, _)| !["access_token", "debug"].contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    let query = Fields::new(&query);
    if endpoint.verb == Verb::Get {
        // What a GET carries in its body is nobody's business.
        contract::check(endpoint.fields, query, "", &mut ctx.problems)?;
        return note_strangers(ctx, endpoint.fields, query);
    }
    if let Body::Unreadable(why) = &call.body {
        return Err(errcode::BAD_PARAMETER.about(format!("Warning: wrong json format. {why}")));
    }
    let bare = !call.is_post && matches!(call.body, Body::Empty);
    if bare && !endpoint.by_get {
        return Err(errcode::BAD_PARAMETER.about("POST is required"));
    }
    if call.fields().has("access_token") {
        ctx.problem("access_token belongs in the query, not in the body");
    }
    contract::check(endpoint.query, query, "", &mut ctx.problems)?;
    note_strangers(ctx, endpoint.query, query)?;
    contract::check(endpoint.fields, call.fields(), "", &mut ctx.problems)
}

/// An empty table says "none", where one inside an object says "any".
fn note_strangers(
    ctx: &mut Ctx<'_>,
    table: &[contract::Field],
    query: Fields<'_>,
) -> Result<(), ApiError> {
    if table.is_empty() {
        for name in query.names() {
            ctx.problem(format!("unknown query parameter {name}"));
        }
    }
    Ok(())
}
