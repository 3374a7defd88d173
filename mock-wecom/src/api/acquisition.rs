//! `customer_acquisition/*`: links by which customers find members.

use serde_json::{Map, Value, json};

use super::contract::{Field, chars, flag, int, list, object, range, text};
use super::endpoint::CONTACT;
use super::fields::page;
use super::way::copy;
use super::{Call, Ctx, Endpoint, Reply};
use crate::errcode::{self, ApiError};
use crate::state::shelf::Record;

const LINK_CEILING: usize = 1_000;
const LINK_ID: Field = text("link_id").must(errcode::EMPTY_PARAMETER);
const RANGE: Field = object(
    "range",
    &[list("user_list", 500), list("department_list", 500)],
);
const PRIORITY: Field = object(
    "priority_option",
    &[
        range("priority_type", 1, 2),
        list("priority_userid_list", 1_000),
    ],
);
const LINK: &[Field] = &[
    chars("link_name", 30).must(errcode::EMPTY_PARAMETER),
    RANGE,
    flag("skip_verify"),
    PRIORITY,
    flag("mark_source"),
];
const CHANGE: &[Field] = &[
    LINK_ID,
    chars("link_name", 30),
    RANGE,
    flag("skip_verify"),
    PRIORITY,
    flag("mark_source"),
];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/externalcontact/customer_acquisition/list_link",
        CONTACT,
        list_links,
        &[int("limit"), text("cursor")],
    )
    .errors(&[errcode::BAD_CURSOR]),
    Endpoint::post(
        "/cgi-bin/externalcontact/customer_acquisition/get",
        CONTACT,
        get,
        &[LINK_ID],
    ),
    Endpoint::post(
        "/cgi-bin/externalcontact/customer_acquisition/create_link",
        CONTACT,
        create,
        LINK,
    )
    .errors(&[errcode::BAD_USERID, errcode::TOO_MANY_LINKS]),
    Endpoint::post(
        "/cgi-bin/externalcontact/customer_acquisition/update_link",
        CONTACT,
        update,
        CHANGE,
    )
    .errors(&[errcode::BAD_USERID]),
    Endpoint::post(
        "/cgi-bin/externalcontact/customer_acquisition/delete_link",
        CONTACT,
        delete,
        &[LINK_ID],
    ),
    Endpoint::post(
        "/cgi-bin/externalcontact/customer_acquisition/customer",
        CONTACT,
        customers,
        &[LINK_ID, int("limit"), text("cursor")],
    )
    .errors(&[errcode::BAD_CURSOR]),
    Endpoint::post(
        "/cgi-bin/externalcontact/customer_acquisition/statistic",
        CONTACT,
        statistic,
        &[
            LINK_ID,
            int("start_time").must(errcode::EMPTY_PARAMETER),
            int("end_time").must(errcode::EMPTY_PARAMETER),
        ],
    ),
    Endpoint::get(
        "/cgi-bin/externalcontact/customer_acquisition_quota",
        CONTACT,
        quota,
        &[],
    ),
];

fn list_links(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let secret = ctx.secret();
    let links = ctx.world.shelves.links.in_order();
    let ids = links
        .into_iter()
        .filter(|link| link.creator == secret)
        .map(|link| link.id.clone());
    let fields = call.fields();
    let (ids, next) = page(ids, fields.offset()?, fields.limit(100, 100, 100)?);
    Ok(Reply::with(
        json!({"link_id_list": ids, "next_cursor": next}),
    ))
}

/// The link a request names; other apps' links do not exist.
fn known<'w>(ctx: &'w mut Ctx<'_>, call: &Call) -> Result<&'w mut Record, ApiError> {
    let id = call.fields().need("link_id", errcode::EMPTY_PARAMETER)?;
    let secret = ctx.secret();
    let link = ctx.world.shelves.links.0.get_mut(&id);
    link.filter(|link| link.creator == secret)
        .ok_or_else(|| errcode::BAD_PARAMETER.about("link_id"))
}

fn get(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let link = known(ctx, call)?;
    Ok(Reply::with(json!({
        "link": {
            "link_id": link.id, "link_name": link.field("link_name"), "url": link.field("url"),
            "create_time": link.created_at, "skip_verify": link.field("skip_verify"),
            "mark_source": link.field("mark_source"),
        },
        "range": link.field("range"),
        "priority_option": link.field("priority_option"),
    })))
}

fn check(ctx: &Ctx<'_>, call: &Call) -> Result<(), ApiError> {
    let range = call.fields().object("range")?;
    let users = range.list("user_list")?;
    let unknown = users.iter().find(|id| ctx.world.book.member(id).is_none());
    if let Some(userid) = unknown {
        return Err(errcode::BAD_USERID.about(userid));
    }
    if users.len() + range.list("department_list")?.len() > 500 {
        return Err(errcode::BAD_PARAMETER.about("range has over 500 members and departments"));
    }
    Ok(())
}

fn create(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    check(ctx, call)?;
    if !call.fields().has("range") {
        return Err(errcode::EMPTY_PARAMETER.about("range"));
    }
    if ctx.world.shelves.links.0.len() >= LINK_CEILING {
        return Err(errcode::TOO_MANY_LINKS.plain());
    }
    let (secret, now) = (ctx.secret(), ctx.now);
    let id = ctx.world.ids.text("cawcde", 10);
    let mut kept = Map::new();
    copy(call.fields(), LINK, &mut kept);
    let url = format!("https://work.weixin.qq.com/ca/{id}");
    kept.insert("url".to_owned(), json!(url));
    let name = kept.get("link_name").cloned().unwrap_or(Value::Null);
    let id = ctx.world.shelves.links.add(id, &secret, now, kept);
    Ok(Reply::with(json!({"link": {
        "link_id": id, "link_name": name, "url": url, "create_time": now}})))
}

fn update(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    check(ctx, call)?;
    copy(call.fields(), &CHANGE[1..], &mut known(ctx, call)?.fields);
    Ok(Reply::ok())
}

fn delete(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = known(ctx, call)?.id.clone();
    ctx.world.shelves.links.0.remove(&id);
    Ok(Reply::ok())
}

fn customers(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = known(ctx, call)?.id.clone();
    let came = ctx.world.shelves.link_customers.iter();
    let rows = came.filter(|one| one.link_id == id).map(|one| {
        json!({"external_userid": one.external_userid, "userid": one.userid,
               "chat_status": one.chat_status, "state": one.state})
    });
    let fields = call.fields();
    let (rows, next) = page(rows, fields.offset()?, fields.limit(1_000, 1_000, 1_000)?);
    Ok(Reply::with(
        json!({"customer_list": rows, "next_cursor": next}),
    ))
}

fn statistic(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = known(ctx, call)?.id.clone();
    let fields = call.fields();
    let (start, end) = (fields.int("start_time")?, fields.int("end_time")?);
    let span = start.unwrap_or(0)..=end.unwrap_or(i64::MAX);
    let came = ctx.world.shelves.link_customers.iter();
    let new = came
        .filter(|one| one.link_id == id && span.contains(&one.at))
        .count();
    Ok(Reply::with(
        json!({"click_link_customer_cnt": new, "new_customer_cnt": new}),
    ))
}

fn quota(ctx: &mut Ctx<'_>, _call: &Call) -> Result<Reply, ApiError> {
    let total = 1_000;
    let used = ctx.world.shelves.link_customers.len();
    Ok(Reply::with(json!({
        "total": total, "balance": total - used.min(total),
        "quota_list": [{"expire_date": ctx.now + 365 * 86_400, "balance": total - used.min(total)}],
    })))
}
