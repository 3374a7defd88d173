//! `externalcontact`: followers, customers, remarks and marks.

use serde_json::{Map, Value, json};

use super::contract::{Field, any, chars, int, list, text};
use super::endpoint::CONTACT;
use super::fields::{next_cursor, page, read_cursor};
use super::{Call, Ctx, Endpoint, Reply};
use crate::errcode::{self, ApiError, Errcode};
use crate::state::World;
use crate::state::customers::{Customer, Follow};

/// More followers than this come in pages.
const FOLLOWERS_PER_PAGE: usize = 500;

const MEMBER: Field = text("userid").must(errcode::NO_USERID);
const CUSTOMER: Field = text("external_userid").must(errcode::NO_EXTERNAL_USERID);
const PAIR_CODES: &[Errcode] = &[
    errcode::BAD_USERID,
    errcode::NOT_VISIBLE,
    errcode::BAD_EXTERNAL_USERID,
    errcode::NO_RELATION,
];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get(
        "/cgi-bin/externalcontact/get_follow_user_list",
        CONTACT,
        follow_users,
        &[],
    ),
    Endpoint::get(
        "/cgi-bin/externalcontact/list",
        CONTACT,
        list_customers,
        &[MEMBER],
    )
    .errors(&[
        errcode::BAD_USERID,
        errcode::NOT_VISIBLE,
        errcode::NO_RELATION,
    ])
    .switches(&["empty_list_is_84061"]),
    Endpoint::get(
        "/cgi-bin/externalcontact/get",
        CONTACT,
        get,
        &[CUSTOMER, text("cursor")],
    )
    .errors(&[
        errcode::BAD_EXTERNAL_USERID,
        errcode::NO_RELATION,
        errcode::BAD_CURSOR,
    ]),
    Endpoint::post(
        "/cgi-bin/externalcontact/batch/get_by_user",
        CONTACT,
        batch,
        &[
            any("userid_list").must(errcode::NO_USERID).was(&["userid"]),
            text("cursor"),
            int("limit"),
        ],
    )
    .errors(&[
        errcode::BAD_USERID,
        errcode::NOT_VISIBLE,
        errcode::BAD_CURSOR,
    ]),
    Endpoint::post(
        "/cgi-bin/externalcontact/remark",
        CONTACT,
        remark,
        &[
            MEMBER,
            CUSTOMER,
            chars("remark", 20),
            chars("description", 150),
            chars("remark_company", 20),
            list("remark_mobiles", 0),
            text("remark_pic_mediaid"),
        ],
    )
    .errors(&[
        errcode::BAD_USERID,
        errcode::BAD_EXTERNAL_USERID,
        errcode::NO_RELATION,
        errcode::EMPTY_PARAMETER,
        errcode::BAD_MEDIA_ID,
    ]),
    Endpoint::post(
        "/cgi-bin/externalcontact/mark_tag",
        CONTACT,
        mark_tag,
        &[MEMBER, CUSTOMER, list("add_tag", 0), list("remove_tag", 0)],
    )
    .errors(&[
        errcode::BAD_USERID,
        errcode::BAD_EXTERNAL_USERID,
        errcode::NO_RELATION,
        errcode::BAD_TAG,
    ]),
    Endpoint::post(
        "/cgi-bin/externalcontact/contact_list",
        CONTACT,
        served,
        &[text("cursor"), int("limit")],
    )
    .errors(&[errcode::BAD_CURSOR, errcode::API_FORBIDDEN])
    .switches(&["contact_list_served"]),
    Endpoint::post(
        "/cgi-bin/externalcontact/close_temp_chat",
        CONTACT,
        close_temp_chat,
        &[MEMBER, CUSTOMER],
    )
    .errors(PAIR_CODES),
];

/// Other names of the same customer.
pub(super) const IDS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/externalcontact/unionid_to_external_userid",
        CONTACT,
        by_unionid,
        &[
            text("unionid").must(errcode::EMPTY_PARAMETER),
            text("openid"),
        ],
    )
    .errors(&[errcode::NO_RELATION]),
    Endpoint::post(
        "/cgi-bin/externalcontact/convert_to_openid",
        CONTACT,
        openid,
        &[CUSTOMER],
    )
    .errors(&[errcode::BAD_EXTERNAL_USERID]),
];

fn follow_users(ctx: &mut Ctx<'_>, _call: &Call) -> Result<Reply, ApiError> {
    let members = ctx.world.book.members.values();
    let users: Vec<&str> = members
        .filter(|member| member.serves_customers && member.status == 1)
        .filter(|member| ctx.see(&member.userid).is_ok())
        .map(|member| member.userid.as_str())
        .collect();
    Ok(Reply::with(json!({"follow_user": users})))
}

