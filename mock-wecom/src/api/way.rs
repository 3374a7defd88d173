//! `*_contact_way`: 「联系我」 channels.

use serde_json::{Map, Value, json};

use super::fields::{Fields, page};
use super::{Call, Ctx, Endpoint, Reply, Scope};
use crate::config::Kind;
use crate::errcode::{self, ApiError};
use crate::state::customers::ContactWay;

const CONTACT: Scope = Scope::Only(Kind::Contact);
const FIELDS: &[&str] = &[
    "type",
    "scene",
    "style",
    "remark",
    "skip_verify",
    "state",
    "user",
    "party",
    "is_temp",
    "expires_in",
    "chat_expires_in",
    "unionid",
    "is_exclusive",
    "mark_source",
    "conclusions",
];
const UPDATE_FIELDS: &[&str] = &[
    "config_id",
    "style",
    "remark",
    "skip_verify",
    "state",
    "user",
    "party",
    "expires_in",
    "chat_expires_in",
    "unionid",
    "mark_source",
    "conclusions",
];
const FORTNIGHT: i64 = 14 * 86_400;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/externalcontact/add_contact_way",
        CONTACT,
        add,
        FIELDS,
    ),
    Endpoint::post(
        "/cgi-bin/externalcontact/get_contact_way",
        CONTACT,
        get,
        &["config_id"],
    ),
    Endpoint::post(
        "/cgi-bin/externalcontact/list_contact_way",
        CONTACT,
        list,
        &["start_time", "end_time", "cursor", "limit"],
    ),
    Endpoint::post(
        "/cgi-bin/externalcontact/update_contact_way",
        CONTACT,
        update,
        UPDATE_FIELDS,
    ),
    Endpoint::post(
        "/cgi-bin/externalcontact/del_contact_way",
        CONTACT,
        delete,
        &["config_id"],
    ),
];

/// What both add and update check.
fn check(ctx: &Ctx<'_>, fields: Fields<'_>, single: bool) -> Result<(), ApiError> {
    fields.text_chars("remark", 30)?;
    fields.text_chars("state", 30)?;
    let users = fields.list("user")?;
    if users.len() > 100 || (single && users.len() > 1) {
        return Err(errcode::TOO_MANY_WAY_USERS.plain());
    }
    if let Some(unknown) = users
        .iter()
        .find(|userid| ctx.world.book.member(userid).is_none())
    {
        return Err(errcode::BAD_USERID.about(unknown));
    }
    for name in ["expires_in", "chat_expires_in"] {
        if fields
            .int(name)?
            .is_some_and(|secs| !(1..=FORTNIGHT).contains(&secs))
        {
            return Err(errcode::BAD_PARAMETER.about(name));
        }
    }
    Ok(())
}

fn copy(fields: Fields<'_>, names: &[&str], into: &mut Map<String, Value>) {
    for name in names {
        if let Some(value) = fields.value(name) {
            into.insert((*name).to_owned(), value.clone());
        }
    }
}

fn add(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let single = match fields.int("type")? {
        None => return Err(errcode::NO_WAY_TYPE.plain()),
        Some(1) => true,
        Some(2) => false,
        Some(_) => return Err(errcode::BAD_WAY_TYPE.plain()),
    };
    let by_code = match fields.int("scene")? {
        None => return Err(errcode::NO_WAY_SCENE.plain()),
        Some(1) => false,
        Some(2) => true,
        Some(_) => return Err(errcode::BAD_WAY_SCENE.plain()),
    };
    check(ctx, fields, single)?;
    if single && fields.list("user")?.len() != 1 {
        return Err(errcode::NO_USERID.about("type 1 needs exactly one user"));
    }
    let config_id = ctx.world.ids.text("", 32);
    let mut kept = Map::new();
    copy(fields, FIELDS, &mut kept);
    let mut reply = json!({"config_id": config_id});
    if by_code {
        let url = format!("https://wework.qpic.cn/wwpic/qr/{config_id}");
        kept.insert("qr_code".to_owned(), json!(url));
        reply["qr_code"] = json!(url);
    }
    let way = ContactWay {
        config_id: config_id.clone(),
        created_at: ctx.now,
        fields: kept,
    };
    ctx.world.greetings.ways.insert(config_id, way);
    Ok(Reply::with(reply))
}

fn known<'w>(ctx: &'w mut Ctx<'_>, call: &Call) -> Result<&'w mut ContactWay, ApiError> {
    let id = call.fields().need("config_id", errcode::NO_CONFIG_ID)?;
    ctx.world
        .greetings
        .ways
        .get_mut(&id)
        .ok_or_else(|| errcode::BAD_CONFIG_ID.plain())
}

fn get(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let way = known(ctx, call)?;
    let mut fields = way.fields.clone();
    fields.insert("config_id".to_owned(), json!(way.config_id));
    Ok(Reply::with(json!({"contact_way": fields})))
}

fn list(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let end = fields.int("end_time")?.unwrap_or(ctx.now);
    let start = fields
        .int("start_time")?
        .unwrap_or(end.saturating_sub(90 * 86_400));
    let ways = ctx.world.greetings.ways.values();
    let rows: Vec<Value> = ways
        .filter(|way| (start..=end).contains(&way.created_at))
        .map(|way| json!({"config_id": way.config_id}))
        .collect();
    let (rows, next) = page(rows, fields.offset()?, fields.limit(100, 1_000, 1_000)?);
    Ok(Reply::with(
        json!({"contact_way": rows, "next_cursor": next}),
    ))
}

fn update(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let single = known(ctx, call)?.fields.get("type") == Some(&json!(1));
    check(ctx, call.fields(), single)?;
    copy(
        call.fields(),
        &UPDATE_FIELDS[1..],
        &mut known(ctx, call)?.fields,
    );
    Ok(Reply::ok())
}

fn delete(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = known(ctx, call)?.config_id.clone();
    ctx.world.greetings.ways.remove(&id);
    Ok(Reply::ok())
}
