//! From a fired rule's actions to effects and contact changes. No I/O.

mod arrive;
mod gather;
mod later;
mod reach;
mod say;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use super::guard;
use super::playbook::Playbook;
use crate::config::Config;
use crate::domain::action::Action;
use crate::domain::change::{ContactChange, SopChange, TagGrant};
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Value};
use crate::domain::effect::{Effect, NewEffect, Origin};
use crate::domain::ids::{ExternalUserId, Lane, Person, RuleId, SopId, Tag, UserId};
use crate::domain::inbound::{Inbound, Trigger};
use crate::domain::timer::Timer;
use crate::rules::explain::Deed;
use crate::rules::{Fired, deed};
use crate::store::{ClaimedRecord, DecisionCommit, Gather, NewRecord, SopRowKey};
use crate::templates::{Catalog, Corp, RenderContext, Staff};

/// What all fired rules together lead to.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) effects: Vec<NewEffect>,
    pub(super) broadcasts: Vec<Gather>,
    pub(super) add_tags: Vec<TagGrant>,
    pub(super) remove_tags: Vec<Tag>,
    pub(super) set: Vec<(String, Value)>,
    pub(super) points: i64,
    pub(super) sops: Vec<SopChange>,
    pub(super) timers: Vec<Timer>,
    pub(super) remove_timers: Vec<String>,
    pub(super) records: Vec<NewRecord>,
    pub(super) steps: Vec<Step>,
}

impl Plan {
    /// What goes out by itself, and what goes out together with others.
    fn sendings(&self) -> usize {
        self.effects.len() + self.broadcasts.len()
    }

    /// Moves everything into a decision. Returns how each action went.
    pub(super) fn into_commit(
        self,
        change: &mut ContactChange,
        commit: &mut DecisionCommit,
    ) -> Vec<Step> {
        change.add_tags = self.add_tags;
        change.remove_tags = self.remove_tags;
        change.set.extend(self.set);
        change.points = self.points;
        change.sops.extend(self.sops);
        commit.effects.extend(self.effects);
        commit.broadcasts.extend(self.broadcasts);
        commit.timers.extend(self.timers);
        commit.remove_timers.extend(self.remove_timers);
        commit.records.extend(self.records);
        self.steps
    }
}

/// How one action went, for the trace.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    rule: RuleId,
    action: u32,
    key: Cow<'static, str>,
    /// The template, receiver, …
    target: String,
    /// Effects that it became.
    effects: usize,
    /// Why it did not become what it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl Step {
    /// Whether somebody was to be welcomed.
    pub(super) fn is_welcome(&self) -> bool {
        self.key == "welcome"
    }
}

/// Turns fired rules into a [`Plan`].
pub(super) struct Planner<'a> {
    config: &'a Config,
    playbook: &'a Playbook,
    templates: &'a Catalog,
    /// The version of the rules, or of the SOP.
    version: String,
    record: &'a ClaimedRecord,
    contact: &'a Contact,
    now: UnixMillis,
    plan: Plan,
    /// Tag changes of all rules, sent as one `mark_tag` per follower.
    tagging: Option<Origin>,
    /// Why nothing may be said to people.
    held: Option<String>,
    /// The channel that has greeted already: no other welcome goes out.
    greeted_by: Option<String>,
    /// The actions are those of an SOP.
    in_sop: bool,
    /// The row of the SOP's step.
    row: Option<SopRowKey>,
    /// What is made now carries the message of that step.
    sending: bool,
    /// The tags of the SOP's audience.
    tags: Vec<Tag>,
}

pub(super) type StepResult = Result<(), String>;

impl<'a> Planner<'a> {
    pub(super) fn new(
        config: &'a Config,
        playbook: &'a Playbook,
        record: &'a ClaimedRecord,
        contact: &'a Contact,
        now: UnixMillis,
    ) -> Self {
        Self {
            config,
            playbook,
            templates: &playbook.templates,
            version: playbook.rules.version().to_owned(),
            record,
            contact,
            now,
            plan: Plan::default(),
            tagging: None,
            held: None,
            greeted_by: None,
            in_sop: false,
            row: None,
            sending: false,
            tags: Vec::new(),
        }
    }

    /// Nothing is said to people, for this reason.
    pub(super) fn hold_back(&mut self, reason: Option<String>) {
        self.held = reason;
    }

    /// What follows is wanted by this version of an SOP, not by the rules.
    pub(super) fn for_version(&mut self, version: &str) {
        version.clone_into(&mut self.version);
        self.in_sop = true;
    }

    /// What follows belongs to this row of an SOP's step, for an audience with these tags.
    pub(super) fn for_row(&mut self, row: SopRowKey, tags: Vec<Tag>) {
        self.row = Some(row);
        self.tags = tags;
    }

    /// Runs the actions of one rule, in order. One that cannot be done stops no other.
    pub(super) fn run(&mut self, fired: &Fired) {
        for (index, action) in fired.actions.iter().enumerate() {
            self.step(&fired.rule, index, deed(action), |planner, origin| {
                planner.action(action, origin, &fired.captures)
            });
        }
    }