fn list_customers(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let userid = call.param("userid").ok_or(errcode::NO_USERID.plain())?;
    ctx.employee(userid)?;
    let ids: Vec<&str> = ctx
        .world
        .customers
        .of(userid)
        .map(|(customer, _)| customer.external_userid.as_str())
        .collect();
    if ids.is_empty() && ctx.world.switches.empty_list_is_84061 {
        return Err(errcode::NO_RELATION.plain());
    }
    Ok(Reply::with(json!({"external_userid": ids})))
}

fn get(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = call
        .param("external_userid")
        .ok_or(errcode::NO_EXTERNAL_USERID.plain())?;
    let customer = ctx.world.customers.get(id)?;
    if customer.followers.is_empty() {
        return Err(errcode::NO_RELATION.plain());
    }
    let seen = |follow: &Follow| ctx.see(&follow.userid).is_ok();
    if !customer.followers.iter().any(seen) {
        return Err(errcode::BAD_EXTERNAL_USERID.about("no follower is visible"));
    }
    let offset = call.param("cursor").map_or(Ok(0), read_cursor)?;
    let followers = customer
        .followers
        .iter()
        .skip(offset)
        .take(FOLLOWERS_PER_PAGE);
    let rows: Vec<Value> = followers
        .map(|follow| follow_row(ctx.world, follow, true))
        .collect();
    let end = offset.saturating_add(rows.len());
    let mut reply = json!({"external_contact": contact_row(customer), "follow_user": rows});
    if end < customer.followers.len() {
        reply["next_cursor"] = json!(next_cursor(end));
    }
    Ok(Reply::with(reply))
}

fn contact_row(customer: &Customer) -> Value {
    let mut row = json!({
        "external_userid": customer.external_userid,
        "name": customer.name,
        "avatar": "",
        "type": if customer.external_userid.starts_with("wo") { 2 } else { 1 },
        "gender": customer.gender,
    });
    if !customer.unionid.is_empty() {
        row["unionid"] = json!(customer.unionid);
    }
    // Users of WeCom have a company; of users of WeChat nothing of the kind is known.
    if row["type"] == 2 {
        row["position"] = json!("");
        row["corp_name"] = json!("外部企业");
        row["corp_full_name"] = json!("外部企业有限公司");
    }
    row
}

/// A relation as `get` shows it (with tags in full) or as `batch` shows it (with tag ids).
fn follow_row(world: &World, follow: &Follow, full_tags: bool) -> Value {
    let mut row = Map::new();
    row.insert("userid".to_owned(), json!(follow.userid));
    row.insert("remark".to_owned(), json!(follow.remark));
    row.insert("description".to_owned(), json!(follow.description));
    row.insert("createtime".to_owned(), json!(follow.createtime));
    if full_tags {
        let tags = follow.tags.iter().filter_map(|id| world.tags.find(id)).map(|(group, tag)| {
            json!({"group_name": group.group_name, "tag_name": tag.name, "tag_id": tag.id, "type": 1})
        });
        row.insert("tags".to_owned(), tags.collect());
    } else {
        row.insert("tag_id".to_owned(), json!(follow.tags));
    }
    row.insert(
        "remark_corp_name".to_owned(),
        json!(follow.remark_corp_name),
    );
    row.insert("remark_mobiles".to_owned(), json!(follow.remark_mobiles));
    row.insert("oper_userid".to_owned(), json!(follow.userid));
    row.insert("add_way".to_owned(), json!(follow.add_way));
    if !follow.state.is_empty() {
        row.insert("state".to_owned(), json!(follow.state));
    }
    Value::Object(row)
}

fn batch(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    // The older form of the call named one member as `userid`.
    let users = match fields.text("userid")? {
        Some(userid) if !fields.has("userid_list") => vec![userid],
        _ => fields.list_up_to("userid_list", 100)?,
    };
    if users.is_empty() {
        return Err(errcode::NO_USERID.about("userid_list"));
    }
    for userid in &users {
        ctx.employee(userid)?;
    }
    let limit = fields.limit(50, 100, 100)?;
    let pairs = users
        .iter()
        .flat_map(|userid| ctx.world.customers.of(userid));
    let (pairs, next) = page(pairs, fields.offset()?, limit);
    let rows: Vec<Value> = pairs
        .into_iter()
        .map(|(customer, follow)| {
            json!({"external_contact": contact_row(customer),
                   "follow_info": follow_row(ctx.world, follow, false)})
        })
        .collect();
    Ok(Reply::with(
        json!({"external_contact_list": rows, "next_cursor": next}),
    ))
}

