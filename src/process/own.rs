//! What we gave ourselves to do. It comes out of the inbox like a message, so it is decided
//! in the order of its conversation and committed in one transaction. No I/O.

use crate::config::Config;
use crate::domain::change::TakeBack;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::effect::{Effect, NewEffect, Origin};
use crate::domain::ids::{Lane, Person, RuleId, Tag};
use crate::domain::inbound::{Inbound, Task, Trigger};
use crate::domain::outgoing::Outgoing;
use crate::process::compose;
use crate::process::playbook::Playbook;
use crate::process::run_action::Planner;
use crate::process::sop_enter::enter;
use crate::process::sop_run::{run_step, sop_move};
use crate::process::sop_step::sop_step;
use crate::process::{by_hand, joined, reminders, unanswered};
use crate::rules::Standing;
use crate::rules::explain::Deed;
use crate::store::{ClaimedRecord, DecisionCommit, NewRecord, RecordOutcome, own_record};

/// What a record is decided with.
#[derive(Clone, Copy)]
pub(super) struct TaskScene<'a> {
    pub(super) config: &'a Config,
    pub(super) playbook: &'a Playbook,
    pub(super) record: &'a ClaimedRecord,
    pub(super) contact: &'a Contact,
    pub(super) now: UnixMillis,
}

impl<'a> TaskScene<'a> {
    pub(super) fn planner(&self) -> Planner<'a> {
        Planner::new(
            self.config,
            self.playbook,
            self.record,
            self.contact,
            self.now,
        )
    }
}

/// Decides about a task of our own.
pub(super) fn decide_task(
    scene: &TaskScene<'_>,
    task: &Task,
    standing: &Standing,
    commit: &mut DecisionCommit,
) {
    match task {
        Task::Undo { rule, since } => undo(scene, rule, *since, commit),
        Task::Alert { text } => alert(scene, text, commit),
        Task::Refresh { .. } => refreshed(scene, commit),
        // The rules decide about it, as about an event of WeCom's.
        Task::Told(_) => {}
        Task::SopStep { sop, step, run } => {
            let paused = standing.paused.contains(sop);
            match run {
                None => sop_step(scene, sop, *step, paused, commit),
                Some(run) => run_step(scene, (sop, *step, run), paused, commit),
            }
        }
        Task::SopMove { sop, to } => sop_move(scene, sop, to, commit),
        Task::Remind { who, text, origin } => remind(scene, who, text, origin, commit),
        Task::Reminder { number } => reminders::due(scene, *number, commit),
        Task::Show(told) => reminders::show(scene, told, commit),
        Task::Take(handed) => reminders::take(scene, handed, commit),
        Task::ByHand { about } => by_hand::again(scene, about, standing, commit),
        Task::CameBy { way } => joined::came_by(scene, way, commit),
        Task::Unanswered { step, text } => unanswered::step(scene, *step, text, commit),
    }
}

/// The worker has asked WeCom already: what is known now is in the contact.
fn refreshed(scene: &TaskScene<'_>, commit: &mut DecisionCommit) {
    let asked = scene.contact.synced_at;
    let fresh = asked.is_some_and(|at| at >= scene.record.received_at);
    let reason = if fresh {
        "what WeCom says was read again"
    } else {
        "WeCom could not be asked; it is tried again"
    };
    let reason = reason.to_owned();
    commit.outcome = RecordOutcome::Skipped { reason };
    // Only now may its name and its owner be known.
    if let Person::Group(_) = scene.contact.person {
        let mut change = commit.contact.take().unwrap_or_default();
        change.person = Some(scene.contact.person.clone());
        enter(scene, &mut change, false, commit);
        commit.contact = Some(change);
    }
}

/// Tells members what they were to be reminded of.
fn remind(
    scene: &TaskScene<'_>,
    who: &str,
    text: &str,
    origin: &RuleId,
    commit: &mut DecisionCommit,
) {
    let mut planner = scene.planner();
    let deed = Deed {
        action: "remind".into(),
        target: who.to_owned(),
    };
    let told = planner.step(origin, 0, deed, |planner, origin| {
        planner.tell(who, text.to_owned(), origin)
    });
    let mut change = commit.contact.take().unwrap_or_default();
    let steps = planner.finish().into_commit(&mut change, commit);
    commit.contact = Some(change);
    commit.trace = Some(serde_json::json!({ "steps": steps }));
    commit.outcome = if told > 0 {
        RecordOutcome::Done { fired: Vec::new() }
    } else {
        let reason = "nobody could be reminded".to_owned();
        RecordOutcome::Skipped { reason }
    };
}

