//! What is done for everybody of a plan at once: the runs of recurring plans, the phases of
//! campaigns, and what operators do to all who are in a plan. Pure.
//!
//! A run is a small row that says how far it has got. [`Watch`] says up to when a plan has
//! been looked after: whatever was planned until then has been begun or left out for good, so
//! a second look, a restart or a clock that was set back begins nothing twice.

use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub use super::control::{Approval, Control};
use super::model::{At, Kind, Missed, Sop};
use super::phases::{Begun, key};
use super::recurrence::{last, next};
use super::timing::instant;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::ids::{AppName, Person, SopId};
use crate::domain::inbound::{Inbound, RunRef, SopMove, Task, Trigger};
use crate::rules::Calendar;

/// What is begun later than this was missed: the server was down.
pub const GRACE: Duration = Duration::from_secs(3600);

/// Why something was left out that nobody is to make up for.
pub(super) const MISSED: &str = "it was missed: the server was down";

/// Something that is done for everybody, page by page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The plan.
    pub sop: SopId,
    /// Its version.
    pub version: String,
    /// What is done.
    pub work: Work,
    /// What the phase of a campaign is known by, whatever edits put before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// The number under which its rows are written, where that is not the step's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// The time that it stands for.
    pub planned: UnixMillis,
    /// When it began, or was left out.
    pub began: UnixMillis,
    /// Everybody up to this one has been looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Person>,
    /// So many were looked at.
    #[serde(default)]
    pub looked: u64,
    /// For so many there was something to do.
    #[serde(default)]
    pub taken: u64,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<UnixMillis>,
    /// Why nothing was done, or less than planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// A step for everybody for whom the plan is.
    Step {
        /// When the whole run began: what tells it from other runs of the plan.
        run: UnixMillis,
        /// The step, counted from 0.
        step: u32,
    },
    /// Everybody who is in it leaves.
    Cancel,
    /// Everybody who is in it goes on with the newest version.
    Migrate,
    /// Everybody who waits in it is looked at again.
    Resume,
}

impl Work {
    /// The word used in lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Step { .. } => "step",
            Self::Cancel => "cancel",
            Self::Migrate => "migrate",
            Self::Resume => "resume",
        }
    }
}

impl Run {
    /// A run at its beginning.
    #[must_use]
    pub fn new(sop: &Sop, work: Work, planned: UnixMillis, now: UnixMillis) -> Self {
        Self {
            planned,
            ..Self::of(sop.id.clone(), sop.version.clone(), work, now)
        }
    }

    /// Something that an operator wishes now.
    #[must_use]
    pub fn of(sop: SopId, version: String, work: Work, now: UnixMillis) -> Self {
        Self {
            sop,
            version,
            work,
            phase: None,
            number: None,
            planned: now,
            began: now,
            cursor: None,
            looked: 0,
            taken: 0,
            ended: None,
            why: None,
        }
    }

    /// Whether there is anything to do for a contact.
    #[must_use]
    pub fn concerns(&self, sop: &Sop, contact: &Contact, now: UnixMillis) -> bool {
        let enrolment = contact.sops.get(&self.sop).filter(|one| one.is_running());
        match self.work {
            Work::Step { .. } => sop.is_for(contact, now),
            Work::Migrate => enrolment.is_some_and(|one| one.version != sop.version),
            Work::Cancel | Work::Resume => enrolment.is_some(),
        }
    }

    /// What goes into the inbox for a contact.
    #[must_use]
    pub fn inbound(&self, sop: &Sop, contact: &Contact, app: AppName, now: UnixMillis) -> Inbound {
        let moving = |to| Task::SopMove {
            sop: self.sop.clone(),
            to,
        };
        let task = match self.work {
            Work::Step { run: at, step } => Task::SopStep {
                sop: self.sop.clone(),
                step,
                run: Some(RunRef {
                    at,
                    version: self.version.clone(),
                    number: self.number,
                }),
            },
            Work::Cancel => moving(SopMove::Out),
            Work::Migrate => moving(SopMove::To(sop.version.clone())),
            Work::Resume => moving(SopMove::On),
        };
        // Of what begins after downtime only the last is made up for; what began in time is
        // not missed because its pages take long.
        let late = self.began.since(self.planned) > GRACE;
        let at = if late { self.planned } else { now };
        Inbound::about(contact, app, at, Trigger::Own(task))
    }

    /// The same, left out for this reason.
    #[must_use]
    pub fn left_out(self, why: &str) -> Self {
        Self {
            ended: Some(self.began),
            why: Some(why.to_owned()),
            ..self
        }
    }

