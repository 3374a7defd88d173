//! A step that is part of a run for everybody, and what operators do to everybody. No I/O.

use std::cmp::Ordering;

use super::own::TaskScene;
use super::sop_step::{Due, place, skipped, sop_timer, timer_key};
use crate::domain::change::{ContactChange, SopChange};
use crate::domain::contact::{Enrolment, SopEnding};
use crate::domain::ids::SopId;
use crate::domain::inbound::{RunRef, SopMove};
use crate::sops::Sop;
use crate::sops::lifecycle::{ended, landed};
use crate::sops::model::Kind;
use crate::sops::phases::same;
use crate::sops::timing::due_at;
use crate::store::{DecisionCommit, RecordOutcome, RowOutcome};

/// Decides about a step that a run has begun for one target.
pub(super) fn run_step(
    task: &TaskScene<'_>,
    (id, step, run): (&SopId, u32, &RunRef),
    paused: bool,
    commit: &mut DecisionCommit,
) {
    let Some(sop) = task.playbook.sops.begun_with(id, &run.version) else {
        commit.outcome = skipped("the SOP is not in the files any more");
        return;
    };
    let before = task.contact.sops.get(id);
    let same = before.filter(|it| it.started_at == run.at);
    let stands =
        same.map(|it| Stands::of(it, task.playbook.sops.exactly(id, &it.version), (sop, step)));
    if same.is_some_and(Enrolment::is_running) && stands == Some(Stands::Behind) {
        commit.outcome = skipped("they have had this step");
        return;
    }
    let enrolment = Enrolment {
        version: run.version.clone(),
        step,
        number: run.number,
        held: None,
        ended: None,
        ..same
            .cloned()
            .unwrap_or_else(|| Enrolment::begin(run.version.clone(), run.at))
    };
    // Who was through with the version before has the phases still to come that it lacked.
    let over = same.and_then(|it| it.ended.as_ref());
    let added =
        over.is_some_and(|end| end.how == SopEnding::Finished) && stands == Some(Stands::Before);
    let due = Due::of(
        task,
        sop,
        &enrolment,
        same.filter(|_| !added).and_then(place),
    );
    let elsewhere = same.is_none() && before.is_some_and(Enrolment::is_running);
    if over.is_some() && !added {
        due.refuse("it is over for them", commit);
    } else if elsewhere {
        due.refuse("they are still in the run before", commit);
    } else if !sop.is_for(task.contact, task.now) {
        due.refuse("it is not for them any more", commit);
    } else {
        let earlier = same.filter(|it| it.is_running() && stands == Some(Stands::Before));
        if let Some(earlier) = earlier {
            let theirs = task.playbook.sops.begun_with(id, &earlier.version);
            let overtaken = Due::of(task, theirs.unwrap_or(sop), earlier, place(earlier));
            overtaken.refuse("the next phase came first", commit);
            commit
                .remove_timers
                .push(timer_key(id, &task.contact.person));
        }
        due.decide(paused, commit);
    }
}

/// Where somebody stands, seen from a phase that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// They have not come to it.
    Before,
    /// It is the one they wait for.
    At,
    /// They have had it.
    Behind,
}

impl Stands {
    /// `theirs` is the version of the plan that the enrolment counts its steps by, if that is
    /// known. In another version the phase may stand in another place.
    fn of(enrolment: &Enrolment, theirs: Option<&Sop>, phase: (&Sop, u32)) -> Self {
        let (sop, step) = phase;
        let place = if enrolment.version == sop.version {
            Some(step)
        } else {
            let Some(theirs) = theirs else {
                return Self::At;
            };
            let mut places = (0..).take(theirs.steps.len());
            places.find(|place| same((theirs, *place), phase))
        };
        match place.map(|place| place.cmp(&enrolment.step)) {
            Some(Ordering::Less) => Self::Behind,
            Some(Ordering::Equal) => Self::At,
            Some(Ordering::Greater) | None => Self::Before,
        }
    }
}

