//! `kf/customer/upgrade_service` and its relatives: a customer gets a member or a group.

use serde_json::{Value, json};

use super::contract::{Field, object, range, text};
use super::endpoint::KF;
use super::kf_account::known_account;
use super::{Call, Ctx, Endpoint, Reply};
use crate::errcode::{self, ApiError, Errcode};

const ACCOUNT: Field = text("open_kfid").must(errcode::NO_OPEN_KFID);
const CUSTOMER: Field = text("external_userid").must(errcode::NO_EXTERNAL_USERID);
const CODES: &[Errcode] = &[
    errcode::BAD_KFID,
    errcode::NO_SUCH_KF,
    errcode::BAD_EXTERNAL_USERID,
    errcode::BAD_USERID,
    errcode::BAD_GROUP_CHAT,
    errcode::EMPTY_PARAMETER,
    errcode::ALREADY_UPGRADED,
];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get(
        "/cgi-bin/kf/customer/get_upgrade_service_config",
        KF,
        config,
        &[],
    ),
    Endpoint::post(
        "/cgi-bin/kf/customer/upgrade_service",
        KF,
        upgrade,
        &[
            ACCOUNT,
            CUSTOMER,
            range("type", 1, 2).must(errcode::EMPTY_PARAMETER),
            object(
                "member",
                &[text("userid").must(errcode::NO_USERID), text("wording")],
            ),
            object(
                "groupchat",
                &[
                    text("chat_id").must(errcode::EMPTY_PARAMETER),
                    text("wording"),
                ],
            ),
        ],
    )
    .errors(CODES),
    Endpoint::post(
        "/cgi-bin/kf/customer/cancel_upgrade_service",
        KF,
        cancel,
        &[ACCOUNT, CUSTOMER],
    )
    .errors(CODES),
];

fn config(ctx: &mut Ctx<'_>, _call: &Call) -> Result<Reply, ApiError> {
    let members = ctx.world.book.members.values();
    let users: Vec<&str> = members
        .filter(|member| member.serves_customers)
        .map(|member| member.userid.as_str())
        .collect();
    let groups: Vec<&String> = ctx.world.groups.0.keys().collect();
    Ok(Reply::with(json!({
        "member_range": {"userid_list": users, "department_id_list": []},
        "groupchat_range": {"chat_id_list": groups},
    })))
}

fn key(ctx: &Ctx<'_>, call: &Call) -> Result<String, ApiError> {
    let account = known_account(ctx, call.fields())?;
    let customer = call
        .fields()
        .need("external_userid", errcode::NO_EXTERNAL_USERID)?;
    ctx.world.customers.get(&customer)?;
    Ok(format!("{account}/{customer}"))
}

fn upgrade(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let key = key(ctx, call)?;
    let fields = call.fields();
    let service: Value = if fields.int("type")? == Some(1) {
        let userid = fields
            .object("member")?
            .need("userid", errcode::NO_USERID)?;
        if ctx.world.book.member(&userid).is_none() {
            return Err(errcode::BAD_USERID.about(userid));
        }
        json!({"userid": userid})
    } else {
        let group = fields.object("groupchat")?;
        let chat_id = group.need("chat_id", errcode::EMPTY_PARAMETER)?;
        if !ctx.world.groups.0.contains_key(&chat_id) {
            return Err(errcode::BAD_GROUP_CHAT.about(chat_id));
        }
        json!({"chat_id": chat_id})
    };
    let upgrades = &mut ctx.world.shelves.upgrades;
    if upgrades.get(&key) == Some(&service) {
        return Err(errcode::ALREADY_UPGRADED.plain());
    }
    upgrades.insert(key, service);
    Ok(Reply::ok())
}

fn cancel(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let key = key(ctx, call)?;
    ctx.world.shelves.upgrades.remove(&key);
    Ok(Reply::ok())
}
