//! `gettoken`, the token check, and the address lists.

use serde_json::json;

use super::{Call, Ctx, Endpoint, Reply, Scope};
use crate::config::SecretSpec;
use crate::errcode::{self, ApiError};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/cgi-bin/gettoken", Scope::Open, gettoken, &[]),
    Endpoint::get("/cgi-bin/getcallbackip", Scope::Any, addresses, &[]),
    Endpoint::get("/cgi-bin/get_api_domain_ip", Scope::Any, addresses, &[]),
];

fn gettoken(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let corpid = call.param("corpid").ok_or(errcode::NO_CORPID.plain())?;
    let secret = call.param("corpsecret").ok_or(errcode::NO_SECRET.plain())?;
    if corpid != ctx.world.corp_id {
        return Err(errcode::BAD_CORPID.plain());
    }
    if !ctx.world.secrets.iter().any(|spec| spec.secret == secret) {
        return Err(errcode::BAD_SECRET.plain());
    }
    let world = &mut *ctx.world;
    let life = world.switches.token_life_secs;
    let (token, expires_in) = world.tokens.issue(secret, ctx.now, life, &mut world.ids);
    Ok(Reply::with(
        json!({"access_token": token, "expires_in": expires_in}),
    ))
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
    spec.cloned().ok_or_else(|| errcode::BAD_TOKEN.plain())
}

fn addresses(_ctx: &mut Ctx<'_>, _call: &Call) -> Result<Reply, ApiError> {
    Ok(Reply::with(
        json!({"ip_list": ["127.0.0.1", "203.0.113.*"]}),
    ))
}
