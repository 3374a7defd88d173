//! `auth/getuserinfo`, `auth/getuserdetail` and JS-SDK tickets.

use serde_json::json;

use super::contract::{Field, one_of, text};
use super::{Call, Ctx, Endpoint, Reply, Scope};
use crate::errcode::{self, ApiError, Errcode};
use crate::state::login::Visitor;

const CODE: &[Field] = &[
    text("code").must(errcode::BAD_OAUTH_CODE),
    // Old documents wanted it; it says nothing that the token does not.
    text("agentid"),
];
const CODE_CODES: &[Errcode] = &[errcode::BAD_OAUTH_CODE, errcode::UNTRUSTED_DOMAIN];
const TICKET: &[Field] = &[text("user_ticket").must(errcode::BAD_TICKET)];
const TICKET_CODES: &[Errcode] = &[
    errcode::BAD_TICKET,
    errcode::TICKET_EXPIRED,
    errcode::NO_SUCH_USER,
];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/cgi-bin/auth/getuserinfo", Scope::Any, user_info, CODE)
        .errors(CODE_CODES)
        .unmetered(),
    Endpoint::post(
        "/cgi-bin/auth/getuserdetail",
        Scope::Any,
        user_detail,
        TICKET,
    )
    .errors(TICKET_CODES),
    // The names before 2022; clients still use them.
    Endpoint::get("/cgi-bin/user/getuserinfo", Scope::Any, user_info, CODE)
        .errors(CODE_CODES)
        .unmetered(),
    Endpoint::post(
        "/cgi-bin/user/getuserdetail",
        Scope::Any,
        user_detail,
        TICKET,
    )
    .errors(TICKET_CODES),
    Endpoint::get("/cgi-bin/get_jsapi_ticket", Scope::Any, corp_ticket, &[]),
    Endpoint::get(
        "/cgi-bin/ticket/get",
        Scope::Any,
        app_ticket,
        &[one_of("type", &["agent_config"]).must(errcode::BAD_TYPE)],
    ),
];

fn user_info(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let code = call.param("code").unwrap_or_default();
    let agent_id = ctx.caller.as_ref().and_then(|caller| caller.agent_id);
    let (visitor, private) = ctx.world.logins.use_code(code, agent_id, ctx.now)?;
    let old = call.path.contains("/user/");
    let name = |new: &str, before: &str| if old { before } else { new }.to_owned();
    Ok(Reply::with(match visitor {
        Visitor::Member(userid) => {
            let mut reply = json!({name("userid", "UserId"): userid, "DeviceId": ""});
            if private {
                let world = &mut *ctx.world;
                let ticket = world
                    .logins
                    .new_user_ticket(&userid, ctx.now, &mut world.ids);
                reply["user_ticket"] = json!(ticket);
            }
            reply
        }
        Visitor::Outsider {
            openid,
            external_userid,
        } => {
            let mut reply = json!({name("openid", "OpenId"): openid, "DeviceId": ""});
            if let Some(id) = external_userid {
                reply["external_userid"] = json!(id);
            }
            reply
        }
    }))
}

fn user_detail(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let ticket = call.fields().need("user_ticket", errcode::BAD_TICKET)?;
    let userid = ctx.world.logins.ticket_owner(&ticket, ctx.now)?;
    let member = ctx.world.book.member(&userid);
    let member = member.ok_or_else(|| errcode::NO_SUCH_USER.about(&userid))?;
    Ok(Reply::with(json!({
        "userid": member.userid, "gender": "1", "avatar": "https://avatar.invalid/m",
        "qr_code": format!("https://open.work.weixin.qq.com/wwopen/userQRCode?vcode={userid}"),
        "mobile": "13800000000", "email": format!("{userid}@example.com"),
        "biz_mail": format!("{userid}@corp.example.com"), "address": "",
    })))
}

fn ticket(ctx: &mut Ctx<'_>, owner: &str) -> Reply {
    let world = &mut *ctx.world;
    let (ticket, expires_in) = world.logins.js_ticket(owner, ctx.now, &mut world.ids);
    Reply::with(json!({"ticket": ticket, "expires_in": expires_in}))
}

fn corp_ticket(ctx: &mut Ctx<'_>, _call: &Call) -> Result<Reply, ApiError> {
    Ok(ticket(ctx, "corp"))
}

fn app_ticket(ctx: &mut Ctx<'_>, _call: &Call) -> Result<Reply, ApiError> {
    let owner = ctx.secret();
    Ok(ticket(ctx, &owner))
}
