//! The decision: a pure function of the rules, what happened, the contact and the time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::conditions::Scene;
use super::explain::{Deed, Reason, Step, Trace, Verdict, span_of_time};
use super::model::{Mode, Rule, RuleSet, Standing};
use crate::domain::action::{Action, Content, RemindWhen};
use crate::domain::change::RuleHit;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::ids::RuleId;
use crate::domain::inbound::Inbound;

/// A stored trace names at most this many rules.
const MOST_STEPS: usize = 50;

/// What is to be done about something that happened.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decision {
    /// The rules that fired, in order.
    pub fired: Vec<Fired>,
    /// Rules with `hits` that matched, whether they fired or not: the caller counts them.
    pub hits: Vec<RuleHit>,
    /// Why.
    pub trace: Trace,
}

/// A rule that fired.
#[derive(Debug, Clone, PartialEq)]
pub struct Fired {
    /// Which.
    pub rule: RuleId,
    /// Its name for people.
    pub name: Option<Arc<str>>,
    /// It only observes: nothing may be sent or tagged.
    pub observe: bool,
    /// What it does, in order.
    pub actions: Arc<[Action]>,
    /// What its pattern captured: `m` in templates. A group that took no part is missing.
    pub captures: BTreeMap<String, String>,
    /// Its cooldown, if it has one: the caller notes the time in `Contact::fired`.
    pub cooldown: Option<Duration>,
    /// Its daily limit, if it has one: the caller counts the use, in the same commit.
    pub limit: Option<u32>,
}

/// Decides. All rules see the contact as it was before; the trace names the rules that were
/// worth a look, at most fifty of them.
#[must_use]
pub fn decide(
    set: &RuleSet,
    inbound: &Inbound,
    contact: &Contact,
    standing: &Standing,
    now: UnixMillis,
    zone: &TimeZone,
) -> Decision {
    let scene = Scene::new(set, inbound, contact, standing, now, zone);
    let mut decision = scene.blank();
    if !scene.sets_rules_off() {
        return decision;
    }
    for index in set.matcher.candidates(&scene.hits, scene.text) {
        let rule = &set.rules[index as usize];
        let verdict = scene.consider(rule, &mut decision);
        let stop = stops(&verdict);
        if decision.trace.steps.len() < MOST_STEPS || matches!(verdict, Verdict::Fired { .. }) {
            decision.trace.steps.push(step(rule, verdict));
        }
        if stop {
            break;
        }
    }
    decision
}

/// Decides, looking at every rule: what `try` shows.
#[must_use]
pub fn explain(
    set: &RuleSet,
    inbound: &Inbound,
    contact: &Contact,
    standing: &Standing,
    now: UnixMillis,
    zone: &TimeZone,
) -> Decision {
    let scene = Scene::new(set, inbound, contact, standing, now, zone);
    let mut decision = scene.blank();
    let mut stopped: Option<RuleId> = None;
    for rule in &set.rules {
        let verdict = if let Some(by) = &stopped {
            Verdict::NotReached { by: by.clone() }
        } else if scene.sets_rules_off() {
            scene.consider(rule, &mut decision)
        } else {
            Verdict::Skipped(Reason::Author)
        };
        if stops(&verdict) {
            stopped = Some(rule.id.clone());
        }
        decision.trace.steps.push(step(rule, verdict));
    }
    decision
}

fn stops(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Fired { stop: true, .. })
}

fn step(rule: &Rule, verdict: Verdict) -> Step {
    Step {
        rule: rule.id.clone(),
        name: rule.name.clone(),
        place: rule.place.clone(),
        verdict,
    }
}

impl Scene<'_> {
    fn blank(&self) -> Decision {
        Decision {
            fired: Vec::new(),
            hits: Vec::new(),
            trace: Trace {
                version: Arc::clone(&self.set.version),
                steps: Vec::new(),
            },
        }
    }

    fn consider(&self, rule: &Rule, decision: &mut Decision) -> Verdict {
        let matched = match self.holds(rule) {
            Ok(matched) => matched,
            Err(reason) => return Verdict::Skipped(reason),
        };
        let hit = match self.counts(rule) {
            None => None,
            Some(Ok(hit)) => Some(hit),
            Some(Err((hit, reason))) => {
                decision.hits.push(hit);
                return Verdict::Skipped(reason);
            }
        };
        // Last, so that a match that the limit stops is not counted as one that fired.
        let used = match self.within_limit(rule) {
            Ok(used) => used,
            Err(reason) => return Verdict::Skipped(reason),
        };
        decision.hits.extend(hit);
        let observe = rule.mode == Mode::Observe;
        decision.fired.push(Fired {
            rule: rule.id.clone(),
            name: rule.name.clone(),
            observe,
            actions: Arc::clone(&rule.actions),
            captures: matched.captures,
            cooldown: rule.cooldown,
            limit: rule.limit,
        });
        Verdict::Fired {
            observe,
            found: matched.found,
            actions: rule.actions.iter().map(deed).collect(),
            cooldown_secs: rule.cooldown.map(|time| time.as_secs()),
            times: rule.when.hits.map(|wanted| wanted.times),
            used,
            stop: rule.stop && !observe,
        }
    }
}

/// An action in short.
#[must_use]
pub fn deed(action: &Action) -> Deed {
    let said = |content: &Content| match content {
        Content::Text(text) => format!("「{text}」"),
        Content::Template(name) => name.0.clone(),
    };
    let target = match action {
        Action::Tag(tag) | Action::Untag(tag) => tag.to_string(),
        Action::Remark(text) | Action::Transfer(text) => text.clone(),
        Action::Set { attribute, value } => format!("{attribute} = {value}"),
        Action::Reply(name) | Action::Welcome(name) => name.0.clone(),
        Action::Notify { to, content } | Action::Robot { to, content } => {
            format!("{to} {}", said(content))
        }
        Action::Webhook { to, .. } => to.clone(),
        Action::EndSession => String::new(),
        Action::StartSop(sop) | Action::StopSop(sop) => sop.0.clone(),
        Action::Remind { who, when, text } => format!("{who} {}「{text}」", due(when)),
        Action::Points { add, why } => format!("{add:+} {why}"),
        Action::MassMessage { template, .. } => template.0.clone(),
    };
    Deed {
        action: Cow::Borrowed(action.key()),
        target,
    }
}

/// When a reminder is due, in the operator's own words.
fn due(when: &RemindWhen) -> String {
    match when {
        RemindWhen::Now => String::new(),
        RemindWhen::In { secs } => format!("{} ", span_of_time(*secs)),
        RemindWhen::Clock { days, time } => {
            let time = time.strftime("%H:%M");
            match days {
                0 => format!("{time} "),
                days => format!("{days}天后 {time} "),
            }
        }
        RemindWhen::Local(at) => format!("{} ", at.strftime("%Y-%m-%d %H:%M")),
        RemindWhen::Opening(hours) => format!("下一个{hours} "),
    }
}
