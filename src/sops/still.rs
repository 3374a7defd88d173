//! Whether what was decided to be said earlier is still to be said: asked at the last moment,
//! after it has gathered with others or waited for the morning. Pure.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::control::Pause;
use super::lifecycle::Scene;
use super::model::{Cap, Doing, Missed, Sop, SopSet, Step};
use super::outreach::Listener;
use super::quiet::allowed_from;
use super::run::{self, Control, GRACE};
use super::timing::room;
use crate::domain::action::Action;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Enrolment, SopEnding, TagMark};
use crate::domain::effect::SopRowKey;
use crate::domain::ids::{Person, UserId};

/// Why somebody is left out who is not with the member any more.
pub const NOT_A_FRIEND: &str = "no longer a contact of the member";
/// Why something is left out that was due in a pause, by a plan that makes up for nothing.
const PAUSED: &str = "it was missed: the plan was paused";
const LEFT: &str = "they have left the SOP";

/// What is to be said, and what was decided about it.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The step of the plan that wants it; none if a rule does.
    pub row: Option<&'a SopRowKey>,
    /// When that was decided.
    pub at: UnixMillis,
    /// The customer or the group hears it, not colleagues only.
    pub heard: bool,
    /// What counted them for the caps when it was decided stands at this time.
    pub counted: Option<UnixMillis>,
    /// The member whose contact they must be, if it goes through one.
    pub sender: Option<&'a UserId>,
}

