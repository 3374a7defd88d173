//! From effects to calls: the only place where outgoing domain and wire values meet.

use self::once::Guard;
use super::retry::DUPLICATE_WINDOW;
use super::worker::Deps;
use crate::config::Kind;
use crate::domain::effect::{Effect, message_id};
use crate::domain::ids::{AppName, ChatId, ExternalUserId, Tag, UserId};
use crate::domain::outgoing::Outgoing;
use crate::store::{AttemptEnd, ClaimedEffect};
use crate::wecom::api::externalcontact::{mark_tag, remark, send_welcome_msg};
use crate::wecom::api::kf::{send_msg, send_msg_on_event};
use crate::wecom::api::message::{send, update_template_card};
use crate::wecom::api::{aibot, appchat, webhook};
use crate::wecom::client::{App, Secret};

/// Cards with buttons need a callback URL.
const NO_CALLBACK: i64 = 43012;

mod mass;
mod message;
pub(super) mod moment;
mod once;
mod session;
pub(super) mod tasks;
pub(super) use message::Failure;

/// Carries out an effect once.
pub(super) async fn carry_out(deps: &Deps, claimed: &ClaimedEffect) -> Result<AttemptEnd, Failure> {
    match &claimed.effect {
        Effect::KfSend { .. } => kf_send(deps, claimed).await,
        Effect::KfEvent { app, code, message } => kf_event(deps, claimed, app, code, message).await,
        Effect::Welcome {
            app,
            code,
            messages,
        } => welcome(deps, app, code, messages).await,
        Effect::AppSend { app, to, message } => app_send(deps, claimed, app, to, message).await,
        Effect::UpdateCard {
            app,
            to,
            response_code,
            text,
        } => update_card(deps, app, to, response_code, text).await,
        Effect::AibotReply {
            app: _,
            response_url,
            passive: _,
            message,
        } => aibot_reply(deps, response_url.as_deref(), message).await,
        Effect::MarkTag {
            app,
            userid,
            external_userid,
            add,
            remove,
        } => {
            let app = handle(deps, app)?;
            mark(deps, app, userid, external_userid, add, remove).await
        }
        Effect::Remark {
            app,
            userid,
            external_userid,
            remark: text,
        } => {
            let mut request = remark::Request::new(userid.as_str(), external_userid.as_str());
            request.remark = Some(remark::REMARK_MAX.cut(text).to_owned());
            handle(deps, app)?.call(&request).await?;
            Ok(AttemptEnd::Sent { note: None })
        }
        Effect::KfTransfer { .. } => session::transfer(deps, claimed).await,
        Effect::KfEnd {
            app,
            open_kfid,
            external_userid,
        } => session::end(deps, handle(deps, app)?, open_kfid, external_userid).await,
        Effect::MassSend {
            app,
            broadcast,
            messages,
        } => mass::send(deps, claimed, handle(deps, app)?, *broadcast, messages).await,
        Effect::Appchat { app, chat, message } => appchat(deps, app, chat, message).await,
        Effect::Robot { robot, message } => robot_send(deps, robot, message).await,
        Effect::Webhook { webhook, body } => {
            let now = deps.clock.now();
            let end = deps
                .webhooks
                .post(&own_id(deps, claimed), webhook, body)
                .await?;
            Ok(end.into_end(|reason| super::retry::again(claimed, reason, None, now)))
        }
    }
}

/// Turns the buttons of a card grey for those who got it.
async fn update_card(
    deps: &Deps,
    name: &AppName,
    to: &[UserId],
    response_code: &str,
    text: &str,
) -> Result<AttemptEnd, Failure> {
    let agent_id = agent_id(deps, name)?;
    let update = update_template_card::Update::Button {
        replace_name: text.to_owned(),
    };
    let mut request =
        update_template_card::Request::new(agent_id, Secret::new(response_code), update);
    request.userids = to.iter().map(|member| member.0.clone()).collect();
    handle(deps, name)?.call(&request).await?;
    Ok(AttemptEnd::Sent { note: None })
}

