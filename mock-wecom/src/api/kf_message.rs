//! `kf/sync_msg`, `kf/send_msg` and `kf/send_msg_on_event`.

use serde_json::{Value, json};

use super::content::kf_content;
use super::contract::{Field, body, bytes, id, int, range, text};
use super::endpoint::KF;
use super::fields::Fields;
use super::kf_account::known_account;
use super::{Call, Ctx, Endpoint, Reply, shapes};
use crate::chat::ChatLine;
use crate::errcode::{self, ApiError};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/kf/sync_msg",
        KF,
        sync_msg,
        &[
            bytes("cursor", 64),
            bytes("token", 128),
            int("limit"),
            range("voice_format", 0, 1),
            text("open_kfid").must(errcode::NO_OPEN_KFID),
        ],
    )
    .errors(&[
        errcode::BAD_KFID,
        errcode::NO_SUCH_KF,
        errcode::BAD_CURSOR,
        errcode::KF_TOKEN,
        errcode::TOO_FREQUENT,
    ])
    .switches(&["kf_page_limit", "kf_empty_pages", "kf_tokenless_per_min"]),
    Endpoint::post("/cgi-bin/kf/send_msg", KF, send_msg, SEND)
        .errors(&[
            errcode::BAD_KFID,
            errcode::NO_SUCH_KF,
            errcode::BAD_EXTERNAL_USERID,
            errcode::BAD_MEDIA_ID,
            errcode::KF_MENU_COUNT,
            errcode::KF_MENU_TYPE,
            errcode::URL_WITHOUT_SCHEME,
            errcode::KF_TIME,
            errcode::KF_STATE,
            errcode::KF_COUNT,
        ])
        .switches(&["kf_duplicate_msgid_code"])
        .unmetered(),
    Endpoint::post(
        "/cgi-bin/kf/send_msg_on_event",
        KF,
        send_msg_on_event,
        &[
            text("code").must(errcode::EMPTY_PARAMETER),
            id("msgid", 32, "_-"),
            text("msgtype").must(errcode::BAD_MSGTYPE),
            body("text", shapes::KF_TEXT).must(errcode::EMPTY_TEXT),
            body("msgmenu", shapes::KF_MENU).must(errcode::EMPTY_PARAMETER),
        ],
    )
    .errors(&[
        errcode::BAD_PARAMETER,
        errcode::KF_MENU_COUNT,
        errcode::KF_MENU_TYPE,
        errcode::KF_COUNT,
    ])
    .switches(&["kf_bad_event_code_code", "kf_event_sends_count"])
    .unmetered(),
];

const SEND: &[Field] = &[
    text("touser").must(errcode::EMPTY_PARAMETER),
    text("open_kfid").must(errcode::NO_OPEN_KFID),
    id("msgid", 32, "_-"),
    text("msgtype").must(errcode::BAD_MSGTYPE),
    body("text", shapes::KF_TEXT).must(errcode::EMPTY_TEXT),
    body("image", shapes::MEDIA).must(errcode::NO_MEDIA_ID),
    body("voice", shapes::MEDIA).must(errcode::NO_MEDIA_ID),
    body("video", shapes::MEDIA).must(errcode::NO_MEDIA_ID),
    body("file", shapes::MEDIA).must(errcode::NO_MEDIA_ID),
    body("link", shapes::KF_LINK).must(errcode::EMPTY_PARAMETER),
    body("miniprogram", shapes::KF_MINIPROGRAM).must(errcode::BAD_APPID),
    body("msgmenu", shapes::KF_MENU).must(errcode::EMPTY_PARAMETER),
    body("location", shapes::KF_LOCATION).must(errcode::EMPTY_PARAMETER),
    body("ca_link", shapes::CA_LINK).must(errcode::NO_URL),
];

fn sync_msg(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let open_kfid = known_account(ctx, fields)?;
    let cursor = fields.text_bytes("cursor", 64)?;
    if !matches!(fields.int("voice_format")?, None | Some(0 | 1)) {
        return Err(errcode::BAD_PARAMETER.about("voice_format"));
    }
    let limit = fields
        .limit(1_000, 1_000, 1_000)?
        .min(ctx.world.switches.kf_page_limit.max(1));
    check_pull_token(ctx, fields, &open_kfid)?;
    if ctx.world.switches.kf_empty_pages > 0 {
        ctx.world.switches.kf_empty_pages -= 1;
        let (_, next, _) = ctx
            .world
            .kf
            .page(&open_kfid, cursor.as_deref(), 0, ctx.now)?;
        return Ok(Reply::with(
            json!({"next_cursor": next, "has_more": 1, "msg_list": []}),
        ));
    }
    let (items, next, more) = ctx
        .world
        .kf
        .page(&open_kfid, cursor.as_deref(), limit, ctx.now)?;
    Ok(Reply::with(json!({
        "next_cursor": next,
        "has_more": i32::from(more),
        "msg_list": items,
    })))
}

