//! The login pages of the platform: they send the browser back with a code.
//!
//! A person chooses who they are; `mock_userid` or `mock_external_userid` in the
//! address chooses without a page, for tests.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::Shared;
use crate::state::login::Visitor;

type Parameters = BTreeMap<String, String>;

/// Shows who can log in, or sends the browser back.
pub(super) async fn page(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<Parameters>,
) -> Response {
    match answer(&shared, &query) {
        Ok(response) => response,
        Err(why) => (StatusCode::BAD_REQUEST, why.to_owned()).into_response(),
    }
}

fn answer(shared: &Shared, query: &Parameters) -> Result<Response, &'static str> {
    let redirect = query.get("redirect_uri").ok_or("redirect_uri is missing")?;
    let mut target = reqwest::Url::parse(redirect).map_err(|_| "redirect_uri is no address")?;
    if query.get("appid") != Some(&shared.world().corp_id) {
        return Err("appid is not the corp id");
    }
    let state = query.get("state").cloned().unwrap_or_default();
    if state.len() > 128 {
        return Err("state is over 128 bytes");
    }
    let Some(visitor) = visitor(shared, query)? else {
        return Ok(Html(chooser(shared, query)).into_response());
    };
    let private = query
        .get("scope")
        .is_some_and(|it| it == "snsapi_privateinfo");
    let agent_id = query.get("agentid").and_then(|text| text.parse().ok());
    if private && agent_id.is_none() {
        return Err("agentid is needed for snsapi_privateinfo");
    }
    let now = shared.clock.now();
    let mut guard = shared.world();
    let world = &mut *guard;
    let code = world
        .logins
        .new_code(visitor, private, agent_id, now, &mut world.ids);
    target
        .query_pairs_mut()
        .append_pair("code", &code)
        .append_pair("state", &state);
    Ok((StatusCode::FOUND, [(header::LOCATION, target.to_string())]).into_response())
}

/// Who logs in, if the address says so.
fn visitor(shared: &Shared, query: &Parameters) -> Result<Option<Visitor>, &'static str> {
    let world = shared.world();
    if let Some(userid) = query.get("mock_userid") {
        let member = world.book.member(userid).ok_or("there is no such member")?;
        return Ok(Some(Visitor::Member(member.userid.clone())));
    }
    Ok(query.get("mock_external_userid").map(|id| {
        let known = world.customers.0.contains_key(id);
        Visitor::Outsider {
            openid: format!("oOPEN{}", id.chars().skip(2).collect::<String>()),
            external_userid: known.then(|| id.clone()),
        }
    }))
}

/// A page with one link for each person.
fn chooser(shared: &Shared, query: &Parameters) -> String {
    let world = shared.world();
    let mut list = String::new();
    let mut link = |name: &str, id: &str, shown: &str| {
        let mut pairs: Vec<(&str, &str)> = query
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        pairs.push((name, id));
        let query = match reqwest::Url::parse_with_params("http://mock.invalid/", &pairs) {
            Ok(url) => url.query().unwrap_or_default().to_owned(),
            Err(_) => String::new(),
        };
        let _written = write!(
            list,
            "<li><a href=\"?{}\">{}</a></li>",
            escape(&query),
            escape(shown)
        );
    };
    for member in world.book.members.values() {
        link("mock_userid", &member.userid, &member.name);
    }
    for customer in world.customers.0.values() {
        link(
            "mock_external_userid",
            &customer.external_userid,
            &customer.name,
        );
    }
    format!(
        "<!doctype html><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>mock-wecom</title><h1>登录为 · Log in as</h1><ul>{list}</ul>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
