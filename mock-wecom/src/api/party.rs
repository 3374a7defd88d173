//! `department/*` and `tag/*` that change the contact book.

use serde_json::{Value, json};

use super::book::department_id;
use super::contract::{Field, chars, int, list, range, text};
use super::{Call, Ctx, Endpoint, Reply, Scope};
use crate::config::Kind;
use crate::errcode::{self, ApiError, Errcode};
use crate::state::book::{BookTag, Department};

const SYNC: Scope = Scope::Only(Kind::ContactsBook);
const PARTY_CODES: &[Errcode] = &[
    errcode::NO_DEPARTMENT,
    errcode::NO_PARENT,
    errcode::PARTY_EXISTS,
];
const TAGID: Field = int("tagid").must(errcode::BAD_TAG).or(errcode::BAD_TAG);
const MEMBERS: &[Field] = &[TAGID, list("userlist", 1_000), list("partylist", 100)];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/department/create",
        SYNC,
        create,
        &[
            chars("name", 64).must(errcode::EMPTY_PARAMETER),
            chars("name_en", 64),
            range("parentid", 1, i64::MAX).must(errcode::EMPTY_PARAMETER),
            range("order", 0, 4_294_967_295),
            range("id", 2, i64::MAX),
        ],
    )
    .errors(PARTY_CODES),
    Endpoint::post(
        "/cgi-bin/department/update",
        SYNC,
        update,
        &[
            range("id", 1, i64::MAX).must(errcode::NO_DEPARTMENT),
            chars("name", 64),
            chars("name_en", 64),
            range("parentid", 0, i64::MAX),
            range("order", 0, 4_294_967_295),
        ],
    )
    .errors(PARTY_CODES),
    Endpoint::get(
        "/cgi-bin/department/delete",
        SYNC,
        delete,
        &[text("id").must(errcode::NO_DEPARTMENT)],
    )
    .errors(&[
        errcode::NO_DEPARTMENT,
        errcode::PARTY_HAS_MEMBERS,
        errcode::PARTY_HAS_PARTIES,
    ]),
    Endpoint::post(
        "/cgi-bin/tag/create",
        SYNC,
        create_tag,
        &[
            chars("tagname", 32).must(errcode::EMPTY_PARAMETER),
            range("tagid", 0, i64::MAX),
        ],
    )
    .errors(&[errcode::BAD_TAG, errcode::BAD_TAG_NAME]),
    Endpoint::post(
        "/cgi-bin/tag/update",
        SYNC,
        rename_tag,
        &[TAGID, chars("tagname", 32).must(errcode::EMPTY_PARAMETER)],
    )
    .errors(&[errcode::BAD_TAG, errcode::BAD_TAG_NAME]),
    Endpoint::get("/cgi-bin/tag/delete", SYNC, delete_tag, &[TAGID]).errors(&[errcode::BAD_TAG]),
    Endpoint::get("/cgi-bin/tag/get", Scope::Any, tagged, &[TAGID]).errors(&[errcode::BAD_TAG]),
    Endpoint::get("/cgi-bin/tag/list", Scope::Any, tags, &[]),
    Endpoint::post("/cgi-bin/tag/addtagusers", SYNC, add_members, MEMBERS).errors(MEMBER_CODES),
    Endpoint::post("/cgi-bin/tag/deltagusers", SYNC, remove_members, MEMBERS).errors(MEMBER_CODES),
];
const MEMBER_CODES: &[Errcode] = &[
    errcode::BAD_TAG,
    errcode::EMPTY_PARAMETER,
    errcode::ALL_MEMBERS_INVALID,
];

/// Whether a sibling has the name already.
fn taken(ctx: &Ctx<'_>, name: &str, parentid: i64, but: i64) -> bool {
    let mut all = ctx.world.book.departments.values();
    all.any(|one| one.name == name && one.parentid == parentid && one.id != but)
}

