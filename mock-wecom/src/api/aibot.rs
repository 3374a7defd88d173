//! `aibot/response`: the one active reply behind a message's `response_url`.

use serde_json::Value;

use super::contract::{body, bytes, object, text};
use super::{Call, Ctx, Endpoint, Reply, Scope, card, shapes};
use crate::chat::ChatLine;
use crate::errcode::{self, ApiError};

pub(super) const ENDPOINTS: &[Endpoint] = &[Endpoint::post(
    "/cgi-bin/aibot/response",
    Scope::Open,
    response,
    &[
        text("msgtype")
            .must(errcode::BAD_MSGTYPE)
            .or(errcode::BAD_MSGTYPE),
        body(
            "markdown",
            &[
                bytes("content", 20_480)
                    .must(errcode::EMPTY_TEXT)
                    .or(errcode::CONTENT_TOO_LARGE),
                object("feedback", &[bytes("id", 256)]),
            ],
        )
        .must(errcode::EMPTY_TEXT),
        body("template_card", shapes::CARD).must(errcode::CARD_TYPE),
    ],
)
.query(&[text("response_code").must(errcode::BAD_RESPONSE_CODE)])
.errors(&shapes::CARD_CODES)
.switches(&["aibot_response_once", "aibot_response_url_secs"])
.unmetered()];

fn response(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let code = call
        .param("response_code")
        .ok_or(errcode::BAD_RESPONSE_CODE.plain())?;
    let msgtype = fields.need("msgtype", errcode::BAD_MSGTYPE)?;
    let body = fields.object(&msgtype)?;
    match msgtype.as_str() {
        "markdown" => {
            let text = body.need("content", errcode::EMPTY_TEXT)?;
            if text.len() > 20_480 {
                return Err(
                    errcode::CONTENT_TOO_LARGE.about("markdown.content is over 20480 bytes")
                );
            }
        }
        "template_card" => card::check_for_bot(ctx.world, body)?,
        other => return Err(errcode::BAD_MSGTYPE.about(other)),
    }
    let now = ctx.now;
    let strict = ctx.world.switches.aibot_response_once;
    let right = ctx
        .world
        .app
        .bot_replies
        .get_mut(code)
        .filter(|right| right.expires_at > now);
    let right = right.ok_or(errcode::BAD_RESPONSE_CODE.plain())?;
    if right.used {
        if strict {
            return Err(errcode::BAD_RESPONSE_CODE.about("used before"));
        }
        ctx.problem("dropped silently: response_url was used before");
        return Ok(Reply::ok());
    }
    right.used = true;
    let (with, via) = (right.with.clone(), right.receiver.clone());
    ctx.world.say(ChatLine {
        time: now,
        with,
        channel: "aibot".to_owned(),
        from: "bot".to_owned(),
        via,
        content: fields.value(&msgtype).cloned().unwrap_or(Value::Null),
        msgtype,
        ..ChatLine::default()
    });
    Ok(Reply::ok())
}