    /// Whether it was left out from the first: nobody was looked at.
    #[must_use]
    pub fn was_left_out(&self) -> bool {
        self.ended == Some(self.began) && self.why.is_some()
    }

    /// What it is kept under. The same step of the same run is kept under the same name; a
    /// phase keeps it wherever an edit puts it.
    #[must_use]
    pub fn name(&self) -> String {
        let (sop, word) = (&self.sop, self.work.word());
        match (self.work, &self.phase) {
            (Work::Step { run, .. }, Some(phase)) => {
                format!("{RUNS}{sop}/{word}/{}/phase/{phase}", run.0)
            }
            (Work::Step { run, step }, None) => format!("{RUNS}{sop}/{word}/{}/{step}", run.0),
            _ => format!("{RUNS}{sop}/{word}/{}", self.began.0),
        }
    }
}

/// The names of runs begin so.
pub const RUNS: &str = "sop-run/";
/// The names of [`Control`]s begin so.
pub const CONTROLS: &str = "sop-control/";
/// The names of [`Watch`]es begin so.
pub const WATCHES: &str = "sop-watch/";

/// Up to when a plan has been looked after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// What was planned until then has been begun or left out.
    pub until: UnixMillis,
    /// When a campaign began: at its approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<UnixMillis>,
    /// The phases that have begun since then: none of them begins again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub begun: Vec<Begun>,
}

impl Watch {
    /// Nothing has begun yet; what was planned until now is over.
    #[must_use]
    pub fn from(until: UnixMillis) -> Self {
        Self {
            until,
            started: None,
            begun: Vec::new(),
        }
    }
}

/// What a plan is looked after by.
#[derive(Debug, Clone, Copy)]
pub struct Outlook<'a> {
    /// The plan.
    pub sop: &'a Sop,
    /// What operators have said.
    pub control: &'a Control,
    /// Holidays.
    pub calendar: &'a Calendar,
    /// The company's zone.
    pub zone: &'a TimeZone,
    /// Now.
    pub now: UnixMillis,
}

/// What is to be done about a plan now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begin {
    /// The run that begins, or is left out; none if only the watch moves.
    pub run: Option<Run>,
    /// Up to when it is looked after then.
    pub watch: Watch,
}

