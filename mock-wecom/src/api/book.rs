//! `user/*` and `department/*`: the contact book.

use serde_json::{Value, json};

use super::fields::page;
use super::{Call, Ctx, Endpoint, Reply, Scope};
use crate::config::Kind;
use crate::errcode::{self, ApiError};
use crate::state::book::{Department, Member};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/cgi-bin/user/get", Scope::Any, user, &["userid"]),
    Endpoint::get(
        "/cgi-bin/user/simplelist",
        Scope::Any,
        simple_list,
        &["department_id", "fetch_child"],
    ),
    Endpoint::post(
        "/cgi-bin/user/list_id",
        Scope::Only(Kind::ContactsBook),
        list_id,
        &["cursor", "limit"],
    ),
    Endpoint::get("/cgi-bin/department/list", Scope::Any, departments, &["id"]),
    Endpoint::get(
        "/cgi-bin/department/simplelist",
        Scope::Any,
        simple_departments,
        &["id"],
    ),
];

fn user(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let userid = call.param("userid").ok_or(errcode::NO_USERID.plain())?;
    let member = ctx
        .world
        .book
        .member(userid)
        .ok_or_else(|| errcode::NO_SUCH_USER.about(userid))?;
    Ok(Reply::with(user_row(member)))
}

/// As apps created after 2022-06-20 see a member: without mobile, email, avatar and gender.
fn user_row(member: &Member) -> Value {
    let zeros = vec![0; member.department.len()];
    json!({
        "userid": member.userid, "name": member.name, "department": member.department,
        "order": zeros, "position": member.position, "is_leader_in_dept": zeros,
        "direct_leader": [], "status": member.status, "extattr": {"attrs": []},
        "main_department": member.department.first(), "alias": "", "telephone": "",
    })
}

fn department_id(ctx: &Ctx<'_>, text: &str) -> Result<i64, ApiError> {
    let id = text
        .parse::<i64>()
        .ok()
        .filter(|id| ctx.world.book.departments.contains_key(id));
    id.ok_or_else(|| errcode::NO_DEPARTMENT.about(text))
}

fn simple_list(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let text = call
        .param("department_id")
        .ok_or(errcode::NO_DEPARTMENT_ID.plain())?;
    let id = department_id(ctx, text)?;
    let rows: Vec<Value> = ctx
        .world
        .book
        .in_department(id)
        .map(|member| json!({"userid": member.userid, "name": member.name, "department": member.department}))
        .collect();
    Ok(Reply::with(json!({"userlist": rows})))
}

fn list_id(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let limit = fields.limit(10_000, 10_000, 10_000)?;
    let rows: Vec<Value> = ctx
        .world
        .book
        .members
        .values()
        .flat_map(|member| {
            member
                .department
                .iter()
                .map(|id| json!({"userid": member.userid, "department": id}))
        })
        .collect();
    let (rows, next) = page(rows, fields.offset()?, limit);
    Ok(Reply::with(json!({"dept_user": rows, "next_cursor": next})))
}

fn selected<'w>(ctx: &'w Ctx<'_>, call: &Call) -> Result<Vec<&'w Department>, ApiError> {
    let root = call
        .param("id")
        .map(|text| department_id(ctx, text))
        .transpose()?;
    Ok(ctx.world.book.below(root))
}

fn departments(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let rows: Vec<Value> = selected(ctx, call)?
        .into_iter()
        .map(|department| {
            json!({"id": department.id, "name": department.name, "name_en": "",
                   "department_leader": [], "parentid": department.parentid, "order": 1})
        })
        .collect();
    Ok(Reply::with(json!({"department": rows})))
}

fn simple_departments(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let rows: Vec<Value> = selected(ctx, call)?
        .into_iter()
        .map(|department| json!({"id": department.id, "parentid": department.parentid, "order": 1}))
        .collect();
    Ok(Reply::with(json!({"department_id": rows})))
}
