//! `externalcontact/*_corp_tag*`: the tag library.

use std::collections::BTreeSet;

use serde_json::json;

use super::contract::{chars, list, objects, range, text};
use super::endpoint::CONTACT;
use super::fields::at_most;
use super::{Call, Ctx, Endpoint, Reply};
use crate::errcode::{self, ApiError};
use crate::state::customers::TagGroup;

const TAG_CEILING: usize = 10_000;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/externalcontact/get_corp_tag_list",
        CONTACT,
        list_tags,
        &[list("tag_id", 0), list("group_id", 0)],
    ),
    Endpoint::post(
        "/cgi-bin/externalcontact/add_corp_tag",
        CONTACT,
        add,
        &[
            text("group_id"),
            chars("group_name", 30),
            range("order", 0, ORDERS),
            objects(
                "tag",
                0,
                &[
                    chars("name", 30).must(errcode::BAD_TAG_NAME),
                    range("order", 0, ORDERS),
                ],
            )
            .must(errcode::EMPTY_PARAMETER),
            text("agentid"),
        ],
    )
    .errors(&[errcode::EMPTY_PARAMETER, errcode::BAD_TAG]),
    Endpoint::post(
        "/cgi-bin/externalcontact/edit_corp_tag",
        CONTACT,
        edit,
        &[
            text("id").must(errcode::BAD_TAG),
            chars("name", 30),
            range("order", 0, ORDERS),
            text("agentid"),
        ],
    )
    .errors(&[
        errcode::BAD_TAG,
        errcode::BAD_TAG_NAME,
        errcode::FOREIGN_TAG,
    ])
    .switches(&["foreign_tag_code"]),
    Endpoint::post(
        "/cgi-bin/externalcontact/del_corp_tag",
        CONTACT,
        delete,
        &[list("tag_id", 0), list("group_id", 0), text("agentid")],
    )
    .errors(&[
        errcode::EMPTY_PARAMETER,
        errcode::BAD_TAG,
        errcode::FOREIGN_TAG,
    ])
    .switches(&["foreign_tag_code"]),
];

/// Orders are below 2³².
const ORDERS: i64 = u32::MAX as i64;

fn list_tags(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let tags = call.fields().list("tag_id")?;
    let groups = call.fields().list("group_id")?;
    let mut rows = ctx.world.tags.0.clone();
    if !groups.is_empty() {
        rows.retain(|group| groups.contains(&group.group_id));
    } else if !tags.is_empty() {
        for group in &mut rows {
            group.tag.retain(|tag| tags.contains(&tag.id));
        }
        rows.retain(|group| !group.tag.is_empty());
    }
    rows.sort_by_key(|group| std::cmp::Reverse(group.order));
    for group in &mut rows {
        group.tag.sort_by_key(|tag| std::cmp::Reverse(tag.order));
    }
    Ok(Reply::with(json!({"tag_group": rows})))
}

fn order(value: Option<i64>) -> Result<i64, ApiError> {
    let order = value.unwrap_or(0);
    if (0..=i64::from(u32::MAX)).contains(&order) {
        Ok(order)
    } else {
        Err(errcode::BAD_PARAMETER.about("order"))
    }
}

fn add(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let group_id = fields.text("group_id")?;
    let group_name = fields.text_chars("group_name", 30)?;
    let mut names = Vec::new();
    for tag in fields.objects("tag")? {
        let name = tag.need("name", errcode::BAD_TAG_NAME)?;
        at_most("tag.name", name.chars().count(), 30)?;
        names.push((name, order(tag.int("order")?)?));
    }
    if names.is_empty() {
        return Err(errcode::EMPTY_PARAMETER.about("tag"));
    }
    at_most(
        "tags of the corp",
        ctx.world.tags.count() + names.len(),
        TAG_CEILING,
    )?;
    let name = match (group_id, group_name) {
        (Some(id), _) => {
            let group = ctx.world.tags.0.iter().find(|group| group.group_id == id);
            group
                .map(|group| group.group_name.clone())
                .ok_or_else(|| errcode::BAD_TAG.about(id))?
        }
        (None, Some(name)) => name,
        (None, None) => return Err(errcode::EMPTY_PARAMETER.about("group_id or group_name")),
    };
    let group_order = order(fields.int("order")?)?;
    let world = &mut *ctx.world;
    let is_new = !world.tags.0.iter().any(|group| group.group_name == name);
    let mut added = world.tags.add(&name, &names, ctx.now, &mut world.ids);
    if is_new && let Some(group) = world.tags.0.last_mut() {
        group.order = group_order;
        added["order"] = json!(group_order);
    }
    let creator = ctx.secret();
    let made = added["tag"].as_array().into_iter().flatten();
    let made = made.filter_map(|tag| tag["id"].as_str().map(str::to_owned));
    let group = is_new.then(|| added["group_id"].as_str().unwrap_or_default().to_owned());
    let made: Vec<String> = made.chain(group).collect();
    for id in made {
        ctx.world.tag_creators.insert(id, creator.clone());
    }
    Ok(Reply::with(json!({"tag_group": added})))
}

