//! How somebody moves through a plan: who enters, what becomes of a step that is due, and
//! what is due next. Pure: values and `now` in, a decision out.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::model::{At, Condition, Kind, Late, Missed, Sop, SopSet, Step, Via, holds};
use super::outreach::{Held, Listener, Outreach};
use super::quiet::allowed_from;
use super::timing::{due_at, instant, planned};
use crate::domain::broadcast::GATHER_QUIET;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Enrolment, SopEnd, SopEnding};
use crate::domain::ids::Person;
use crate::rules::Calendar;

/// A step that is later than this was missed: the server was down.
const GRACE: Duration = Duration::from_secs(3600);
/// Who is in a plan that is switched off is looked at again after this.
const OFF: Duration = Duration::from_secs(3600);
/// A group that becomes known later than this after its creation is not new.
const NEW_GROUP: Duration = Duration::from_secs(86_400);

/// What a step is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The plan that they began with.
    pub sop: &'a Sop,
    /// Who.
    pub contact: &'a Contact,
    /// Where they stand.
    pub enrolment: &'a Enrolment,
    /// What holds for all plans.
    pub outreach: &'a Outreach,
    /// Holidays.
    pub calendar: &'a Calendar,
    /// The company's zone.
    pub zone: &'a TimeZone,
    /// Now.
    pub now: UnixMillis,
}

/// What becomes of a step that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is done.
    Do,
    /// It is left out.
    Skip(&'static str),
    /// It is left out, because nobody was there at its time.
    Missed(&'static str),
    /// It waits until then.
    Wait(UnixMillis, &'static str),
    /// An operator does not want it now; it is looked at again then.
    Idle(UnixMillis, &'static str),
    /// The plan's `exit_when` holds: it is over.
    Exit,
}

/// Where somebody stands after a step, and when the next one is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Where they stand.
    pub enrolment: Enrolment,
    /// When the next step is due; `None` when there is none.
    pub due: Option<UnixMillis>,
}

/// Begins a plan.
#[must_use]
pub fn begin(sop: &Sop, now: UnixMillis, zone: &TimeZone) -> Progress {
    let enrolment = Enrolment::begin(sop.version.clone(), now);
    let due = sop
        .steps
        .first()
        .map(|step| due_at(step.at, &enrolment, zone));
    Progress { enrolment, due }
}

/// The plans that somebody enters by themselves: those whose audience they belong to since
/// this decision, or as a new customer. Nobody enters a plan twice by themselves.
pub fn entered<'s>(
    sops: &'s SopSet,
    before: &'s Contact,
    after: &'s Contact,
    added: bool,
    now: UnixMillis,
) -> impl Iterator<Item = &'s Arc<Sop>> {
    sops.iter().filter(move |sop| {
        sop.is_lifecycle()
            && !sop.off
            && !after.sops.contains_key(&sop.id)
            && sop.is_for(after, now)
            && (added || !sop.is_for(before, now))
    })
}

/// The plans that a group enters by itself, each with the time from which it counts.
///
/// That is the group's creation. Groups that were there long before a plan are not drawn into it, and what
/// begins at a date begins for all groups at once.
pub fn groups_entered<'s>(
    sops: &'s SopSet,
    group: &'s Contact,
    now: UnixMillis,
) -> impl Iterator<Item = (&'s Arc<Sop>, UnixMillis)> {
    let made = group.added_at.filter(|made| now.since(*made) <= NEW_GROUP);
    let dated = |sop: &Sop| matches!(sop.steps.first().map(|step| step.at), Some(At::Local(_)));
    let fits = move |sop: &&Arc<Sop>| {
        sop.kind == Kind::Group
            && !sop.off
            && !dated(sop)
            && !group.sops.contains_key(&sop.id)
            && sop.is_for(group, now)
    };
    made.into_iter().flat_map(move |made| {
        let fit = sops.iter().filter(fits);
        fit.map(move |sop| (sop, made))
    })
}

