//! Customers who wait for an answer: the ladder of `roster.yaml`.
//!
//! Who writes and is not answered in the same decision waits. An answer by a servicer or by a
//! rule ends it; so does the end of the session. A rule that hands the session over has not
//! answered yet. One timer for each conversation stands for the next step.

use crate::domain::change::ContactChange;
use crate::domain::clock::UnixMillis;
use crate::domain::effect::Effect;
use crate::domain::ids::RuleId;
use crate::domain::inbound::{Author, Inbound, Task, Trigger};
use crate::domain::reminder::{WaitChange, Waiting};
use crate::domain::timer::Timer;
use crate::lang::Lang;
use crate::process::own::TaskScene;
use crate::rules::explain::Deed;
use crate::rules::roster::Ladder;
use crate::store::{DecisionCommit, RecordOutcome};

/// On whose behalf.
const ORIGIN: &str = "[unanswered]";
/// So much of what they wrote is shown.
const EXCERPT: usize = 60;
/// `change_type` of a session that has ended.
const ENDED: i64 = 3;

/// Looks at a record whose other consequences are decided already.
pub(super) fn watch(scene: &TaskScene<'_>, commit: &mut DecisionCommit) {
    let inbound = &scene.record.inbound;
    let Some(ladder) = scene.playbook.rules.roster().ladder() else {
        return;
    };
    if inbound.person.is_none() || !ladder.is_for(inbound.channel) {
        return;
    }
    let waits = scene.contact.waits_in(&inbound.conversation).is_some();
    match (inbound.author, &inbound.trigger) {
        (Author::Servicer, Trigger::Message(_)) if waits => end(scene, commit),
        (_, Trigger::SessionChanged { change: ENDED }) if waits => end(scene, commit),
        (Author::Person, Trigger::Message(message)) => {
            if is_answered(inbound, commit) {
                if waits {
                    end(scene, commit);
                }
            } else if !waits {
                let text = message.text.chars().take(EXCERPT).collect();
                begin(scene, ladder, text, commit);
            }
        }
        _ => {}
    }
}

/// Whether the decision says something in the chat and leaves the session where it is.
fn is_answered(inbound: &Inbound, commit: &DecisionCommit) -> bool {
    let in_chat = commit
        .effects
        .iter()
        .filter(|new| new.lane.0 == inbound.conversation.0);
    let mut answered = false;
    for new in in_chat {
        match &new.effect {
            Effect::KfTransfer { .. } => return false,
            Effect::KfSend { .. } | Effect::AppSend { .. } | Effect::KfEnd { .. } => {
                answered = true;
            }
            _ => {}
        }
    }
    answered
}

fn end(scene: &TaskScene<'_>, commit: &mut DecisionCommit) {
    let conversation = scene.record.inbound.conversation.clone();
    change_of(scene, commit).waiting = Some(WaitChange::Over(conversation));
    commit.remove_timers.push(timer_key(&scene.record.inbound));
}

fn begin(scene: &TaskScene<'_>, ladder: &Ladder, text: String, commit: &mut DecisionCommit) {
    let inbound = &scene.record.inbound;
    let since = inbound.at.min(scene.now);
    let waiting = Waiting {
        since,
        conversation: inbound.conversation.clone(),
        step: 0,
    };
    let calendar = scene.playbook.rules.calendar();
    let here = since.local(&scene.config.timezone);
    let off_duty = ladder.hand_over.is_some() && ladder.is_off_duty(calendar, here);
    let due = if off_duty {
        ladder
            .opening(calendar, here)
            .map(|at| UnixMillis::of_local(at, &scene.config.timezone))
    } else {
        due(scene, ladder, since, 0)
    };
    let Some(due) = due else { return };
    change_of(scene, commit).waiting = Some(WaitChange::Waits(waiting));
    commit.timers.push(timer(scene, 0, text, due));
}

