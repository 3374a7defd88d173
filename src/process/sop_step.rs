//! A step of an SOP that is due, and who enters an SOP by a decision. No I/O.

use super::decide::{note_broadcasts, tag_changes};
use super::own::TaskScene;
use super::run_action::{Plan, Planner};
use super::trace::SopLine;
use crate::config::Config;
use crate::domain::change::{ContactChange, SopChange};
use crate::domain::clock::UnixMillis;
use crate::domain::contact::{Contact, Enrolment, SopEnding};
use crate::domain::ids::{AppName, Person, RuleId, SopId};
use crate::domain::inbound::{Author, Channel, Inbound, ReplyPath, Task, Trigger};
use crate::domain::timer::Timer;
use crate::rules::explain::Deed;
use crate::sops::lifecycle::{Progress, Scene, Turn, ended, entered};
use crate::sops::model::Doing;
use crate::store::{DecisionCommit, Delivery, RecordOutcome, RowOutcome, SopRow, SopRowKey};

/// The one timer of a contact in an SOP: only the next step waits.
pub(super) fn timer_key(sop: &SopId, person: &Person) -> String {
    format!("sop/{sop}/{}", person.key())
}

/// The timer of a step.
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
        inbound: Inbound {
            channel: Channel::Contact,
            app: config.contact_app(app).clone(),
            at: due,
            person: Some(contact.person.clone()),
            author: Author::System,
            conversation: contact.conversation(),
            trigger: Trigger::Own(Task::SopStep {
                sop: sop.clone(),
                step,
            }),
            reply_path: ReplyPath::None,
        },
    }
}

/// On whose behalf a step acts: what a rule's id is for a rule.
fn origin_of(sop: &SopId) -> RuleId {
    RuleId(format!("sop/{sop}"))
}

/// Decides about a step that is due.
pub(super) fn sop_step(task: &TaskScene<'_>, id: &SopId, step: u32, commit: &mut DecisionCommit) {
    let stands = task.contact.sops.get(id);
    let Some(enrolment) = stands.filter(|it| it.is_running() && it.step == step) else {
        commit.outcome = skipped("they are not at this step of the SOP any more");
        return;
    };
    let sops = &task.playbook.sops;
    let Some(sop) = sops.begun_with(id, &enrolment.version) else {
        let removed = ended(enrolment, SopEnding::Removed, task.now);
        commit.contact = Some(moved(task, id, enrolment, removed));
        commit.outcome = skipped("the SOP is not in the files any more");
        return;
    };
    let scene = Scene {
        sop,
        contact: task.contact,
        enrolment,
        calendar: task.playbook.rules.calendar(),
        zone: &task.config.timezone,
        now: task.now,
    };
    let switched_off = sops.get(id).is_some_and(|sop| sop.off);
    let turn = scene.turn(task.record.inbound.at, switched_off);
    Due { task, scene }.carry_out(turn, commit);
}

/// A step that is due, and what it is judged by.
struct Due<'t> {
    task: &'t TaskScene<'t>,
    scene: Scene<'t>,
}