    /// Runs the actions of an SOP, in order.
    pub(super) fn run_all(&mut self, rule: &RuleId, actions: &[Action]) {
        for (index, action) in actions.iter().enumerate() {
            self.run_one(rule, index, action);
        }
    }

    /// Runs one action of an SOP.
    pub(super) fn run_one(&mut self, rule: &RuleId, index: usize, action: &Action) {
        self.step(rule, index, deed(action), |planner, origin| {
            planner.action(action, origin, &BTreeMap::new())
        });
    }

    /// Does one thing and notes how it went. Returns how many effects it became.
    pub(super) fn step(
        &mut self,
        rule: &RuleId,
        index: usize,
        deed: Deed,
        act: impl FnOnce(&mut Self, &Origin) -> StepResult,
    ) -> usize {
        let origin = Origin {
            record: self.record.id,
            rule: rule.clone(),
            action: u32::try_from(index).unwrap_or(u32::MAX),
            part: 0,
            row: None,
        };
        let before = self.plan.sendings();
        let result = act(self, &origin);
        let effects = self.plan.sendings() - before;
        self.plan.steps.push(Step {
            rule: origin.rule,
            action: origin.action,
            key: deed.action,
            target: deed.target,
            effects,
            problem: result.err(),
        });
        effects
    }

    /// Why the last thing did not become what it says.
    pub(super) fn last_problem(&self) -> Option<String> {
        self.plan.steps.last()?.problem.clone()
    }

    pub(super) fn finish(mut self) -> Plan {
        self.mark_tags();
        self.plan
    }

