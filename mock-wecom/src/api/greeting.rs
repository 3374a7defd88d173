//! `send_welcome_msg` and `group_welcome_template/*`.

use serde_json::{Map, Value, json};

use super::content::{attachment_body, attachments, greeting_content};
use super::contract::{Field, bytes, flag, object, objects, text};
use super::endpoint::CONTACT;
use super::fields::Fields;
use super::{Call, Ctx, Endpoint, Reply, shapes};
use crate::chat::ChatLine;
use crate::errcode::{self, ApiError, Errcode};

const TEMPLATE_CEILING: usize = 100;

const TEMPLATE: &[Field] = &[
    object(
        "text",
        &[bytes("content", 3_000).or(errcode::CONTENT_TOO_LARGE)],
    ),
    object("image", shapes::IMAGE_PART),
    object("link", shapes::LINK_PART),
    object("miniprogram", shapes::MINIPROGRAM_PART),
    object("file", shapes::MEDIA),
    object("video", shapes::MEDIA),
    text("agentid"),
    flag("notify"),
    text("template_id"),
];
const TEMPLATE_ID: Field = text("template_id").must(errcode::EMPTY_PARAMETER);
const BODY_CODES: &[Errcode] = &[
    errcode::EMPTY_PARAMETER,
    errcode::BAD_MEDIA_ID,
    errcode::URL_WITHOUT_SCHEME,
    errcode::BAD_ATTACHMENT_SCENE,
    errcode::TEMPLATE_CEILING,
    errcode::NOT_OWN_TEMPLATE,
];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/externalcontact/send_welcome_msg",
        CONTACT,
        send,
        &[
            text("welcome_code").must(errcode::NO_WELCOME_CODE),
            object("text", shapes::GREETING_TEXT),
            objects("attachments", 9, shapes::ATTACHMENT).or(errcode::BAD_ATTACHMENT_COUNT),
            object("image", shapes::IMAGE_PART),
            object("link", shapes::LINK_PART),
            object("miniprogram", shapes::MINIPROGRAM_PART),
        ],
    )
    .errors(&[
        errcode::EMPTY_PARAMETER,
        errcode::BAD_MEDIA_ID,
        errcode::NO_MEDIA_ID,
        errcode::URL_WITHOUT_SCHEME,
        errcode::BAD_ATTACHMENT_SCENE,
        errcode::BAD_WELCOME_CODE,
        errcode::CHAT_STARTED,
        errcode::WELCOME_TAKEN,
        errcode::NO_CONSENT,
    ]),
    Endpoint::post(
        "/cgi-bin/externalcontact/group_welcome_template/add",
        CONTACT,
        add,
        TEMPLATE,
    )
    .errors(BODY_CODES),
    Endpoint::post(
        "/cgi-bin/externalcontact/group_welcome_template/edit",
        CONTACT,
        edit,
        TEMPLATE,
    )
    .errors(BODY_CODES),
    Endpoint::post(
        "/cgi-bin/externalcontact/group_welcome_template/get",
        CONTACT,
        get,
        &[TEMPLATE_ID],
    )
    .errors(&[errcode::NOT_OWN_TEMPLATE]),
    Endpoint::post(
        "/cgi-bin/externalcontact/group_welcome_template/del",
        CONTACT,
        delete,
        &[TEMPLATE_ID, text("agentid")],
    )
    .errors(&[errcode::NOT_OWN_TEMPLATE]),
];

fn send(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let text = fields.need("welcome_code", errcode::NO_WELCOME_CODE)?;
    greeting_content(ctx.world, ctx.now, fields)?;
    let secret = ctx.secret();
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
    for (kind, _, body) in attachments(fields)? {
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
