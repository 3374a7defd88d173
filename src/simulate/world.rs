//! Contacts, timers and a clock in memory; production's own `decide` decides.

use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::civil::Date;

use crate::config::Config;
use crate::domain::change::ContactChange;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::effect::Effect;
use crate::domain::ids::{Person, RecordId, RuleId};
use crate::domain::inbound::{Inbound, Task, Trigger};
use crate::domain::timer::Timer;
use crate::process::decide::decide;
use crate::process::playbook::Playbook;
use crate::rules::{Decision, Standing, explain};
use crate::store::{ClaimedRecord, DecisionCommit, Gather, RecordBody, RecordOutcome};

use super::run::Reminder;
use super::scene::{Doing, Trait};

/// So many timers may fire in one go: more is a circle.
pub const MOST_TIMERS: usize = 1000;

/// The agent in memory.
#[derive(Debug, Clone)]
pub struct World<'p> {
    config: &'p Config,
    playbook: &'p Playbook,
    now: UnixMillis,
    contacts: BTreeMap<Person, Contact>,
    /// By when they are due.
    timers: BTreeMap<(UnixMillis, String), Timer>,
    /// When the timer of a key is due.
    due: HashMap<String, UnixMillis>,
    uses: BTreeMap<(Date, RuleId), u32>,
    /// What decisions put into the inbox: taken up before the clock moves.
    waiting: VecDeque<Inbound>,
    records: u64,
}

/// Timers set each other off without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {MOST_TIMERS} timers fired in one go")]
pub struct Runaway;

/// One thing that happened and what was decided about it.
#[derive(Debug, Clone)]
pub struct Happened {
    /// When.
    pub at: UnixMillis,
    /// What.
    pub inbound: Inbound,
    /// The person as the rules saw them.
    pub seen: Contact,
    /// What all contacts shared.
    pub standing: Standing,
    /// What was decided.
    pub commit: DecisionCommit,
}

/// One action that was carried out, or tried.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Deed {
    /// The rule or SOP.
    pub rule: RuleId,
    /// Its place in the `do` list.
    pub action: u32,
    /// `reply`, `tag`, …
    pub key: String,
    /// The template, receiver, …
    #[serde(default)]
    pub target: String,
    /// How many effects it became.
    #[serde(default)]
    pub effects: usize,
    /// Why it did not become what it says.
    #[serde(default)]
    pub problem: Option<String>,
}

impl<'p> World<'p> {
    /// A world in which nothing has happened yet.
    #[must_use]
    pub fn new(config: &'p Config, playbook: &'p Playbook, now: UnixMillis) -> Self {
        Self {
            config,
            playbook,
            now,
            contacts: BTreeMap::new(),
            timers: BTreeMap::new(),
            due: HashMap::new(),
            uses: BTreeMap::new(),
            waiting: VecDeque::new(),
            records: 0,
        }
    }

    /// Takes somebody in as they are.
    pub fn know(&mut self, contact: Contact) {
        self.contacts.insert(contact.person.clone(), contact);
    }

    /// Rules with a daily limit have fired so often today.
    pub fn have_used(&mut self, uses: impl IntoIterator<Item = (RuleId, u32)>) {
        let today = self.today();
        let uses = uses.into_iter();
        self.uses
            .extend(uses.map(|(rule, count)| ((today, rule), count)));
    }

    /// The reminders among some timers.
    pub(super) fn reminders(&self, timers: &[Timer]) -> Vec<Reminder> {
        let reminder = |timer: &Timer| match &timer.inbound.trigger {
            Trigger::Own(Task::Remind { who, text, .. }) => {
                let zone = self.config.timezone.clone();
                let at = timer.due.timestamp().to_zoned(zone);
                Some(Reminder {
                    who: who.clone(),
                    at: at.strftime("%Y-%m-%d %H:%M").to_string(),
                    text: text.clone(),
                })
            }
            _ => None,
        };
        timers.iter().filter_map(reminder).collect()
    }

