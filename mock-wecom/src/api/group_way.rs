//! `groupchat/*_join_way`: channels by which customers join groups.

use serde_json::{Map, Value, json};

use super::contract::{Field, chars, flag, joined, list, range, text};
use super::endpoint::CONTACT;
use super::way::{copy, under_ceiling};
use super::{Call, Ctx, Endpoint, Reply};
use crate::errcode::{self, ApiError, Errcode};
use crate::state::shelf::Record;

const CONFIG_ID: Field = text("config_id").must(errcode::NO_CONFIG_ID);
const WAY: &[Field] = &[
    range("scene", 1, 2)
        .must(errcode::NO_WAY_SCENE)
        .or(errcode::BAD_WAY_SCENE),
    chars("remark", 30),
    flag("auto_create_room"),
    chars("room_base_name", 40),
    range("room_base_id", 0, i64::MAX),
    list("chat_id_list", 5)
        .must(errcode::EMPTY_PARAMETER)
        .or(errcode::TOO_MANY_JOIN_GROUPS),
    chars("state", 30),
    flag("mark_source"),
];
const CHANGE: &[Field] = &joined::<_, 9>(&[CONFIG_ID], WAY);
const CODES: &[Errcode] = &[errcode::BAD_CONFIG_ID, errcode::BAD_GROUP_CHAT];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/externalcontact/groupchat/add_join_way",
        CONTACT,
        add,
        WAY,
    )
    .errors(&[errcode::BAD_GROUP_CHAT, errcode::WAYS_CEILING])
    .switches(&["ways_per_corp"]),
    Endpoint::post(
        "/cgi-bin/externalcontact/groupchat/get_join_way",
        CONTACT,
        get,
        &[CONFIG_ID],
    )
    .errors(CODES),
    Endpoint::post(
        "/cgi-bin/externalcontact/groupchat/update_join_way",
        CONTACT,
        update,
        CHANGE,
    )
    .errors(CODES),
    Endpoint::post(
        "/cgi-bin/externalcontact/groupchat/del_join_way",
        CONTACT,
        delete,
        &[CONFIG_ID],
    )
    .errors(CODES),
];

fn kept(ctx: &Ctx<'_>, call: &Call) -> Result<Map<String, Value>, ApiError> {
    let groups = call.fields().list("chat_id_list")?;
    let unknown = |id: &&String| !ctx.world.groups.0.contains_key(*id);
    if let Some(chat_id) = groups.iter().find(unknown) {
        return Err(errcode::BAD_GROUP_CHAT.about(chat_id));
    }
    let mut kept = Map::new();
    copy(call.fields(), WAY, &mut kept);
    kept.entry("auto_create_room").or_insert(json!(1));
    Ok(kept)
}

fn add(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    under_ceiling(ctx)?;
    let mut kept = kept(ctx, call)?;
    let (id, secret, now) = (ctx.world.ids.text("", 32), ctx.secret(), ctx.now);
    let code = format!("https://wework.qpic.cn/wwpic/qr/{id}");
    kept.insert("qr_code".to_owned(), json!(code));
    let id = ctx.world.shelves.join_ways.add(id, &secret, now, kept);
    Ok(Reply::with(json!({"config_id": id})))
}

fn known<'w>(ctx: &'w mut Ctx<'_>, call: &Call) -> Result<&'w mut Record, ApiError> {
    let id = call.fields().need("config_id", errcode::NO_CONFIG_ID)?;
    let way = ctx.world.shelves.join_ways.0.get_mut(&id);
    way.ok_or_else(|| errcode::BAD_CONFIG_ID.plain())
}

fn get(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let way = known(ctx, call)?.with_id("config_id");
    Ok(Reply::with(json!({"join_way": way})))
}

/// The update replaces the whole configuration; only the code stays.
fn update(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let mut fresh = kept(ctx, call)?;
    let way = known(ctx, call)?;
    fresh.insert("qr_code".to_owned(), way.field("qr_code"));
    way.fields = fresh;
    Ok(Reply::ok())
}

fn delete(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = known(ctx, call)?.id.clone();
    ctx.world.shelves.join_ways.0.remove(&id);
    Ok(Reply::ok())
}
