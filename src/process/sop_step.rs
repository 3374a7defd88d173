//! A step of an SOP that is due. No I/O.

use super::decide::{note_broadcasts, tag_changes};
use super::own::TaskScene;
use super::run_action::{Plan, Planner};
use super::sop_enter::enter;
use super::trace::SopLine;
use crate::config::Config;
use crate::domain::change::{ContactChange, SopChange};
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Enrolment, SopEnding};
use crate::domain::ids::{AppName, Person, SopId};
use crate::domain::inbound::{Inbound, Task, Trigger};
use crate::domain::timer::Timer;
use crate::rules::explain::Deed;
use crate::sops::Sop;
use crate::sops::lifecycle::{Progress, Scene, Turn, ended};
use crate::sops::model::{Doing, Kind};
use crate::store::{DecisionCommit, Delivery, RecordOutcome, RowOutcome, SopRow, SopRowKey};

/// The one timer of a contact in an SOP: only the next step waits.
pub(super) fn timer_key(sop: &SopId, person: &Person) -> String {
    format!("sop/{sop}/{}", person.key())
}

/// The timer of a step that is judged by the time at which it is due.
pub(super) fn sop_timer(
    config: &Config,
    app: &AppName,
    contact: &Contact,
    sop: &SopId,
    step: u32,
    due: UnixMillis,
) -> Timer {
    Timer {
        key: timer_key(sop, &contact.person),
        due,
        inbound: Inbound::about(
            contact,
            config.contact_app(app).clone(),
            due,
            Trigger::Own(Task::SopStep {
                sop: sop.clone(),
                step,
                run: None,
            }),
        ),
    }
}

/// Decides about a step that is due by the target's own timer.
pub(super) fn sop_step(
    task: &TaskScene<'_>,
    id: &SopId,
    step: u32,
    paused: bool,
    commit: &mut DecisionCommit,
) {
    let stands = task.contact.sops.get(id);
    let Some(enrolment) = stands.filter(|it| it.is_running() && it.step == step) else {
        commit.outcome = skipped("they are not at this step of the SOP any more");
        return;
    };
    let sops = &task.playbook.sops;
    let Some(sop) = sops.begun_with(id, &enrolment.version) else {
        commit.contact = Some(ContactChange {
            person: Some(task.contact.person.clone()),
            sops: vec![SopChange {
                sop: id.clone(),
                only_at: place(enrolment),
                to: ended(enrolment, SopEnding::Removed, task.now),
            }],
            ..ContactChange::default()
        });
        commit.outcome = skipped("the SOP is not in the files any more");
        return;
    };
    let due = Due::of(task, sop, enrolment, place(enrolment));
    due.decide(paused, commit);
}

/// Where somebody stands, for a change that is meant for those who stand there.
pub(super) fn place(enrolment: &Enrolment) -> Option<(UnixMillis, u32)> {
    Some((enrolment.started_at, enrolment.step))
}

/// A step that is due, and what it is judged by.
pub(super) struct Due<'t> {
    task: &'t TaskScene<'t>,
    scene: Scene<'t>,
    /// Where they must still stand in the store; none if they enter by this step.
    stands: Option<(UnixMillis, u32)>,
}

impl<'t> Due<'t> {
    pub(super) fn of(
        task: &'t TaskScene<'t>,
        sop: &'t Sop,
        enrolment: &'t Enrolment,
        stands: Option<(UnixMillis, u32)>,
    ) -> Self {
        let scene = Scene {
            sop,
            contact: task.contact,
            enrolment,
            outreach: task.playbook.sops.outreach(),
            calendar: task.playbook.rules.calendar(),
            zone: &task.config.timezone,
            now: task.now,
        };
        Self {
            task,
            scene,
            stands,
        }
    }

    /// Decides about it, and does what is decided.
    pub(super) fn decide(&self, paused: bool, commit: &mut DecisionCommit) {
        let Scene { sop, contact, .. } = self.scene;
        let group = contact.group.as_deref();
        if group.is_some_and(|group| group.dissolved_at.is_some()) {
            self.dissolved(commit);
            return;
        }
        let off = self.task.playbook.sops.get(&sop.id);
        let off = off.is_some_and(|sop| sop.off);
        let turn = match self.scene.turn(self.task.record.inbound.at, off || paused) {
            Turn::Idle(until, _) if paused => Turn::Idle(until, "the plan is paused"),
            turn => turn,
        };
        self.carry_out(turn, commit);
    }

