//! Message bodies: what each type needs and how long it may be.

use serde_json::{Value, json};

use super::Ctx;
use super::fields::{Fields, at_most};
use crate::config::Kind;
use crate::errcode::{self, ApiError};
use crate::state::World;
use crate::switches::Oversize;

/// Checks a customer-service message and answers its own object.
pub(super) fn kf_content(
    world: &World,
    now: i64,
    msgtype: &str,
    message: Fields<'_>,
) -> Result<Value, ApiError> {
    let body = message.object(msgtype)?;
    match msgtype {
        "text" => {
            let text = body.need("content", errcode::EMPTY_TEXT)?;
            if text.len() > 2_048 {
                return Err(errcode::CONTENT_TOO_LARGE.about("text.content is over 2048 bytes"));
            }
        }
        "image" | "voice" | "video" | "file" => {
            let media_id = body.need("media_id", errcode::NO_MEDIA_ID)?;
            world.media.check(&media_id, msgtype, None, now)?;
        }
        "link" => {
            body.need_bytes("title", 128)?;
            body.text_bytes("desc", 512)?;
            url(&body.need_bytes("url", 2_048)?)?;
            let thumb = body.need("thumb_media_id", errcode::NO_MEDIA_ID)?;
            world.media.check(&thumb, "image", None, now)?;
        }
        "miniprogram" => {
            body.need("appid", errcode::BAD_APPID)?;
            body.text_bytes("title", 64)?;
            let page = body.need("pagepath", errcode::EMPTY_PARAMETER)?;
            if !page
                .split('?')
                .next()
                .unwrap_or_default()
                .ends_with(".html")
            {
                return Err(errcode::BAD_PARAMETER.about("pagepath must end with .html"));
            }
            let thumb = body.need("thumb_media_id", errcode::NO_MEDIA_ID)?;
            world.media.check(&thumb, "image", None, now)?;
        }
        "msgmenu" => menu(body)?,
        "location" => {
            body.need_decimal("latitude")?;
            body.need_decimal("longitude")?;
        }
        "ca_link" => url(&body.need("link_url", errcode::NO_URL)?)?,
        _ => return Err(errcode::BAD_MSGTYPE.about(msgtype)),
    }
    Ok(message.value(msgtype).cloned().unwrap_or_else(|| json!({})))
}

fn menu(body: Fields<'_>) -> Result<(), ApiError> {
    body.text_bytes("head_content", 1_024)?;
    body.text_bytes("tail_content", 1_024)?;
    let items = body.objects("list")?;
    let mut active = 0;
    for item in &items {
        let kind = item.need("type", errcode::KF_MENU_TYPE)?;
        let inner = item.object(&kind)?;
        match kind.as_str() {
            "click" => {
                inner.text_bytes("id", 128)?;
                inner.need_bytes("content", 128)?;
            }
            "view" => {
                url(&inner.need("url", errcode::NO_URL)?)?;
                inner.need_bytes("content", 1_024)?;
            }
            "miniprogram" => {
                inner.need("appid", errcode::BAD_APPID)?;
                inner.need("pagepath", errcode::EMPTY_PARAMETER)?;
                inner.need_bytes("content", 1_024)?;
            }
            "text" => drop(inner.need_bytes("content", 256)?),
            _ => return Err(errcode::KF_MENU_TYPE.about(kind)),
        }
        active += usize::from(kind != "text");
    }
    if items.len() > 50 || active > 10 {
        return Err(errcode::KF_MENU_COUNT.plain());
    }
    if items.is_empty() && !body.has("head_content") && !body.has("tail_content") {
        return Err(errcode::EMPTY_PARAMETER.about("msgmenu"));
    }
    Ok(())
}

/// A web address with a scheme.
pub(super) fn url(text: &str) -> Result<(), ApiError> {
    if text.contains("://") {
        Ok(())
    } else {
        Err(errcode::URL_WITHOUT_SCHEME.about(text))
    }
}