impl Due<'_> {
    fn carry_out(&self, turn: Turn, commit: &mut DecisionCommit) {
        let (sop, enrolment) = (self.scene.sop, self.scene.enrolment);
        match turn {
            Turn::Wait(until, why) => {
                commit.timers.push(self.timer(enrolment.step, until));
                commit.outcome = skipped(why);
                self.note(commit, RowOutcome::Waiting, Some(why), Some(until));
            }
            Turn::Skip(why) => {
                let next = self.move_on(self.scene.moved_on(false), commit);
                commit.outcome = skipped(why);
                self.note(commit, RowOutcome::Skipped, Some(why), next);
            }
            Turn::Exit => {
                let mut planner = self.planner();
                planner.run_all(&origin_of(&sop.id), &sop.then);
                let over = ended(enrolment, SopEnding::Exited, self.task.now);
                let change = moved(self.task, &sop.id, enrolment, over);
                self.note(commit, RowOutcome::Exited, None, None);
                self.take(planner.finish(), change, commit);
            }
            Turn::Do => self.do_it(commit),
        }
    }

    fn do_it(&self, commit: &mut DecisionCommit) {
        let (sop, enrolment) = (self.scene.sop, self.scene.enrolment);
        let rule = origin_of(&sop.id);
        let mut planner = self.planner();
        let mut sent = 0;
        let index = usize::try_from(enrolment.step).unwrap_or(usize::MAX);
        if let Some(step) = sop.steps.get(index) {
            for (index, doing) in step.actions.iter().enumerate() {
                match doing {
                    Doing::Act(action) => planner.run_one(&rule, index, action),
                    Doing::Send(template) => {
                        let deed = Deed {
                            action: doing.key().to_owned(),
                            target: template.0.clone(),
                        };
                        sent += planner.step(&rule, index, deed, |planner, origin| {
                            planner.send(template, &step.via, origin)
                        });
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
            let progress = self.scene.moved_on(sent > 0);
            next = progress.due;
            change = self.progress(progress, commit);
        }
        self.note(commit, RowOutcome::Done, None, next);
        if sent > 0 {
            let rows = commit.rows.iter_mut();
            rows.for_each(|row| row.delivery = Delivery::Planned);
        }
        self.take(plan, change, commit);
    }

    fn planner(&self) -> Planner<'_> {
        let TaskScene {
            config,
            playbook,
            record,
            contact,
            now,
        } = *self.task;
        let mut planner = Planner::new(config, playbook, record, contact, now);
        planner.for_version(&self.scene.sop.version);
        let row = SopRowKey {
            sop: self.scene.sop.id.clone(),
            run: self.scene.enrolment.started_at,
            target: contact.person.clone(),
            step: self.scene.enrolment.step,
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
        if let Some(due) = progress.due {
            commit.timers.push(self.timer(progress.enrolment.step, due));
        }
        let (id, enrolment) = (&self.scene.sop.id, self.scene.enrolment);
        moved(self.task, id, enrolment, progress.enrolment)
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
            fired: vec![origin_of(&self.scene.sop.id)],
        };
    }

    fn note(
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
            step: enrolment.step,
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

/// Takes the contact into the SOPs whose audience they belong to since this decision.
pub(super) fn enter(
    task: &TaskScene<'_>,
    change: &mut ContactChange,
    added: bool,
    commit: &mut DecisionCommit,
) {
    let sops = &task.playbook.sops;
    let customer = matches!(task.contact.person, Person::External(_));
    if sops.is_empty() || !customer || !(added || changes_audience(change)) {
        return;
    }
    let mut after = task.contact.clone();
    change.clone().apply(&mut after, task.now);
    let TaskScene {
        config,
        playbook,
        record,
        contact,
        now,
    } = *task;
    let mut planner = Planner::new(config, playbook, record, contact, now);
    for sop in entered(sops, contact, &after, added, now) {
        planner.begin(sop);
    }
    let plan = planner.finish();
    change.sops.extend(plan.sops);
    commit.timers.extend(plan.timers);
}

/// Whether the change can make somebody belong to an audience.
fn changes_audience(change: &ContactChange) -> bool {
    let untouched = change.add_tags.is_empty()
        && change.remove_tags.is_empty()
        && change.set.is_empty()
        && change.points == 0;
    !untouched
}

fn moved(task: &TaskScene<'_>, id: &SopId, from: &Enrolment, to: Enrolment) -> ContactChange {
    ContactChange {
        person: Some(task.contact.person.clone()),
        sops: vec![SopChange {
            sop: id.clone(),
            only_at: Some((from.started_at, from.step)),
            to,
        }],
        ..ContactChange::default()
    }
}

fn skipped(reason: &str) -> RecordOutcome {
    RecordOutcome::Skipped {
        reason: reason.to_owned(),
    }
}