    /// A group that is gone hears nothing any more.
    fn dissolved(&self, commit: &mut DecisionCommit) {
        let why = "the group was dissolved";
        let over = ended(self.scene.enrolment, SopEnding::Dissolved, self.task.now);
        commit.contact = Some(self.moved(over));
        commit.outcome = skipped(why);
        self.note(commit, RowOutcome::Exited, Some(why), None);
    }

    /// The step is left out, and where they stand does not change.
    pub(super) fn refuse(&self, why: &str, commit: &mut DecisionCommit) {
        commit.outcome = skipped(why);
        self.note(commit, RowOutcome::Skipped, Some(why), None);
    }
}

impl Due<'_> {
    fn carry_out(&self, turn: Turn, commit: &mut DecisionCommit) {
        let (sop, enrolment) = (self.scene.sop, self.scene.enrolment);
        match turn {
            Turn::Wait(until, why) => self.wait(until, until, why, commit),
            // When it comes again, it is as late as it is: it may have been missed.
            Turn::Idle(until, why) => self.wait(until, self.task.record.inbound.at, why, commit),
            Turn::Skip(why) | Turn::Missed(why) => {
                let missed = matches!(turn, Turn::Missed(_));
                let progress = if missed {
                    self.scene.missed_on()
                } else {
                    self.scene.moved_on()
                };
                let next = self.move_on(progress, commit);
                commit.outcome = skipped(why);
                self.note(commit, RowOutcome::Skipped, Some(why), next);
            }
            Turn::Exit => {
                let mut planner = self.planner();
                planner.run_all(&sop.id.origin(), &sop.then);
                let over = ended(enrolment, SopEnding::Exited, self.task.now);
                let change = self.moved(over);
                self.note(commit, RowOutcome::Exited, None, None);
                self.take(planner.finish(), change, commit);
            }
            Turn::Do => self.do_it(commit),
        }
    }

    /// It is looked at again then, and judged by the time `held`.
    fn wait(&self, until: UnixMillis, held: UnixMillis, why: &str, commit: &mut DecisionCommit) {
        let enrolment = self.scene.enrolment;
        let mut timer = self.timer(enrolment.step, until);
        timer.inbound.at = held;
        commit.timers.push(timer);
        commit.contact = Some(self.moved(Enrolment {
            held: Some(held),
            ..enrolment.clone()
        }));
        commit.outcome = skipped(why);
        self.note(commit, RowOutcome::Waiting, Some(why), Some(until));
    }

    fn do_it(&self, commit: &mut DecisionCommit) {
        let (sop, enrolment) = (self.scene.sop, self.scene.enrolment);
        let rule = sop.id.origin();
        let mut planner = self.planner();
        let (mut sent, mut reached, mut problem) = (0, false, None);
        let index = usize::try_from(enrolment.step).unwrap_or(usize::MAX);
        if let Some(step) = sop.steps.get(index) {
            for (index, doing) in step.actions.iter().enumerate() {
                match doing {
                    Doing::Act(action) => planner.run_one(&rule, index, action),
                    Doing::Send(template) => {
                        let deed = Deed {
                            action: doing.key().into(),
                            target: template.0.clone(),
                        };
                        let effects = planner.step(&rule, index, deed, |planner, origin| {
                            planner.send(template, &step.via, origin)
                        });
                        sent += effects;
                        reached |= effects > 0 && step.via.reaches_target();
                        problem = problem.or(planner.last_problem());
                    }
                }
            }
        }
        let plan = planner.finish();
        // A step may take them out of its own SOP.
        let stopped = plan.sops.iter().any(|change| change.sop == sop.id);
        let mut change = ContactChange::default();
        let mut next = None;
        if !stopped {
            let progress = self.scene.moved_on();
            next = progress.due;
            change = self.progress(progress, commit);
        }
        change.reached = reached;
        commit.reached = reached.then(|| self.scene.contact.reached.clone());
        self.note(commit, RowOutcome::Done, None, next);
        if let Some(row) = commit.rows.last_mut() {
            row.delivery = match (&problem, sent) {
                (None, 0) => Delivery::None,
                (Some(_), 0) => Delivery::Failed,
                _ => Delivery::Planned,
            };
            row.delivery_why.clone_from(&problem);
        }
        self.take(plan, change, commit);
    }

    fn planner(&self) -> Planner<'_> {
        let mut planner = self.task.planner();
        planner.for_version(&self.scene.sop.version);
        let row = SopRowKey {
            sop: self.scene.sop.id.clone(),
            run: self.scene.enrolment.started_at,
            target: self.task.contact.person.clone(),
            step: self.scene.enrolment.row(),
        };
        planner.for_row(row, self.scene.sop.audience_tags());
        planner
    }

    fn timer(&self, step: u32, due: UnixMillis) -> Timer {
        let app = &self.task.record.inbound.app;
        let (contact, id) = (self.task.contact, &self.scene.sop.id);
        sop_timer(self.task.config, app, contact, id, step, due)
    }

    fn progress(&self, progress: Progress, commit: &mut DecisionCommit) -> ContactChange {
        // The phases of a campaign begin for everybody at once.
        let own = !matches!(self.scene.sop.kind, Kind::Campaign { .. });
        if let Some(due) = progress.due.filter(|_| own) {
            commit.timers.push(self.timer(progress.enrolment.step, due));
        }
        self.moved(progress.enrolment)
    }

    pub(super) fn moved(&self, to: Enrolment) -> ContactChange {
        ContactChange {
            person: Some(self.task.contact.person.clone()),
            sops: vec![SopChange {
                sop: self.scene.sop.id.clone(),
                only_at: self.stands,
                to,
            }],
            ..ContactChange::default()
        }
    }

    fn move_on(&self, progress: Progress, commit: &mut DecisionCommit) -> Option<UnixMillis> {
        let next = progress.due;
        commit.contact = Some(self.progress(progress, commit));
        next
    }

    /// Takes over what the actions lead to.
    fn take(&self, plan: Plan, mut change: ContactChange, commit: &mut DecisionCommit) {
        change.person = Some(self.task.contact.person.clone());
        let steps = plan.into_commit(&mut change, commit);
        let mut trace = commit.trace.take().unwrap_or_default();
        trace["steps"] = serde_json::json!(steps);
        trace["tags"] = tag_changes(&change).into();
        note_broadcasts(&mut trace, commit);
        commit.trace = Some(trace);
        enter(self.task, &mut change, false, commit);
        commit.contact = Some(change);
        commit.outcome = RecordOutcome::Done {
            fired: vec![self.scene.sop.id.origin()],
        };
    }

    pub(super) fn note(
        &self,
        commit: &mut DecisionCommit,
        outcome: RowOutcome,
        why: Option<&str>,
        next: Option<UnixMillis>,
    ) {
        let (sop, enrolment) = (self.scene.sop, self.scene.enrolment);
        let index = usize::try_from(enrolment.step).ok();
        let step = index.and_then(|index| sop.steps.get(index));
        let line = SopLine {
            sop: sop.id.clone(),
            version: sop.version.clone(),
            step: enrolment.row(),
            name: step.and_then(|step| step.name.clone()),
            planned: step.map(|step| self.scene.planned(step)),
            actual: self.task.now,
            outcome,
            why: why.map(str::to_owned),
            next,
        };
        tracing::info!(
            record = %self.task.record.id,
            sop = %sop.id,
            step = enrolment.step,
            outcome = outcome.word(),
            why,
            "a step of an SOP came due"
        );
        commit.rows.push(SopRow {
            sop: line.sop.clone(),
            version: line.version.clone(),
            step: line.step,
            name: line.name.clone(),
            target: self.task.contact.person.clone(),
            run: enrolment.started_at,
            planned: line.planned.unwrap_or(line.actual),
            actual: line.actual,
            outcome,
            why: line.why.clone(),
            delivery: Delivery::None,
            delivery_why: None,
            delivery_at: None,
            broadcast: None,
        });
        commit.trace = Some(serde_json::json!({ "sop": line }));
    }
}

pub(super) fn skipped(reason: &str) -> RecordOutcome {
    RecordOutcome::Skipped {
        reason: reason.to_owned(),
    }
}
