//! `gettoken`, the token check, and the address lists.

use serde_json::json;

use super::contract::{Field, text};
use super::{Call, Ctx, Endpoint, Reply, Scope};
use crate::config::SecretSpec;
use crate::errcode::{self, ApiError};

const CORP_AND_SECRET: &[Field] = &[
    text("corpid").must(errcode::NO_CORPID),
    text("corpsecret").must(errcode::NO_SECRET),
];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/cgi-bin/gettoken", Scope::Open, gettoken, CORP_AND_SECRET)
        .errors(&[
            errcode::BAD_CORPID,
            errcode::BAD_SECRET,
            errcode::TOO_FREQUENT,
            errcode::NOT_TRUSTED_IP,
        ])
        .switches(&["token_life_secs", "bad_secret_block_after", "trusted_ips"]),
    Endpoint::get("/cgi-bin/getcallbackip", Scope::Any, addresses, &[]),
    Endpoint::get("/cgi-bin/get_api_domain_ip", Scope::Any, addresses, &[]),
];

fn gettoken(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let corpid = call.param("corpid").ok_or(errcode::NO_CORPID.plain())?;
    let secret = call.param("corpsecret").ok_or(errcode::NO_SECRET.plain())?;
    let address = ctx.peer.to_string();
    if ctx.world.traffic.is_blocked(&address, ctx.now) {
        return Err(errcode::TOO_FREQUENT.about("too many wrong secrets"));
    }
    if corpid != ctx.world.corp_id {
        return Err(errcode::BAD_CORPID.plain());
    }
    if !ctx.world.secrets.iter().any(|spec| spec.secret == secret) {
        let most = ctx.world.switches.bad_secret_block_after;
        ctx.world.traffic.note_bad_secret(&address, ctx.now, most);
        return Err(errcode::BAD_SECRET.plain());
    }
    trusted(ctx)?;
    let world = &mut *ctx.world;
    let life = world.switches.token_life_secs;
    let (token, expires_in) = world.tokens.issue(secret, ctx.now, life, &mut world.ids);
    Ok(Reply::with(
        json!({"access_token": token, "expires_in": expires_in}),
    ))
}

/// A self-built app may only call from addresses that its console lists.
fn trusted(ctx: &Ctx<'_>) -> Result<(), ApiError> {
    let listed = &ctx.world.switches.trusted_ips;
    let address = ctx.peer.to_string();
    if listed.is_empty() || listed.contains(&address) {
        return Ok(());
    }
    Err(errcode::NOT_TRUSTED_IP.plain())
}

/// Finds the secret behind the token in the query.
pub(super) fn check(ctx: &Ctx<'_>, call: &Call) -> Result<SecretSpec, ApiError> {
    let text = call
        .param("access_token")
        .ok_or(errcode::NO_TOKEN.plain())?;
    let token = ctx
        .world
        .tokens
        .get(text)
        .ok_or(errcode::BAD_TOKEN.plain())?;
    if token.revoked {
        return Err(errcode::BAD_TOKEN.plain());
    }
    if token.expires_at <= ctx.now {
        let code = ctx.world.switches.expired_token_code;
        return Err(ApiError::numbered(code, "access_token expired"));
    }
    let spec = ctx
        .world
        .secrets
        .iter()
        .find(|spec| spec.secret == token.secret);
    let spec = spec.cloned().ok_or_else(|| errcode::BAD_TOKEN.plain())?;
    trusted(ctx)?;
    Ok(spec)
}

fn addresses(_ctx: &mut Ctx<'_>, _call: &Call) -> Result<Reply, ApiError> {
    Ok(Reply::with(
        json!({"ip_list": ["127.0.0.1", "203.0.113.*"]}),
    ))
}