/// Where somebody who stood before a step of an old version stands in the new one.
///
/// That is before the step of the same name, else behind the last step that they have had,
/// found by its name and by how many without a name came after it; where no name is known, at
/// the same number. What they have had by name does not come again.
#[must_use]
pub fn landed(old: &Sop, new: &Sop, step: u32) -> u32 {
    let index = usize::try_from(step).unwrap_or(usize::MAX);
    let place = |step: &Step| {
        let name = step.name.as_ref()?;
        let mut steps = new.steps.iter();
        steps.position(|step| step.name.as_ref() == Some(name))
    };
    let had = old.steps.iter().take(index);
    let behind = had.clone().filter_map(place).max().map(|last| {
        let nameless = had.rev().take_while(|step| step.name.is_none()).count();
        let next = new.steps.iter().skip(last + 1);
        let also = next.take(nameless).take_while(|step| step.name.is_none());
        last + 1 + also.count()
    });
    let same = old.steps.get(index).and_then(place);
    let same = same.filter(|same| behind.is_none_or(|behind| *same >= behind));
    let landed = same.or(behind);
    landed
        .and_then(|landed| u32::try_from(landed).ok())
        .unwrap_or(step)
}

impl Scene<'_> {
    fn step(&self) -> Option<&Step> {
        let index = usize::try_from(self.enrolment.step).ok()?;
        self.sop.steps.get(index)
    }

    /// What becomes of the step they stand before. `due` is when it was to be looked at.
    #[must_use]
    pub fn turn(&self, due: UnixMillis, switched_off: bool) -> Turn {
        let Some(step) = self.step() else {
            return Turn::Skip("the plan has fewer steps");
        };
        let due_at = self.due_at(step);
        if due_at > self.now {
            return Turn::Wait(due_at, "it is not due yet");
        }
        if self.exits() {
            return Turn::Exit;
        }
        if switched_off {
            return Turn::Idle(self.now.after(OFF), "the plan is switched off");
        }
        if let At::Local(at) = step.at
            && instant(at, self.zone) < self.enrolment.started_at
        {
            return Turn::Skip("its date was over when they began");
        }
        if step.speaks()
            && let Some(held) = self.missed(step, due).or_else(|| self.quiet(step))
        {
            return held;
        }
        let excluded = !step.exclude.is_empty() && holds(&step.exclude, self.contact, self.now);
        if excluded {
            return Turn::Skip("they are excluded from it");
        }
        if !step.condition.iter().all(|condition| self.holds(condition)) {
            return Turn::Skip("its condition does not hold");
        }
        self.held(step).unwrap_or(Turn::Do)
    }

    /// When a step was planned, whatever held it back.
    #[must_use]
    pub fn planned(&self, step: &Step) -> UnixMillis {
        planned(step.at, self.enrolment, self.zone)
    }

    fn due_at(&self, step: &Step) -> UnixMillis {
        due_at(step.at, self.enrolment, self.zone)
    }

    /// Whether the plan is over for them.
    pub(super) fn exits(&self) -> bool {
        let mut entries = self.sop.exit_when.iter();
        entries.any(|all| all.iter().all(|condition| self.holds(condition)))
    }

    fn holds(&self, condition: &Condition) -> bool {
        let began = self.enrolment.started_at;
        let wrote_since =
            |since: UnixMillis| self.contact.heard_at.is_some_and(|heard| heard > since);
        match condition {
            Condition::Contact(test) => holds(std::slice::from_ref(test), self.contact, self.now),
            Condition::Replied(wanted) => wrote_since(began) == *wanted,
            Condition::RepliedSinceLast(wanted) => {
                wrote_since(self.enrolment.last_step_at.unwrap_or(began)) == *wanted
            }
        }
    }

    /// After downtime: of several steps in a row at most the last is made up for.
    fn missed(&self, step: &Step, due: UnixMillis) -> Option<Turn> {
        if self.now.since(due) <= GRACE {
            return None;
        }
        if self.sop.missed == Missed::Skip {
            return Some(Turn::Missed("it was missed"));
        }
        let index = usize::try_from(self.enrolment.step).ok()?;
        let next = self.sop.steps.get(index + 1)?;
        let also_due = match next.at {
            At::After(wait) => self.due_at(step).after(wait),
            _ => self.due_at(next),
        };
        let overtaken = next.speaks() && also_due <= self.now;
        overtaken.then_some(Turn::Missed(
            "it was missed, and the next one is due already",
        ))
    }

    /// The plan's own quiet hours, and the company's. What gathers first is said a while
    /// later: that must not be at night either.
    fn quiet(&self, step: &Step) -> Option<Turn> {
        let gathers = step.sends() && step.via == Via::Broadcast;
        let gathered = gathers.then(|| self.now.after(GATHER_QUIET));
        let mut times = std::iter::once(self.now).chain(gathered);
        times.find_map(|at| self.quiet_at(at))
    }

    fn quiet_at(&self, now: UnixMillis) -> Option<Turn> {
        let own = self.sop.quiet.as_ref().and_then(|quiet| {
            match allowed_from(quiet, now, self.calendar, self.zone) {
                Some(at) if at == now => None,
                Some(at) if quiet.late == Late::Next => Some(Turn::Wait(at, "quiet hours")),
                _ => Some(Turn::Skip("quiet hours")),
            }
        });
        let company = || self.outreach.quiet(now, self.calendar, self.zone);
        own.or_else(|| company().map(turn_of))
    }

    /// Messages of all plans count together.
    fn held(&self, step: &Step) -> Option<Turn> {
        if !step.sends() {
            return None;
        }
        self.outreach_held(step).map(turn_of)
    }

    fn outreach_held(&self, step: &Step) -> Option<Held> {
        if !step.via.reaches_target() {
            return None;
        }
        let limit = match self.contact.person {
            Person::Group(_) => self.sop.limits.per_group,
            _ => self.sop.limits.per_contact,
        };
        let listener = Listener {
            contact: self.contact,
            calendar: self.calendar,
            zone: self.zone,
            now: self.now,
        };
        self.outreach.held(listener, limit)
    }

    /// Where they stand when the step is over.
    #[must_use]
    pub fn moved_on(&self) -> Progress {
        self.over_at(self.now)
    }

    /// Where they stand when the step was missed. It was over at its own time: the next one
    /// was missed too if its time has gone by, and is not done now merely because this one
    /// was looked at so late.
    #[must_use]
    pub fn missed_on(&self) -> Progress {
        let due_at = self.step().map_or(self.now, |step| self.due_at(step));
        self.over_at(due_at)
    }

    fn over_at(&self, at: UnixMillis) -> Progress {
        let now = self.now;
        let mut enrolment = self.enrolment.clone();
        enrolment.step = enrolment.step.saturating_add(1);
        enrolment.number = enrolment.number.map(|number| number.saturating_add(1));
        enrolment.last_step_at = Some(at);
        enrolment.held = None;
        let next = usize::try_from(enrolment.step).ok();
        let next = next.and_then(|index| self.sop.steps.get(index));
        let due = next.map(|step| due_at(step.at, &enrolment, self.zone));
        if due.is_none() {
            return Progress {
                enrolment: ended(&enrolment, SopEnding::Finished, now),
                due,
            };
        }
        Progress { enrolment, due }
    }
}

fn turn_of(held: Held) -> Turn {
    match held {
        Held::Until(at, why) => Turn::Wait(at, why),
        Held::Dropped(why) => Turn::Skip(why),
    }
}

/// The same, over.
#[must_use]
pub fn ended(enrolment: &Enrolment, how: SopEnding, now: UnixMillis) -> Enrolment {
    Enrolment {
        ended: Some(SopEnd { at: now, how }),
        ..enrolment.clone()
    }
}
