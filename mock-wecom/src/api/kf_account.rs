//! `kf/account/*`, `kf/add_contact_way`, `kf/servicer/*`, `kf/customer/batchget`.

use serde_json::{Value, json};

use super::contract::{Field, chars, flag, id, int, list, range, text};
use super::endpoint::KF;
use super::fields::{Fields, at_most};
use super::{Call, Ctx, Endpoint, Reply};
use crate::errcode::{self, ApiError, Errcode};
use crate::state::kf::{KfAccount, Servicer};

const ACCOUNT: Field = text("open_kfid").must(errcode::NO_OPEN_KFID);
const NO_ACCOUNT: &[Errcode] = &[errcode::BAD_KFID, errcode::NO_SUCH_KF];
const SERVICERS: &[Field] = &[
    ACCOUNT,
    list("userid_list", 100),
    list("department_id_list", 20),
];
const SERVICER_CODES: &[Errcode] = &[
    errcode::BAD_KFID,
    errcode::NO_SUCH_KF,
    errcode::EMPTY_PARAMETER,
];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/kf/account/list",
        KF,
        list_accounts,
        &[range("offset", 0, i64::MAX), int("limit")],
    )
    .also_by_get(),
    Endpoint::post(
        "/cgi-bin/kf/account/add",
        KF,
        add,
        &[
            chars("name", 16)
                .must(errcode::KF_NAME)
                .or(errcode::KF_NAME),
            text("media_id").must(errcode::NO_MEDIA_ID),
        ],
    )
    .errors(&[errcode::BAD_MEDIA_ID]),
    Endpoint::post(
        "/cgi-bin/kf/account/update",
        KF,
        update,
        &[
            ACCOUNT,
            chars("name", 16).or(errcode::KF_NAME),
            text("media_id"),
        ],
    )
    .errors(&[
        errcode::BAD_KFID,
        errcode::NO_SUCH_KF,
        errcode::BAD_MEDIA_ID,
    ]),
    Endpoint::post("/cgi-bin/kf/account/del", KF, delete, &[ACCOUNT]).errors(NO_ACCOUNT),
    Endpoint::post(
        "/cgi-bin/kf/add_contact_way",
        KF,
        contact_way,
        &[ACCOUNT, id("scene", 32, "_-")],
    )
    .errors(NO_ACCOUNT),
    Endpoint::post("/cgi-bin/kf/servicer/add", KF, servicer_add, SERVICERS).errors(SERVICER_CODES),
    Endpoint::post("/cgi-bin/kf/servicer/del", KF, servicer_del, SERVICERS).errors(SERVICER_CODES),
    Endpoint::get("/cgi-bin/kf/servicer/list", KF, servicer_list, &[ACCOUNT]).errors(NO_ACCOUNT),
    Endpoint::post(
        "/cgi-bin/kf/customer/batchget",
        KF,
        customers,
        &[
            list("external_userid_list", 100).must(errcode::EMPTY_PARAMETER),
            flag("need_enter_session_context"),
        ],
    ),
];

fn list_accounts(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let limit = fields.limit(100, 100, 100)?;
    let offset = usize::try_from(fields.int("offset")?.unwrap_or(0))
        .map_err(|_| errcode::BAD_PARAMETER.about("offset"))?;
    let accounts = ctx.world.kf.accounts.values().skip(offset).take(limit);
    let accounts: Vec<Value> = accounts
        .map(|account| {
            json!({"open_kfid": account.open_kfid, "name": account.name, "avatar": account.avatar,
                   "manage_privilege": true})
        })
        .collect();
    Ok(Reply::with(json!({"account_list": accounts})))
}

fn add(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let name = fields.need("name", errcode::KF_NAME)?;
    if name.chars().count() > 16 {
        return Err(errcode::KF_NAME.about("over 16 characters"));
    }
    let media_id = fields.need("media_id", errcode::NO_MEDIA_ID)?;
    ctx.world.media.check(&media_id, "image", None, ctx.now)?;
    let open_kfid = ctx.world.ids.text("wk", 30);
    let account = KfAccount {
        open_kfid: open_kfid.clone(),
        name,
        avatar: format!("https://avatar.invalid/{media_id}"),
        ..KfAccount::default()
    };
    ctx.world.kf.accounts.insert(open_kfid.clone(), account);
    Ok(Reply::with(json!({"open_kfid": open_kfid})))
}

fn update(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let open_kfid = known_account(ctx, fields)?;
    let name = fields
        .text_chars("name", 16)
        .map_err(|_| errcode::KF_NAME.plain())?;
    let media_id = fields.text("media_id")?;
    if let Some(media_id) = &media_id {
        ctx.world.media.check(media_id, "image", None, ctx.now)?;
    }
    if let Some(account) = ctx.world.kf.accounts.get_mut(&open_kfid) {
        account.name = name.unwrap_or_else(|| account.name.clone());
        if let Some(media_id) = media_id {
            account.avatar = format!("https://avatar.invalid/{media_id}");
        }
    }
    Ok(Reply::ok())
}

