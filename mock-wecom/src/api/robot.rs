//! `webhook/send` and `webhook/upload_media`: group robots, whose key is the only secret.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::content::articles;
use super::contract::{Field, body, bytes, list, one_of, text};
use super::fields::Fields;
use super::media::{Rule, keep};
use super::{Call, Ctx, Endpoint, Reply, Scope, card, shapes};
use crate::chat::ChatLine;
use crate::errcode::{self, ApiError};
use crate::switches::Minute;

const KEY: Field = text("key").must(errcode::BAD_ROBOT_KEY);

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/cgi-bin/webhook/send", Scope::Open, send, SEND)
        .query(&[KEY])
        .errors(&[
            errcode::ROBOT_STOPPED,
            errcode::TOO_FREQUENT,
            errcode::BAD_MEDIA_ID,
            errcode::MEDIA_TOO_LARGE,
            errcode::BAD_IMAGE,
            errcode::CARD_NO_TITLE,
            errcode::CARD_ACTION,
            errcode::CARD_NO_URL,
            errcode::CARD_NO_APPID,
            errcode::CARD_MENU_KEYS,
            errcode::CARD_USERID,
            errcode::CARD_NO_MEDIA,
            errcode::CARD_IMAGE,
            errcode::BAD_TASK_ID,
            errcode::NO_URL,
        ])
        .switches(&["robot_limit_code", "robot_window", "media_content_check"])
        .unmetered(),
    Endpoint::post("/cgi-bin/webhook/upload_media", Scope::Open, upload, &[])
        .query(&[
            KEY,
            one_of("type", &["file", "voice"])
                .must(errcode::BAD_MEDIA_TYPE)
                .or(errcode::BAD_MEDIA_TYPE),
        ])
        .errors(super::media::FILE_CODES)
        .switches(&["media_content_check"]),
];

const SEND: &[Field] = &[
    text("msgtype")
        .must(errcode::BAD_MSGTYPE)
        .or(errcode::BAD_MSGTYPE),
    body(
        "text",
        &[
            bytes("content", 2_048)
                .must(errcode::EMPTY_TEXT)
                .or(errcode::CONTENT_TOO_LARGE),
            list("mentioned_list", 0),
            list("mentioned_mobile_list", 0),
        ],
    )
    .must(errcode::EMPTY_TEXT),
    body("markdown", MARKDOWN).must(errcode::EMPTY_TEXT),
    body("markdown_v2", MARKDOWN).must(errcode::EMPTY_TEXT),
    body(
        "image",
        &[
            text("base64").must(errcode::EMPTY_MEDIA),
            text("md5").must(errcode::EMPTY_PARAMETER),
        ],
    )
    .must(errcode::EMPTY_MEDIA),
    body("news", shapes::NEWS).must(errcode::TOO_MANY_ARTICLES),
    body("file", shapes::MEDIA).must(errcode::NO_MEDIA_ID),
    body("voice", shapes::MEDIA).must(errcode::NO_MEDIA_ID),
    body("template_card", shapes::CARD).must(errcode::CARD_TYPE),
    text("chatid"),
    text("visible_to_user"),
];
const MARKDOWN: &[Field] = &[
    bytes("content", 4_096)
        .must(errcode::EMPTY_TEXT)
        .or(errcode::CONTENT_TOO_LARGE),
    list("mentioned_list", 0),
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
    let span = match ctx.world.switches.robot_window {
        Minute::Sliding => 60,
        Minute::Fixed => ctx.now.rem_euclid(60) + 1,
    };
    let window = ctx.world.app.per_robot.entry(key.clone()).or_default();
    if !window.admit(ctx.now, span, PER_MINUTE) {
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
            let digest = Md5::digest(&bytes);
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            if !md5.eq_ignore_ascii_case(&digest) {
                return Err(errcode::BAD_PARAMETER.about("md5 of the raw bytes"));
            }
            let by_content = ctx.world.switches.media_content_check;
            if by_content && !super::media::is_image(&bytes) {
                return Err(errcode::BAD_IMAGE.about("neither JPG nor PNG"));
            }
            Ok(())
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
    let rule = Rule::of(ctx, kind)?;
    let media_id = keep(ctx, call, &rule, Some(key))?;
    Ok(Reply::with(
        json!({"type": kind, "media_id": media_id, "created_at": ctx.now.to_string()}),
    ))
}
