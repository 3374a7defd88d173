//! `user/*` beyond reading one member: lists, look-ups, and what the contact-sync assistant changes.

use serde_json::{Map, Value, json};

use super::book::{department_id, hidden, within};
use super::contract::{Field, any, chars, flag, id, int, joined, list, text};
use super::{Call, Ctx, Endpoint, Reply, Scope};
use crate::config::Kind;
use crate::errcode::{self, ApiError, Errcode};
use crate::state::book::Member;

const SYNC: Scope = Scope::Only(Kind::ContactsBook);
const USERID: Field = id("userid", 64, "_-@.").must(errcode::NO_USERID);

/// What a member may carry, apart from id, name and departments.
const DETAILS: &[Field] = &[
    chars("alias", 64),
    chars("english_name", 64),
    text("mobile"),
    list("order", 100),
    int("gender"),
    text("email"),
    text("biz_mail"),
    any("biz_mail_alias"),
    text("telephone"),
    list("is_leader_in_dept", 100),
    flag("isleader"),
    list("direct_leader", 1),
    text("avatar_mediaid"),
    any("extattr"),
    flag("to_invite"),
    any("external_profile"),
    text("external_position"),
    text("nickname"),
    chars("address", 128),
    int("main_department"),
    text("weixinid"),
];

const NEW: &[Field] = &joined::<_, 27>(
    &[
        USERID,
        chars("name", 64).must(errcode::NO_MEMBER_NAME),
        list("department", 100),
        chars("position", 128),
        flag("enable"),
        text("new_userid"),
    ],
    DETAILS,
);
const CHANGED: &[Field] = &joined::<_, 27>(
    &[
        USERID,
        chars("name", 64),
        list("department", 100),
        chars("position", 128),
        flag("enable"),
        text("new_userid"),
    ],
    DETAILS,
);
const TAKEN: &[Errcode] = &[
    errcode::USER_EXISTS,
    errcode::MOBILE_EXISTS,
    errcode::EMAIL_EXISTS,
    errcode::NO_DEPARTMENT,
    errcode::NO_SUCH_USER,
];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get(
        "/cgi-bin/user/list",
        Scope::Any,
        full_list,
        &[
            text("department_id").must(errcode::NO_DEPARTMENT_ID),
            text("fetch_child"),
            text("status"),
        ],
    )
    .errors(&[errcode::NO_DEPARTMENT, errcode::NOT_VISIBLE])
    .switches(&["user_details", "fetch_child"]),
    Endpoint::post("/cgi-bin/user/create", SYNC, create, NEW).errors(TAKEN),
    Endpoint::post("/cgi-bin/user/update", SYNC, update, CHANGED).errors(TAKEN),
    Endpoint::get("/cgi-bin/user/delete", SYNC, delete, &[USERID]).errors(&[errcode::NO_SUCH_USER]),
    Endpoint::post(
        "/cgi-bin/user/batchdelete",
        SYNC,
        batch_delete,
        &[list("useridlist", 200).must(errcode::BAD_USER_LIST)],
    )
    .errors(&[errcode::NO_SUCH_USER]),
    Endpoint::post(
        "/cgi-bin/user/getuserid",
        Scope::Any,
        by_mobile,
        &[text("mobile").must(errcode::EMPTY_PARAMETER)],
    )
    .errors(&[errcode::NO_USER_FOUND]),
    Endpoint::post(
        "/cgi-bin/user/get_userid_by_email",
        Scope::Any,
        by_email,
        &[
            text("email").must(errcode::EMPTY_PARAMETER),
            int("email_type"),
        ],
    )
    .errors(&[errcode::NO_USER_FOUND]),
    Endpoint::post(
        "/cgi-bin/user/convert_to_openid",
        Scope::Any,
        to_openid,
        &[USERID, int("agentid")],
    )
    .errors(&[errcode::NO_SUCH_USER]),
    Endpoint::post(
        "/cgi-bin/user/convert_to_userid",
        Scope::Any,
        to_userid,
        &[text("openid").must(errcode::EMPTY_PARAMETER)],
    )
    .errors(&[errcode::NO_USER_FOUND]),
];

fn full_list(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let shown = ctx.world.switches.user_details;
    let rows: Vec<Value> = within(ctx, call)?
        .into_iter()
        .map(|member| super::book::user_row(member, shown))
        .collect();
    Ok(Reply::with(json!({"userlist": rows})))
}

/// Refuses a mobile or an email that somebody else has.
fn check_unique(ctx: &Ctx<'_>, call: &Call, userid: &str) -> Result<(), ApiError> {
    for (name, taken) in [
        ("mobile", errcode::MOBILE_EXISTS),
        ("email", errcode::EMAIL_EXISTS),
    ] {
        let Some(value) = call.fields().text(name)? else {
            continue;
        };
        if let Some(owner) = with_detail(ctx, name, &value)
            && !owner.userid.eq_ignore_ascii_case(userid)
        {
            return Err(taken.about(&owner.userid));
        }
    }
    Ok(())
}

fn with_detail<'w>(ctx: &'w Ctx<'_>, name: &str, value: &str) -> Option<&'w Member> {
    let mut members = ctx.world.book.members.values();
    members.find(|member| member.details.get(name).and_then(Value::as_str) == Some(value))
}

