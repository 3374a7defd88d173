//! `message/send` and `message/recall`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::card;
use super::content::app_content;
use super::contract::{Field, body, flag, int, joined, range, text};
use super::fields::Fields;
use super::shapes;
use super::{Call, Ctx, Endpoint, Reply, Scope};
use crate::chat::ChatLine;
use crate::errcode::{self, ApiError, Errcode};
use crate::state::app::{Remembered, SentMessage};
use crate::switches::SuppressedSend;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/cgi-bin/message/send", Scope::Any, send, SEND)
        .errors(SEND_CODES)
        .switches(&["suppressed_send", "oversize_text"])
        .unmetered(),
    Endpoint::post(
        "/cgi-bin/message/recall",
        Scope::Any,
        recall,
        &[text("msgid").must(errcode::EMPTY_PARAMETER)],
    )
    .errors(&[
        errcode::API_FORBIDDEN,
        errcode::BAD_PARAMETER,
        errcode::RECALL_TOO_LATE,
    ]),
];

const SEND: &[Field] = &joined::<_, 20>(
    &[
        text("touser"),
        text("toparty"),
        text("totag"),
        text("msgtype").must(errcode::BAD_MSGTYPE),
        int("agentid").or(errcode::BAD_AGENTID),
        range("safe", 0, 2),
        flag("enable_id_trans"),
        flag("enable_duplicate_check"),
        int("duplicate_check_interval"),
        body("miniprogram_notice", shapes::MINIPROGRAM_NOTICE).must(errcode::BAD_APPID),
        body("template_card", shapes::CARD).must(errcode::CARD_TYPE),
    ],
    shapes::APP_BODIES,
);

const SEND_CODES: &[Errcode] = &joined::<_, 26>(
    &[
        errcode::API_FORBIDDEN,
        errcode::NO_AGENTID,
        errcode::OTHER_AGENTID,
        errcode::NO_RECEIVER,
        errcode::BAD_USER_LIST,
        errcode::TOO_MANY_PARTIES,
        errcode::TOO_MANY_TAGS,
        errcode::ALL_RECEIVERS_INVALID,
        errcode::BAD_MEDIA_ID,
        errcode::CONTENT_TOO_LARGE,
        errcode::NO_URL,
        errcode::NO_CALLBACK,
        errcode::BAD_TASK_ID,
    ],
    card::CARD_CODES,
);

/// Who gets a message, and who was named in vain.
#[derive(Default)]
struct Audience {
    users: BTreeSet<String>,
    bad_users: Vec<String>,
    bad_parties: Vec<String>,
    bad_tags: Vec<String>,
}

/// The app behind the token, which must be the one named in the request.
pub(super) fn agent(ctx: &Ctx<'_>, fields: Fields<'_>, required: bool) -> Result<i64, ApiError> {
    let own = ctx.caller.as_ref().and_then(|caller| caller.agent_id);
    let own = own.ok_or_else(|| errcode::API_FORBIDDEN.about("the secret belongs to no app"))?;
    if !fields.has("agentid") {
        return if required {
            Err(errcode::NO_AGENTID.plain())
        } else {
            Ok(own)
        };
    }
    let named = fields
        .int("agentid")
        .map_err(|_| errcode::BAD_AGENTID.plain())?;
    match named {
        None => Err(errcode::NO_AGENTID.plain()),
        Some(id) if id == own => Ok(own),
        Some(_) => Err(errcode::OTHER_AGENTID.plain()),
    }
}

fn send(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let msgtype = fields.need("msgtype", errcode::BAD_MSGTYPE)?;
    let agent_id = agent(ctx, fields, msgtype != "miniprogram_notice")?;
    let audience = audience(ctx, fields)?;
    if audience.users.is_empty() {
        return Err(errcode::ALL_RECEIVERS_INVALID.plain());
    }
    let content = app_content(ctx, agent_id, &msgtype, fields)?;
    if let Some(reply) = suppressed(ctx, fields, agent_id, call)? {
        return Ok(reply);
    }
    let msgid = ctx.world.ids.text("AM", 42);
    remember(ctx, fields, agent_id, call, &msgid)?;
    let mut reply = Map::new();
    for (name, list) in [
        ("invaliduser", &audience.bad_users),
        ("invalidparty", &audience.bad_parties),
        ("invalidtag", &audience.bad_tags),
    ] {
        if !list.is_empty() {
            reply.insert(name.to_owned(), json!(list.join("|")));
        }
    }
    reply.insert("msgid".to_owned(), json!(msgid));
    if msgtype == "template_card" && card::is_interactive(&content) {
        let code = ctx
            .world
            .app
            .new_response_code(&msgid, agent_id, ctx.now, &mut ctx.world.ids);
        reply.insert("response_code".to_owned(), json!(code));
    }
    let receivers: Vec<String> = audience.users.into_iter().collect();
    deliver(ctx, agent_id, &receivers, &msgid, &msgtype, &content);
    let card = (msgtype == "template_card").then(|| content.clone());
    if let Some(task_id) = card.as_ref().and_then(|card| card["task_id"].as_str()) {
        ctx.world
            .app
            .task_ids
            .insert(format!("{agent_id}/{task_id}"), msgid.clone());
    }
    let sent = SentMessage {
        agent_id,
        sent_at: ctx.now,
        receivers,
        card,
        recalled: false,
    };
    ctx.world.app.sent.insert(msgid, sent);
    Ok(Reply::with(Value::Object(reply)))
}