fn delete(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let open_kfid = known_account(ctx, call.fields())?;
    ctx.world.kf.accounts.remove(&open_kfid);
    Ok(Reply::ok())
}

/// The account a request names.
pub(super) fn known_account(ctx: &Ctx<'_>, fields: Fields<'_>) -> Result<String, ApiError> {
    let open_kfid = fields.need("open_kfid", errcode::NO_OPEN_KFID)?;
    ctx.world.kf.account(&open_kfid)?;
    Ok(open_kfid)
}

fn contact_way(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let open_kfid = known_account(ctx, call.fields())?;
    let scene = call.fields().text("scene")?.unwrap_or_default();
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if scene.len() > 32 || !scene.chars().all(legal) {
        return Err(errcode::BAD_PARAMETER.about("scene"));
    }
    let url = format!("https://work.weixin.qq.com/kfid/{open_kfid}?enc_scene=ENC{scene}");
    Ok(Reply::with(json!({"url": url})))
}

fn servicer_add(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    change_servicers(ctx, call, true)
}

fn servicer_del(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    change_servicers(ctx, call, false)
}

fn change_servicers(ctx: &mut Ctx<'_>, call: &Call, adding: bool) -> Result<Reply, ApiError> {
    let open_kfid = known_account(ctx, call.fields())?;
    let users = call.fields().list_up_to("userid_list", 100)?;
    let departments = call.fields().list_up_to("department_id_list", 20)?;
    if users.is_empty() && departments.is_empty() {
        return Err(errcode::EMPTY_PARAMETER.about("userid_list"));
    }
    let world = &mut *ctx.world;
    let Some(account) = world.kf.accounts.get_mut(&open_kfid) else {
        return Err(errcode::NO_SUCH_KF.plain());
    };
    let mut results = Vec::new();
    for userid in users {
        let there = account
            .servicers
            .iter()
            .position(|servicer| servicer.userid == userid);
        let (code, text) = match (world.book.member(&userid), there, adding) {
            (None, ..) => (errcode::BAD_USERID.code, "invalid userid"),
            (_, Some(_), true) | (_, None, false) => (0, "ignored"),
            (_, None, true) => {
                account.servicers.push(Servicer {
                    userid: userid.clone(),
                    status: 0,
                });
                (0, "success")
            }
            (_, Some(at), false) => {
                account.servicers.remove(at);
                (0, "success")
            }
        };
        results.push(json!({"userid": userid, "errcode": code, "errmsg": text}));
    }
    for text in departments {
        let id = text
            .parse::<i64>()
            .ok()
            .filter(|id| world.book.departments.contains_key(id));
        let (code, message) = match id {
            None => (errcode::NO_DEPARTMENT.code, "invalid party id"),
            Some(id) => {
                let there = account.departments.contains(&id);
                account.departments.retain(|&other| other != id);
                account.departments.extend(adding.then_some(id));
                (
                    0,
                    if there == adding {
                        "ignored"
                    } else {
                        "success"
                    },
                )
            }
        };
        results.push(json!({"department_id": id, "errcode": code, "errmsg": message}));
    }
    Ok(Reply::with(json!({"result_list": results})))
}

fn servicer_list(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let open_kfid = call
        .param("open_kfid")
        .ok_or(errcode::NO_OPEN_KFID.plain())?;
    let account = ctx.world.kf.account(open_kfid)?;
    let users = account.servicers.iter().map(
        |servicer| json!({"userid": servicer.userid, "status": servicer.status, "stop_type": 0}),
    );
    let departments = account
        .departments
        .iter()
        .map(|id| json!({"department_id": id}));
    Ok(Reply::with(
        json!({"servicer_list": users.chain(departments).collect::<Vec<_>>()}),
    ))
}

fn customers(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let ids = fields.list("external_userid_list")?;
    if ids.is_empty() {
        return Err(errcode::EMPTY_PARAMETER.about("external_userid_list"));
    }
    at_most("external_userid_list", ids.len(), 100)?;
    let context = fields.flag("need_enter_session_context")?.unwrap_or(false);
    let (mut found, mut invalid) = (Vec::new(), Vec::new());
    for id in ids {
        match ctx
            .world
            .customers
            .0
            .get(&id)
            .filter(|_| ctx.world.kf.active(&id, ctx.now))
        {
            None => invalid.push(id),
            Some(customer) => {
                let mut row = json!({"external_userid": id, "nickname": customer.name,
                    "avatar": "", "gender": customer.gender, "unionid": customer.unionid});
                if context {
                    row["enter_session_context"] = json!({"scene": "", "scene_param": ""});
                }
                found.push(row);
            }
        }
    }
    Ok(Reply::with(
        json!({"customer_list": found, "invalid_external_userid": invalid}),
    ))
}
