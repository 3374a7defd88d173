//! `webhook/send` and `webhook/upload_media`: group robots, whose key is the only secret.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::content::articles;
use super::fields::Fields;
use super::media::{Rule, keep};
use super::{Call, Ctx, Endpoint, Reply, Scope, card};
use crate::chat::ChatLine;
use crate::errcode::{self, ApiError};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/webhook/send",
        Scope::Open,
        send,
        &[
            "msgtype",
            "text",
            "markdown",
            "markdown_v2",
            "image",
            "news",
            "file",
            "voice",
            "template_card",
            "chatid",
            "visible_to_user",
        ],
    ),
    Endpoint::post("/cgi-bin/webhook/upload_media", Scope::Open, upload, &[]),
];

const PER_MINUTE: usize = 20;
const IMAGE_MAX: usize = 2 * 1024 * 1024;

fn key(ctx: &Ctx<'_>, call: &Call) -> Result<String, ApiError> {
    let key = call.param("key").ok_or(errcode::BAD_ROBOT_KEY.plain())?;
    let robot = ctx
        .world
        .app
        .robots
        .get(key)
        .ok_or(errcode::BAD_ROBOT_KEY.plain())?;
    if robot.stopped {
        Err(errcode::ROBOT_STOPPED.plain())
    } else {
        Ok(robot.key.clone())
    }
}

fn send(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let key = key(ctx, call)?;
    let fields = call.fields();
    let msgtype = fields.need("msgtype", errcode::BAD_MSGTYPE)?;
    check(ctx, &key, &msgtype, fields.object(&msgtype)?)?;
    if !ctx
        .world
        .app
        .per_robot
        .entry(key.clone())
        .or_default()
        .admit(ctx.now, 60, PER_MINUTE)
    {
        let code = ctx.world.switches.robot_limit_code;
        return Err(ApiError::numbered(code, "api freq out of limit"));
    }
    ctx.world.say(ChatLine {
        time: ctx.now,
        with: key.clone(),
        channel: "robot".to_owned(),
        from: "bot".to_owned(),
        via: key,
        content: fields.value(&msgtype).cloned().unwrap_or(Value::Null),
        msgtype,
        ..ChatLine::default()
    });
    Ok(Reply::ok())
}

fn check(ctx: &Ctx<'_>, key: &str, msgtype: &str, body: Fields<'_>) -> Result<(), ApiError> {
    match msgtype {
        "text" | "markdown" | "markdown_v2" => {
            let max = if msgtype == "text" { 2_048 } else { 4_096 };
            let text = body.need("content", errcode::EMPTY_TEXT)?;
            if text.len() > max {
                return Err(
                    errcode::CONTENT_TOO_LARGE.about(format!("{msgtype} is over {max} bytes"))
                );
            }
            body.list("mentioned_list")?;
            body.list("mentioned_mobile_list").map(drop)
        }
        "image" => {
            let text = body.need("base64", errcode::EMPTY_MEDIA)?;
            let bytes = STANDARD
                .decode(text)
                .map_err(|_| errcode::BAD_PARAMETER.about("base64"))?;
            if bytes.len() > IMAGE_MAX {
                return Err(errcode::MEDIA_TOO_LARGE.plain());
            }
            let md5 = body.need("md5", errcode::EMPTY_PARAMETER)?;
            if md5.len() == 32 {
                Ok(())
            } else {
                Err(errcode::BAD_PARAMETER.about("md5"))
            }
        }
        "news" => articles(body, false),
        "file" | "voice" => {
            let media_id = body.need("media_id", errcode::NO_MEDIA_ID)?;
            ctx.world
                .media
                .check(&media_id, msgtype, Some(key), ctx.now)
        }
        "template_card" => {
            let kind = body.text("card_type")?.unwrap_or_default();
            if !["text_notice", "news_notice"].contains(&kind.as_str()) {
                return Err(errcode::BAD_PARAMETER.about("card_type"));
            }
            card::check(body)
        }
        other => Err(errcode::BAD_MSGTYPE.about(other)),
    }
}

fn upload(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let key = key(ctx, call)?;
    let kind = call.param("type").unwrap_or_default();
    if kind != "file" && kind != "voice" {
        return Err(errcode::BAD_MEDIA_TYPE.about(kind));
    }
    let media_id = keep(ctx, call, &Rule::of(kind)?, Some(key))?;
    Ok(Reply::with(
        json!({"type": kind, "media_id": media_id, "created_at": ctx.now.to_string()}),
    ))
}
