//! `externalcontact/groupchat/*`: customer groups.

use serde_json::{Value, json};

use super::contract::{Field, flag, int, list, object, range, text};
use super::endpoint::CONTACT;
use super::fields::page;
use super::{Call, Ctx, Endpoint, Reply};
use crate::errcode::{self, ApiError};
use crate::state::World;
use crate::state::groups::GroupMember;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/externalcontact/groupchat/list",
        CONTACT,
        list_groups,
        &[
            range("status_filter", 0, 3),
            object(
                "owner_filter",
                &[list("userid_list", 100), list("partyid_list", 100)],
            ),
            text("cursor"),
            range("limit", 1, 1_000).must(errcode::BAD_PARAMETER),
            int("offset"),
        ],
    )
    .errors(&[errcode::TOO_MANY_ITEMS, errcode::BAD_CURSOR]),
    Endpoint::post(
        "/cgi-bin/externalcontact/groupchat/get",
        CONTACT,
        get,
        &[
            text("chat_id").must(errcode::EMPTY_PARAMETER),
            flag("need_name"),
        ],
    )
    .errors(&[errcode::BAD_GROUP_CHAT]),
    Endpoint::post(
        "/cgi-bin/externalcontact/opengid_to_chatid",
        CONTACT,
        chat_of_opengid,
        &[text("opengid").must(errcode::BAD_OPENGID)],
    )
    .errors(&[errcode::BAD_OPENGID]),
];

const MOVE: &[Field] = &[
    list("chat_id_list", 100).must(errcode::EMPTY_PARAMETER),
    text("new_owner").must(errcode::EMPTY_PARAMETER),
];

/// Groups that change hands.
pub(super) const TRANSFERS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/externalcontact/groupchat/transfer",
        CONTACT,
        inherit,
        MOVE,
    )
    .errors(&[errcode::BAD_USERID]),
    Endpoint::post(
        "/cgi-bin/externalcontact/groupchat/onjob_transfer",
        CONTACT,
        hand_over,
        MOVE,
    )
    .errors(&[errcode::BAD_USERID]),
];

fn list_groups(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
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
        .filter(|group| ctx.see(&group.owner).is_ok())
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

fn chat_of_opengid(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let opengid = call.fields().need("opengid", errcode::BAD_OPENGID)?;
    // A mini program sees the group `wrX` as `ogX`.
    let chat_id = opengid.strip_prefix("og").map(|tail| format!("wr{tail}"));
    let known = chat_id.filter(|id| ctx.world.groups.0.contains_key(id));
    match known {
        Some(chat_id) => Ok(Reply::with(json!({"chat_id": chat_id}))),
        None => Err(errcode::BAD_OPENGID.about(opengid)),
    }
}

fn inherit(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    transfer(ctx, call, true)
}

fn hand_over(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    transfer(ctx, call, false)
}

/// Gives groups a new owner; whether the old one must have left is the only difference.
fn transfer(ctx: &mut Ctx<'_>, call: &Call, owner_left: bool) -> Result<Reply, ApiError> {
    let chats = call.fields().list("chat_id_list")?;
    let taker = call.fields().need("new_owner", errcode::EMPTY_PARAMETER)?;
    if ctx.world.book.member(&taker).is_none() {
        return Err(errcode::BAD_USERID.about(taker));
    }
    let mut failed = Vec::new();
    for chat_id in chats {
        let world = &mut *ctx.world;
        let refusal = match world.groups.0.get_mut(&chat_id) {
            None => Some(errcode::NOT_CUSTOMER_GROUP),
            Some(group) if group.owner.eq_ignore_ascii_case(&taker) => Some(errcode::SAME_OWNER),
            Some(group) => {
                let here = world
                    .book
                    .member(&group.owner)
                    .is_some_and(|m| m.status != 5);
                if owner_left == here {
                    Some(if here {
                        errcode::OWNER_NOT_LEFT
                    } else {
                        errcode::OWNER_LEFT
                    })
                } else {
                    group.owner.clone_from(&taker);
                    None
                }
            }
        };
        if let Some(code) = refusal {
            failed.push(
                json!({"chat_id": chat_id, "errcode": code.code, "errmsg": code.plain().text}),
            );
        }
    }
    Ok(Reply::with(json!({"failed_chat_list": failed})))
}
