//! Contacts, timers and a clock in memory; production's own `decide` decides.

use std::collections::{BTreeMap, VecDeque};

use jiff::civil::Date;

use crate::config::Config;
use crate::domain::change::ContactChange;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::effect::NewEffect;
use crate::domain::ids::{Person, RecordId, RuleId};
use crate::domain::inbound::{Inbound, Trigger};
use crate::domain::timer::Timer;
use crate::process::decide::decide;
use crate::process::playbook::Playbook;
use crate::rules::{Decision, Standing, explain};
use crate::store::{ClaimedRecord, DecisionCommit, RecordBody, RecordOutcome};

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
    timers: BTreeMap<String, Timer>,
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
            uses: BTreeMap::new(),
            waiting: VecDeque::new(),
            records: 0,
        }
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
        while let Some(inbound) = self.next(to) {
            if happened.len() == MOST_TIMERS {
                return Err(Runaway);
            }
            happened.push(self.happens(inbound));
        }
        self.now = self.now.max(to);
        Ok(happened)
    }

    /// What is next in the inbox until then; moves the clock to it.
    fn next(&mut self, to: UnixMillis) -> Option<Inbound> {
        if let Some(inbound) = self.waiting.pop_front() {
            return Some(inbound);
        }
        let due = self.timers.values().filter(|timer| timer.due <= to);
        let key = due.min_by_key(|timer| timer.due)?.key.clone();
        let timer = self.timers.remove(&key)?;
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
            self.timers.remove(key);
        }
        for timer in &commit.timers {
            self.set_timer(timer.clone());
        }
    }

    /// Sets a timer; one with the same key is replaced.
    pub(super) fn set_timer(&mut self, timer: Timer) {
        self.timers.insert(timer.key.clone(), timer);
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

    /// The effects of one action.
    pub fn effects_of(&self, deed: &Deed) -> impl Iterator<Item = &NewEffect> {
        let (rule, action) = (deed.rule.clone(), deed.action);
        let effects = self.commit.effects.iter();
        effects.filter(move |new| new.origin.rule == rule && new.origin.action == action)
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
