//! `user/*` and `department/*`: the contact book.

use serde_json::{Value, json};

use super::contract::{Field, int, text};
use super::fields::page;
use super::member;
use super::{Call, Ctx, Endpoint, Reply, Scope};
use crate::config::Kind;
use crate::errcode::{self, ApiError};
use crate::state::book::{Department, Member};

const DEPARTMENT: &[Field] = &[text("id")];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get(
        "/cgi-bin/user/get",
        Scope::Any,
        user,
        &[text("userid").must(errcode::NO_USERID)],
    )
    .errors(&[errcode::NO_SUCH_USER, errcode::NOT_VISIBLE])
    .switches(&["user_details"]),
    Endpoint::get(
        "/cgi-bin/user/simplelist",
        Scope::Any,
        simple_list,
        &[
            text("department_id").must(errcode::NO_DEPARTMENT_ID),
            text("fetch_child"),
            text("status"),
        ],
    )
    .errors(&[errcode::NO_DEPARTMENT, errcode::NOT_VISIBLE])
    .switches(&["fetch_child"]),
    Endpoint::post(
        "/cgi-bin/user/list_id",
        Scope::Only(Kind::ContactsBook),
        list_id,
        &[text("cursor"), int("limit")],
    )
    .errors(&[errcode::BAD_CURSOR]),
    Endpoint::get(
        "/cgi-bin/department/list",
        Scope::Any,
        departments,
        DEPARTMENT,
    )
    .errors(&[errcode::NO_DEPARTMENT, errcode::NOT_VISIBLE]),
    Endpoint::get(
        "/cgi-bin/department/simplelist",
        Scope::Any,
        simple_departments,
        DEPARTMENT,
    )
    .errors(&[errcode::NO_DEPARTMENT, errcode::NOT_VISIBLE]),
    Endpoint::get(
        "/cgi-bin/department/get",
        Scope::Any,
        one_department,
        &[text("id").must(errcode::NO_DEPARTMENT)],
    )
    .errors(&[errcode::NO_DEPARTMENT, errcode::NOT_VISIBLE]),
];

fn user(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let userid = call.param("userid").ok_or(errcode::NO_USERID.plain())?;
    let member = ctx
        .world
        .book
        .member(userid)
        .ok_or_else(|| errcode::NO_SUCH_USER.about(userid))?;
    ctx.see(&member.userid)?;
    Ok(Reply::with(user_row(
        member,
        ctx.world.switches.user_details,
    )))
}

/// As apps created after 2022-06-20 see a member: without mobile, email, avatar and gender,
/// unless they are to be shown.
pub(super) fn user_row(member: &Member, shown: bool) -> Value {
    let zeros = vec![0; member.department.len()];
    let mut row = json!({
        "userid": member.userid, "name": member.name, "department": member.department,
        "order": zeros, "position": member.position, "is_leader_in_dept": zeros,
        "direct_leader": [], "status": member.status, "extattr": {"attrs": []},
        "main_department": member.department.first(), "alias": "", "telephone": "",
    });
    if shown {
        row["gender"] = json!("0");
        for name in [
            "mobile",
            "email",
            "biz_mail",
            "avatar",
            "thumb_avatar",
            "qr_code",
            "address",
        ] {
            row[name] = json!("");
        }
    }
    if let Some(row) = row.as_object_mut() {
        row.extend(member::details(member, shown));
    }
    row
}

pub(super) fn department_id(ctx: &Ctx<'_>, text: &str) -> Result<i64, ApiError> {
    let id = text
        .parse::<i64>()
        .ok()
        .filter(|id| ctx.world.book.departments.contains_key(id));
    id.ok_or_else(|| errcode::NO_DEPARTMENT.about(text))
}

/// Whether the app behind the token may not see a member.
pub(super) fn hidden(ctx: &Ctx<'_>, userid: &str) -> bool {
    ctx.see(userid).is_err()
}

/// The visible members of the department that the query names, and of those below it where
/// `fetch_child` counts.
pub(super) fn within<'w>(ctx: &'w Ctx<'_>, call: &Call) -> Result<Vec<&'w Member>, ApiError> {
    let text = call
        .param("department_id")
        .ok_or(errcode::NO_DEPARTMENT_ID.plain())?;
    let id = department_id(ctx, text)?;
    if !ctx.sees_party(id) {
        return Err(errcode::NOT_VISIBLE.about(text));
    }
    let book = &ctx.world.book;
    let deep = ctx.world.switches.fetch_child
        && matches!(call.param("fetch_child"), Some("1" | "true" | "True"));
    let departments = match deep {
        true => book.below(Some(id)).iter().map(|one| one.id).collect(),
        false => vec![id],
    };
    let inside = |member: &&Member| member.department.iter().any(|id| departments.contains(id));
    let members = book.members.values().filter(inside);
    Ok(members
        .filter(|member| !hidden(ctx, &member.userid))
        .collect())
}

fn simple_list(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let rows: Vec<Value> = within(ctx, call)?
        .into_iter()
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
    if let Some(root) = root.filter(|root| !ctx.sees_party(*root)) {
        return Err(errcode::NOT_VISIBLE.about(root));
    }
    let mut found = ctx.world.book.below(root);
    found.retain(|department| ctx.sees_party(department.id));
    Ok(found)
}

fn department_row(department: &Department) -> Value {
    json!({"id": department.id, "name": department.name, "name_en": department.name_en,
           "department_leader": [], "parentid": department.parentid, "order": department.order})
}

fn departments(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let rows: Vec<Value> = selected(ctx, call)?
        .into_iter()
        .map(department_row)
        .collect();
    Ok(Reply::with(json!({"department": rows})))
}

fn one_department(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = department_id(ctx, call.param("id").unwrap_or_default())?;
    if !ctx.sees_party(id) {
        return Err(errcode::NOT_VISIBLE.about(id));
    }
    let found = ctx.world.book.departments.get(&id).map(department_row);
    Ok(Reply::with(json!({"department": found})))
}

fn simple_departments(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let rows: Vec<Value> = selected(ctx, call)?
        .into_iter()
        .map(|department| json!({"id": department.id, "parentid": department.parentid, "order": department.order}))
        .collect();
    Ok(Reply::with(json!({"department_id": rows})))
}