fn agent_id(deps: &Deps, app: &AppName) -> Result<i64, Failure> {
    match deps.config.app(app).map(|app| app.kind) {
        Some(Kind::App { agent_id, .. }) => Ok(agent_id),
        _ => Err(Failure::content(
            "only an app of kind \"app\" can write to members",
        )),
    }
}

/// Answers an event by its single-use code.
async fn kf_event(
    deps: &Deps,
    claimed: &ClaimedEffect,
    app: &AppName,
    code: &str,
    message: &Outgoing,
) -> Result<AttemptEnd, Failure> {
    let message = match message {
        Outgoing::Text { text } => send_msg_on_event::Message::text(text.as_str()),
        Outgoing::Menu { head, items, tail } => {
            send_msg_on_event::Message::Menu(message::menu(head, items, tail))
        }
        _ => {
            return Err(Failure::content(
                "only a text or a menu can answer an event",
            ));
        }
    };
    let mut request = send_msg_on_event::Request::new(Secret::new(code), message);
    request.msgid = Some(own_id(deps, claimed));
    handle(deps, app)?.call(&request).await?;
    Ok(AttemptEnd::Sent { note: None })
}

/// What makes a second try of this effect recognisable.
fn own_id(deps: &Deps, claimed: &ClaimedEffect) -> String {
    message_id::of(&deps.instance, claimed.id, claimed.decided_at)
}

fn handle<'d>(deps: &'d Deps, app: &AppName) -> Result<&'d App, Failure> {
    let missing = || Failure::Content(format!("the config has no app {app} with a secret"));
    deps.gateway.app(app).ok_or_else(missing)
}

async fn kf_send(deps: &Deps, claimed: &ClaimedEffect) -> Result<AttemptEnd, Failure> {
    let Effect::KfSend {
        app,
        open_kfid,
        external_userid,
        message,
    } = &claimed.effect
    else {
        return Err(Failure::content("not a kf message"));
    };
    let app = handle(deps, app)?;
    let message = message::for_kf(deps, app, message).await?;
    let mut request = send_msg::Request::new(open_kfid.as_str(), external_userid.as_str(), message);
    request.msgid = Some(own_id(deps, claimed));
    let response = app.call(&request).await?;
    Ok(AttemptEnd::Sent {
        note: note("msgid", response.msgid),
    })
}

async fn welcome(
    deps: &Deps,
    app: &AppName,
    code: &str,
    messages: &[Outgoing],
) -> Result<AttemptEnd, Failure> {
    let app = handle(deps, app)?;
    let (text, attachments) = message::for_welcome(deps, app, messages).await?;
    let mut request = send_welcome_msg::Request::new(Secret::new(code));
    request.text = text;
    request.attachments = attachments;
    app.call(&request).await?;
    Ok(AttemptEnd::Sent { note: None })
}

async fn app_send(
    deps: &Deps,
    claimed: &ClaimedEffect,
    name: &AppName,
    to: &[UserId],
    message: &Outgoing,
) -> Result<AttemptEnd, Failure> {
    let app = handle(deps, name)?;
    let agent_id = agent_id(deps, name)?;
    let guarded = match once::guard(deps, claimed).await? {
        Guard::Guarded => true,
        Guard::Unguarded => false,
        Guard::Unclear => {
            let reason = "an earlier try got no clear answer, and WeCom would not know a repeat: \
                          the same was said a moment before";
            return Ok(AttemptEnd::Unknown {
                reason: reason.to_owned(),
            });
        }
    };
    let request = async |message: &Outgoing| {
        let message = message::for_app(deps, app, message).await?;
        let receivers = send::Receivers::users(to.iter().map(UserId::as_str));
        let request = send::Request::new(receivers, agent_id, message);
        let window = u32::try_from(DUPLICATE_WINDOW.as_secs()).unwrap_or(u32::MAX);
        Ok::<_, Failure>(match guarded {
            true => request.deduplicated(window),
            false => request,
        })
    };
    let mut sent = app.call(&request(message).await?).await;
    if let (Err(error), Some(text)) = (&sent, message::without_buttons(message))
        && error.code() == Some(NO_CALLBACK)
    {
        tracing::warn!(app = %name, "the app has no callback URL in WeCom: a card is sent as text");
        sent = app.call(&request(&text).await?).await;
    }
    let response = sent.map_err(|error| match guarded {
        true => Failure::Call(error),
        false => Failure::Unguarded(error),
    })?;
    if !guarded {
        once::forget(deps, claimed).await;
    }
    let missed: Vec<&str> = response.rejected().collect();
    if missed.is_empty() {
        return Ok(AttemptEnd::Sent {
            note: note("msgid", response.msgid),
        });
    }
    let missed = missed.join(", ");
    tracing::warn!(missed, "WeCom could not reach some of the members");
    if response.rejected().count() >= to.len() {
        return Ok(AttemptEnd::Failed {
            reason: format!("no member was reached: {missed}"),
        });
    }
    Ok(AttemptEnd::Sent {
        note: Some(format!("not reached: {missed}")),
    })
}