    fn inbound(&self) -> &'a Inbound {
        &self.record.inbound
    }

    fn action(
        &mut self,
        action: &Action,
        origin: &Origin,
        captures: &BTreeMap<String, String>,
    ) -> StepResult {
        if let Some(why) = self.held.as_ref().filter(|_| guard::holds(action)) {
            return Err(why.clone());
        }
        match action {
            Action::Tag(tag) => self.tag(tag, origin),
            Action::Untag(tag) => self.untag(tag, origin),
            Action::Remark(text) => self.remark(text, origin, captures),
            Action::Set { attribute, value } => {
                let value = self.value(value, captures)?;
                self.plan.set.push((attribute.clone(), value));
                Ok(())
            }
            Action::Reply(template) => self.reply(template, origin, captures),
            Action::Welcome(_) if self.greeted_by.is_some() => {
                let by = self.greeted_by.as_deref().unwrap_or_default();
                Err(format!(
                    "the channel {by} has a welcome of its own, which goes first"
                ))
            }
            Action::Welcome(template) => self.welcome(template, origin, captures),
            Action::Notify { to, content } => self.notify(to, content, origin, captures),
            Action::Transfer(group) => self.transfer(group, origin),
            Action::Webhook { to, body } => self.webhook(to, body, origin, captures),
            Action::Robot { to, content } => self.robot(to, content, origin, captures),
            Action::EndSession => self.end_session(origin),
            Action::StartSop(sop) => self.start_sop(sop),
            Action::StopSop(sop) => self.stop_sop(sop),
            Action::Remind { who, when, text } => self.remind(who, when, text, origin, captures),
            // Why they are given is what the rule's text says: the trace names the rule.
            Action::Points { add, .. } => {
                self.plan.points = self.plan.points.saturating_add(*add);
                Ok(())
            }
            Action::MassMessage { template, audience } => {
                self.mass_message(template, audience, origin, captures)
            }
        }
    }

    fn value(&self, value: &Value, captures: &BTreeMap<String, String>) -> Result<Value, String> {
        let Value::Text(source) = value else {
            return Ok(value.clone());
        };
        let context = self.context(captures);
        let text = self.templates.render_text(source, &context);
        text.map(Value::Text).map_err(|error| error.to_string())
    }

    pub(super) fn tag(&mut self, tag: &Tag, origin: &Origin) -> StepResult {
        // A plan says how customers are to stand: who stands so already is left alone, and
        // whoever set the tag stays the one who set it.
        if self.in_sop && self.contact.tags.contains_key(tag) {
            self.plan.remove_tags.retain(|other| other != tag);
            return Ok(());
        }
        self.plan.remove_tags.retain(|other| other != tag);
        self.plan.add_tags.push(TagGrant {
            tag: tag.clone(),
            rule: origin.rule.clone(),
            version: Some(self.version.clone()),
            record: Some(origin.record),
        });
        self.tagging.get_or_insert_with(|| origin.clone());
        self.tag_note()
    }

    fn untag(&mut self, tag: &Tag, origin: &Origin) -> StepResult {
        if self.in_sop && !self.contact.tags.contains_key(tag) {
            self.plan.add_tags.retain(|grant| grant.tag != *tag);
            return Ok(());
        }
        self.plan.add_tags.retain(|grant| grant.tag != *tag);
        self.plan.remove_tags.push(tag.clone());
        self.tagging.get_or_insert_with(|| origin.clone());
        self.tag_note()
    }

    fn tag_note(&self) -> StepResult {
        match self.contact.person {
            Person::External(_) if self.followers().is_empty() => {
                Err("kept here only: no member has this customer as a contact".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// The members whose relation is tagged: all who have the customer, so that each sees it.
    fn followers(&self) -> Vec<UserId> {
        self.contact
            .followers
            .iter()
            .map(|follower| follower.userid.clone())
            .collect()
    }

    fn mark_tags(&mut self) {
        let (Some(origin), Person::External(customer)) =
            (self.tagging.take(), &self.contact.person)
        else {
            return;
        };
        let app = self.config.contact_app(&self.inbound().app).clone();
        let add: Vec<Tag> = unique(self.plan.add_tags.iter().map(|grant| &grant.tag));
        let remove: Vec<Tag> = unique(self.plan.remove_tags.iter());
        for userid in self.followers() {
            let effect = Effect::MarkTag {
                app: app.clone(),
                userid: userid.clone(),
                external_userid: customer.clone(),
                add: add.clone(),
                remove: remove.clone(),
            };
            self.push(effect, Lane(format!("tag/{customer}/{userid}")), &origin, 0);
        }
    }

    fn remark(
        &mut self,
        text: &str,
        origin: &Origin,
        captures: &BTreeMap<String, String>,
    ) -> StepResult {
        let customer = self.customer()?;
        let context = self.context(captures);
        let remark = self
            .templates
            .render_text(text, &context)
            .map_err(|e| e.to_string())?;
        let followers = match &self.inbound().trigger {
            Trigger::Added { userid, .. } => vec![userid.clone()],
            _ => self.followers(),
        };
        if followers.is_empty() {
            return Err("no member has this customer as a contact".to_owned());
        }
        let app = self.config.contact_app(&self.inbound().app).clone();
        for userid in followers {
            let lane = Lane(format!("tag/{customer}/{userid}"));
            let effect = Effect::Remark {
                app: app.clone(),
                userid,
                external_userid: customer.clone(),
                remark: remark.clone(),
            };
            self.push(effect, lane, origin, 0);
        }
        Ok(())
    }

    fn webhook(
        &mut self,
        to: &str,
        body: &serde_json::Value,
        origin: &Origin,
        captures: &BTreeMap<String, String>,
    ) -> StepResult {
        let context = self.context(captures);
        let body = self
            .templates
            .render_json(body, &context)
            .map_err(|e| e.to_string())?;
        let effect = Effect::Webhook {
            webhook: to.to_owned(),
            body,
        };
        self.push(effect, Lane(format!("webhook/{to}")), origin, 0);
        Ok(())
    }

    fn context<'c>(&'c self, captures: &'c BTreeMap<String, String>) -> RenderContext<'c> {
        let message = match &self.inbound().trigger {
            Trigger::Message(message) => Some(message),
            _ => None,
        };
        RenderContext {
            contact: self.contact,
            staff: self.staff(),
            captures,
            message,
            now: self.now,
            zone: &self.config.timezone,
            corp: Corp {
                id: self.config.corp.as_str(),
                name: None,
            },
        }
    }

    /// The member concerned: who was added, else the first who has the customer.
    fn staff(&self) -> Option<Staff<'_>> {
        let id = match &self.inbound().trigger {
            Trigger::Added { userid, .. } | Trigger::Deleted { userid, .. } => userid,
            _ => &self.contact.followers.first()?.userid,
        };
        Some(Staff {
            id: id.as_str(),
            name: None,
        })
    }

    fn customer(&self) -> Result<ExternalUserId, String> {
        match &self.contact.person {
            Person::External(id) => Ok(id.clone()),
            Person::Member(_) | Person::Group(_) => Err("only customers have a remark".to_owned()),
        }
    }

    fn push(&mut self, effect: Effect, lane: Lane, origin: &Origin, part: usize) {
        let origin = Origin {
            part: u32::try_from(part).unwrap_or(u32::MAX),
            row: self.row.clone().filter(|_| self.sending),
            ..origin.clone()
        };
        self.plan.effects.push(NewEffect {
            effect,
            lane,
            urgent: false,
            due: self.now,
            deadline: None,
            origin,
        });
    }
}

/// The lane of a message. What a plan says may have to wait for the morning: nothing but its
/// own messages stands behind it.
pub(super) fn lane_for(origin: &RuleId, name: String) -> Lane {
    if SopId::is_origin(origin) {
        Lane(format!("{origin}/{name}"))
    } else {
        Lane(name)
    }
}

fn unique<'t>(tags: impl Iterator<Item = &'t Tag>) -> Vec<Tag> {
    let mut out: Vec<Tag> = Vec::new();
    for tag in tags {
        if !out.contains(tag) {
            out.push(tag.clone());
        }
    }
    out
}
