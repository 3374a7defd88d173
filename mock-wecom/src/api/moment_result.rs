//! `get_moment_*`: what became of moments.

use serde_json::{Map, Value, json};

use super::contract::{Field, int, range, text};
use super::endpoint::CONTACT;
use super::fields::page;
use super::{Call, Ctx, Endpoint, Reply};
use crate::errcode::{self, ApiError, Errcode};
use crate::state::moments::{Moment, Publisher, Remark};

const MOMENT: Field = text("moment_id").must(errcode::NO_MOMENT);
const MEMBER: Field = text("userid").must(errcode::NO_USERID);
const OF_MEMBER: &[Field] = &[MOMENT, MEMBER, text("cursor"), int("limit")];
const CODES: &[Errcode] = &[
    errcode::BAD_MOMENT,
    errcode::NOT_MOMENT_SENDER,
    errcode::BAD_CURSOR,
];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/externalcontact/get_moment_list",
        CONTACT,
        list_moments,
        &[
            int("start_time").must(errcode::EMPTY_PARAMETER),
            int("end_time").must(errcode::EMPTY_PARAMETER),
            text("creator"),
            range("filter_type", 0, 2),
            text("cursor"),
            int("limit"),
        ],
    )
    .errors(&[errcode::BAD_CURSOR]),
    Endpoint::post(
        "/cgi-bin/externalcontact/get_moment_task",
        CONTACT,
        tasks,
        &[MOMENT, text("cursor"), int("limit")],
    )
    .errors(&[errcode::BAD_MOMENT, errcode::BAD_CURSOR]),
    Endpoint::post(
        "/cgi-bin/externalcontact/get_moment_customer_list",
        CONTACT,
        audience,
        OF_MEMBER,
    )
    .errors(CODES),
    Endpoint::post(
        "/cgi-bin/externalcontact/get_moment_send_result",
        CONTACT,
        shown_to,
        OF_MEMBER,
    )
    .errors(CODES),
    Endpoint::post(
        "/cgi-bin/externalcontact/get_moment_comments",
        CONTACT,
        comments,
        &[MOMENT, MEMBER],
    )
    .errors(&[errcode::BAD_MOMENT, errcode::NOT_MOMENT_SENDER]),
];

fn list_moments(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let start = fields.int("start_time")?.unwrap_or_default();
    let end = fields.int("end_time")?.unwrap_or_default();
    if end < start || end.saturating_sub(start) > 31 * 86_400 {
        return Err(errcode::BAD_PARAMETER.about("the span is over a month"));
    }
    let personal_only = fields.int("filter_type")? == Some(1);
    let moments = ctx.world.moments.0.values();
    let rows = moments
        .filter(|moment| !personal_only && (start..=end).contains(&moment.created_at))
        .map(row);
    let (rows, next) = page(rows, fields.offset()?, fields.limit(20, 20, 20)?);
    Ok(Reply::with(
        json!({"moment_list": rows, "next_cursor": next}),
    ))
}

fn row(moment: &Moment) -> Value {
    let mut row = Map::new();
    for (name, value) in [
        ("moment_id", json!(moment.moment_id)),
        ("create_time", json!(moment.created_at.to_string())),
        ("create_type", json!(0)),
        ("visible_type", json!(i32::from(!moment.narrowed))),
        ("text", moment.text.clone()),
    ] {
        row.insert(name.to_owned(), value);
    }
    let mut images = Vec::new();
    for attachment in moment.attachments.as_array().into_iter().flatten() {
        match attachment["msgtype"].as_str() {
            Some("image") => images.push(attachment["image"].clone()),
            Some(kind) => drop(row.insert(kind.to_owned(), attachment[kind].clone())),
            None => {}
        }
    }
    if !images.is_empty() {
        row.insert("image".to_owned(), Value::Array(images));
    }
    Value::Object(row)
}

fn known<'w>(ctx: &'w Ctx<'_>, call: &Call) -> Result<&'w Moment, ApiError> {
    let id = call.fields().need("moment_id", errcode::NO_MOMENT)?;
    let moment = ctx.world.moments.0.get(&id);
    moment.ok_or_else(|| errcode::BAD_MOMENT.about(id))
}

fn publisher<'w>(ctx: &'w Ctx<'_>, call: &Call) -> Result<&'w Publisher, ApiError> {
    let moment = known(ctx, call)?;
    let userid = call.fields().need("userid", errcode::NO_USERID)?;
    let mut all = moment.publishers.iter();
    all.find(|one| one.userid.eq_ignore_ascii_case(&userid))
        .ok_or_else(|| errcode::NOT_MOMENT_SENDER.about(userid))
}

fn tasks(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let rows = known(ctx, call)?.publishers.iter().map(
        |one| json!({"userid": one.userid, "publish_status": i32::from(one.published_at > 0)}),
    );
    let (rows, next) = page(rows, fields.offset()?, fields.limit(500, 1_000, 500)?);
    Ok(Reply::with(json!({"task_list": rows, "next_cursor": next})))
}

fn audience(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let one = publisher(ctx, call)?;
    let rows = one
        .customers
        .iter()
        .map(|id| json!({"userid": one.userid, "external_userid": id}));
    let (rows, next) = page(rows, fields.offset()?, fields.limit(500, 1_000, 500)?);
    Ok(Reply::with(
        json!({"customer_list": rows, "next_cursor": next}),
    ))
}

fn shown_to(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let one = publisher(ctx, call)?;
    let rows = one
        .customers
        .iter()
        .filter(|_| one.published_at > 0)
        .map(|id| json!({"external_userid": id}));
    let (rows, next) = page(rows, fields.offset()?, fields.limit(3_000, 5_000, 3_000)?);
    Ok(Reply::with(
        json!({"customer_list": rows, "next_cursor": next}),
    ))
}

fn comments(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let userid = publisher(ctx, call)?.userid.clone();
    let moment = known(ctx, call)?;
    let pick = |like: bool| -> Vec<Value> {
        let of = |one: &&Remark| one.under == userid && one.like == like;
        let rows = moment.remarks.iter().filter(of);
        rows.map(|one| {
            let who = match ctx.world.book.member(&one.from) {
                Some(_) => "userid",
                None => "external_userid",
            };
            json!({who: one.from, "create_time": one.at})
        })
        .collect()
    };
    Ok(Reply::with(
        json!({"comment_list": pick(false), "like_list": pick(true)}),
    ))
}