async fn aibot_reply(
    deps: &Deps,
    response_url: Option<&str>,
    message: &Outgoing,
) -> Result<AttemptEnd, Failure> {
    let Some(url) = response_url else {
        let reason = "the callback was closed and there is no response_url".to_owned();
        return Ok(AttemptEnd::Dropped { reason });
    };
    let reply = match message {
        Outgoing::Text { text } | Outgoing::Markdown { text } => {
            let text = aibot::response::MARKDOWN_MAX.cut(text);
            aibot::response::Reply::markdown(text)
        }
        Outgoing::Card { card } => aibot::response::Reply::TemplateCard(message::card(card)?),
        _ => {
            return Err(Failure::content(
                "an intelligent bot sends text, markdown or a card",
            ));
        }
    };
    let request = aibot::response::Request::new(url, reply)
        .map_err(|error| Failure::Content(error.to_string()))?;
    deps.gateway.client().call(&request).await?;
    Ok(AttemptEnd::Sent {
        note: Some("by response_url".to_owned()),
    })
}

async fn mark(
    deps: &Deps,
    app: &App,
    userid: &UserId,
    customer: &ExternalUserId,
    add: &[Tag],
    remove: &[Tag],
) -> Result<AttemptEnd, Failure> {
    let mut request = mark_tag::Request::new(userid.as_str(), customer.as_str());
    if !add.is_empty() {
        request.add_tag = deps.tags.ids_to_add(app, add).await?;
    }
    if !remove.is_empty() {
        request.remove_tag = deps.tags.ids_to_remove(app, remove).await?;
    }
    if request.add_tag.is_empty() && request.remove_tag.is_empty() {
        return Ok(AttemptEnd::Sent {
            note: Some("nothing to change".to_owned()),
        });
    }
    app.call(&request).await?;
    Ok(AttemptEnd::Sent { note: None })
}

async fn appchat(
    deps: &Deps,
    app: &AppName,
    chat: &ChatId,
    message: &Outgoing,
) -> Result<AttemptEnd, Failure> {
    let app = handle(deps, app)?;
    let message = message::for_appchat(deps, app, message).await?;
    let request = appchat::send::Request::new(chat.as_str(), message);
    app.call(&request).await?;
    Ok(AttemptEnd::Sent { note: None })
}

async fn robot_send(deps: &Deps, robot: &str, message: &Outgoing) -> Result<AttemptEnd, Failure> {
    let missing = || Failure::Content(format!("the config names no robot {robot}"));
    let key = deps.config.robots.get(robot).ok_or_else(missing)?;
    let message = message::for_robot(deps, robot, key.expose(), message).await?;
    let request = webhook::send::Request::new(Secret::new(key.expose()), message);
    deps.gateway.client().call(&request).await?;
    Ok(AttemptEnd::Sent { note: None })
}

fn note(what: &str, value: String) -> Option<String> {
    (!value.is_empty()).then(|| format!("{what} {value}"))
}
