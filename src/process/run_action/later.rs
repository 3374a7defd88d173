//! The actions whose effect comes later: reminders and SOPs.

use std::collections::BTreeMap;

use super::{Planner, StepResult, lane_for};
use crate::domain::action::RemindWhen;
use crate::domain::change::SopChange;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Enrolment, SopEnding};
use crate::domain::effect::{Effect, Origin};
use crate::domain::ids::SopId;
use crate::domain::inbound::Task;
use crate::domain::outgoing::Outgoing;
use crate::domain::timer::Timer;
use crate::process::remind_when;
use crate::process::reminders::card_for;
use crate::process::sop_step::{sop_timer, timer_key};
use crate::sops::lifecycle;
use crate::sops::model::Sop;

impl Planner<'_> {
    /// The text is made now, of what is known now; who is told is looked up when it is due.
    pub(super) fn remind(
        &mut self,
        who: &str,
        when: &RemindWhen,
        text: &str,
        origin: &Origin,
        captures: &BTreeMap<String, String>,
    ) -> StepResult {
        let context = self.context(captures);
        let rendered = self.templates.render_text(text, &context);
        let text = rendered.map_err(|error| error.to_string())?;
        let calendar = self.playbook.rules.calendar();
        let due = remind_when::due(when, self.now, calendar, &self.config.timezone)?;
        if due <= self.now {
            return self.tell(who, text, origin);
        }
        let record = self.inbound();
        self.plan.timers.push(Timer {
            key: format!(
                "remind/{}/{}/{}",
                origin.record.0, origin.rule, origin.action
            ),
            due,
            inbound: record.followed_by(
                due,
                Task::Remind {
                    who: who.to_owned(),
                    text,
                    origin: origin.rule.clone(),
                },
            ),
        });
        Ok(())
    }

    /// Reminds members of a text that is rendered already: each gets a card with buttons.
    pub(in crate::process) fn tell(
        &mut self,
        who: &str,
        text: String,
        origin: &Origin,
    ) -> StepResult {
        let settings = self.config.reminders.as_ref();
        let Some(settings) = settings.filter(|settings| settings.cards) else {
            return self.notify_text(who, text, origin);
        };
        let lane = lane_for(&origin.rule, format!("notify/{who}"));
        for (part, member) in self.members(who)?.iter().enumerate() {
            let place = format!("{}-{part}", self.plan.records.len());
            let at = (origin.record, place.as_str());
            let (message, record) = card_for(&settings.app, member, &text, at, self.now);
            self.plan.records.push(record);
            let effect = Effect::AppSend {
                app: settings.app.clone(),
                to: vec![member.clone()],
                message,
            };
            self.push(effect, lane.clone(), origin, part);
        }
        Ok(())
    }

    /// Tells members a text that is rendered already.
    pub(in crate::process) fn notify_text(
        &mut self,
        who: &str,
        text: String,
        origin: &Origin,
    ) -> StepResult {
        let members = self.members(who)?;
        self.tell_members(who, members, vec![Outgoing::Text { text }], origin)
    }

    pub(super) fn start_sop(&mut self, id: &SopId) -> StepResult {
        let sop = self.playbook.sops.get(id);
        let sop = sop.ok_or_else(|| format!("no SOP is called {id}"))?;
        if !sop.is_entered_by(&self.contact.person) {
            let kind = sop.kind.word();
            return Err(format!("nobody like that enters an SOP of kind {kind}"));
        }
        if sop.off {
            return Err("the SOP is switched off".to_owned());
        }
        let begun = self.plan.sops.iter().any(|change| change.sop == *id);
        let before = self.contact.sops.get(id);
        if begun || before.is_some_and(Enrolment::is_running) {
            return Err("they are in this SOP already".to_owned());
        }
        // Two SOPs that begin each other would never end; a rule may begin one again.
        if self.in_sop && before.is_some() {
            return Err("they have been in this SOP before".to_owned());
        }
        self.begin(sop, self.now);
        Ok(())
    }

    /// Takes the contact into an SOP that counts from this time.
    pub(in crate::process) fn begin(&mut self, sop: &Sop, at: UnixMillis) {
        let begun = lifecycle::begin(sop, at, &self.config.timezone);
        if let Some(due) = begun.due {
            let (config, app) = (self.config, &self.inbound().app);
            let step = begun.enrolment.step;
            let timer = sop_timer(config, app, self.contact, &sop.id, step, due);
            self.plan.timers.push(timer);
        }
        self.plan.sops.push(SopChange {
            sop: sop.id.clone(),
            only_at: None,
            to: begun.enrolment,
        });
    }

    pub(super) fn stop_sop(&mut self, id: &SopId) -> StepResult {
        let running = self.contact.sops.get(id).filter(|one| one.is_running());
        let running = running.ok_or("they are not in this SOP")?;
        self.plan.sops.push(SopChange {
            sop: id.clone(),
            only_at: None,
            to: lifecycle::ended(running, SopEnding::Stopped, self.now),
        });
        let key = timer_key(id, &self.contact.person);
        self.plan.remove_timers.push(key);
        Ok(())
    }
}
