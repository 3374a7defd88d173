//! `*_contact_way`: 「联系我」 channels.

use serde_json::{Map, Value, json};

use super::contract::{Field, any, chars, flag, int, joined, list, range, text};
use super::endpoint::CONTACT;
use super::fields::{Fields, page};
use super::{Call, Ctx, Endpoint, Reply};
use crate::errcode::{self, ApiError};
use crate::state::customers::ContactWay;

const FORTNIGHT: i64 = 14 * 86_400;

/// What an update may change.
const CHANGEABLE: &[Field] = &[
    int("style"),
    chars("remark", 30),
    flag("skip_verify"),
    chars("state", 30),
    list("user", 100).or(errcode::TOO_MANY_WAY_USERS),
    list("party", 100),
    range("expires_in", 1, FORTNIGHT),
    range("chat_expires_in", 1, FORTNIGHT),
    text("unionid"),
    flag("mark_source"),
    any("conclusions"),
];
const WAY: &[Field] = &joined::<_, 15>(
    &[
        range("type", 1, 2)
            .must(errcode::NO_WAY_TYPE)
            .or(errcode::BAD_WAY_TYPE),
        range("scene", 1, 2)
            .must(errcode::NO_WAY_SCENE)
            .or(errcode::BAD_WAY_SCENE),
        flag("is_temp"),
        flag("is_exclusive"),
    ],
    CHANGEABLE,
);
const CONFIG_ID: Field = text("config_id").must(errcode::NO_CONFIG_ID);
const CHANGE: &[Field] = &joined::<_, 12>(&[CONFIG_ID], CHANGEABLE);

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/externalcontact/add_contact_way",
        CONTACT,
        add,
        WAY,
    )
    .errors(&[
        errcode::BAD_USERID,
        errcode::NO_USERID,
        errcode::NOT_VISIBLE,
        errcode::WAYS_CEILING,
        errcode::TOO_FREQUENT,
    ])
    .switches(&["ways_per_corp", "temp_ways_per_day"]),
    Endpoint::post(
        "/cgi-bin/externalcontact/get_contact_way",
        CONTACT,
        get,
        &[CONFIG_ID],
    )
    .errors(&[errcode::BAD_CONFIG_ID]),
    Endpoint::post(
        "/cgi-bin/externalcontact/list_contact_way",
        CONTACT,
        list_ways,
        &[
            int("start_time"),
            int("end_time"),
            text("cursor"),
            int("limit"),
        ],
    )
    .errors(&[errcode::BAD_CURSOR]),
    Endpoint::post(
        "/cgi-bin/externalcontact/update_contact_way",
        CONTACT,
        update,
        CHANGE,
    )
    .errors(&[
        errcode::BAD_CONFIG_ID,
        errcode::BAD_USERID,
        errcode::NOT_VISIBLE,
    ]),
    Endpoint::post(
        "/cgi-bin/externalcontact/del_contact_way",
        CONTACT,
        delete,
        &[CONFIG_ID],
    )
    .errors(&[errcode::BAD_CONFIG_ID]),
];

/// What both add and update check.
fn check(ctx: &Ctx<'_>, fields: Fields<'_>, single: bool) -> Result<(), ApiError> {
    fields.text_chars("remark", 30)?;
    fields.text_chars("state", 30)?;
    let users = fields.list("user")?;
    if users.len() > 100 || (single && users.len() > 1) {
        return Err(errcode::TOO_MANY_WAY_USERS.plain());
    }
    for userid in &users {
        ctx.employee(userid)?;
    }
    for party in fields.list("party")? {
        if !ctx.sees_party(party.parse().unwrap_or(0)) {
            return Err(errcode::NOT_VISIBLE.about(party));
        }
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

/// Contact ways and join ways have one ceiling together.
pub(super) fn under_ceiling(ctx: &Ctx<'_>) -> Result<(), ApiError> {
    let world = &ctx.world;
    let ways = world.greetings.ways.len() + world.shelves.join_ways.0.len();
    match ways < world.switches.ways_per_corp {
        true => Ok(()),
        false => Err(errcode::WAYS_CEILING.plain()),
    }
}

/// Keeps what the table knows.
pub(super) fn copy(fields: Fields<'_>, table: &[Field], into: &mut Map<String, Value>) {
    for name in table.iter().map(|field| field.name) {
        if let Some(value) = fields.value(name) {
            into.insert(name.to_owned(), value.clone());
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
    under_ceiling(ctx)?;
    if fields.flag("is_temp")?.unwrap_or(false) {
        let (now, most) = (ctx.now, ctx.world.switches.temp_ways_per_day);
        if !single {
            return Err(errcode::BAD_WAY_TYPE.about("a temporary way has one user"));
        }
        if !ctx.world.traffic.temp_ways.admit(now, 86_400, most) {
            return Err(errcode::TOO_FREQUENT.plain());
        }
    }
    let config_id = ctx.world.ids.text("", 32);
    let mut kept = Map::new();
    copy(fields, WAY, &mut kept);
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

fn list_ways(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
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
    copy(call.fields(), CHANGEABLE, &mut known(ctx, call)?.fields);
    Ok(Reply::ok())
}

fn delete(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = known(ctx, call)?.config_id.clone();
    ctx.world.greetings.ways.remove(&id);
    Ok(Reply::ok())
}