/// Moves one target out of an SOP, to another version, or on.
pub(super) fn sop_move(
    task: &TaskScene<'_>,
    id: &SopId,
    to: &SopMove,
    commit: &mut DecisionCommit,
) {
    let stands = task.contact.sops.get(id);
    let Some(enrolment) = stands.filter(|it| it.is_running()) else {
        commit.outcome = skipped("they are not in this SOP");
        return;
    };
    match to {
        SopMove::Out => out(task, id, enrolment, commit),
        SopMove::To(version) => {
            let sop = task.playbook.sops.get(id);
            match sop.filter(|sop| sop.version == *version) {
                Some(sop) => migrate(task, sop, enrolment, commit),
                None => {
                    commit.outcome = skipped("the SOP has changed again");
                    return;
                }
            }
        }
        SopMove::On => match task.playbook.sops.begun_with(id, &enrolment.version) {
            Some(sop) => wake(task, sop, enrolment, commit),
            None => {
                commit.outcome = skipped("the SOP is not in the files any more");
                return;
            }
        },
    }
    commit.outcome = RecordOutcome::Done {
        fired: vec![id.origin()],
    };
}

fn out(task: &TaskScene<'_>, id: &SopId, enrolment: &Enrolment, commit: &mut DecisionCommit) {
    if let Some(sop) = task.playbook.sops.begun_with(id, &enrolment.version) {
        let due = Due::of(task, sop, enrolment, place(enrolment));
        let why = "the SOP was cancelled";
        due.note(commit, RowOutcome::Exited, Some(why), None);
    }
    let over = ended(enrolment, SopEnding::Cancelled, task.now);
    commit.contact = Some(change(task, id, enrolment, over));
    commit
        .remove_timers
        .push(timer_key(id, &task.contact.person));
}

fn migrate(task: &TaskScene<'_>, sop: &Sop, enrolment: &Enrolment, commit: &mut DecisionCommit) {
    let old = task.playbook.sops.begun_with(&sop.id, &enrolment.version);
    let step = old.map_or(enrolment.step, |old| landed(old, sop, enrolment.step));
    // What they have had keeps its rows.
    let row = step.max(enrolment.row());
    let mut moved = Enrolment {
        version: sop.version.clone(),
        step,
        number: (row != step).then_some(row),
        held: None,
        ..enrolment.clone()
    };
    if usize::try_from(step).is_ok_and(|step| step >= sop.steps.len()) {
        moved = ended(&moved, SopEnding::Finished, task.now);
        commit
            .remove_timers
            .push(timer_key(&sop.id, &task.contact.person));
    } else {
        wake(task, sop, &moved, commit);
    }
    commit.contact = Some(change(task, &sop.id, enrolment, moved));
}

/// Sets the timer of the step that they stand before.
fn wake(task: &TaskScene<'_>, sop: &Sop, enrolment: &Enrolment, commit: &mut DecisionCommit) {
    let index = usize::try_from(enrolment.step).ok();
    let Some(step) = index.and_then(|index| sop.steps.get(index)) else {
        return;
    };
    let due = due_at(step.at, enrolment, &task.config.timezone);
    let held = enrolment.held.unwrap_or(due);
    // The phases of a campaign begin for everybody at once; only what waits is woken.
    if matches!(sop.kind, Kind::Campaign { .. }) && held > task.now {
        return;
    }
    let (contact, app) = (task.contact, &task.record.inbound.app);
    let due = held.max(task.now);
    let mut timer = sop_timer(task.config, app, contact, &sop.id, enrolment.step, due);
    // What came due while it waited for an operator was missed, as when the server is down.
    timer.inbound.at = held;
    commit.timers.push(timer);
}

fn change(task: &TaskScene<'_>, id: &SopId, from: &Enrolment, to: Enrolment) -> ContactChange {
    ContactChange {
        person: Some(task.contact.person.clone()),
        sops: vec![SopChange {
            sop: id.clone(),
            only_at: place(from),
            to,
        }],
        ..ContactChange::default()
    }
}

#[cfg(test)]
mod tests;
