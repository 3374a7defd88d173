//! What other rules would have done with what came in. Sends nothing and writes nothing.
//!
//! Each record is decided again, with the contact as the rules saw it then and with what the
//! other rules would have changed since the replay began.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use serde::Serialize;

use super::decide::{decide, sop_changes, tag_changes};
use super::playbook::Playbook;
use super::trace::{Seen, StoredTrace};
use crate::config::Config;
use crate::domain::action::{Action, Content};
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, TagMark, Value};
use crate::domain::effect::{Effect, Origin};
use crate::domain::ids::{Person, RecordId, RuleId, Tag};
use crate::domain::inbound::{Inbound, Trigger};
use crate::domain::outgoing::Outgoing;
use crate::rules::Standing;
use crate::store::{ClaimedRecord, DecisionCommit, Gather, PastRecord, RecordOutcome};

/// A replay under way.
pub struct Replay<'a> {
    config: &'a Config,
    playbook: &'a Playbook,
    people: HashMap<Person, Apart>,
    /// The day, and how often each rule with a daily limit has fired on it.
    today: Option<(Date, Standing)>,
}

/// What became of one record, and what would have become of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// The record.
    pub id: RecordId,
    /// When it came in.
    pub at: UnixMillis,
    /// What it is.
    pub inbound: Inbound,
    /// What happened.
    pub before: Deeds,
    /// What would have happened.
    pub after: Deeds,
    /// If only the wording differs: the templates that word it otherwise, or the rules whose
    /// own texts do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reworded: Vec<String>,
}

/// What was done about a record.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Deeds {
    /// The rules that fired.
    pub fired: Vec<RuleId>,
    /// `+组/标签`, `-组/标签`.
    pub tags: Vec<String>,
    /// The SOPs entered and left: `+id`, `-id`.
    pub sops: Vec<String>,
    /// What went out, without codes that are good for one answer only.
    pub effects: Vec<Effect>,
}

/// How somebody in the replay differs from what is recorded.
#[derive(Debug, Default)]
struct Apart {
    /// Tags that they have, or have not, other than recorded.
    tags: BTreeMap<Tag, bool>,
    /// The same for attributes.
    attributes: BTreeMap<String, Option<Value>>,
    /// What only rules change is carried along in full.
    own: Option<Own>,
}

#[derive(Debug, Clone)]
struct Own {
    fired: BTreeMap<RuleId, UnixMillis>,
    hits: BTreeMap<RuleId, Vec<UnixMillis>>,
    answered: Vec<UnixMillis>,
    /// Points beside those that are recorded.
    points: i64,
}

impl Compared {
    /// Whether the same would have happened.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.before == self.after
    }
}

impl<'a> Replay<'a> {
    /// A replay with these rules and templates. Records are to come in their order.
    #[must_use]
    pub fn new(config: &'a Config, playbook: &'a Playbook) -> Self {
        Self {
            config,
            playbook,
            people: HashMap::new(),
            today: None,
        }
    }

    /// Decides about a record again. `None` if rules never saw it, or if nothing is known of
    /// what they saw.
    pub fn step(&mut self, past: &PastRecord) -> Option<Compared> {
        let Some(RecordOutcome::Done { fired }) = &past.outcome else {
            return None;
        };
        if matches!(past.inbound.trigger, Trigger::Own(_)) {
            return None;
        }
        let trace: StoredTrace = serde_json::from_value(past.trace.clone()?).ok()?;
        let seen = trace.seen.as_ref()?;
        let person = past.inbound.person.clone();
        let mut contact = seen.contact(person.clone().unwrap_or(Person::Member("".into())));
        if let Some(apart) = person.as_ref().and_then(|person| self.people.get(person)) {
            apart.apply(&mut contact);
        }
        let commit = self.decide(past, seen.at, &contact);
        let effects = past.effects.iter().map(|effect| &effect.effect);
        let effects = effects.chain(&trace.broadcasts);
        let before = Deeds {
            fired: fired.clone(),
            tags: trace.tags.clone(),
            sops: trace.sops.clone(),
            effects: effects.map(comparable).collect(),
        };
        let after = deeds(&commit);
        let reworded = self.reworded(&before, &after, &commit);
        if let Some(person) = person {
            let apart = self.people.entry(person).or_default();
            apart.note(seen, &trace, contact, commit, &before, &after);
        }
        Some(Compared {
            id: past.id,
            at: past.received_at,
            inbound: past.inbound.clone(),
            before,
            after,
            reworded,
        })
    }