/// An app may only change what it made itself.
fn own(ctx: &Ctx<'_>, ids: &[String]) -> Result<(), ApiError> {
    let creators = &ctx.world.tag_creators;
    let secret = ctx.secret();
    let known = |id: &&String| {
        let mut groups = ctx.world.tags.0.iter();
        groups.any(|group| group.group_id == **id || group.tag.iter().any(|tag| tag.id == **id))
    };
    let foreign = |id: &&String| creators.get(*id) != Some(&secret);
    match ids.iter().filter(known).find(foreign) {
        None => Ok(()),
        Some(_) => {
            let code = ctx.world.switches.foreign_tag_code;
            Err(ApiError::numbered(code, "no permission to change the tag"))
        }
    }
}

fn edit(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let id = fields.need("id", errcode::BAD_TAG)?;
    let name = fields.text_chars("name", 30)?;
    let place = fields
        .int("order")?
        .map(|value| order(Some(value)))
        .transpose()?;
    own(ctx, std::slice::from_ref(&id))?;
    let groups = &mut ctx.world.tags.0;
    let twin = |group: &TagGroup| {
        group.tag.iter().any(|tag| tag.id == id)
            && group
                .tag
                .iter()
                .any(|tag| tag.id != id && name.as_ref() == Some(&tag.name))
    };
    if groups.iter().any(twin) {
        return Err(errcode::BAD_TAG_NAME.about("used in this group"));
    }
    for group in groups {
        if group.group_id == id {
            group.group_name = name.unwrap_or_else(|| group.group_name.clone());
            group.order = place.unwrap_or(group.order);
            return Ok(Reply::ok());
        }
        if let Some(tag) = group.tag.iter_mut().find(|tag| tag.id == id) {
            tag.name = name.unwrap_or_else(|| tag.name.clone());
            tag.order = place.unwrap_or(tag.order);
            return Ok(Reply::ok());
        }
    }
    Err(errcode::BAD_TAG.about(id))
}

fn delete(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let tags = call.fields().list("tag_id")?;
    let groups = call.fields().list("group_id")?;
    if tags.is_empty() && groups.is_empty() {
        return Err(errcode::EMPTY_PARAMETER.about("tag_id and group_id"));
    }
    let world = &mut *ctx.world;
    let group_known = |id: &String| world.tags.0.iter().any(|group| group.group_id == *id);
    let unknown = tags.iter().find(|id| world.tags.find(id).is_none());
    if let Some(id) = unknown.or_else(|| groups.iter().find(|id| !group_known(id))) {
        return Err(errcode::BAD_TAG.about(id));
    }
    own(ctx, &tags)?;
    own(ctx, &groups)?;
    let world = &mut *ctx.world;
    world.tags.remove(&tags, &groups);
    // A deleted tag leaves the customers too.
    let living: BTreeSet<&str> = world
        .tags
        .0
        .iter()
        .flat_map(|group| &group.tag)
        .map(|tag| tag.id.as_str())
        .collect();
    for customer in world.customers.0.values_mut() {
        for follow in &mut customer.followers {
            follow.tags.retain(|id| living.contains(id.as_str()));
        }
    }
    Ok(Reply::ok())
}
