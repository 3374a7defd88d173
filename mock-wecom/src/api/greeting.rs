//! `send_welcome_msg` and `group_welcome_template/*`.

use serde_json::{Map, Value, json};

use super::content::{attachment_body, greeting_content};
use super::fields::Fields;
use super::{Call, Ctx, Endpoint, Reply, Scope};
use crate::chat::ChatLine;
use crate::config::Kind;
use crate::errcode::{self, ApiError};

const CONTACT: Scope = Scope::Only(Kind::Contact);
const TEMPLATE_CEILING: usize = 100;
const TEMPLATE: &[&str] = &[
    "template_id",
    "text",
    "image",
    "link",
    "miniprogram",
    "file",
    "video",
    "agentid",
    "notify",
];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/externalcontact/send_welcome_msg",
        CONTACT,
        send,
        &["welcome_code", "text", "attachments"],
    ),
    Endpoint::post(
        "/cgi-bin/externalcontact/group_welcome_template/add",
        CONTACT,
        add,
        TEMPLATE,
    ),
    Endpoint::post(
        "/cgi-bin/externalcontact/group_welcome_template/edit",
        CONTACT,
        edit,
        TEMPLATE,
    ),
    Endpoint::post(
        "/cgi-bin/externalcontact/group_welcome_template/get",
        CONTACT,
        get,
        &["template_id"],
    ),
    Endpoint::post(
        "/cgi-bin/externalcontact/group_welcome_template/del",
        CONTACT,
        delete,
        &["template_id", "agentid"],
    ),
];

fn send(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let text = fields.need("welcome_code", errcode::NO_WELCOME_CODE)?;
    greeting_content(ctx.world, ctx.now, fields)?;
    let secret = ctx
        .caller
        .as_ref()
        .map(|caller| caller.secret.clone())
        .unwrap_or_default();
    let code = ctx
        .world
        .greetings
        .codes
        .get_mut(&text)
        .ok_or(errcode::BAD_WELCOME_CODE.plain())?;
    match &code.used_by {
        Some(user) if *user == secret => return Err(errcode::CHAT_STARTED.plain()),
        Some(_) => return Err(errcode::WELCOME_TAKEN.plain()),
        None => {}
    }
    if code.expires_at <= ctx.now {
        return Err(errcode::BAD_WELCOME_CODE.about("older than 20 seconds"));
    }
    if code.chat_started {
        return Err(errcode::CHAT_STARTED.plain());
    }
    code.used_by = Some(secret);
    let (customer, userid) = (code.external_userid.clone(), code.userid.clone());
    for (msgtype, content) in lines(fields)? {
        ctx.world.say(ChatLine {
            time: ctx.now,
            with: customer.clone(),
            channel: "contact".to_owned(),
            from: "bot".to_owned(),
            via: userid.clone(),
            msgtype,
            content,
            ..ChatLine::default()
        });
    }
    Ok(Reply::ok())
}

/// The text and then each attachment, as the customer sees them.
fn lines(fields: Fields<'_>) -> Result<Vec<(String, Value)>, ApiError> {
    let mut lines = Vec::new();
    if let Some(text) = fields.object("text")?.text("content")? {
        lines.push(("text".to_owned(), json!({"content": text})));
    }
    for attachment in fields.objects("attachments")? {
        let kind = attachment.need("msgtype", errcode::BAD_ATTACHMENT_TYPE)?;
        let body = attachment.value(&kind).cloned().unwrap_or(Value::Null);
        lines.push((kind, body));
    }
    Ok(lines)
}

/// Checks a group greeting and answers what is kept of it.
fn template(ctx: &Ctx<'_>, fields: Fields<'_>) -> Result<Map<String, Value>, ApiError> {
    let mut kept = Map::new();
    if let Some(text) = fields.object("text")?.text("content")? {
        if text.len() > 3_000 {
            return Err(errcode::CONTENT_TOO_LARGE.about("text.content is over 3000 bytes"));
        }
        kept.insert("text".to_owned(), json!({"content": text}));
    }
    // Only one attachment counts, in this order.
    for kind in ["image", "link", "miniprogram", "file", "video"] {
        if fields.has(kind) {
            attachment_body(ctx.world, ctx.now, kind, fields.object(kind)?)?;
            kept.insert(
                kind.to_owned(),
                fields.value(kind).cloned().unwrap_or(Value::Null),
            );
            break;
        }
    }
    if kept.is_empty() {
        return Err(errcode::EMPTY_PARAMETER.about("text or an attachment"));
    }
    Ok(kept)
}

fn add(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let kept = template(ctx, call.fields())?;
    if ctx.world.greetings.templates.len() >= TEMPLATE_CEILING {
        return Err(errcode::TEMPLATE_CEILING.plain());
    }
    let id = ctx.world.ids.text("msgT", 28);
    ctx.world.greetings.templates.insert(id.clone(), kept);
    Ok(Reply::with(json!({"template_id": id})))
}

fn known(ctx: &Ctx<'_>, call: &Call) -> Result<String, ApiError> {
    let id = call
        .fields()
        .need("template_id", errcode::EMPTY_PARAMETER)?;
    if ctx.world.greetings.templates.contains_key(&id) {
        Ok(id)
    } else {
        Err(errcode::NOT_OWN_TEMPLATE.about(id))
    }
}

fn edit(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = known(ctx, call)?;
    let kept = template(ctx, call.fields())?;
    ctx.world.greetings.templates.insert(id, kept);
    Ok(Reply::ok())
}

fn get(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = known(ctx, call)?;
    let kept = ctx
        .world
        .greetings
        .templates
        .get(&id)
        .cloned()
        .unwrap_or_default();
    Ok(Reply::with(Value::Object(kept)))
}

fn delete(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = known(ctx, call)?;
    ctx.world.greetings.templates.remove(&id);
    Ok(Reply::ok())
}