/// A customer may still wait: somebody is told, and the next step is set.
pub(super) fn step(scene: &TaskScene<'_>, step: u32, text: &str, commit: &mut DecisionCommit) {
    let inbound = &scene.record.inbound;
    let ladder = scene.playbook.rules.roster().ladder();
    let waiting = scene.contact.waits_in(&inbound.conversation);
    let waiting = waiting.filter(|it| it.step == step);
    let (Some(ladder), Some(waiting)) = (ladder, waiting) else {
        let reason = "they do not wait any more".to_owned();
        commit.outcome = RecordOutcome::Skipped { reason };
        return;
    };
    let rung = usize::try_from(step)
        .ok()
        .and_then(|step| ladder.steps.get(step));
    let first_due = due(scene, ladder, waiting.since, 0);
    // At the opening the first step has not been reached yet.
    let hand_over = ladder.hand_over.as_deref();
    let hand_over = hand_over.filter(|_| step == 0 && first_due.is_some_and(|due| due > scene.now));
    let Some(who) = hand_over.or_else(|| rung.map(|rung| rung.tell.as_str())) else {
        let reason = "the ladder of roster.yaml has no such step any more".to_owned();
        commit.outcome = RecordOutcome::Skipped { reason };
        return;
    };
    tell(scene, who, waiting, text, commit);
    let mut next = if hand_over.is_some() { step } else { step + 1 };
    // After downtime several steps are due: nobody hears of the same wait twice at once.
    while hand_over.is_none() && is_repeated(scene, ladder, waiting.since, next, who) {
        next += 1;
    }
    if let Some(due) = due(scene, ladder, waiting.since, next) {
        commit
            .timers
            .push(timer(scene, next, text.to_owned(), due.max(scene.now)));
    }
    let waiting = Waiting {
        step: next,
        ..waiting.clone()
    };
    change_of(scene, commit).waiting = Some(WaitChange::Waits(waiting));
}

/// Whether a step that is due too tells the same person again.
fn is_repeated(
    scene: &TaskScene<'_>,
    ladder: &Ladder,
    since: UnixMillis,
    step: u32,
    who: &str,
) -> bool {
    let rung = usize::try_from(step).ok();
    let rung = rung.and_then(|step| ladder.steps.get(step));
    let overdue = due(scene, ladder, since, step).is_some_and(|due| due <= scene.now);
    overdue && rung.is_some_and(|rung| rung.tell == who)
}

fn tell(
    scene: &TaskScene<'_>,
    who: &str,
    waiting: &Waiting,
    text: &str,
    commit: &mut DecisionCommit,
) {
    let (contact, now) = (scene.contact, scene.now);
    let remark = contact
        .followers
        .first()
        .and_then(|follower| follower.remark.as_deref());
    let name = remark
        .or(contact.name.as_deref())
        .unwrap_or(contact.person.id());
    let waited = now.since(waiting.since).as_secs() / 60;
    let values = [
        ("name", name),
        ("minutes", &*waited.to_string()),
        ("text", text),
    ];
    let told = Lang::default().text("reminder.unanswered", &values);
    let mut planner = scene.planner();
    let deed = Deed {
        action: "remind".into(),
        target: who.to_owned(),
    };
    let effects = planner.step(&RuleId::from(ORIGIN), 0, deed, |planner, origin| {
        planner.notify_text(who, told, origin)
    });
    let mut change = commit.contact.take().unwrap_or_default();
    let steps = planner.finish().into_commit(&mut change, commit);
    commit.contact = Some(change);
    commit.trace = Some(serde_json::json!({ "steps": steps }));
    commit.outcome = if effects > 0 {
        RecordOutcome::Done { fired: Vec::new() }
    } else {
        let reason = "nobody could be reminded".to_owned();
        RecordOutcome::Skipped { reason }
    };
}

fn change_of<'c>(scene: &TaskScene<'_>, commit: &'c mut DecisionCommit) -> &'c mut ContactChange {
    let change = commit.contact.get_or_insert_default();
    change
        .person
        .get_or_insert_with(|| scene.contact.person.clone());
    change
}

/// When a step is due; `None` if there is no such step, or its minutes never count.
fn due(scene: &TaskScene<'_>, ladder: &Ladder, since: UnixMillis, step: u32) -> Option<UnixMillis> {
    let rung = ladder.steps.get(usize::try_from(step).ok()?)?;
    let zone = &scene.config.timezone;
    let calendar = scene.playbook.rules.calendar();
    let at = ladder.after(calendar, since.local(zone), rung.after)?;
    Some(UnixMillis::of_local(at, zone))
}

fn timer_key(inbound: &Inbound) -> String {
    format!("unanswered/{}", inbound.conversation)
}

fn timer(scene: &TaskScene<'_>, step: u32, text: String, due: UnixMillis) -> Timer {
    let inbound = &scene.record.inbound;
    Timer {
        key: timer_key(inbound),
        due,
        inbound: inbound.followed_by(due, Task::Unanswered { step, text }),
    }
}

#[cfg(test)]
mod tests;