/// Checks the text and attachments of a greeting or of a mass message.
pub(super) fn greeting_content(
    world: &World,
    now: i64,
    message: Fields<'_>,
) -> Result<(), ApiError> {
    let text = message.object("text")?.text("content")?;
    if text.as_ref().is_some_and(|text| text.len() > 4_000) {
        return Err(errcode::CONTENT_TOO_LARGE.about("text.content is over 4000 bytes"));
    }
    let attachments = attachments(message)?;
    if attachments.len() > 9 {
        return Err(errcode::BAD_ATTACHMENT_COUNT.about("attachments is over 9"));
    }
    if text.is_none() && attachments.is_empty() {
        return Err(errcode::EMPTY_PARAMETER.about("text and attachments"));
    }
    for (kind, body, _) in attachments {
        attachment_body(world, now, &kind, body)?;
    }
    Ok(())
}

/// The attachments of a message: the list, or the single objects of the call's older form.
pub(super) fn attachments<'a>(
    message: Fields<'a>,
) -> Result<Vec<(String, Fields<'a>, Value)>, ApiError> {
    let mut found = Vec::new();
    for attachment in message.objects("attachments")? {
        let kind = attachment.need("msgtype", errcode::BAD_ATTACHMENT_TYPE)?;
        let body = attachment.value(&kind).cloned().unwrap_or(Value::Null);
        found.push((kind.clone(), attachment.object(&kind)?, body));
    }
    if found.is_empty() {
        for kind in ["image", "link", "miniprogram"] {
            if let Some(body) = message.value(kind) {
                found.push((kind.to_owned(), message.object(kind)?, body.clone()));
            }
        }
    }
    Ok(found)
}

/// Checks one attachment; its files come from `media/upload`, not from `upload_attachment`.
pub(super) fn attachment_body(
    world: &World,
    now: i64,
    kind: &str,
    body: Fields<'_>,
) -> Result<(), ApiError> {
    for name in ["media_id", "pic_media_id"] {
        if let Some(media_id) = body.text(name)?
            && world.media.is_attachment(&media_id)
        {
            return Err(errcode::BAD_ATTACHMENT_SCENE.about(media_id));
        }
    }
    match kind {
        "image" => match (body.text("media_id")?, body.text("pic_url")?) {
            (Some(media_id), _) => world.media.check(&media_id, "image", None, now),
            (None, Some(picture)) => url(&picture),
            (None, None) => Err(errcode::NO_MEDIA_ID.about("image")),
        },
        "video" | "file" => {
            let media_id = body.need("media_id", errcode::NO_MEDIA_ID)?;
            world.media.check(&media_id, kind, None, now)
        }
        "link" => {
            let title = body.need("title", errcode::NO_TITLE)?;
            at_most("link.title", title.len(), 128)?;
            body.text_bytes("desc", 512)?;
            body.text_bytes("picurl", 2_048)?;
            let target = body.need("url", errcode::NO_URL)?;
            at_most("link.url", target.len(), 2_048)?;
            url(&target)
        }
        "miniprogram" => {
            let title = body.need("title", errcode::NO_TITLE)?;
            at_most("miniprogram.title", title.len(), 64)?;
            body.need("appid", errcode::BAD_APPID)?;
            body.need("page", errcode::EMPTY_PARAMETER)?;
            let picture = body.need("pic_media_id", errcode::NO_MEDIA_ID)?;
            world.media.check(&picture, "image", None, now)
        }
        other => Err(errcode::BAD_ATTACHMENT_TYPE.about(other)),
    }
}