/// Takes back the tags that a rule has set since a time, here and in WeCom.
fn undo(scene: &TaskScene<'_>, rule: &RuleId, since: UnixMillis, commit: &mut DecisionCommit) {
    let undo = TakeBack {
        rule: rule.clone(),
        since,
    };
    let tags = scene.contact.tags.iter();
    let gone: Vec<Tag> = tags
        .filter(|(_, mark)| undo.concerns(mark))
        .map(|(tag, _)| tag.clone())
        .collect();
    commit.trace = Some(serde_json::json!({ "undo": { "rule": rule, "tags": gone } }));
    if gone.is_empty() {
        let reason = "the rule has set no tag since then".to_owned();
        commit.outcome = RecordOutcome::Skipped { reason };
        return;
    }
    let change = commit.contact.get_or_insert_default();
    change.person = Some(scene.contact.person.clone());
    change.take_back = Some(undo);
    if let Person::External(customer) = &scene.contact.person {
        let inbound = &scene.record.inbound;
        for follower in &scene.contact.followers {
            let userid = follower.userid.clone();
            let lane = Lane(format!("tag/{customer}/{userid}"));
            let effect = Effect::MarkTag {
                app: scene.config.contact_app(&inbound.app).clone(),
                userid,
                external_userid: customer.clone(),
                add: Vec::new(),
                remove: gone.clone(),
            };
            commit.effects.push(scene.effect(effect, lane, rule, 0));
        }
    }
    commit.outcome = RecordOutcome::Done { fired: Vec::new() };
}

/// Tells operators.
fn alert(scene: &TaskScene<'_>, text: &str, commit: &mut DecisionCommit) {
    let Some(alerts) = &scene.config.alerts else {
        let reason = "nobody is to be told: the config has no [alerts]".to_owned();
        commit.outcome = RecordOutcome::Skipped { reason };
        return;
    };
    let text = text.to_owned();
    let messages = compose::for_app(vec![Outgoing::Text { text }]);
    for (part, message) in messages.into_iter().enumerate() {
        let effect = Effect::AppSend {
            app: alerts.app.clone(),
            to: alerts.to.clone(),
            message,
        };
        let lane = Lane(scene.record.inbound.conversation.0.clone());
        let origin = RuleId::from("[alerts]");
        commit
            .effects
            .push(scene.effect(effect, lane, &origin, part));
    }
    commit.outcome = RecordOutcome::Done { fired: Vec::new() };
}

impl TaskScene<'_> {
    /// An effect of this task. `rule` says on whose behalf.
    pub(super) fn effect(
        &self,
        effect: Effect,
        lane: Lane,
        rule: &RuleId,
        part: usize,
    ) -> NewEffect {
        NewEffect {
            effect,
            lane,
            urgent: false,
            due: self.now,
            deadline: None,
            origin: Origin {
                record: self.record.id,
                rule: rule.clone(),
                action: 0,
                part: u32::try_from(part).unwrap_or(u32::MAX),
                row: None,
            },
        }
    }
}

/// The record by which the tags of a rule are taken back from one contact. The same wish
/// about the same contact twice at once is taken once.
#[must_use]
pub fn undo_record(
    config: &Config,
    contact: &Contact,
    rule: &RuleId,
    since: UnixMillis,
    now: UnixMillis,
) -> Option<NewRecord> {
    let app = &config.apps.first()?.name;
    let task = Task::Undo {
        rule: rule.clone(),
        since,
    };
    let app = config.contact_app(app).clone();
    let inbound = Inbound::about(contact, app, now, Trigger::Own(task));
    let key = format!("undo/{rule}/{}/{}", now.0, contact.person.key());
    Some(own_record(&key, inbound, now))
}