impl Outlook<'_> {
    /// Whether the plan begins anything for everybody.
    #[must_use]
    pub fn has_runs(&self) -> bool {
        match &self.sop.kind {
            Kind::Lifecycle => false,
            Kind::Group => self.first_date().is_some(),
            Kind::Recurring(_) | Kind::Campaign { .. } => true,
        }
    }

    /// Why nothing begins at the moment.
    #[must_use]
    pub fn held(&self) -> Option<&'static str> {
        if self.sop.off {
            return Some("the plan is switched off");
        }
        if self.control.paused.is_some() {
            return Some("the plan is paused");
        }
        let campaign = matches!(self.sop.kind, Kind::Campaign { .. });
        if campaign && self.control.cancelled.is_some() {
            return Some("the plan was cancelled");
        }
        let unapproved = self.needs_approval() && self.approved_at().is_none();
        unapproved.then_some("nobody has approved it")
    }

    /// Whether a person has to let it begin.
    #[must_use]
    pub fn needs_approval(&self) -> bool {
        self.sop.kind == Kind::Campaign { approve: true }
    }

    /// When somebody approved it as it is written now.
    #[must_use]
    pub fn approved_at(&self) -> Option<UnixMillis> {
        let approval = self.control.approved.as_ref()?;
        (approval.version == self.sop.version).then_some(approval.at)
    }

    /// What is to be done about the plan now. `watch` is none at the first look.
    #[must_use]
    pub fn begin(&self, watch: Option<Watch>) -> Option<Begin> {
        let Some(watch) = watch else {
            // What was to be before anybody knew of the plan is over.
            let watch = Watch::from(self.now);
            return Some(Begin { run: None, watch });
        };
        if watch.until > self.now.after(GRACE) {
            // The clock was far ahead and is set back: what it begins again is known by name.
            let until = self.now;
            let watch = Watch { until, ..watch };
            return Some(Begin { run: None, watch });
        }
        match &self.sop.kind {
            Kind::Lifecycle => None,
            Kind::Group => self.at_first_date(watch),
            Kind::Recurring(_) => self.recurring(watch),
            Kind::Campaign { .. } => self.campaign(watch),
        }
    }

    /// When it begins something next, as far as that can be said.
    #[must_use]
    pub fn next(&self, watch: Option<&Watch>) -> Option<UnixMillis> {
        let after = watch.map_or(self.now, |watch| watch.until.max(self.now));
        match &self.sop.kind {
            Kind::Lifecycle => None,
            Kind::Group => self.first_date().filter(|at| *at > after),
            Kind::Recurring(every) => next(every, after, self.calendar, self.zone),
            Kind::Campaign { .. } => {
                let begun = |(step, at)| watch.is_some_and(|it| self.has_begun(it, step, at));
                let mut open = self.phases().filter(|phase| !begun(*phase));
                open.find(|(_, at)| *at > after).map(|(_, at)| at)
            }
        }
    }

    /// The phases of a campaign with their times.
    pub fn phases(&self) -> impl Iterator<Item = (u32, UnixMillis)> {
        let steps = self.sop.steps.iter();
        (0..).zip(steps.filter_map(|step| match step.at {
            At::Local(at) => Some(instant(at, self.zone)),
            _ => None,
        }))
    }

    /// Whether a phase has begun already, be it at another time or place in the file.
    #[must_use]
    pub fn has_begun(&self, watch: &Watch, step: u32, at: UnixMillis) -> bool {
        let key = key(self.sop, step);
        let mut begun = watch.begun.iter();
        begun.any(|begun| begun.is(key.as_deref(), at))
    }

    fn first_date(&self) -> Option<UnixMillis> {
        match self.sop.steps.first()?.at {
            At::Local(at) => Some(instant(at, self.zone)),
            _ => None,
        }
    }

    fn recurring(&self, watch: Watch) -> Option<Begin> {
        let Kind::Recurring(every) = &self.sop.kind else {
            return None;
        };
        let at = last(every, watch.until, self.now, self.calendar, self.zone)?;
        let missed = self.now.since(at) > GRACE && self.sop.missed == Missed::Skip;
        let why = self.held();
        let why = why.or(missed.then_some(MISSED));
        let run = Run::new(self.sop, Work::Step { run: at, step: 0 }, at, self.now);
        Some(Begin {
            run: Some(why.map_or(run.clone(), |why| run.left_out(why))),
            watch: Watch { until: at, ..watch },
        })
    }

    fn at_first_date(&self, watch: Watch) -> Option<Begin> {
        let at = self.first_date()?;
        let due = watch.until < at && at <= self.now;
        if !due || self.held().is_some() {
            return None;
        }
        let run = Run::new(self.sop, Work::Step { run: at, step: 0 }, at, self.now);
        let missed = self.now.since(at) > GRACE && self.sop.missed == Missed::Skip;
        Some(Begin {
            run: Some(if missed { run.left_out(MISSED) } else { run }),
            watch: Watch { until: at, ..watch },
        })
    }

    fn campaign(&self, watch: Watch) -> Option<Begin> {
        // While it is held, the phases wait; those that are then over are left out.
        if self.held().is_some() {
            return None;
        }
        let approved = self.approved_at().filter(|_| self.needs_approval());
        let started = watch.started.or(approved).unwrap_or(watch.until);
        let mut due = self.phases().filter(|(step, at)| {
            watch.until < *at && *at <= self.now && !self.has_begun(&watch, *step, *at)
        });
        let (step, at) = due.next()?;
        let speaks = |step: u32| {
            let index = usize::try_from(step).ok();
            index
                .and_then(|index| self.sop.steps.get(index))
                .is_some_and(super::model::Step::speaks)
        };
        let late = self.now.since(at) > GRACE && speaks(step);
        let overtaken = due.any(|(later, _)| speaks(later));
        let why = if approved.is_some_and(|approved| at < approved) {
            Some("its date was over when it was approved")
        } else if late && overtaken {
            Some("it was missed, and the next one is due already")
        } else {
            None
        };
        let work = Work::Step { run: started, step };
        let number = Begun::next_number(&watch.begun, step);
        let run = Run {
            phase: key(self.sop, step),
            number: (number != step).then_some(number),
            ..Run::new(self.sop, work, at, self.now)
        };
        let mut begun = watch.begun;
        if why.is_none() {
            let key = run.phase.clone();
            begun.push(Begun { key, at, number });
        }
        Some(Begin {
            run: Some(why.map_or(run.clone(), |why| run.left_out(why))),
            watch: Watch {
                until: at,
                started: Some(started),
                begun,
            },
        })
    }
}

#[cfg(test)]
mod jumps;
#[cfg(test)]
mod tests;
