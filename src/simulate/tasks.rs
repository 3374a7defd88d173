//! Mass-send tasks in memory: who is to hear the same gathers, WeCom has the task when the
//! gathering is over, and a member confirms it.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::domain::broadcast::Budget;
use crate::domain::clock::UnixMillis;
use crate::domain::criteria::ContactTest;
use crate::domain::ids::{Person, RecordId, UserId};
use crate::domain::outgoing::Outgoing;
use crate::store::{BroadcastHead, GATHER_LONGEST, GATHER_QUIET, Gather, GatherTo};

/// A task that WeCom has: a member is to confirm it.
#[derive(Debug, Clone, PartialEq)]
pub struct MassTask {
    /// When it came to be.
    pub at: UnixMillis,
    /// The member; none where each target is left to whoever last talked with it.
    pub sender: Option<UserId>,
    /// What it says.
    pub messages: Vec<Outgoing>,
    /// Whom it reaches when it is confirmed.
    pub targets: Vec<Person>,
    /// Who was left out, because they can receive no more.
    pub refused: Vec<Person>,
}

/// Everything that gathers or waits for a member.
#[derive(Debug, Clone, Default)]
pub(super) struct Tasks {
    gathering: Vec<Gathering>,
    waiting: Vec<MassTask>,
    received: BTreeMap<Person, Vec<UnixMillis>>,
}

#[derive(Debug, Clone)]
struct Gathering {
    key: String,
    head: BroadcastHead,
    matching: Option<Vec<ContactTest>>,
    opened: UnixMillis,
    due: UnixMillis,
    targets: Vec<Person>,
    refused: Vec<Person>,
}

impl Tasks {
    /// Puts a target with those who are to hear the same.
    pub(super) fn gather(&mut self, gather: &Gather, now: UnixMillis) {
        let head = BroadcastHead {
            record: RecordId(0),
            ..gather.head.clone()
        };
        let target = match &gather.to {
            GatherTo::One(target) => &target.person,
            GatherTo::Matching(tests) => {
                let mut alone = Gathering::begin(gather.key.clone(), head, now);
                alone.matching = Some(tests.clone());
                self.gathering.push(alone);
                return;
            }
        };
        let over = gather
            .budget
            .is_some_and(|budget| self.is_over(target, budget));
        let same = |one: &&mut Gathering| {
            one.key == gather.key && one.head == head && one.matching.is_none()
        };
        if self.gathering.iter_mut().find(same).is_none() {
            let new = Gathering::begin(gather.key.clone(), head.clone(), now);
            self.gathering.push(new);
        }
        let Some(one) = self.gathering.iter_mut().find(same) else {
            return;
        };
        one.due = now
            .after(GATHER_QUIET)
            .min(one.opened.after(GATHER_LONGEST));
        if over {
            one.refused.push(target.clone());
        } else {
            one.targets.push(target.clone());
            if gather.budget.is_some() {
                self.received.entry(target.clone()).or_default().push(now);
            }
        }
    }

    fn is_over(&self, target: &Person, budget: Budget) -> bool {
        let times = self.received.get(target).into_iter().flatten();
        let used = times.filter(|at| (budget.from..budget.until).contains(at));
        used.count() >= usize::try_from(budget.most).unwrap_or(usize::MAX)
    }

    /// When the next gathering is over.
    pub(super) fn next(&self) -> Option<UnixMillis> {
        self.gathering.iter().map(|one| one.due).min()
    }

    /// The gathering that is over becomes a task. `matching` finds those of an audience.
    pub(super) fn make(
        &mut self,
        now: UnixMillis,
        matching: impl Fn(&[ContactTest]) -> Vec<Person>,
    ) -> Option<MassTask> {
        let over = self.gathering.iter().position(|one| one.due <= now)?;
        let mut one = self.gathering.remove(over);
        if let Some(tests) = &one.matching {
            one.targets = matching(tests);
        }
        let task = MassTask {
            at: now,
            sender: one.head.sender,
            messages: one.head.messages,
            targets: one.targets,
            refused: one.refused,
        };
        if !task.targets.is_empty() {
            self.waiting.push(task.clone());
        }
        Some(task)
    }

    /// The member confirms what waits for them. Says who has received something.
    pub(super) fn confirm(
        &mut self,
        member: &UserId,
        config: &Config,
        now: UnixMillis,
    ) -> Vec<Person> {
        let is_theirs =
            |task: &MassTask| task.sender.as_ref().is_none_or(|sender| sender == member);
        let (theirs, others) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(is_theirs);
        self.waiting = others;
        // What nobody confirms in time is taken back.
        let in_time = |task: &MassTask| now.since(task.at) < config.broadcasts.give_up_after;
        let theirs: Vec<MassTask> = theirs;
        let confirmed = theirs.into_iter().filter(in_time);
        confirmed.flat_map(|task| task.targets).collect()
    }
}

impl Gathering {
    fn begin(key: String, head: BroadcastHead, now: UnixMillis) -> Self {
        Self {
            key,
            head,
            matching: None,
            opened: now,
            due: now,
            targets: Vec::new(),
            refused: Vec::new(),
        }
    }
}
