//! `customer_strategy/*` and `*_strategy_tag*`: rule groups with tags of their own.

use serde_json::{Map, Value, json};

use super::contract::{Field, any, chars, int, list, objects, range, text};
use super::endpoint::CONTACT;
use super::fields::{Fields, page};
use super::way::copy;
use super::{Call, Ctx, Endpoint, Reply};
use crate::errcode::{self, ApiError, Errcode};
use crate::state::shelf::{Record, number_id};

const ID: Field = text("strategy_id").must(errcode::EMPTY_PARAMETER);
const NODES: &[Field] = &[
    range("type", 1, 2).must(errcode::EMPTY_PARAMETER),
    text("userid"),
    int("partyid"),
];
const STRATEGY: &[Field] = &[
    text("parent_id"),
    chars("strategy_name", 30).must(errcode::EMPTY_PARAMETER),
    list("admin_list", 20).must(errcode::EMPTY_PARAMETER),
    any("privilege"),
    objects("range", 100, NODES).must(errcode::EMPTY_PARAMETER),
];
const CHANGE: &[Field] = &[
    ID,
    chars("strategy_name", 30),
    list("admin_list", 20),
    any("privilege"),
    objects("range_add", 100, NODES),
    objects("range_del", 100, NODES),
];
const TAG: &[Field] = &[chars("name", 30).must(errcode::BAD_TAG_NAME), int("order")];
const TAG_CODES: &[Errcode] = &[errcode::BAD_TAG, errcode::EMPTY_PARAMETER];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/externalcontact/customer_strategy/list",
        CONTACT,
        list_strategies,
        &[text("cursor"), int("limit")],
    )
    .errors(&[errcode::BAD_CURSOR]),
    Endpoint::post(
        "/cgi-bin/externalcontact/customer_strategy/get",
        CONTACT,
        get,
        &[ID],
    ),
    Endpoint::post(
        "/cgi-bin/externalcontact/customer_strategy/get_range",
        CONTACT,
        get_range,
        &[ID, text("cursor"), int("limit")],
    )
    .errors(&[errcode::BAD_CURSOR]),
    Endpoint::post(
        "/cgi-bin/externalcontact/customer_strategy/create",
        CONTACT,
        create,
        STRATEGY,
    )
    .errors(&[errcode::BAD_USERID]),
    Endpoint::post(
        "/cgi-bin/externalcontact/customer_strategy/edit",
        CONTACT,
        edit,
        CHANGE,
    )
    .errors(&[errcode::BAD_USERID]),
    Endpoint::post(
        "/cgi-bin/externalcontact/customer_strategy/del",
        CONTACT,
        delete,
        &[ID],
    ),
    Endpoint::post(
        "/cgi-bin/externalcontact/get_strategy_tag_list",
        CONTACT,
        list_tags,
        &[text("strategy_id"), list("tag_id", 0), list("group_id", 0)],
    ),
    Endpoint::post(
        "/cgi-bin/externalcontact/add_strategy_tag",
        CONTACT,
        add_tag,
        &[
            ID,
            text("group_id"),
            chars("group_name", 30),
            int("order"),
            objects("tag", 0, TAG).must(errcode::EMPTY_PARAMETER),
        ],
    )
    .errors(TAG_CODES),
    Endpoint::post(
        "/cgi-bin/externalcontact/edit_strategy_tag",
        CONTACT,
        edit_tag,
        &[
            text("id").must(errcode::BAD_TAG),
            chars("name", 30),
            int("order"),
        ],
    )
    .errors(TAG_CODES),
    Endpoint::post(
        "/cgi-bin/externalcontact/del_strategy_tag",
        CONTACT,
        delete_tag,
        &[list("tag_id", 0), list("group_id", 0)],
    )
    .errors(TAG_CODES),
];

fn known<'w>(ctx: &'w mut Ctx<'_>, call: &Call) -> Result<&'w mut Record, ApiError> {
    let id = call
        .fields()
        .need("strategy_id", errcode::EMPTY_PARAMETER)?;
    let strategy = ctx.world.shelves.strategies.0.get_mut(&id);
    strategy.ok_or_else(|| errcode::BAD_PARAMETER.about("strategy_id"))
}

/// Ids are numbers here, though a request may write them as text.
fn number(id: &str) -> Value {
    id.parse::<i64>().map_or(Value::Null, Value::from)
}

fn list_strategies(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let all = ctx.world.shelves.strategies.in_order();
    let rows = all
        .into_iter()
        .map(|one| json!({"strategy_id": number(&one.id)}));
    let (rows, next) = page(rows, fields.offset()?, fields.limit(1_000, 1_000, 1_000)?);
    Ok(Reply::with(json!({"strategy": rows, "next_cursor": next})))
}

fn get(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let one = known(ctx, call)?;
    Ok(Reply::with(json!({"strategy": {
        "strategy_id": number(&one.id), "parent_id": one.field("parent_id"),
        "strategy_name": one.field("strategy_name"), "create_time": one.created_at,
        "admin_list": one.field("admin_list"), "privilege": one.field("privilege"),
    }})))
}