    /// The time in it.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        self.now
    }

    /// Somebody does something. Who is not known yet is taken in as `who` says.
    pub fn act(&mut self, doing: &Doing, who: &Trait) -> Happened {
        let person = doing.person();
        let now = self.now;
        self.contacts
            .entry(person.clone())
            .or_insert_with(|| who.contact(person, &doing.who, now));
        let inbound = doing.inbound(self.config, who, now);
        self.happens(inbound)
    }

    /// Moves the clock, firing the timers that come due on the way, in their order.
    ///
    /// # Errors
    /// When timers set each other off without an end.
    pub fn advance(&mut self, to: UnixMillis) -> Result<Vec<Happened>, Runaway> {
        let mut happened = Vec::new();
        while let Some(one) = self.step(to) {
            happened.push(one);
            if happened.len() > MOST_TIMERS {
                return Err(Runaway);
            }
        }
        Ok(happened)
    }

    /// The next thing that happens by itself until then; none moves the clock there.
    pub fn step(&mut self, to: UnixMillis) -> Option<Happened> {
        let next = self.next(to);
        if next.is_none() {
            self.now = self.now.max(to);
        }
        next.map(|inbound| self.happens(inbound))
    }

    /// Everybody who is known.
    pub fn contacts(&self) -> impl Iterator<Item = &Contact> {
        self.contacts.values()
    }

    /// Puts something into the inbox.
    pub fn receive(&mut self, inbound: Inbound) {
        self.waiting.push_back(inbound);
    }

    /// What is next in the inbox until then; moves the clock to it.
    fn next(&mut self, to: UnixMillis) -> Option<Inbound> {
        if let Some(inbound) = self.waiting.pop_front() {
            return Some(inbound);
        }
        let first = self.timers.first_entry()?;
        if first.key().0 > to {
            return None;
        }
        let timer = first.remove();
        self.due.remove(&timer.key);
        self.now = self.now.max(timer.due);
        Some(timer.inbound)
    }

    fn happens(&mut self, inbound: Inbound) -> Happened {
        self.records += 1;
        let record = ClaimedRecord {
            id: RecordId(self.records),
            fence: 0,
            attempt: 1,
            received_at: self.now,
            inbound,
        };
        let known = record
            .inbound
            .person
            .as_ref()
            .and_then(|person| self.contacts.get(person));
        let standing = self.standing();
        let commit = decide(
            self.config,
            self.playbook,
            &record,
            known,
            &standing,
            self.now,
        );
        let seen = self.seen(&record.inbound, known, &commit);
        self.apply(&commit);
        Happened {
            at: self.now,
            inbound: record.inbound,
            seen,
            standing,
            commit,
        }
    }

    /// The contact as it was, with the arrival that the record itself is.
    fn seen(&self, inbound: &Inbound, known: Option<&Contact>, commit: &DecisionCommit) -> Contact {
        let nobody = || Person::Member("".into());
        let mut seen = known
            .cloned()
            .unwrap_or_else(|| Contact::unknown(inbound.person.clone().unwrap_or_else(nobody)));
        let arrival = ContactChange {
            added_by: commit
                .contact
                .as_ref()
                .and_then(|change| change.added_by.clone()),
            ..ContactChange::default()
        };
        arrival.apply(&mut seen, self.now);
        seen
    }

    fn today(&self) -> Date {
        let zone = self.config.timezone.clone();
        self.now.timestamp().to_zoned(zone).date()
    }

    fn standing(&self) -> Standing {
        let today = self.today();
        let used = self.uses.iter().filter(|((day, _), _)| *day == today);
        Standing {
            used_today: used
                .map(|((_, rule), count)| (rule.clone(), *count))
                .collect(),
            ..Standing::default()
        }
    }

    /// What the store does with a decision.
    fn apply(&mut self, commit: &DecisionCommit) {
        if let Some(change) = &commit.contact
            && let Some(person) = change.person.clone()
        {
            let contact = self
                .contacts
                .entry(person.clone())
                .or_insert_with(|| Contact::unknown(person));
            change.clone().apply(contact, self.now);
        }
        for used in &commit.uses {
            let count = self.uses.entry((used.day, used.rule.clone()));
            *count.or_default() += 1;
        }
        for record in &commit.records {
            if let RecordBody::Inbound { inbound, .. } = &record.body {
                self.waiting.push_back(inbound.clone());
            }
        }
        for key in &commit.remove_timers {
            self.remove_timer(key);
        }
        for timer in &commit.timers {
            self.set_timer(timer.clone());
        }
    }

    /// Sets a timer; one with the same key is replaced.
    pub(super) fn set_timer(&mut self, timer: Timer) {
        self.remove_timer(&timer.key);
        self.due.insert(timer.key.clone(), timer.due);
        self.timers.insert((timer.due, timer.key.clone()), timer);
    }

    fn remove_timer(&mut self, key: &str) {
        if let Some((key, due)) = self.due.remove_entry(key) {
            self.timers.remove(&(due, key));
        }
    }

    /// Why each rule did what it did, looking at all of them.
    #[must_use]
    pub fn explain(&self, happened: &Happened) -> Decision {
        explain(
            &self.playbook.rules,
            &happened.inbound,
            &happened.seen,
            &happened.standing,
            happened.at,
            &self.config.timezone,
        )
    }

    /// The operators' files that decide in it.
    #[must_use]
    pub fn playbook(&self) -> &'p Playbook {
        self.playbook
    }
}