fn audience(ctx: &mut Ctx<'_>, fields: Fields<'_>) -> Result<Audience, ApiError> {
    let split = |name: &str| -> Result<Vec<String>, ApiError> {
        let text = fields.text(name)?.unwrap_or_default();
        Ok(text
            .split('|')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect())
    };
    let (users, parties, tags) = (split("touser")?, split("toparty")?, split("totag")?);
    if users.is_empty() && parties.is_empty() && tags.is_empty() {
        return Err(errcode::NO_RECEIVER.plain());
    }
    if users.len() > 1_000 {
        return Err(errcode::BAD_USER_LIST.about("touser is over 1000"));
    }
    if parties.len() > 100 {
        return Err(errcode::TOO_MANY_PARTIES.plain());
    }
    if tags.len() > 100 {
        return Err(errcode::TOO_MANY_TAGS.plain());
    }
    let book = &ctx.world.book;
    let secret = ctx.secret();
    let seen = |userid: &String| book.sees(&secret, userid);
    let mut out = Audience::default();
    if users.iter().any(|user| user == "@all") {
        let all = book.members.values().map(|member| member.userid.clone());
        out.users = all.filter(seen).collect();
        return Ok(out);
    }
    for user in users {
        match book.member(&user).map(|member| member.userid.clone()) {
            Some(userid) if seen(&userid) => drop(out.users.insert(userid)),
            _ => out.bad_users.push(user),
        }
    }
    for party in parties {
        let known = |id: &i64| book.departments.contains_key(id) && ctx.sees_party(*id);
        match party.parse().ok().filter(known) {
            Some(id) => {
                for department in book.below(Some(id)) {
                    let members = book.in_department(department.id);
                    out.users.extend(members.map(|m| m.userid.clone()));
                }
            }
            None => out.bad_parties.push(party),
        }
    }
    for tag in tags {
        match tag.parse().ok().and_then(|id| book.tagged(id)) {
            Some(users) => out.users.extend(users.into_iter().filter(seen)),
            None => out.bad_tags.push(tag),
        }
    }
    Ok(out)
}

fn fingerprint(agent_id: i64, call: &Call) -> String {
    format!("{agent_id}/{}", call.fields().canonical())
}

/// The answer to a message that was sent before, when the caller asked for the check.
fn suppressed(
    ctx: &mut Ctx<'_>,
    fields: Fields<'_>,
    agent_id: i64,
    call: &Call,
) -> Result<Option<Reply>, ApiError> {
    let Some(interval) = check_interval(fields)? else {
        return Ok(None);
    };
    let key = fingerprint(agent_id, call);
    let Some(before) = ctx.world.app.remembered.get(&key) else {
        return Ok(None);
    };
    if ctx.now - before.at >= interval {
        return Ok(None);
    }
    let first = before.msgid.clone();
    ctx.problem("suppressed by the duplicate check");
    Ok(Some(match ctx.world.switches.suppressed_send {
        SuppressedSend::Same => Reply::with(json!({"msgid": first})),
        SuppressedSend::Fresh => Reply::with(json!({"msgid": ctx.world.ids.text("AM", 42)})),
        SuppressedSend::Nothing => Reply::ok(),
    }))
}

fn remember(
    ctx: &mut Ctx<'_>,
    fields: Fields<'_>,
    agent_id: i64,
    call: &Call,
    msgid: &str,
) -> Result<(), ApiError> {
    if check_interval(fields)?.is_some() {
        let seen = Remembered {
            msgid: msgid.to_owned(),
            at: ctx.now,
        };
        ctx.world
            .app
            .remembered
            .insert(fingerprint(agent_id, call), seen);
    }
    Ok(())
}

fn check_interval(fields: Fields<'_>) -> Result<Option<i64>, ApiError> {
    if !fields.flag("enable_duplicate_check")?.unwrap_or(false) {
        return Ok(None);
    }
    let interval = fields.int("duplicate_check_interval")?.unwrap_or(1_800);
    if !(1..=14_400).contains(&interval) {
        return Err(errcode::BAD_PARAMETER.about("duplicate_check_interval"));
    }
    Ok(Some(interval))
}

/// Puts the message into each conversation; members over their limit get nothing.
fn deliver(
    ctx: &mut Ctx<'_>,
    agent_id: i64,
    users: &[String],
    msgid: &str,
    msgtype: &str,
    content: &Value,
) {
    for userid in users {
        if !ctx.world.app.admit(agent_id, userid, ctx.now) {
            ctx.problem(format!(
                "dropped silently for {userid}: over the limit per member"
            ));
            continue;
        }
        ctx.world.say(ChatLine {
            time: ctx.now,
            with: userid.clone(),
            channel: "app".to_owned(),
            from: "bot".to_owned(),
            via: agent_id.to_string(),
            msgid: msgid.to_owned(),
            msgtype: msgtype.to_owned(),
            content: content.clone(),
            ..ChatLine::default()
        });
    }
}

fn recall(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let msgid = call.fields().need("msgid", errcode::EMPTY_PARAMETER)?;
    let agent_id = agent(ctx, Fields::empty(), false)?;
    let sent = ctx
        .world
        .app
        .sent
        .get_mut(&msgid)
        .filter(|sent| sent.agent_id == agent_id);
    let sent = sent.ok_or_else(|| errcode::BAD_PARAMETER.about("msgid is not this app's"))?;
    if ctx.now - sent.sent_at > 86_400 {
        return Err(errcode::RECALL_TOO_LATE.plain());
    }
    sent.recalled = true;
    ctx.world.mark_line(&msgid, "recalled");
    Ok(Reply::ok())
}