fn get_range(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let nodes = known(ctx, call)?.field("range");
    let nodes = nodes.as_array().cloned().unwrap_or_default();
    let (rows, next) = page(nodes, fields.offset()?, fields.limit(1_000, 1_000, 1_000)?);
    Ok(Reply::with(json!({"range": rows, "next_cursor": next})))
}

fn check_admins(ctx: &Ctx<'_>, call: &Call) -> Result<(), ApiError> {
    let admins = call.fields().list("admin_list")?;
    match admins.iter().find(|id| ctx.world.book.member(id).is_none()) {
        Some(userid) => Err(errcode::BAD_USERID.about(userid)),
        None => Ok(()),
    }
}

fn create(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    check_admins(ctx, call)?;
    let mut kept = Map::new();
    copy(call.fields(), STRATEGY, &mut kept);
    let (secret, now, world) = (ctx.secret(), ctx.now, &mut *ctx.world);
    let id = number_id(&mut world.ids);
    let id = world.shelves.strategies.add(id, &secret, now, kept);
    Ok(Reply::with(json!({"strategy_id": number(&id)})))
}

fn edit(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    check_admins(ctx, call)?;
    let fields = call.fields();
    let nodes = |name: &str| {
        let list = fields.value(name).and_then(Value::as_array);
        list.cloned().unwrap_or_default()
    };
    let (added, removed) = (nodes("range_add"), nodes("range_del"));
    let one = known(ctx, call)?;
    copy(fields, &CHANGE[1..4], &mut one.fields);
    let mut range = one.field("range").as_array().cloned().unwrap_or_default();
    range.retain(|node| !removed.contains(node));
    range.extend(added);
    one.fields.insert("range".to_owned(), Value::Array(range));
    Ok(Reply::ok())
}

fn delete(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = known(ctx, call)?.id.clone();
    ctx.world.shelves.strategies.0.remove(&id);
    ctx.world.strategy_tags.remove(&id);
    Ok(Reply::ok())
}

fn list_tags(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let (tags, groups) = (fields.list("tag_id")?, fields.list("group_id")?);
    let wanted = fields.text("strategy_id")?;
    let mut rows = Vec::new();
    for (strategy, library) in &ctx.world.strategy_tags {
        if wanted.as_ref().is_some_and(|wanted| wanted != strategy) {
            continue;
        }
        for group in &library.0 {
            let by_group = groups.contains(&group.group_id);
            let by_tag = group.tag.iter().any(|tag| tags.contains(&tag.id));
            if by_group || by_tag || (tags.is_empty() && groups.is_empty()) {
                let mut row = json!(group);
                row["strategy_id"] = number(strategy);
                rows.push(row);
            }
        }
    }
    Ok(Reply::with(json!({"tag_group": rows})))
}

fn new_tags(fields: Fields<'_>) -> Result<Vec<(String, i64)>, ApiError> {
    let tags = fields.objects("tag")?.into_iter();
    tags.map(|tag| {
        let name = tag.need("name", errcode::BAD_TAG_NAME)?;
        Ok((name, tag.int("order")?.unwrap_or_default()))
    })
    .collect()
}

fn add_tag(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let strategy = known(ctx, call)?.id.clone();
    let fields = call.fields();
    let tags = new_tags(fields)?;
    let (now, world) = (ctx.now, &mut *ctx.world);
    let library = world.strategy_tags.entry(strategy.clone()).or_default();
    let name = match (fields.text("group_id")?, fields.text("group_name")?) {
        (Some(id), _) => {
            let group = library.0.iter().find(|group| group.group_id == id);
            let group = group.ok_or_else(|| errcode::BAD_TAG.about(id))?;
            group.group_name.clone()
        }
        (None, Some(name)) => name,
        (None, None) => return Err(errcode::EMPTY_PARAMETER.about("group_id or group_name")),
    };
    let mut added = library.add(&name, &tags, now, &mut world.ids);
    added["strategy_id"] = number(&strategy);
    Ok(Reply::with(json!({"tag_group": added})))
}

fn edit_tag(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let id = fields.need("id", errcode::BAD_TAG)?;
    let (name, order) = (fields.text("name")?, fields.int("order")?);
    let libraries = ctx.world.strategy_tags.values_mut();
    for group in libraries.flat_map(|library| &mut library.0) {
        if group.group_id == id {
            group.group_name = name.unwrap_or_else(|| group.group_name.clone());
            group.order = order.unwrap_or(group.order);
            return Ok(Reply::ok());
        }
        if let Some(tag) = group.tag.iter_mut().find(|tag| tag.id == id) {
            tag.name = name.unwrap_or_else(|| tag.name.clone());
            tag.order = order.unwrap_or(tag.order);
            return Ok(Reply::ok());
        }
    }
    Err(errcode::BAD_TAG.about(id))
}

fn delete_tag(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let (tags, groups) = (fields.list("tag_id")?, fields.list("group_id")?);
    if tags.is_empty() && groups.is_empty() {
        return Err(errcode::EMPTY_PARAMETER.about("tag_id and group_id"));
    }
    for library in ctx.world.strategy_tags.values_mut() {
        library.remove(&tags, &groups);
    }
    Ok(Reply::ok())
}
