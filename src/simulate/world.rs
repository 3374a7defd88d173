//! Contacts, timers and a clock in memory; production's own `decide` decides.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use jiff::civil::Date;

use crate::config::Config;
use crate::domain::change::ContactChange;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, TagMark};
use crate::domain::criteria::ContactTest;
use crate::domain::ids::{AppName, Person, RecordId, RuleId, SopId, UserId};
use crate::domain::inbound::{Inbound, Task, Trigger};
use crate::domain::timer::Timer;
use crate::process::decide::decide;
use crate::process::playbook::Playbook;
use crate::rules::{Decision, Standing, explain};
use crate::sops::model::holds;
use crate::sops::run::Run;
use crate::store::{ClaimedRecord, DecisionCommit, RecordBody};

use super::cards::Cards;
use super::happened::{Happened, Passed, Past};
use super::plans::{Known, Plans};
use super::run::Reminder;
use super::scene::{Doing, Order, Trait, What};
use super::tasks::Tasks;

/// So many things may happen by themselves in one go: more is a circle.
pub const MOST_TIMERS: usize = 5000;

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
    plans: Plans<'p>,
    tasks: Tasks,
    cards: Cards,
    records: u64,
}

/// Timers set each other off without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {MOST_TIMERS} things happened by themselves in one go")]
pub struct Runaway;

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
            plans: Plans::new(config, playbook, Known::new(), now),
            tasks: Tasks::default(),
            cards: Cards::default(),
            records: 0,
        }
    }

    /// Plans stand as it is known of them.
    pub fn have_plans(&mut self, known: Known) {
        self.plans = Plans::new(self.config, self.playbook, known, self.now);
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
        let contact = self.contacts.entry(person.clone());
        let contact = contact.or_insert_with(|| who.contact(person, &doing.who, now));
        if let What::Tagged { add, remove } = &doing.what {
            let told = add.iter().map(|tag| (tag.clone(), TagMark::told(now)));
            contact.tags.extend(told);
            contact.tags.retain(|tag, _| !remove.contains(tag));
        }
        let mut inbound = doing.inbound(self.config, who, now);
        self.cards.press(&mut inbound);
        self.happens(inbound)
    }

    /// An operator says something about a whole plan.
    pub fn order(&mut self, sop: &SopId, order: Order) {
        if let Some(run) = self.plans.order(sop, order, self.now) {
            self.begin(run);
        }
    }

    /// A member confirms the mass-send tasks that wait for them. Says who has received
    /// something.
    pub fn confirm(&mut self, member: &UserId) -> Vec<Person> {
        self.tasks.confirm(member, self.config, self.now)
    }

    /// Moves the clock; what comes due on the way happens in its order.
    ///
    /// # Errors
    /// When things set each other off without an end.
    pub fn advance(&mut self, to: UnixMillis) -> Result<Past, Runaway> {
        let mut past = Past::default();
        let mut count = 0;
        while let Some(one) = self.step(to) {
            past.add(one);
            count += 1;
            if count > MOST_TIMERS {
                return Err(Runaway);
            }
        }
        Ok(past)
    }

    /// The next thing that happens by itself until then; none moves the clock there. What
    /// comes due for one target goes before what begins for everybody.
    pub fn step(&mut self, to: UnixMillis) -> Option<Passed> {
        loop {
            if let Some(inbound) = self.waiting.pop_front() {
                return Some(Passed::Decided(Box::new(self.happens(inbound))));
            }
            let timer = self.timers.first_key_value().map(|((due, _), _)| *due);
            let due = [timer, self.tasks.next(), self.plans.next()];
            let next = due.into_iter().flatten().min().filter(|at| *at <= to);
            let Some(at) = next else {
                self.now = self.now.max(to);
                return None;
            };
            self.now = self.now.max(at);
            if timer == next {
                self.fire();
            } else if self.tasks.next() == next {
                return self.make_task().map(Passed::Task);
            } else if let Some(run) = self.plans.begin(self.now) {
                return Some(Passed::Begun(self.begin(run)));
            }
        }
    }

    /// Everybody who is known.
    pub fn contacts(&self) -> impl Iterator<Item = &Contact> {
        self.contacts.values()
    }

    /// Puts something into the inbox.
    pub fn receive(&mut self, inbound: Inbound) {
        self.waiting.push_back(inbound);
    }

    /// The app that things of our own come through.
    pub(super) fn app(&self) -> AppName {
        let first = self.config.apps.first().map(|app| &app.name);
        first.map_or_else(
            || "contact".into(),
            |app| self.config.contact_app(app).clone(),
        )
    }

    /// The timer that is due first goes into the inbox.
    fn fire(&mut self) {
        if let Some(((_, key), timer)) = self.timers.pop_first() {
            self.due.remove(&key);
            self.waiting.push_back(timer.inbound);
        }
    }

    fn make_task(&mut self) -> Option<super::tasks::MassTask> {
        let (contacts, now) = (&self.contacts, self.now);
        let matching = |tests: &[ContactTest]| {
            let customers = contacts.values().filter(|contact| {
                matches!(contact.person, Person::External(_)) && holds(tests, contact, now)
            });
            customers.map(|contact| contact.person.clone()).collect()
        };
        self.tasks.make(now, matching)
    }

    /// What a run is for everybody goes into the inbox.
    fn begin(&mut self, mut run: Run) -> Run {
        let playbook = self.playbook;
        let Some(sop) = playbook.sops.get(&run.sop).filter(|_| run.ended.is_none()) else {
            return run;
        };
        let (app, now) = (self.app(), self.now);
        let concerned = self.contacts.values();
        let concerned = concerned.filter(|contact| run.concerns(sop, contact, now));
        let inbounds: Vec<Inbound> = concerned
            .map(|contact| run.inbound(sop, contact, app.clone(), now))
            .collect();
        run.taken = inbounds.len() as u64;
        self.waiting.extend(inbounds);
        run
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
            paused: self.plans.paused().clone(),
            settled: BTreeSet::new(),
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
        for gather in &commit.broadcasts {
            self.tasks.gather(gather, self.now);
        }
        for new in &commit.effects {
            self.cards.note(&new.effect);
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
