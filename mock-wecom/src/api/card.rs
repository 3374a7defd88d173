//! Template cards: their fields, and `message/update_template_card`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::content::url;
use super::contract::{flag, int, joined, list, object, text};
use super::fields::Fields;
use super::message::agent;
use super::{Call, Ctx, Endpoint, Reply, Scope, shapes};
use crate::chat::ChatLine;
use crate::errcode::{self, ApiError, Errcode};
use crate::state::World;

pub(super) const ENDPOINTS: &[Endpoint] = &[Endpoint::post(
    "/cgi-bin/message/update_template_card",
    Scope::Any,
    update,
    &[
        list("userids", 1_000),
        list("partyids", 100),
        list("tagids", 100),
        flag("atall"),
        int("agentid")
            .must(errcode::NO_AGENTID)
            .or(errcode::BAD_AGENTID),
        text("response_code").must(errcode::BAD_RESPONSE_CODE),
        object(
            "button",
            &[text("replace_name").must(errcode::EMPTY_PARAMETER)],
        ),
        object("template_card", shapes::CARD),
        flag("enable_id_trans"),
    ],
)
.errors(&joined::<_, 17>(
    &[
        errcode::API_FORBIDDEN,
        errcode::OTHER_AGENTID,
        errcode::EMPTY_PARAMETER,
        errcode::BAD_RESPONSE_CODE,
    ],
    CARD_CODES,
))];

/// Codes of an app's card that depend on its type.
pub(super) const CARD_CODES: &[Errcode] = &joined::<_, 13>(
    &[
        errcode::CARD_BUTTON_TEXT,
        errcode::CARD_BUTTON_KEY,
        errcode::CARD_QUESTION,
        errcode::CARD_SUBMIT_TEXT,
        errcode::CARD_IMAGE,
    ],
    &shapes::CARD_CODES,
);

/// Whether people can answer on the card.
pub(super) fn is_interactive(card: &Value) -> bool {
    card["card_type"]
        .as_str()
        .is_some_and(|kind| kind.ends_with("_interaction"))
}

/// Checks what depends on the type of a card; its table has checked the rest.
pub(super) fn check(card: Fields<'_>) -> Result<(), ApiError> {
    let kind = card.need("card_type", errcode::CARD_TYPE)?;
    let has_title = card.object("main_title")?.text("title")?.is_some();
    let may_lack_title = kind == "text_notice" && card.text("sub_title_text")?.is_some();
    if !has_title && !may_lack_title {
        return Err(errcode::CARD_NO_TITLE.about("main_title.title"));
    }
    match kind.as_str() {
        "text_notice" => action(card)?,
        "news_notice" => {
            action(card)?;
            if !card.has_object("card_image")? && !card.has_object("image_text_area")? {
                return Err(errcode::CARD_IMAGE.about("card_image or image_text_area"));
            }
        }
        "button_interaction" => buttons(card)?,
        "vote_interaction" => {
            if !card.has_object("checkbox")? {
                return Err(errcode::CARD_QUESTION.about("checkbox"));
            }
            submit(card)?;
        }
        "multiple_interaction" => {
            if card.objects("select_list")?.is_empty() {
                return Err(errcode::CARD_SELECTS.plain());
            }
            submit(card)?;
        }
        other => return Err(errcode::CARD_TYPE.about(other)),
    }
    let needs_task = kind.ends_with("_interaction") || card.has_object("action_menu")?;
    if needs_task && card.text("task_id")?.is_none() {
        return Err(errcode::BAD_TASK_ID.about("missing"));
    }
    lists(card)?;
    menu_keys(card)
}

/// A card as an intelligent bot sends it; the pages are not sure about one task id.
pub(super) fn check_for_bot(world: &World, card: Fields<'_>) -> Result<(), ApiError> {
    match check(card) {
        Err(error)
            if error.code == errcode::BAD_TASK_ID.code
                && !world.switches.aibot_multiple_needs_task_id
                && card.text("card_type")?.as_deref() == Some("multiple_interaction") =>
        {
            Ok(())
        }
        checked => checked,
    }
}