fn parent(ctx: &Ctx<'_>, call: &Call) -> Result<Option<i64>, ApiError> {
    match call.fields().int("parentid")? {
        Some(id) if id > 0 && !ctx.world.book.departments.contains_key(&id) => {
            Err(errcode::NO_PARENT.about(id))
        }
        given => Ok(given),
    }
}

fn create(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let name = fields.need("name", errcode::EMPTY_PARAMETER)?;
    let parentid = parent(ctx, call)?.unwrap_or(1);
    let free = ctx
        .world
        .book
        .departments
        .keys()
        .max()
        .unwrap_or(&1)
        .saturating_add(1);
    let id = fields.int("id")?.unwrap_or(free);
    if ctx.world.book.departments.contains_key(&id) || taken(ctx, &name, parentid, id) {
        return Err(errcode::PARTY_EXISTS.about(name));
    }
    let department = Department {
        id,
        name,
        parentid,
        name_en: fields.text("name_en")?.unwrap_or_default(),
        order: fields.int("order")?.unwrap_or(1),
    };
    ctx.world.book.departments.insert(id, department);
    Ok(Reply::with(json!({"id": id})))
}

fn update(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let id = department_id(ctx, &fields.need("id", errcode::NO_DEPARTMENT)?)?;
    let parentid = parent(ctx, call)?;
    // A department below itself would be a circle.
    let below = ctx.world.book.below(Some(id));
    if parentid.is_some_and(|parent| below.iter().any(|one| one.id == parent)) {
        return Err(errcode::NO_PARENT.about("a department cannot be below itself"));
    }
    let (name, name_en, order) = (
        fields.text("name")?,
        fields.text("name_en")?,
        fields.int("order")?,
    );
    let mut changed = ctx.world.book.departments[&id].clone();
    changed.parentid = parentid.unwrap_or(changed.parentid);
    changed.name = name.unwrap_or(changed.name);
    changed.name_en = name_en.unwrap_or(changed.name_en);
    changed.order = order.unwrap_or(changed.order);
    if taken(ctx, &changed.name, changed.parentid, id) {
        return Err(errcode::PARTY_EXISTS.about(&changed.name));
    }
    ctx.world.book.departments.insert(id, changed);
    Ok(Reply::ok())
}

fn delete(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = department_id(ctx, call.param("id").unwrap_or_default())?;
    let book = &mut ctx.world.book;
    if book.in_department(id).next().is_some() {
        return Err(errcode::PARTY_HAS_MEMBERS.plain());
    }
    if book.departments.values().any(|one| one.parentid == id) {
        return Err(errcode::PARTY_HAS_PARTIES.plain());
    }
    book.departments.remove(&id);
    Ok(Reply::ok())
}

fn name_is_free(ctx: &Ctx<'_>, name: &str, but: i64) -> Result<(), ApiError> {
    let mut all = ctx.world.book.tags.values();
    match all.any(|tag| tag.tagname == name && tag.tagid != but) {
        true => Err(errcode::BAD_TAG_NAME.about(name)),
        false => Ok(()),
    }
}

fn create_tag(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let tagname = fields.need("tagname", errcode::EMPTY_PARAMETER)?;
    let free = ctx
        .world
        .book
        .tags
        .keys()
        .max()
        .unwrap_or(&0)
        .saturating_add(1);
    let tagid = fields.int("tagid")?.unwrap_or(free);
    if ctx.world.book.tags.contains_key(&tagid) {
        return Err(errcode::BAD_TAG.about("the id is taken"));
    }
    name_is_free(ctx, &tagname, tagid)?;
    let tag = BookTag {
        tagid,
        tagname,
        userlist: Vec::new(),
        partylist: Vec::new(),
    };
    ctx.world.book.tags.insert(tagid, tag);
    Ok(Reply::with(json!({"tagid": tagid})))
}

fn known(ctx: &Ctx<'_>, id: Option<i64>) -> Result<i64, ApiError> {
    let id = id.filter(|id| ctx.world.book.tags.contains_key(id));
    id.ok_or_else(|| errcode::BAD_TAG.plain())
}

