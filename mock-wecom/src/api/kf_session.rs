//! `kf/service_state/get` and `kf/service_state/trans`.

use serde_json::json;

use super::contract::{Field, range, text};
use super::endpoint::KF;
use super::kf_account::known_account;
use super::{Call, Ctx, Endpoint, Reply};
use crate::errcode::{self, ApiError};
use crate::state::kf::may_move;

const ACCOUNT: Field = text("open_kfid").must(errcode::NO_OPEN_KFID);
const CUSTOMER: Field = text("external_userid").must(errcode::NO_EXTERNAL_USERID);

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/kf/service_state/get",
        KF,
        get,
        &[ACCOUNT, CUSTOMER],
    )
    .errors(&[
        errcode::BAD_KFID,
        errcode::NO_SUCH_KF,
        errcode::BAD_EXTERNAL_USERID,
    ]),
    Endpoint::post(
        "/cgi-bin/kf/service_state/trans",
        KF,
        trans,
        &[
            ACCOUNT,
            CUSTOMER,
            range("service_state", 0, 4).must(errcode::BAD_PARAMETER),
            text("servicer_userid"),
        ],
    )
    .errors(&[
        errcode::BAD_KFID,
        errcode::NO_SUCH_KF,
        errcode::BAD_EXTERNAL_USERID,
        errcode::EMPTY_PARAMETER,
        errcode::KF_ENDED,
        errcode::KF_TRANSITION,
        errcode::KF_NOT_SERVICER,
        errcode::KF_SERVICER_PAUSED,
    ])
    .switches(&["kf_end_without_servicer"]),
];

fn pair(ctx: &Ctx<'_>, call: &Call) -> Result<(String, String), ApiError> {
    let open_kfid = known_account(ctx, call.fields())?;
    let customer = call
        .fields()
        .need("external_userid", errcode::NO_EXTERNAL_USERID)?;
    ctx.world.customers.get(&customer)?;
    Ok((open_kfid, customer))
}

fn get(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let (open_kfid, customer) = pair(ctx, call)?;
    let session = ctx.world.kf.session(&open_kfid, &customer);
    let state = session.map_or(4, |session| session.state(ctx.now));
    let servicer = session
        .filter(|_| state == 3)
        .and_then(|session| session.servicer.clone());
    Ok(Reply::with(json!({
        "service_state": state,
        "servicer_userid": servicer.unwrap_or_default(),
    })))
}

fn trans(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let (open_kfid, customer) = pair(ctx, call)?;
    let target = call
        .fields()
        .int("service_state")?
        .and_then(|state| u8::try_from(state).ok())
        .filter(|state| *state <= 4)
        .ok_or_else(|| errcode::BAD_PARAMETER.about("service_state"))?;
    let current = ctx
        .world
        .kf
        .session(&open_kfid, &customer)
        .map_or(4, |s| s.state(ctx.now));
    if current == 4 {
        return Err(errcode::KF_ENDED.plain());
    }
    if !may_move(current, target, ctx.world.switches.kf_end_without_servicer) {
        return Err(errcode::KF_TRANSITION.about(format!("from {current} to {target}")));
    }
    let servicer = if target == 3 {
        Some(servicer(ctx, call, &open_kfid)?)
    } else {
        None
    };
    let world = &mut *ctx.world;
    let earned = world
        .kf
        .session_mut(&open_kfid, &customer)
        .enter(target, servicer);
    let Some(kind) = earned else {
        return Ok(Reply::ok());
    };
    let code = world
        .kf
        .new_code(kind, &open_kfid, &customer, ctx.now, &mut world.ids);
    Ok(Reply::with(json!({"msg_code": code})))
}

fn servicer(ctx: &Ctx<'_>, call: &Call, open_kfid: &str) -> Result<String, ApiError> {
    let userid = call
        .fields()
        .need("servicer_userid", errcode::EMPTY_PARAMETER)?;
    let account = ctx.world.kf.account(open_kfid)?;
    let listed = account
        .servicers
        .iter()
        .find(|servicer| servicer.userid == userid);
    let by_department = ctx.world.book.member(&userid).is_some_and(|member| {
        member
            .department
            .iter()
            .any(|id| account.departments.contains(id))
    });
    match listed {
        Some(servicer) if servicer.status != 0 => Err(errcode::KF_SERVICER_PAUSED.about(userid)),
        None if !by_department => Err(errcode::KF_NOT_SERVICER.about(userid)),
        _ => Ok(userid),
    }
}