impl Happened {
    /// Whether it was a task of our own: a timer that came due.
    #[must_use]
    pub fn is_own(&self) -> bool {
        matches!(self.inbound.trigger, Trigger::Own(_))
    }

    /// The rules that fired.
    #[must_use]
    pub fn fired(&self) -> &[RuleId] {
        match &self.commit.outcome {
            RecordOutcome::Done { fired } => fired,
            RecordOutcome::Skipped { .. } => &[],
        }
    }

    /// What the rules that fired, or an SOP, did.
    #[must_use]
    pub fn deeds(&self) -> Vec<Deed> {
        let steps = self
            .commit
            .trace
            .as_ref()
            .and_then(|trace| trace.get("steps"));
        let steps = steps.cloned().unwrap_or_default();
        serde_json::from_value(steps).unwrap_or_default()
    }

    /// What goes out, by itself or together with others.
    pub fn effects(&self) -> impl Iterator<Item = Effect> {
        let effects = self.commit.effects.iter();
        let effects = effects.map(|new| new.effect.clone());
        effects.chain(self.commit.broadcasts.iter().map(Gather::effect))
    }

    /// The effects of one action.
    pub fn effects_of(&self, deed: &Deed) -> impl Iterator<Item = Effect> {
        let is_of = |rule: &RuleId, action: u32| *rule == deed.rule && action == deed.action;
        let effects = self.commit.effects.iter();
        let effects = effects.filter(move |new| is_of(&new.origin.rule, new.origin.action));
        let together = self.commit.broadcasts.iter();
        let together = together.filter(move |gather| is_of(&gather.head.rule, gather.head.action));
        let effects = effects.map(|new| new.effect.clone());
        effects.chain(together.map(Gather::effect))
    }

    /// Tags added (`+`) and removed (`-`).
    #[must_use]
    pub fn tags(&self) -> Vec<String> {
        let Some(change) = &self.commit.contact else {
            return Vec::new();
        };
        let added = change
            .add_tags
            .iter()
            .map(|grant| format!("+{}", grant.tag));
        let removed = change.remove_tags.iter().map(|tag| format!("-{tag}"));
        added.chain(removed).collect()
    }

    /// The words that the rules looked at.
    #[must_use]
    pub fn text(&self) -> &str {
        match &self.inbound.trigger {
            Trigger::Message(message) => &message.text,
            Trigger::Clicked { key, .. } => key,
            Trigger::Entered { scene, .. } => scene.as_deref().unwrap_or_default(),
            _ => "",
        }
    }
}