/// Checks an app message and answers its own object; long texts are cut where the page says so.
pub(super) fn app_content(
    ctx: &mut Ctx<'_>,
    agent_id: i64,
    msgtype: &str,
    message: Fields<'_>,
) -> Result<Value, ApiError> {
    let body = message.object(msgtype)?;
    let mut content = message.value(msgtype).cloned().unwrap_or_else(|| json!({}));
    match msgtype {
        "text" => {
            let text = body.need("content", errcode::EMPTY_TEXT)?;
            content["content"] = json!(cut(ctx, "text.content", text, 2_048)?);
        }
        "markdown" => {
            let text = body.need("content", errcode::EMPTY_TEXT)?;
            if text.len() > 2_048 {
                return Err(errcode::CONTENT_TOO_LARGE.about("markdown.content is over 2048 bytes"));
            }
        }
        "image" | "voice" | "video" | "file" => {
            let media_id = body.need("media_id", errcode::NO_MEDIA_ID)?;
            ctx.world.media.check(&media_id, msgtype, None, ctx.now)?;
        }
        "textcard" => {
            at_most(
                "textcard.title",
                body.need("title", errcode::NO_TITLE)?.chars().count(),
                128,
            )?;
            let text = body.need("description", errcode::NO_DESCRIPTION)?;
            at_most("textcard.description", text.chars().count(), 512)?;
            let target = body.need("url", errcode::NO_URL)?;
            if target.len() > 2_048 {
                return Err(errcode::BAD_URL.plain());
            }
            url(&target)?;
            body.text_chars("btntxt", 4)?;
        }
        "news" => articles(body, false)?,
        "mpnews" => {
            articles(body, true)?;
            for article in body.objects("articles")? {
                let thumb = article.need("thumb_media_id", errcode::NO_MEDIA_ID)?;
                ctx.world.media.check(&thumb, "image", None, ctx.now)?;
            }
        }
        "miniprogram_notice" => {
            body.need("appid", errcode::BAD_APPID)?;
            let title = body.need("title", errcode::NO_TITLE)?.chars().count();
            if !(4..=12).contains(&title) {
                return Err(
                    errcode::BAD_PARAMETER.about("miniprogram_notice.title has 4 to 12 characters")
                );
            }
            at_most("content_item", body.objects("content_item")?.len(), 10)?;
        }
        "template_card" => {
            super::card::check(body)?;
            interactive(ctx, agent_id, &content)?;
        }
        other => return Err(errcode::BAD_MSGTYPE.about(other)),
    }
    Ok(content)
}

/// An interactive card needs a callback URL and a task id of its own.
fn interactive(ctx: &Ctx<'_>, agent_id: i64, card: &Value) -> Result<(), ApiError> {
    if super::card::is_interactive(card)
        && ctx.world.receivers_of(Kind::App, Some(agent_id)).is_empty()
    {
        return Err(errcode::NO_CALLBACK.plain());
    }
    let task = card["task_id"]
        .as_str()
        .map(|task| format!("{agent_id}/{task}"));
    if task.is_some_and(|task| ctx.world.app.task_ids.contains_key(&task)) {
        return Err(errcode::BAD_TASK_ID.about("used before"));
    }
    Ok(())
}

/// Articles of `news` and `mpnews`.
pub(super) fn articles(body: Fields<'_>, own_page: bool) -> Result<(), ApiError> {
    let articles = body.objects("articles")?;
    if !(1..=8).contains(&articles.len()) {
        return Err(errcode::TOO_MANY_ARTICLES.plain());
    }
    for article in articles {
        at_most(
            "title",
            article.need("title", errcode::NO_TITLE)?.len(),
            128,
        )?;
        if own_page {
            let page = article.need("content", errcode::EMPTY_PARAMETER)?;
            if page.len() > 666 * 1_024 {
                return Err(errcode::CONTENT_TOO_LARGE.plain());
            }
            article.text_bytes("author", 64)?;
            article.text_bytes("digest", 512)?;
            continue;
        }
        article.text_bytes("description", 512)?;
        match article.text_bytes("url", 2_048)? {
            Some(target) => url(&target)?,
            None => drop(article.need("appid", errcode::NO_URL)?),
        }
    }
    Ok(())
}

/// Shortens a text to whole characters, or refuses it, as the switch says.
fn cut(ctx: &mut Ctx<'_>, name: &str, text: String, max: usize) -> Result<String, ApiError> {
    if text.len() <= max {
        return Ok(text);
    }
    if ctx.world.switches.oversize_text == Oversize::Refuse {
        return Err(errcode::CONTENT_TOO_LARGE.about(format!("{name} is over {max} bytes")));
    }
    ctx.problem(format!("{name} was cut at {max} bytes"));
    let end = (0..=max)
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0);
    Ok(text[..end].to_owned())
}