/// What it is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// About whom it is, as they are now, and when that is.
    pub listener: Listener<'a>,
    /// All plans.
    pub sops: &'a SopSet,
    /// What operators have said about the plan.
    pub control: &'a Control,
    /// When nobody ran for long.
    pub downtimes: &'a [Pause],
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Still {
    /// It is said.
    Wanted,
    /// Operators do not want it now.
    Waits(&'static str),
    /// Operators took it back.
    Cancelled(&'static str),
    /// It is not said any more.
    Refused(&'static str),
    /// Its time has gone by, and its plan makes up for nothing.
    Missed(&'static str),
}

impl Look<'_> {
    /// Whether it is still to be said.
    #[must_use]
    pub fn at(&self, said: Said<'_>) -> Still {
        let plan = match said.row.map(|row| self.sops.get(&row.sop)) {
            Some(None) => return Still::Refused("the SOP is not in the files any more"),
            Some(Some(plan)) => Some(&**plan),
            None => None,
        };
        let cancelled = self.control.cancelled;
        if plan.is_some() && cancelled.is_some_and(|at| at >= said.at) {
            return Still::Cancelled("the SOP was cancelled");
        }
        let left = || plan.zip(said.row).and_then(|(_, row)| self.left(row, said));
        let why = self.gone(said).or_else(left).or_else(|| self.unheard(said));
        let why = why.or_else(|| self.full(plan, said));
        match (why, plan) {
            (Some(why), _) => Still::Refused(why),
            (None, Some(_)) if self.control.paused.is_some() => Still::Waits("the plan is paused"),
            (None, Some(plan)) if plan.off => Still::Waits("the plan is switched off"),
            (None, _) => {
                let missed = said.row.and_then(|row| self.missed(row, said));
                missed.map_or(Still::Wanted, Still::Missed)
            }
        }
    }

    /// The plan they are in by this run, as it was when they began, and where they stand.
    fn begun(&self, row: &SopRowKey) -> Option<(&Arc<Sop>, Cow<'_, Enrolment>)> {
        let current = self.sops.get(&row.sop)?;
        let stands = self.listener.contact.sops.get(&row.sop);
        let stands = stands.filter(|it| it.started_at == row.run);
        let enrolment = match stands {
            Some(stands) => Cow::Borrowed(stands),
            None => Cow::Owned(Enrolment::begin(current.version.clone(), row.run)),
        };
        let sop = self.sops.begun_with(&row.sop, &enrolment.version)?;
        Some((sop, enrolment))
    }

    /// A pause or a downtime has kept it too long for a plan that makes up for nothing. The
    /// night would have kept it anyway.
    fn missed(&self, row: &SopRowKey, said: Said<'_>) -> Option<&'static str> {
        let (sop, _) = self
            .begun(row)
            .filter(|(sop, _)| sop.missed == Missed::Skip)?;
        let allowed = |at: UnixMillis| {
            let quiet = self.sops.outreach().quiet.iter().chain(&sop.quiet);
            let ends = quiet
                .filter_map(|it| allowed_from(it, at, self.listener.calendar, self.listener.zone));
            ends.max().unwrap_or(at)
        };
        // What leaves long after the pause was kept by something else.
        let kept = |pause: &Pause| {
            self.listener.now.since(pause.until) <= GRACE
                && pause.until.since(allowed(said.at.max(pause.from))) > GRACE
        };
        let paused = self.control.pauses.iter().any(kept);
        let down = || self.downtimes.iter().any(kept);
        paused
            .then_some(PAUSED)
            .or_else(|| down().then_some(run::MISSED))
    }

    /// They are not there any more. Who was gone before it was decided is meant to be told of.
    fn gone(&self, said: Said<'_>) -> Option<&'static str> {
        let contact = self.listener.contact;
        let group = contact.group.as_deref();
        if group.is_some_and(|group| group.dissolved_at.is_some_and(|at| at >= said.at)) {
            return Some("the group was dissolved");
        }
        let lost = contact.lost_at.is_some_and(|at| at >= said.at);
        let is = |sender: &UserId| {
            let mut followers = contact.followers.iter();
            followers.any(|one| one.userid.0.eq_ignore_ascii_case(&sender.0))
        };
        let customer = matches!(contact.person, Person::External(_));
        let strange = customer && said.sender.is_some_and(|sender| !is(sender));
        (lost || strange).then_some(NOT_A_FRIEND)
    }

    /// They have left the plan since, or its `exit_when` holds.
    fn left(&self, row: &SopRowKey, said: Said<'_>) -> Option<&'static str> {
        let stands = self.listener.contact.sops.get(&row.sop);
        let stands = stands.filter(|it| it.started_at == row.run);
        let over = stands.and_then(|it| it.ended.as_ref());
        if let Some(end) = over.filter(|end| end.how != SopEnding::Finished) {
            // What is said because they leave, or by the step that takes them out, is said.
            return (end.at > said.at).then_some(LEFT);
        }
        let (sop, enrolment) = self.begun(row)?;
        let index = usize::try_from(row.step).ok();
        let step = index.and_then(|index| sop.steps.get(index));
        let before = without(self.listener.contact, sop, step);
        let exits = |contact: &Contact| {
            let scene = Scene {
                sop,
                contact,
                enrolment: &enrolment,
                outreach: self.sops.outreach(),
                calendar: self.listener.calendar,
                zone: self.listener.zone,
                now: self.listener.now,
            };
            scene.exits()
        };
        (exits(self.listener.contact) && exits(&before)).then_some(LEFT)
    }

    fn unheard(&self, said: Said<'_>) -> Option<&'static str> {
        let shuns = said.heard && self.sops.outreach().shuns(self.listener.contact);
        shuns.then_some("they do not want to be disturbed")
    }

    fn full(&self, plan: Option<&Sop>, said: Said<'_>) -> Option<&'static str> {
        let counted = said.counted.filter(|_| said.heard)?;
        self.crowded(plan, counted, counted)
    }

    /// It comes in another day, week or hour than it was `counted` in, and that one is full
    /// without it. By now what counts it stands at `own`.
    fn crowded(
        &self,
        plan: Option<&Sop>,
        counted: UnixMillis,
        own: UnixMillis,
    ) -> Option<&'static str> {
        let mut others = self.listener.contact.reached.clone();
        let own = others.iter().rposition(|at| *at == own)?;
        others.remove(own);
        let mut caps = caps(self.sops, plan, self.listener.contact);
        let full = caps.any(|cap| {
            moved(cap, counted, self.listener.now, self.listener.zone)
                && room(cap, &others, self.listener.now, self.listener.zone).is_some()
        });
        full.then_some("the limit of messages is reached")
    }

    /// What was counted then is counted now instead, and others may have been meanwhile.
    #[must_use]
    pub fn counted_now(&self, row: Option<&SopRowKey>, counted: UnixMillis) -> Still {
        let plan = row.and_then(|row| self.sops.get(&row.sop));
        let why = self.crowded(plan.map(|plan| &**plan), counted, self.listener.now);
        why.map_or(Still::Wanted, Still::Refused)
    }

    /// Whether what was counted then belongs to another day, week or hour by now.
    #[must_use]
    pub fn counts_anew(&self, row: Option<&SopRowKey>, counted: UnixMillis) -> bool {
        let plan = row.and_then(|row| self.sops.get(&row.sop));
        let mut caps = caps(self.sops, plan.map(|plan| &**plan), self.listener.contact);
        caps.any(|cap| moved(cap, counted, self.listener.now, self.listener.zone))
    }
}

fn caps<'a>(
    sops: &'a SopSet,
    plan: Option<&Sop>,
    contact: &Contact,
) -> impl Iterator<Item = Cap> + use<'a> {
    let outreach = sops.outreach();
    let (all, own) = match contact.person {
        Person::Group(_) => (
            &outreach.per_group,
            plan.and_then(|plan| plan.limits.per_group),
        ),
        _ => (
            &outreach.per_contact,
            plan.and_then(|plan| plan.limits.per_contact),
        ),
    };
    all.iter().copied().chain(own)
}

fn moved(cap: Cap, from: UnixMillis, to: UnixMillis, zone: &TimeZone) -> bool {
    let one = Cap { most: 1, ..cap };
    room(one, &[from], to, zone).is_none()
}

/// Somebody as they would be without what the plan itself has set: that is no reason to keep
/// from them what the same step says.
fn without(contact: &Contact, sop: &Sop, step: Option<&Step>) -> Contact {
    let mut contact = contact.clone();
    let origin = sop.id.origin();
    contact
        .tags
        .retain(|_, mark| mark.rule.as_ref() != Some(&origin));
    let actions = step.into_iter().flat_map(|step| &step.actions);
    for action in actions {
        match action {
            Doing::Act(Action::Set { attribute, .. }) => {
                contact.attributes.remove(attribute);
            }
            Doing::Act(Action::Untag(tag)) => {
                let at = contact.added_at.unwrap_or(UnixMillis(0));
                contact.tags.insert(tag.clone(), TagMark::told(at));
            }
            Doing::Act(Action::Points { add, .. }) => {
                contact.points = contact.points.saturating_sub(*add);
            }
            Doing::Act(_) | Doing::Send(_) => {}
        }
    }
    contact
}

#[cfg(test)]
mod tests;
