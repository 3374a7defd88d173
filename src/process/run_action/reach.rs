//! The actions that hand over a session, end it, or reach customers through members.

use std::collections::BTreeMap;

use super::{Planner, StepResult, lane_for};
use crate::domain::action::{Content, TemplateName};
use crate::domain::effect::{Effect, Origin};
use crate::domain::ids::{Lane, Person, UserId};
use crate::domain::inbound::ReplyPath;
use crate::domain::outgoing::Outgoing;
use crate::lang::Lang;
use crate::process::{by_hand, compose, duty};
use crate::sops::model::Via;

impl Planner<'_> {
    pub(super) fn transfer(&mut self, group: &str, origin: &Origin) -> StepResult {
        let inbound = self.inbound();
        let ReplyPath::Kf {
            open_kfid,
            external_userid,
        } = &inbound.reply_path
        else {
            return Err("only a kf session can be handed over".to_owned());
        };
        let servicers = duty::group(self.config, &self.playbook.rules, group, self.now)
            .ok_or_else(|| format!("no servicer group is called {group}"))?;
        let effect = Effect::KfTransfer {
            app: inbound.app.clone(),
            open_kfid: open_kfid.clone(),
            external_userid: external_userid.clone(),
            servicers,
        };
        self.push(effect, Lane(inbound.conversation.0.clone()), origin, 0);
        Ok(())
    }

    pub(super) fn end_session(&mut self, origin: &Origin) -> StepResult {
        let inbound = self.inbound();
        let ReplyPath::Kf {
            open_kfid,
            external_userid,
        } = &inbound.reply_path
        else {
            return Err("only a kf session can be ended".to_owned());
        };
        let effect = Effect::KfEnd {
            app: inbound.app.clone(),
            open_kfid: open_kfid.clone(),
            external_userid: external_userid.clone(),
        };
        // Behind the answers of the same rules.
        self.push(effect, Lane(inbound.conversation.0.clone()), origin, 0);
        Ok(())
    }

    /// Gets a template to the contact in the way that a step of an SOP names.
    pub(in crate::process) fn send(
        &mut self,
        template: &TemplateName,
        via: &Via,
        origin: &Origin,
    ) -> StepResult {
        self.sending = true;
        let sent = self.send_by(template, via, origin);
        self.sending = false;
        sent
    }

    fn send_by(&mut self, template: &TemplateName, via: &Via, origin: &Origin) -> StepResult {
        let nothing = BTreeMap::new();
        match via {
            Via::Robot(robot) => {
                let content = Content::Template(template.clone());
                self.robot(robot, &content, origin, &nothing)
            }
            Via::Appchat(name) => self.appchat(name, template, origin),
            Via::Moments => self.moment(template, origin),
            Via::Broadcast => self.broadcast(template, origin),
            Via::Staff => self.by_hand(template, origin),
        }
    }

    /// Into an internal group of the config.
    fn appchat(&mut self, name: &str, template: &TemplateName, origin: &Origin) -> StepResult {
        let chat = self.config.appchats.get(name);
        let chat = chat.ok_or_else(|| format!("no internal group is called {name}"))?;
        let app = self.config.member_app();
        let app = app.ok_or("nobody can be told: the config has no [[app]] of kind \"app\"")?;
        let messages = self.render(template, &BTreeMap::new())?;
        for (part, message) in compose::for_appchat(messages).into_iter().enumerate() {
            let effect = Effect::Appchat {
                app: app.clone(),
                chat: chat.clone(),
                message,
            };
            let lane = lane_for(&origin.rule, format!("appchat/{chat}"));
            self.push(effect, lane, origin, part);
        }
        Ok(())
    }

    /// The member gets the content, sends it by hand and says so on a card: pictures and the
    /// like first, then the words, then the card.
    fn by_hand(&mut self, template: &TemplateName, origin: &Origin) -> StepResult {
        let (member, words) = match &self.contact.person {
            Person::Group(_) => (self.owner()?, "sop.by_hand_group"),
            _ => (self.follower()?, "sop.by_hand"),
        };
        let mut content = self.render(template, &BTreeMap::new())?;
        content.sort_by_key(|message| matches!(message, Outgoing::Text { .. }));
        let name = self.contact.name.as_deref();
        let remark = self.contact.followers.first();
        let remark = remark.and_then(|follower| follower.remark.as_deref());
        let name = remark.or(name).unwrap_or(self.contact.person.id());
        let text = Lang::default().text(words, &[("name", name)]);
        let card = self.asking_card(name, &content);
        let mut messages = vec![Outgoing::Text { text }];
        messages.extend(content);
        messages.extend(card);
        self.tell_members(member.as_str(), vec![member.clone()], messages, origin)
    }

    /// None where buttons are switched off.
    fn asking_card(&self, name: &str, content: &[Outgoing]) -> Option<Outgoing> {
        let cards = self.config.reminders.as_ref()?.cards;
        let row = self.row.clone().filter(|_| cards)?;
        let name = name.to_owned();
        let out = by_hand::HandedOut { row, name };
        let text = by_hand::words(content);
        Some(by_hand::card(&out, text, self.record.id, self.now))
    }

    /// The member who has had the customer for longest.
    pub(super) fn follower(&self) -> Result<UserId, String> {
        let first = self.contact.followers.first();
        let first = first.map(|follower| follower.userid.clone());
        first.ok_or_else(|| "no member has this customer as a contact".to_owned())
    }
}
