//! `*_intercept_rule*`: words that members may not send to customers.

use serde_json::{Map, Value, json};

use super::contract::{Field, chars, list, object, range, text};
use super::endpoint::CONTACT;
use super::way::copy;
use super::{Call, Ctx, Endpoint, Reply};
use crate::errcode::{self, ApiError};
use crate::state::shelf::Record;

const RULE_CEILING: usize = 100;
const RULE_ID: Field = text("rule_id").must(errcode::BAD_RULE);
const PEOPLE: &[Field] = &[list("user_list", 1_000), list("department_list", 1_000)];
const RULE: &[Field] = &[
    chars("rule_name", 20).must(errcode::EMPTY_PARAMETER),
    list("word_list", 300).must(errcode::EMPTY_PARAMETER),
    list("semantics_list", 3),
    range("intercept_type", 1, 2).must(errcode::EMPTY_PARAMETER),
    object("applicable_range", PEOPLE).must(errcode::EMPTY_PARAMETER),
];
const CHANGE: &[Field] = &[
    RULE_ID,
    chars("rule_name", 20),
    list("word_list", 300),
    object("extra_rule", &[list("semantics_list", 3)]),
    range("intercept_type", 1, 2),
    object("add_applicable_range", PEOPLE),
    object("remove_applicable_range", PEOPLE),
];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/externalcontact/add_intercept_rule",
        CONTACT,
        add,
        RULE,
    )
    .errors(&[errcode::TOO_MANY_RULES, errcode::TWIN_RULE]),
    Endpoint::get(
        "/cgi-bin/externalcontact/get_intercept_rule_list",
        CONTACT,
        list_rules,
        &[],
    ),
    Endpoint::post(
        "/cgi-bin/externalcontact/get_intercept_rule",
        CONTACT,
        get,
        &[RULE_ID],
    ),
    Endpoint::post(
        "/cgi-bin/externalcontact/update_intercept_rule",
        CONTACT,
        update,
        CHANGE,
    )
    .errors(&[errcode::TWIN_RULE]),
    Endpoint::post(
        "/cgi-bin/externalcontact/del_intercept_rule",
        CONTACT,
        delete,
        &[RULE_ID],
    ),
];

/// Checks a name against those of the other rules.
fn unique(ctx: &Ctx<'_>, call: &Call, own_id: Option<&str>) -> Result<(), ApiError> {
    let Some(name) = call.fields().text("rule_name")? else {
        return Ok(());
    };
    let mut rules = ctx.world.shelves.intercept_rules.0.values();
    let twin = rules.any(|rule| {
        Some(rule.id.as_str()) != own_id && rule.field("rule_name").as_str() == Some(&name)
    });
    if twin {
        return Err(errcode::TWIN_RULE.about(name));
    }
    Ok(())
}

fn add(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    if ctx.world.shelves.intercept_rules.0.len() >= RULE_CEILING {
        return Err(errcode::TOO_MANY_RULES.plain());
    }
    unique(ctx, call, None)?;
    let long = |word: &String| word.chars().count() > 32;
    if call.fields().list("word_list")?.iter().any(long) {
        return Err(errcode::BAD_PARAMETER.about("a word is over 32 characters"));
    }
    let mut kept = Map::new();
    copy(call.fields(), RULE, &mut kept);
    let (id, secret, now) = (ctx.world.ids.text("", 32), ctx.secret(), ctx.now);
    let id = ctx
        .world
        .shelves
        .intercept_rules
        .add(id, &secret, now, kept);
    Ok(Reply::with(json!({"rule_id": id})))
}

fn list_rules(ctx: &mut Ctx<'_>, _call: &Call) -> Result<Reply, ApiError> {
    let rules = ctx.world.shelves.intercept_rules.in_order();
    let rows: Vec<Value> = rules
        .into_iter()
        .map(|rule| {
            json!({"rule_id": rule.id, "rule_name": rule.field("rule_name"),
                   "create_time": rule.created_at})
        })
        .collect();
    Ok(Reply::with(json!({"rule_list": rows})))
}

fn known<'w>(ctx: &'w mut Ctx<'_>, call: &Call) -> Result<&'w mut Record, ApiError> {
    let id = call.fields().need("rule_id", errcode::BAD_RULE)?;
    let rule = ctx.world.shelves.intercept_rules.0.get_mut(&id);
    rule.ok_or_else(|| errcode::BAD_RULE.about(id))
}

fn get(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let rule = known(ctx, call)?;
    let mut row = rule.with_id("rule_id");
    row["extra_rule"] = json!({"semantics_list": rule.field("semantics_list")});
    Ok(Reply::with(json!({"rule": row})))
}

fn update(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = known(ctx, call)?.id.clone();
    unique(ctx, call, Some(&id))?;
    let fields = call.fields();
    let added = fields.object("add_applicable_range")?;
    let removed = fields.object("remove_applicable_range")?;
    let extra = fields.object("extra_rule")?.list("semantics_list")?;
    let (mut more, mut less) = (Vec::new(), Vec::new());
    for name in ["user_list", "department_list"] {
        more.push((name, added.list(name)?));
        less.extend(removed.list(name)?);
    }
    let rule = known(ctx, call)?;
    copy(fields, &CHANGE[1..3], &mut rule.fields);
    copy(fields, &CHANGE[4..5], &mut rule.fields);
    if !extra.is_empty() {
        rule.fields
            .insert("semantics_list".to_owned(), json!(extra));
    }
    let mut range = rule.field("applicable_range");
    for (name, added) in more {
        let kept = range[name].as_array().cloned().unwrap_or_default();
        let text = |item: &Value| match item {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let mut all: Vec<Value> = kept
            .into_iter()
            .filter(|item| !less.contains(&text(item)))
            .collect();
        all.extend(added.into_iter().map(Value::String));
        if range.is_object() {
            range[name] = Value::Array(all);
        }
    }
    rule.fields.insert("applicable_range".to_owned(), range);
    Ok(Reply::ok())
}

fn delete(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = known(ctx, call)?.id.clone();
    ctx.world.shelves.intercept_rules.0.remove(&id);
    Ok(Reply::ok())
}