fn check_pull_token(
    ctx: &mut Ctx<'_>,
    fields: Fields<'_>,
    open_kfid: &str,
) -> Result<(), ApiError> {
    match fields.text_bytes("token", 128)? {
        Some(token) if !ctx.world.kf.token_is_good(&token, open_kfid, ctx.now) => {
            Err(errcode::KF_TOKEN.plain())
        }
        Some(_) => Ok(()),
        None => {
            let max = ctx.world.switches.kf_tokenless_per_min;
            if max > 0 && !ctx.world.kf.tokenless.admit(ctx.now, 60, max) {
                return Err(errcode::TOO_FREQUENT.plain());
            }
            Ok(())
        }
    }
}

fn send_msg(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let customer = fields.need("touser", errcode::EMPTY_PARAMETER)?;
    let open_kfid = known_account(ctx, fields)?;
    let msgtype = fields.need("msgtype", errcode::BAD_MSGTYPE)?;
    ctx.world.customers.get(&customer)?;
    let content = kf_content(ctx.world, ctx.now, &msgtype, fields)?;
    let msgid = claim_msgid(ctx, fields, &open_kfid)?;
    ctx.world
        .kf
        .session_mut(&open_kfid, &customer)
        .spend(ctx.now)?;
    ctx.world.kf.msgids.insert(format!("{open_kfid}/{msgid}"));
    deliver(ctx, &open_kfid, &customer, &msgid, &msgtype, content);
    Ok(Reply::with(json!({"msgid": msgid})))
}

/// The caller's message id, or a new one; an id used before is refused.
fn claim_msgid(ctx: &mut Ctx<'_>, fields: Fields<'_>, open_kfid: &str) -> Result<String, ApiError> {
    let Some(msgid) = fields.text("msgid")? else {
        return Ok(ctx.world.ids.text("MSG", 29));
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if msgid.len() > 32 || !msgid.chars().all(legal) {
        return Err(errcode::BAD_PARAMETER.about("msgid"));
    }
    if ctx
        .world
        .kf
        .msgids
        .contains(&format!("{open_kfid}/{msgid}"))
    {
        let code = ctx.world.switches.kf_duplicate_msgid_code;
        return Err(ApiError::numbered(code, "msgid has been used"));
    }
    Ok(msgid)
}

fn deliver(
    ctx: &mut Ctx<'_>,
    open_kfid: &str,
    customer: &str,
    msgid: &str,
    msgtype: &str,
    content: Value,
) {
    ctx.world.say(ChatLine {
        time: ctx.now,
        with: customer.to_owned(),
        channel: "kf".to_owned(),
        from: "bot".to_owned(),
        via: open_kfid.to_owned(),
        msgid: msgid.to_owned(),
        msgtype: msgtype.to_owned(),
        content,
        ..ChatLine::default()
    });
}

fn send_msg_on_event(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let text = fields.need("code", errcode::EMPTY_PARAMETER)?;
    let msgtype = fields.need("msgtype", errcode::BAD_MSGTYPE)?;
    let refused = ctx.world.switches.kf_bad_event_code_code;
    let code = ctx
        .world
        .kf
        .usable_code(&text, ctx.now)
        .map_err(|why| ApiError::numbered(refused, why))?;
    let allowed = msgtype == "text" || (msgtype == "msgmenu" && code.kind.allows_menu());
    if !allowed {
        return Err(errcode::BAD_MSGTYPE.about(msgtype));
    }
    let content = kf_content(ctx.world, ctx.now, &msgtype, fields)?;
    let msgid = claim_msgid(ctx, fields, &code.open_kfid)?;
    let session = ctx
        .world
        .kf
        .session_mut(&code.open_kfid, &code.external_userid);
    if ctx.world.switches.kf_event_sends_count {
        session.count_one()?;
    }
    session.last_any_at = Some(ctx.now);
    if let Some(code) = ctx.world.kf.codes.get_mut(&text) {
        code.used = true;
    }
    ctx.world
        .kf
        .msgids
        .insert(format!("{}/{msgid}", code.open_kfid));
    deliver(
        ctx,
        &code.open_kfid,
        &code.external_userid,
        &msgid,
        &msgtype,
        content,
    );
    Ok(Reply::with(json!({"msgid": msgid})))
}