fn pair(ctx: &Ctx<'_>, call: &Call) -> Result<(String, String), ApiError> {
    let userid = call.fields().need("userid", errcode::NO_USERID)?;
    ctx.employee(&userid)?;
    let customer = call
        .fields()
        .need("external_userid", errcode::NO_EXTERNAL_USERID)?;
    Ok((userid, customer))
}

fn remark(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let (userid, customer) = pair(ctx, call)?;
    let names = [
        "remark",
        "description",
        "remark_company",
        "remark_mobiles",
        "remark_pic_mediaid",
    ];
    if !names.iter().any(|name| fields.has(name)) {
        return Err(errcode::EMPTY_PARAMETER.about("nothing to change"));
    }
    fields.text_chars("remark", 20)?;
    fields.text_chars("description", 150)?;
    fields.text_chars("remark_company", 20)?;
    let mobiles = fields.list("remark_mobiles")?;
    let picture = fields.text("remark_pic_mediaid")?;
    if let Some(media_id) = picture {
        ctx.world.media.check(&media_id, "image", None, ctx.now)?;
    }
    let follow = ctx.world.customers.follow_mut(&userid, &customer)?;
    // Here an empty text clears the value, unlike elsewhere.
    let given = |name: &str| {
        fields
            .value(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    follow.remark = given("remark").unwrap_or_else(|| follow.remark.clone());
    follow.description = given("description").unwrap_or_else(|| follow.description.clone());
    follow.remark_corp_name =
        given("remark_company").unwrap_or_else(|| follow.remark_corp_name.clone());
    if !mobiles.is_empty() {
        follow.remark_mobiles = mobiles
            .into_iter()
            .filter(|mobile| !mobile.is_empty())
            .collect();
    }
    Ok(Reply::ok())
}

fn mark_tag(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let (userid, customer) = pair(ctx, call)?;
    let added = fields.list("add_tag")?;
    let removed = fields.list("remove_tag")?;
    if added.is_empty() && removed.is_empty() {
        return Err(errcode::BAD_TAG.about("add_tag and remove_tag are both empty"));
    }
    if let Some(unknown) = added
        .iter()
        .chain(&removed)
        .find(|id| ctx.world.tags.find(id).is_none())
    {
        return Err(errcode::BAD_TAG.about(unknown));
    }
    let follow = ctx.world.customers.follow_mut(&userid, &customer)?;
    follow.tags.extend(added);
    follow.tags.retain(|id| !removed.contains(id));
    Ok(Reply::ok())
}

/// Customers whom anybody serves, one row for each relation.
fn served(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    if !ctx.world.switches.contact_list_served {
        return Err(errcode::API_FORBIDDEN.plain());
    }
    let fields = call.fields();
    let rows: Vec<Value> = ctx
        .world
        .customers
        .0
        .values()
        .flat_map(|customer| {
            customer.followers.iter().map(move |follow| {
                json!({"is_customer": true, "tmp_openid": openid_of(&customer.external_userid),
                       "external_userid": customer.external_userid, "name": customer.name,
                       "follow_userid": follow.userid, "add_time": follow.createtime})
            })
        })
        .collect();
    let (rows, next) = page(rows, fields.offset()?, fields.limit(1_000, 1_000, 1_000)?);
    let mut reply = json!({"info_list": rows});
    if !next.is_empty() {
        reply["next_cursor"] = json!(next);
    }
    Ok(Reply::with(reply))
}

fn close_temp_chat(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let (userid, customer) = pair(ctx, call)?;
    ctx.world.customers.follow_mut(&userid, &customer)?;
    Ok(Reply::ok())
}

fn by_unionid(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let unionid = call.fields().need("unionid", errcode::EMPTY_PARAMETER)?;
    let found = ctx
        .world
        .customers
        .0
        .values()
        .find(|customer| customer.unionid == unionid);
    let customer = found.ok_or_else(|| errcode::NO_RELATION.plain())?;
    Ok(Reply::with(
        json!({"external_userid": customer.external_userid}),
    ))
}

/// The same customer always has the same open id.
fn openid_of(external_userid: &str) -> String {
    let tail: String = external_userid.chars().skip(2).collect();
    format!("oOPEN{tail}")
}

fn openid(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = call
        .fields()
        .need("external_userid", errcode::NO_EXTERNAL_USERID)?;
    ctx.world.customers.get(&id)?;
    Ok(Reply::with(json!({"openid": openid_of(&id)})))
}
