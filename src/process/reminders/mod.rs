//! What members say to the app about their reminders, and the reminders themselves.

mod change;
mod hand_over;
mod press;
mod say;
mod talk;
#[cfg(test)]
mod tests;
mod turn;

use crate::domain::clock::UnixMillis;
use crate::domain::ids::AppName;
use crate::domain::ids::{ConversationKey, Person, RecordId, RuleId, UserId};
use crate::domain::inbound::{Author, Channel, Inbound, ReplyPath, Task, Trigger};
use crate::domain::outgoing::Outgoing;
use crate::domain::reminder::{Handed, Reminder, ReminderChange, Told};
use crate::lang::Lang;
use crate::phrases::{self, Cannot, Extent, Scene, Which, Wish};
use crate::process::cards::{self, Button, Press};
use crate::process::own::TaskScene;
use crate::store::{DecisionCommit, NewRecord, RecordOutcome, own_record};

use turn::Turn;

/// The kind of our cards' tasks.
const KIND: &str = "remind";
/// On whose behalf messages about reminders go out.
const ORIGIN: &str = "[reminders]";
/// A question of ours is open for so long.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(15 * 60);
/// Nobody keeps more of them.
const MOST: usize = 200;

/// Takes what a member said to the app or pressed on a card, if it is about reminders.
pub(super) fn hear(scene: &TaskScene<'_>, commit: &mut DecisionCommit) -> bool {
    let inbound = &scene.record.inbound;
    let (Some(settings), Some(Person::Member(member))) = (&scene.config.reminders, &inbound.person)
    else {
        return false;
    };
    if inbound.channel != Channel::App || inbound.app != settings.app {
        return false;
    }
    let mut turn = Turn::new(scene, &settings.app, member);
    let heard = match &inbound.trigger {
        Trigger::Message(message) if settings.commands && message.kind == "text" => {
            turn.hear(&message.text)
        }
        Trigger::Clicked { .. } => match Press::of(inbound, KIND) {
            Some(press) => {
                turn.press(press);
                true
            }
            None => false,
        },
        _ => false,
    };
    turn.finish(heard, commit);
    heard
}

/// What neither we nor the rules understood may have been meant to correct what was just set:
/// then it is not left without an answer.
pub(super) fn doubt(scene: &TaskScene<'_>, commit: &mut DecisionCommit) {
    let inbound = &scene.record.inbound;
    let (Some(settings), Some(Person::Member(member)), Trigger::Message(message)) =
        (&scene.config.reminders, &inbound.person, &inbound.trigger)
    else {
        return;
    };
    let ours = inbound.channel == Channel::App && inbound.app == settings.app;
    let fired = matches!(&commit.outcome, RecordOutcome::Done { fired } if !fired.is_empty());
    if !ours || !settings.commands || message.kind != "text" || fired {
        return;
    }
    let mut turn = Turn::new(scene, &settings.app, member);
    if turn.doubt(&message.text) {
        turn.finish(true, commit);
    }
}

/// A reminder of the member's own is due.
pub(super) fn due(scene: &TaskScene<'_>, number: u32, commit: &mut DecisionCommit) {
    let skipped = |commit: &mut DecisionCommit, reason: &str| {
        let reason = reason.to_owned();
        commit.outcome = RecordOutcome::Skipped { reason };
    };
    let (Some(settings), Person::Member(member)) = (&scene.config.reminders, &scene.contact.person)
    else {
        return skipped(commit, "the config has no app for reminders");
    };
    let mut turn = Turn::new(scene, &settings.app, member);
    if !turn.is_due(number) {
        return skipped(commit, "the reminder was changed or cancelled");
    }
    turn.fire(number, settings.cards);
    turn.finish(true, commit);
}

/// Another member handed a reminder over that is not due yet.
pub(super) fn take(scene: &TaskScene<'_>, handed: &Handed, commit: &mut DecisionCommit) {
    let (Some(settings), Person::Member(member)) = (&scene.config.reminders, &scene.contact.person)
    else {
        let reason = "the config has no app for reminders".to_owned();
        commit.outcome = RecordOutcome::Skipped { reason };
        return;
    };
    let mut turn = Turn::new(scene, &settings.app, member);
    turn.take(handed);
    turn.finish(true, commit);
}

/// The member was sent a card from elsewhere: it is kept until a button is pressed.
pub(super) fn show(scene: &TaskScene<'_>, told: &Told, commit: &mut DecisionCommit) {
    let number = scene
        .contact
        .reminders
        .as_ref()
        .map_or(1, |all| all.last + 1);
    let reminder = Reminder {
        text: told.text.clone(),
        due: scene.now,
        card: Some(told.card.clone()),
        ..Reminder::default()
    };
    let change = commit.contact.get_or_insert_default();
    change.person = Some(scene.contact.person.clone());
    change.reminders.push(ReminderChange::Set(number, reminder));
    commit.outcome = RecordOutcome::Done { fired: Vec::new() };
}

/// A card about something for a member, and the record by which it is kept.
pub(super) fn card_for(
    app: &AppName,
    member: &UserId,
    text: &str,
    (record, place): (RecordId, &str),
    now: UnixMillis,
) -> (Outgoing, NewRecord) {
    let task = cards::task(KIND, record, place, now);
    let message = card(&task, &Lang::default().text("reminder.title", &[]), text);
    let told = Task::Show(Told {
        text: text.to_owned(),
        card: task.clone(),
    });
    (message, own_record(&task, own(app, member, told, now), now))
}

/// A task of ours for a member.
fn own(app: &AppName, member: &UserId, task: Task, at: UnixMillis) -> Inbound {
    Inbound {
        channel: Channel::App,
        app: app.clone(),
        at,
        person: Some(Person::Member(member.clone())),
        author: Author::System,
        conversation: conversation(app, member),
        trigger: Trigger::Own(task),
        reply_path: ReplyPath::None,
    }
}

fn card(task: &str, title: &str, text: &str) -> Outgoing {
    let lang = Lang::default();
    let label = |key: &str| lang.text(key, &[]);
    let [done, soon, tomorrow, hand_over] = [
        label("reminder.button_done"),
        label("reminder.button_soon"),
        label("reminder.button_tomorrow"),
        label("reminder.button_hand_over"),
    ];
    let button = |key, text| Button { key, text };
    let buttons = [
        button(press::DONE, done.as_str()),
        button(press::SOON, soon.as_str()),
        button(press::TOMORROW, tomorrow.as_str()),
        button(press::HAND_OVER, hand_over.as_str()),
    ];
    cards::card(task, title, text, &buttons)
}

/// The conversation that a member has with an app, as their messages have it.
fn conversation(app: &AppName, member: &UserId) -> ConversationKey {
    ConversationKey(format!("{app}/{member}"))
}

fn origin() -> RuleId {
    RuleId::from(ORIGIN)
}