fn departments(ctx: &Ctx<'_>, call: &Call) -> Result<Option<Vec<i64>>, ApiError> {
    if !call.fields().has("department") {
        return Ok(None);
    }
    let named = call.fields().list("department")?;
    let ids: Result<Vec<i64>, ApiError> =
        named.iter().map(|text| department_id(ctx, text)).collect();
    ids.map(Some)
}

/// Puts what the request says into the member.
fn change(member: &mut Member, call: &Call, departments: Option<Vec<i64>>) -> Result<(), ApiError> {
    let fields = call.fields();
    if let Some(name) = fields.text("name")? {
        member.name = name;
    }
    if let Some(position) = fields.text("position")? {
        member.position = position;
    }
    if let Some(departments) = departments {
        member.department = departments;
    }
    match fields.flag("enable")? {
        Some(true) => member.status = 1,
        Some(false) => member.status = 2,
        None => {}
    }
    for name in DETAILS.iter().map(|field| field.name) {
        if let Some(value) = fields.value(name) {
            member.details.insert(name.to_owned(), value.clone());
        }
    }
    Ok(())
}

fn create(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let userid = call.fields().need("userid", errcode::NO_USERID)?;
    if ctx.world.book.member(&userid).is_some() {
        return Err(errcode::USER_EXISTS.about(userid));
    }
    check_unique(ctx, call, &userid)?;
    let departments = departments(ctx, call)?;
    let mut member = Member::new(&userid, "");
    change(&mut member, call, departments)?;
    ctx.world.book.put(member);
    Ok(Reply::ok())
}

fn update(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let userid = call.fields().need("userid", errcode::NO_USERID)?;
    check_unique(ctx, call, &userid)?;
    let departments = departments(ctx, call)?;
    let member = ctx.world.book.member_mut(&userid);
    let member = member.ok_or_else(|| errcode::NO_SUCH_USER.about(userid))?;
    change(member, call, departments)?;
    Ok(Reply::ok())
}

fn remove(ctx: &mut Ctx<'_>, userid: &str) -> Result<(), ApiError> {
    match ctx.world.book.members.remove(&userid.to_lowercase()) {
        Some(_) => Ok(()),
        None => Err(errcode::NO_SUCH_USER.about(userid)),
    }
}

fn delete(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    remove(ctx, call.param("userid").unwrap_or_default())?;
    Ok(Reply::ok())
}

/// All of them or none.
fn batch_delete(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let userids = call.fields().list("useridlist")?;
    let unknown = |userid: &&String| ctx.world.book.member(userid).is_none();
    if let Some(userid) = userids.iter().find(unknown) {
        return Err(errcode::NO_SUCH_USER.about(userid));
    }
    for userid in userids {
        // Named twice is removed once.
        let _gone = remove(ctx, &userid);
    }
    Ok(Reply::ok())
}

fn found(ctx: &Ctx<'_>, member: Option<&Member>) -> Result<Reply, ApiError> {
    let member = member.filter(|member| !hidden(ctx, &member.userid));
    let member = member.ok_or_else(|| errcode::NO_USER_FOUND.plain())?;
    Ok(Reply::with(json!({"userid": member.userid})))
}

fn by_mobile(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let mobile = call.fields().need("mobile", errcode::EMPTY_PARAMETER)?;
    found(ctx, with_detail(ctx, "mobile", &mobile))
}

fn by_email(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let email = call.fields().need("email", errcode::EMPTY_PARAMETER)?;
    let private = with_detail(ctx, "email", &email);
    found(
        ctx,
        private.or_else(|| with_detail(ctx, "biz_mail", &email)),
    )
}

/// A member's openid: the same for the same member, and to be turned back.
fn openid_of(userid: &str) -> String {
    format!("oMEMBER_{}", userid.to_lowercase())
}

fn to_openid(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let userid = call.fields().need("userid", errcode::NO_USERID)?;
    let member = ctx.world.book.member(&userid);
    let member = member.ok_or_else(|| errcode::NO_SUCH_USER.about(&userid))?;
    Ok(Reply::with(json!({"openid": openid_of(&member.userid)})))
}

fn to_userid(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let openid = call.fields().need("openid", errcode::EMPTY_PARAMETER)?;
    let mut members = ctx.world.book.members.values();
    let member = members.find(|member| openid_of(&member.userid) == openid);
    found(ctx, member)
}

/// The details of a member that `user/get` shows under their own names.
pub(super) fn details(member: &Member, shown: bool) -> Map<String, Value> {
    const PRIVATE: [&str; 4] = ["gender", "mobile", "email", "biz_mail"];
    const NEVER: [&str; 3] = ["avatar_mediaid", "to_invite", "isleader"];
    let kept = member.details.iter().filter(|(name, _)| {
        !NEVER.contains(&name.as_str()) && (shown || !PRIVATE.contains(&name.as_str()))
    });
    kept.map(|(name, value)| {
        let value = match (name.as_str(), value) {
            // It goes in as a number and comes out as a text.
            ("gender", Value::Number(number)) => json!(number.to_string()),
            (_, value) => value.clone(),
        };
        (name.clone(), value)
    })
    .collect()
}
