//! Template cards: their fields, and `message/update_template_card`.

use serde_json::{Value, json};

use super::content::url;
use super::fields::{Fields, at_most};
use super::message::agent;
use super::{Call, Ctx, Endpoint, Reply, Scope};
use crate::chat::ChatLine;
use crate::errcode::{self, ApiError};

pub(super) const ENDPOINTS: &[Endpoint] = &[Endpoint::post(
    "/cgi-bin/message/update_template_card",
    Scope::Any,
    update,
    &[
        "userids",
        "partyids",
        "tagids",
        "atall",
        "agentid",
        "response_code",
        "button",
        "template_card",
        "enable_id_trans",
    ],
)];

/// Whether people can answer on the card.
pub(super) fn is_interactive(card: &Value) -> bool {
    card["card_type"]
        .as_str()
        .is_some_and(|kind| kind.ends_with("_interaction"))
}

/// Checks a card as `message/send`, robots and bots take it.
pub(super) fn check(card: Fields<'_>) -> Result<(), ApiError> {
    let kind = card.need("card_type", errcode::BAD_PARAMETER)?;
    let title = card.object("main_title")?.text("title")?;
    match kind.as_str() {
        "text_notice" => {
            if title.is_none() && card.text("sub_title_text")?.is_none() {
                return Err(errcode::NO_TITLE.about("main_title.title or sub_title_text"));
            }
            action(card)?;
        }
        "news_notice" => {
            title.ok_or_else(|| errcode::NO_TITLE.about("main_title.title"))?;
            action(card)?;
            if !card.has("card_image") && !card.has("image_text_area") {
                return Err(errcode::EMPTY_PARAMETER.about("card_image or image_text_area"));
            }
        }
        "button_interaction" => {
            title.ok_or_else(|| errcode::NO_TITLE.about("main_title.title"))?;
            buttons(card)?;
        }
        "vote_interaction" => {
            title.ok_or_else(|| errcode::NO_TITLE.about("main_title.title"))?;
            let checkbox = card.object("checkbox")?;
            checkbox.need("question_key", errcode::EMPTY_PARAMETER)?;
            options(checkbox, 20)?;
            submit(card)?;
        }
        "multiple_interaction" => {
            title.ok_or_else(|| errcode::NO_TITLE.about("main_title.title"))?;
            let lists = card.objects("select_list")?;
            if !(1..=3).contains(&lists.len()) {
                return Err(errcode::BAD_PARAMETER.about("select_list has 1 to 3 items"));
            }
            for list in lists {
                list.need("question_key", errcode::EMPTY_PARAMETER)?;
                options(list, 10)?;
            }
            submit(card)?;
        }
        other => return Err(errcode::BAD_PARAMETER.about(format!("card_type {other}"))),
    }
    let needs_task = kind.ends_with("_interaction") || card.has("action_menu");
    task_id(card, needs_task)?;
    for (name, max) in [
        ("horizontal_content_list", 6),
        ("jump_list", 3),
        ("vertical_content_list", 4),
    ] {
        at_most(name, card.objects(name)?.len(), max)?;
    }
    Ok(())
}

fn task_id(card: Fields<'_>, required: bool) -> Result<(), ApiError> {
    let Some(id) = card.text("task_id")? else {
        return if required {
            Err(errcode::BAD_TASK_ID.about("missing"))
        } else {
            Ok(())
        };
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || "_-@".contains(c);
    if id.len() > 128 || !id.chars().all(legal) {
        return Err(errcode::BAD_TASK_ID.plain());
    }
    Ok(())
}

fn action(card: Fields<'_>) -> Result<(), ApiError> {
    let action = card.object("card_action")?;
    match action.int("type")? {
        Some(1) => url(&action.need("url", errcode::NO_URL)?),
        Some(2) => action.need("appid", errcode::BAD_APPID).map(drop),
        _ => Err(errcode::BAD_PARAMETER.about("card_action.type")),
    }
}

fn buttons(card: Fields<'_>) -> Result<(), ApiError> {
    let buttons = card.objects("button_list")?;
    if !(1..=6).contains(&buttons.len()) {
        return Err(errcode::BAD_PARAMETER.about("button_list has 1 to 6 items"));
    }
    for button in buttons {
        button.need("text", errcode::NO_BUTTON_NAME)?;
        if button.int("type")? == Some(1) {
            url(&button.need("url", errcode::NO_URL)?)?;
        } else {
            let key = button.need("key", errcode::BAD_BUTTON_KEY)?;
            at_most("button key", key.len(), 1_024)?;
        }
    }
    Ok(())
}

fn options(holder: Fields<'_>, max: usize) -> Result<(), ApiError> {
    let options = holder.objects("option_list")?;
    if !(1..=max).contains(&options.len()) {
        return Err(errcode::BAD_PARAMETER.about(format!("option_list has 1 to {max} items")));
    }
    for option in options {
        at_most(
            "option id",
            option.need("id", errcode::EMPTY_PARAMETER)?.len(),
            128,
        )?;
        option.need("text", errcode::EMPTY_PARAMETER)?;
    }
    Ok(())
}

fn submit(card: Fields<'_>) -> Result<(), ApiError> {
    let button = card.object("submit_button")?;
    button.need("text", errcode::NO_BUTTON_NAME)?;
    button.need("key", errcode::BAD_BUTTON_KEY).map(drop)
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
