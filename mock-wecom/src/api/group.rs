//! `externalcontact/groupchat/*`: customer groups.

use serde_json::{Value, json};

use super::fields::page;
use super::{Call, Ctx, Endpoint, Reply, Scope};
use crate::config::Kind;
use crate::errcode::{self, ApiError};
use crate::state::World;
use crate::state::groups::GroupMember;

const CONTACT: Scope = Scope::Only(Kind::Contact);

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/externalcontact/groupchat/list",
        CONTACT,
        list,
        &["status_filter", "owner_filter", "cursor", "limit"],
    ),
    Endpoint::post(
        "/cgi-bin/externalcontact/groupchat/get",
        CONTACT,
        get,
        &["chat_id", "need_name"],
    ),
];

fn list(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let limit = fields
        .int("limit")?
        .and_then(|limit| usize::try_from(limit).ok());
    let limit = limit.filter(|limit| (1..=1_000).contains(limit));
    let limit = limit.ok_or_else(|| errcode::BAD_PARAMETER.about("limit is 1 to 1000"))?;
    let owners = fields
        .object("owner_filter")?
        .list_up_to("userid_list", 100)?;
    if owners.is_empty() && ctx.world.book.members.len() > 1_000 {
        return Err(errcode::TOO_MANY_ITEMS.about("owner_filter is needed"));
    }
    let wanted = fields.int("status_filter")?.unwrap_or(0);
    let status =
        |owner: &str| i64::from(ctx.world.book.member(owner).is_none_or(|m| m.status == 5));
    let groups = ctx.world.groups.0.values();
    let rows: Vec<Value> = groups
        .filter(|group| owners.is_empty() || owners.contains(&group.owner))
        .filter(|group| wanted == 0 || status(&group.owner) == wanted)
        .map(|group| json!({"chat_id": group.chat_id, "status": status(&group.owner)}))
        .collect();
    let (rows, next) = page(rows, fields.offset()?, limit);
    let mut reply = json!({"group_chat_list": rows});
    if !next.is_empty() {
        reply["next_cursor"] = json!(next);
    }
    Ok(Reply::with(reply))
}

fn get(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let chat_id = fields.need("chat_id", errcode::EMPTY_PARAMETER)?;
    let with_names = fields.flag("need_name")?.unwrap_or(false);
    let group = ctx
        .world
        .groups
        .0
        .get(&chat_id)
        .ok_or_else(|| errcode::BAD_GROUP_CHAT.about(&chat_id))?;
    let rows: Vec<Value> = group
        .members
        .iter()
        .map(|member| member_row(ctx.world, member, &group.owner, with_names))
        .collect();
    let admins: Vec<Value> = group
        .admins
        .iter()
        .map(|userid| json!({"userid": userid}))
        .collect();
    Ok(Reply::with(json!({"group_chat": {
        "chat_id": group.chat_id, "name": group.name, "owner": group.owner,
        "create_time": group.create_time, "notice": group.notice, "member_list": rows,
        "admin_list": admins, "member_version": group.version_text(),
    }})))
}

fn member_row(world: &World, member: &GroupMember, owner: &str, with_name: bool) -> Value {
    let colleague = world.book.member(&member.userid);
    let mut row = json!({
        "userid": member.userid,
        "type": if colleague.is_some() { 1 } else { 2 },
        "join_time": member.join_time,
        "join_scene": member.join_scene,
        "group_nickname": "",
    });
    if member.join_scene == 1 {
        row["invitor"] = json!({"userid": owner});
    }
    if !member.state.is_empty() {
        row["state"] = json!(member.state);
    }
    if with_name {
        let customer = world
            .customers
            .0
            .get(&member.userid)
            .map(|customer| customer.name.as_str());
        let name = colleague
            .map(|colleague| colleague.name.as_str())
            .or(customer);
        row["name"] = json!(name.unwrap_or_default());
    }
    row
}