    /// The templates that word the same deeds otherwise; none if something else differs too.
    fn reworded(&self, before: &Deeds, after: &Deeds, commit: &DecisionCommit) -> Vec<String> {
        let same = before.fired == after.fired
            && before.tags == after.tags
            && before.sops == after.sops
            && before.effects.len() == after.effects.len();
        let pairs = before.effects.iter().zip(&after.effects);
        if !same
            || !pairs
                .clone()
                .all(|(old, new)| unworded(old) == unworded(new))
        {
            return Vec::new();
        }
        let others = pairs.zip(&commit.effects).filter(|((a, b), _)| a != b);
        let mut names: Vec<String> = Vec::new();
        for (_, new) in others {
            let name = self.template_of(&new.origin);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The template that an action of a rule sends, else the rule.
    fn template_of(&self, origin: &Origin) -> String {
        let mut rules = self.playbook.rules.rules().iter();
        let rule = rules.find(|rule| rule.id == origin.rule);
        let action = rule.and_then(|rule| rule.actions.get(origin.action as usize));
        match action {
            Some(
                Action::Reply(name)
                | Action::Welcome(name)
                | Action::MassMessage { template: name, .. }
                | Action::Notify {
                    content: Content::Template(name),
                    ..
                }
                | Action::Robot {
                    content: Content::Template(name),
                    ..
                },
            ) => name.0.clone(),
            _ => origin.rule.to_string(),
        }
    }

    fn decide(&mut self, past: &PastRecord, now: UnixMillis, contact: &Contact) -> DecisionCommit {
        let record = ClaimedRecord {
            id: past.id,
            fence: 0,
            attempt: 1,
            received_at: past.received_at,
            inbound: past.inbound.clone(),
        };
        let zone = self.config.timezone.clone();
        let day = now.timestamp().to_zoned(zone).date();
        if self.today.as_ref().is_none_or(|(known, _)| *known != day) {
            self.today = Some((day, Standing::default()));
        }
        let mut nothing = Standing::default();
        let standing = self.today.as_mut().map_or(&mut nothing, |(_, today)| today);
        let (config, playbook) = (self.config, self.playbook);
        let commit = decide(config, playbook, &record, Some(contact), standing, now);
        for used in &commit.uses {
            *standing.used_today.entry(used.rule.clone()).or_default() += 1;
        }
        commit
    }
}

fn deeds(commit: &DecisionCommit) -> Deeds {
    let fired = match &commit.outcome {
        RecordOutcome::Done { fired } => fired.clone(),
        RecordOutcome::Skipped { .. } => Vec::new(),
    };
    let effects = commit.effects.iter().map(|new| comparable(&new.effect));
    let together = commit.broadcasts.iter().map(Gather::effect);
    Deeds {
        fired,
        tags: commit.contact.as_ref().map(tag_changes).unwrap_or_default(),
        sops: commit.contact.as_ref().map(sop_changes).unwrap_or_default(),
        effects: effects.chain(together).collect(),
    }
}

/// Without the code that names one occasion.
fn comparable(effect: &Effect) -> Effect {
    let mut effect = effect.clone();
    match &mut effect {
        Effect::KfEvent { code, .. } | Effect::Welcome { code, .. } => code.clear(),
        Effect::AibotReply { response_url, .. } => *response_url = None,
        _ => {}
    }
    effect
}

/// Without what it says.
fn unworded(effect: &Effect) -> Effect {
    let mut effect = effect.clone();
    match &mut effect {
        Effect::KfSend { message, .. }
        | Effect::KfEvent { message, .. }
        | Effect::AppSend { message, .. }
        | Effect::AibotReply { message, .. }
        | Effect::Robot { message, .. } => {
            let text = String::new();
            *message = Outgoing::Text { text };
        }
        Effect::Welcome { messages, .. } | Effect::MassSend { messages, .. } => messages.clear(),
        _ => {}
    }
    effect
}

impl Apart {
    /// Makes a recorded contact the one of the replay.
    fn apply(&self, contact: &mut Contact) {
        for (tag, has) in &self.tags {
            if *has {
                let mark = TagMark::told(UnixMillis(0));
                contact.tags.entry(tag.clone()).or_insert(mark);
            } else {
                contact.tags.remove(tag);
            }
        }
        for (name, value) in &self.attributes {
            match value {
                Some(value) => contact.attributes.insert(name.clone(), value.clone()),
                None => contact.attributes.remove(name),
            };
        }
        if let Some(own) = self.own.clone() {
            contact.fired = own.fired;
            contact.hits = own.hits;
            contact.answered = own.answered;
            contact.points = contact.points.saturating_add(own.points);
        }
    }

    /// Notes what the other rules would have changed, and what the rules of then did.
    fn note(
        &mut self,
        seen: &Seen,
        trace: &StoredTrace,
        mut contact: Contact,
        commit: DecisionCommit,
        before: &Deeds,
        after: &Deeds,
    ) {
        let recorded = seen.contact(contact.person.clone());
        let now = commit.now;
        let change = commit.contact.unwrap_or_default();
        self.note_tags(&recorded, &contact, before, after);
        for name in &trace.set {
            let same = change.set.iter().any(|(set, _)| set == name);
            if !same {
                let value = contact.attributes.get(name).cloned();
                self.attributes.insert(name.clone(), value);
            }
        }
        for (name, value) in &change.set {
            self.attributes.insert(name.clone(), Some(value.clone()));
        }
        let points = change.points.saturating_sub(trace.points);
        change.apply(&mut contact, now);
        let earlier = self.own.take().map_or(0, |own| own.points);
        self.own = Some(Own {
            fired: contact.fired,
            hits: contact.hits,
            answered: contact.answered,
            points: earlier.saturating_add(points),
        });
    }

    /// A tag stands apart when one side changed it and the other did not.
    fn note_tags(&mut self, recorded: &Contact, replayed: &Contact, before: &Deeds, after: &Deeds) {
        for change in before.tags.iter().chain(&after.tags) {
            let Some(tag) = change.get(1..).map(Tag::from) else {
                continue;
            };
            let then = has_after(recorded, before, &tag);
            let now = has_after(replayed, after, &tag);
            if then == now {
                self.tags.remove(&tag);
            } else {
                self.tags.insert(tag, now);
            }
        }
    }
}

fn has_after(contact: &Contact, deeds: &Deeds, tag: &Tag) -> bool {
    let last = deeds.tags.iter().rev().find(|change| change[1..] == tag.0);
    last.map_or(contact.has_tag(tag), |change| change.starts_with('+'))
}