/// Rows and jumps need what belongs to their type.
fn lists(card: Fields<'_>) -> Result<(), ApiError> {
    for row in card.objects("horizontal_content_list")? {
        match row.int("type")? {
            Some(1) => drop(row.need("url", errcode::CARD_NO_URL)?),
            Some(2) => drop(row.need("media_id", errcode::CARD_NO_MEDIA)?),
            Some(3) => drop(row.need("userid", errcode::CARD_USERID)?),
            _ => {}
        }
    }
    for jump in card.objects("jump_list")? {
        match jump.int("type")? {
            Some(1) => drop(jump.need("url", errcode::CARD_NO_URL)?),
            Some(2) => drop(jump.need("appid", errcode::CARD_NO_APPID)?),
            _ => {}
        }
    }
    Ok(())
}

fn menu_keys(card: Fields<'_>) -> Result<(), ApiError> {
    let mut seen = BTreeSet::new();
    for entry in card.object("action_menu")?.objects("action_list")? {
        let key = entry.need("key", errcode::CARD_BUTTON_KEY)?;
        if !seen.insert(key.clone()) {
            return Err(errcode::CARD_MENU_KEYS.about(key));
        }
    }
    Ok(())
}

fn action(card: Fields<'_>) -> Result<(), ApiError> {
    let action = card.object("card_action")?;
    match action.int("type")? {
        Some(1) => url(&action.need("url", errcode::CARD_NO_URL)?),
        Some(2) => action.need("appid", errcode::CARD_NO_APPID).map(drop),
        _ => Err(errcode::CARD_ACTION.about("card_action.type")),
    }
}

fn buttons(card: Fields<'_>) -> Result<(), ApiError> {
    let buttons = card.objects("button_list")?;
    if buttons.is_empty() {
        return Err(errcode::CARD_BUTTON_TEXT.about("button_list"));
    }
    for button in buttons {
        if button.int("type")? == Some(1) {
            url(&button.need("url", errcode::CARD_NO_URL)?)?;
        } else {
            button.need("key", errcode::CARD_BUTTON_KEY)?;
        }
    }
    Ok(())
}

fn submit(card: Fields<'_>) -> Result<(), ApiError> {
    if card.has_object("submit_button")? {
        return Ok(());
    }
    Err(errcode::CARD_SUBMIT_TEXT.about("submit_button"))
}

fn update(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let agent_id = agent(ctx, fields, true)?;
    let text = fields.need("response_code", errcode::BAD_RESPONSE_CODE)?;
    let named = fields.list_up_to("userids", 1_000)?;
    fields.list_up_to("partyids", 100)?;
    fields.list_up_to("tagids", 100)?;
    let everyone = fields.flag("atall")?.unwrap_or(false);
    let new_text = fields.object("button")?.text("replace_name")?;
    if new_text.is_none() {
        if !fields.has("template_card") {
            return Err(errcode::EMPTY_PARAMETER.about("button or template_card"));
        }
        check(fields.object("template_card")?)?;
    }
    let now = ctx.now;
    let right = ctx.world.app.response_codes.get_mut(&text);
    let right =
        right.filter(|right| !right.used && right.expires_at > now && right.agent_id == agent_id);
    let right = right.ok_or_else(|| errcode::BAD_RESPONSE_CODE.plain())?;
    right.used = true;
    let msgid = right.msgid.clone();
    let sent = ctx
        .world
        .app
        .sent
        .get(&msgid)
        .map(|sent| sent.receivers.clone())
        .unwrap_or_default();
    let wanted = |userid: &String| {
        everyone || named.is_empty() || named.iter().any(|name| name.eq_ignore_ascii_case(userid))
    };
    let content = match new_text {
        Some(name) => json!({"replace_name": name}),
        None => fields
            .value("template_card")
            .cloned()
            .unwrap_or(Value::Null),
    };
    let invalid: Vec<&String> = named
        .iter()
        .filter(|name| !sent.iter().any(|userid| userid.eq_ignore_ascii_case(name)))
        .collect();
    for userid in sent.iter().filter(|userid| wanted(userid)) {
        ctx.world.say(ChatLine {
            time: now,
            with: userid.clone(),
            channel: "app".to_owned(),
            from: "bot".to_owned(),
            via: agent_id.to_string(),
            msgid: msgid.clone(),
            msgtype: "update_template_card".to_owned(),
            content: content.clone(),
            ..ChatLine::default()
        });
    }
    if invalid.is_empty() {
        Ok(Reply::ok())
    } else {
        Ok(Reply::with(json!({"invaliduser": invalid})))
    }
}
