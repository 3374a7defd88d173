//! The actions that say something: reply, welcome, notify, robot.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Planner, StepResult, lane_for};
use crate::domain::action::{Content, TemplateName};
use crate::domain::effect::{Effect, NewEffect, Origin};
use crate::domain::ids::{Lane, UserId};
use crate::domain::inbound::{ReplyPath, Trigger};
use crate::domain::outgoing::Outgoing;
use crate::process::{compose, duty};

/// WeCom accepts a welcome for so long after the event.
const WELCOME_LIFE: Duration = Duration::from_secs(20);

impl Planner<'_> {
    pub(super) fn reply(
        &mut self,
        template: &TemplateName,
        origin: &Origin,
        captures: &BTreeMap<String, String>,
    ) -> StepResult {
        let messages = self.render(template, captures)?;
        let inbound = self.inbound();
        let app = inbound.app.clone();
        let lane = Lane(inbound.conversation.0.clone());
        match &inbound.reply_path {
            ReplyPath::Kf {
                open_kfid,
                external_userid,
            } => {
                for (part, message) in compose::for_kf(messages).into_iter().enumerate() {
                    let effect = Effect::KfSend {
                        app: app.clone(),
                        open_kfid: open_kfid.clone(),
                        external_userid: external_userid.clone(),
                        message,
                    };
                    self.push(effect, lane.clone(), origin, part);
                }
                Ok(())
            }
            ReplyPath::App { userid } => {
                for (part, message) in compose::for_app(messages).into_iter().enumerate() {
                    let to = vec![userid.clone()];
                    let effect = Effect::AppSend {
                        app: app.clone(),
                        to,
                        message,
                    };
                    self.push(effect, lane.clone(), origin, part);
                }
                Ok(())
            }
            ReplyPath::Aibot {
                response_url,
                passive,
            } => {
                let message = compose::for_aibot(messages)?;
                let effect = Effect::AibotReply {
                    app,
                    response_url: response_url.clone(),
                    passive: *passive,
                    message,
                };
                self.push(effect, lane, origin, 0);
                Ok(())
            }
            ReplyPath::None => Err("this event has no chat to answer in".to_owned()),
        }
    }

    pub(super) fn welcome(
        &mut self,
        template: &TemplateName,
        origin: &Origin,
        captures: &BTreeMap<String, String>,
    ) -> StepResult {
        let messages = self.render(template, captures)?;
        let inbound = self.inbound();
        let app = inbound.app.clone();
        let lane = Lane(inbound.conversation.0.clone());
        let no_code = "WeCom gave no welcome code: the member has a welcome of their own in the \
                       admin console, the two already talk, or the code was used";
        let effect = match (&inbound.trigger, &inbound.reply_path) {
            (Trigger::Added { welcome_code, .. }, _) => Effect::Welcome {
                app: self.config.contact_app(&app).clone(),
                code: welcome_code.clone().ok_or(no_code)?,
                messages: compose::for_welcome(messages)?,
            },
            (
                Trigger::Entered { .. },
                ReplyPath::Aibot {
                    response_url,
                    passive,
                },
            ) => {
                let (response_url, passive) = (response_url.clone(), *passive);
                let message = compose::for_aibot(messages)?;
                Effect::AibotReply {
                    app,
                    response_url,
                    passive,
                    message,
                }
            }
            (Trigger::Entered { welcome_code, .. }, ReplyPath::Kf { .. }) => Effect::KfEvent {
                app,
                code: welcome_code.clone().ok_or(no_code)?,
                message: compose::for_event(messages)?,
            },
            (Trigger::Entered { .. }, ReplyPath::App { .. }) => {
                return self.reply(template, origin, captures);
            }
            _ => return Err("only an arrival can be welcomed: on: added or on: entered".to_owned()),
        };
        self.plan.effects.push(NewEffect {
            effect,
            lane,
            urgent: true,
            due: self.now,
            deadline: Some(inbound.at.after(WELCOME_LIFE)),
            origin: origin.clone(),
        });
        Ok(())
    }

    pub(super) fn notify(
        &mut self,
        to: &str,
        content: &Content,
        origin: &Origin,
        captures: &BTreeMap<String, String>,
    ) -> StepResult {
        let messages = self.content(content, captures)?;
        let members = self.members(to)?;
        self.tell_members(to, members, messages, origin)
    }

    /// Tells members something that is rendered already. `to` is how they were named.
    pub(super) fn tell_members(
        &mut self,
        to: &str,
        members: Vec<UserId>,
        messages: Vec<Outgoing>,
        origin: &Origin,
    ) -> StepResult {
        let app = self
            .config
            .member_app()
            .ok_or("nobody can be told: the config has no [[app]] of kind \"app\"")?
            .clone();
        let lane = lane_for(&origin.rule, format!("notify/{to}"));
        for (part, message) in compose::for_app(messages).into_iter().enumerate() {
            let effect = Effect::AppSend {
                app: app.clone(),
                to: members.clone(),
                message,
            };
            self.push(effect, lane.clone(), origin, part);
        }
        Ok(())
    }

    pub(super) fn members(&self, to: &str) -> Result<Vec<UserId>, String> {
        if let Some(members) = duty::group(self.config, &self.playbook.rules, to, self.now) {
            return match members.is_empty() {
                false => Ok(members),
                true => Err(format!("nobody is ever on duty in {to}")),
            };
        }
        if to == "负责人" {
            let followers = self.followers();
            if followers.is_empty() {
                return Err("no member has this customer as a contact".to_owned());
            }
            return Ok(followers);
        }
        Ok(vec![UserId(to.to_owned())])
    }

    pub(super) fn robot(
        &mut self,
        to: &str,
        content: &Content,
        origin: &Origin,
        captures: &BTreeMap<String, String>,
    ) -> StepResult {
        let messages = self.content(content, captures)?;
        let lane = lane_for(&origin.rule, format!("robot/{to}"));
        for (part, message) in compose::for_robot(messages).into_iter().enumerate() {
            let effect = Effect::Robot {
                robot: to.to_owned(),
                message,
            };
            self.push(effect, lane.clone(), origin, part);
        }
        Ok(())
    }

    fn content(
        &self,
        content: &Content,
        captures: &BTreeMap<String, String>,
    ) -> Result<Vec<Outgoing>, String> {
        match content {
            Content::Template(name) => self.render(name, captures),
            Content::Text(text) => {
                let context = self.context(captures);
                let text = self
                    .templates
                    .render_text(text, &context)
                    .map_err(|e| e.to_string())?;
                Ok(vec![Outgoing::Text { text }])
            }
        }
    }

    pub(super) fn render(
        &self,
        template: &TemplateName,
        captures: &BTreeMap<String, String>,
    ) -> Result<Vec<Outgoing>, String> {
        let context = self.context(captures);
        self.templates
            .render(template, &context)
            .map_err(|error| error.to_string())
    }
}