fn in_query(ctx: &Ctx<'_>, call: &Call) -> Result<i64, ApiError> {
    let id = call.param("tagid").and_then(|text| text.parse().ok());
    known(ctx, id)
}

fn rename_tag(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = known(ctx, call.fields().int("tagid")?)?;
    let name = call.fields().need("tagname", errcode::EMPTY_PARAMETER)?;
    name_is_free(ctx, &name, id)?;
    if let Some(tag) = ctx.world.book.tags.get_mut(&id) {
        tag.tagname = name;
    }
    Ok(Reply::ok())
}

fn delete_tag(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = in_query(ctx, call)?;
    ctx.world.book.tags.remove(&id);
    Ok(Reply::ok())
}

fn tagged(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = in_query(ctx, call)?;
    let tag = &ctx.world.book.tags[&id];
    let users: Vec<Value> = tag
        .userlist
        .iter()
        .filter_map(|userid| ctx.world.book.member(userid))
        .map(|member| json!({"userid": member.userid, "name": member.name}))
        .collect();
    Ok(Reply::with(
        json!({"tagname": tag.tagname, "userlist": users, "partylist": tag.partylist}),
    ))
}

fn tags(ctx: &mut Ctx<'_>, _call: &Call) -> Result<Reply, ApiError> {
    let all = ctx.world.book.tags.values();
    let rows: Vec<Value> = all
        .map(|tag| json!({"tagid": tag.tagid, "tagname": tag.tagname}))
        .collect();
    Ok(Reply::with(json!({"taglist": rows})))
}

/// Who of a request is known, and the reply that names those who are not.
struct Named {
    tagid: i64,
    users: Vec<String>,
    parties: Vec<i64>,
    reply: Reply,
}

fn named(ctx: &Ctx<'_>, call: &Call) -> Result<Named, ApiError> {
    let fields = call.fields();
    let tagid = known(ctx, fields.int("tagid")?)?;
    let (users, parties) = (fields.list("userlist")?, fields.list("partylist")?);
    if users.is_empty() && parties.is_empty() {
        return Err(errcode::EMPTY_PARAMETER.about("userlist and partylist"));
    }
    let book = &ctx.world.book;
    let (users, strangers): (Vec<String>, Vec<String>) = users
        .into_iter()
        .partition(|userid| book.member(userid).is_some());
    let (parties, unknown): (Vec<i64>, Vec<i64>) = parties
        .iter()
        .map(|text| text.parse().unwrap_or(0))
        .partition(|id| book.departments.contains_key(id));
    if users.is_empty() && parties.is_empty() {
        return Err(errcode::ALL_MEMBERS_INVALID.plain());
    }
    let mut reply = json!({});
    if !strangers.is_empty() {
        reply["invalidlist"] = json!(strangers.join("|"));
    }
    if !unknown.is_empty() {
        reply["invalidparty"] = json!(unknown);
    }
    Ok(Named {
        tagid,
        users,
        parties,
        reply: Reply::with(reply),
    })
}

fn add_members(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let named = named(ctx, call)?;
    if let Some(tag) = ctx.world.book.tags.get_mut(&named.tagid) {
        for userid in named.users {
            if !tag
                .userlist
                .iter()
                .any(|has| has.eq_ignore_ascii_case(&userid))
            {
                tag.userlist.push(userid);
            }
        }
        for party in named.parties {
            if !tag.partylist.contains(&party) {
                tag.partylist.push(party);
            }
        }
    }
    Ok(named.reply)
}

fn remove_members(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let named = named(ctx, call)?;
    if let Some(tag) = ctx.world.book.tags.get_mut(&named.tagid) {
        tag.userlist.retain(|has| {
            !named
                .users
                .iter()
                .any(|gone| gone.eq_ignore_ascii_case(has))
        });
        tag.partylist.retain(|has| !named.parties.contains(has));
    }
    Ok(named.reply)
}
