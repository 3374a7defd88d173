//! What a member is to send by hand: the content, and a card that asks what became of it.
//!
//! The buttons carry the row of the SOP's step, so a press needs nothing that was kept: it
//! writes into that row and turns the card grey.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cards::{self, Button, Press};
use super::own::TaskScene;
use super::run_action::lane_for;
use super::sop_step::skipped;
use crate::domain::clock::UnixMillis;
use crate::domain::effect::Effect;
use crate::domain::ids::{AppName, ConversationKey, Person, RecordId, RuleId, UserId};
use crate::domain::inbound::{Author, Channel, Inbound, ReplyPath, Task, Trigger};
use crate::domain::outgoing::Outgoing;
use crate::domain::timer::Timer;
use crate::lang::Lang;
use crate::rules::Standing;
use crate::sops::quiet::allowed_from;
use crate::store::{DecisionCommit, Delivery, DeliveryNote, RecordOutcome, SopRowKey};

/// The kind of our cards' tasks.
const KIND: &str = "sop";
const DONE: &str = "done";
const LATER: &str = "later";
const SKIP: &str = "skip";
/// Why a press changes nothing.
const SETTLED: &str = "it was settled before: the first press counts";
/// On whose behalf a press is answered.
const PRESSED: &str = "[by_hand]";
/// What 稍后 means.
const LATER_WAIT: Duration = Duration::from_secs(2 * 3600);

/// What a card is about: its buttons carry it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HandedOut {
    /// The row of the step.
    pub(super) row: SopRowKey,
    /// The customer or the group, as the member knows them.
    pub(super) name: String,
}

/// The card that asks whether the member has sent it.
pub(super) fn card(out: &HandedOut, text: &str, record: RecordId, now: UnixMillis) -> Outgoing {
    let lang = Lang::default();
    let title = lang.text("sop.by_hand_asked", &[("name", &out.name)]);
    // Plain data can always be written.
    let about = serde_json::to_string(out).unwrap_or_default();
    let labels = [DONE, LATER, SKIP].map(|key| {
        let text = lang.text(&format!("sop.by_hand_{key}"), &[]);
        (format!("{key} {about}"), text)
    });
    let buttons = labels.each_ref().map(|(key, text)| Button { key, text });
    let task = cards::task(KIND, record, "0", now);
    cards::card(&task, &title, text, &buttons)
}

/// The words of what is handed out, as the card repeats them.
pub(super) fn words(content: &[Outgoing]) -> &str {
    let mut messages = content.iter();
    let text = messages.find_map(|message| match message {
        Outgoing::Text { text } | Outgoing::Markdown { text } => Some(text.as_str()),
        _ => None,
    });
    text.unwrap_or_default()
}

/// Takes a press of one of our buttons. The first final word about a step counts: who presses
/// another card of it, another device or a button that was slow, reads so on the card.
pub(super) fn hear(
    scene: &TaskScene<'_>,
    standing: &Standing,
    commit: &mut DecisionCommit,
) -> bool {
    let inbound = &scene.record.inbound;
    let Some(Person::Member(member)) = &inbound.person else {
        return false;
    };
    let Some(press) = Press::of(inbound, KIND) else {
        return false;
    };
    let (word, about) = press.key.split_once(' ').unwrap_or((press.key, ""));
    let Ok(out) = serde_json::from_str::<HandedOut>(about) else {
        return false;
    };
    let lang = Lang::default();
    let over = standing.settled.contains(&out.row);
    commit.outcome = RecordOutcome::Done { fired: Vec::new() };
    let text = match word {
        DONE | SKIP | LATER if over => {
            commit.outcome = skipped(SETTLED);
            lang.text("reminder.gone", &[])
        }
        DONE | SKIP => {
            let delivery = match word {
                DONE => Delivery::ByHand,
                _ => Delivery::Declined,
            };
            commit.notes.push(DeliveryNote {
                key: out.row.clone(),
                delivery,
                why: None,
                broadcast: None,
            });
            lang.text(&format!("sop.by_hand_{word}_answer"), &[])
        }
        LATER => {
            let later = later(scene, &out.row);
            let timer = ask_again(later, &inbound.app, member, about);
            commit.timers.push(timer);
            later_answer(scene, later)
        }
        _ => return false,
    };
    if !over {
        commit.unsettled = Some(out.row.clone());
    }
    let update = press.update(&inbound.app, member, &text);
    let update = update.unwrap_or_else(|| Effect::AppSend {
        app: inbound.app.clone(),
        to: vec![member.clone()],
        message: Outgoing::Text { text },
    });
    // An answer to their press, not something that the plan says.
    push(scene, update, member, &RuleId::from(PRESSED), commit);
    commit.trace = Some(serde_json::json!({ "by_hand": { "step": out.row, "pressed": word } }));
    true
}

/// The member wanted to be asked again.
pub(super) fn again(
    scene: &TaskScene<'_>,
    about: &str,
    standing: &Standing,
    commit: &mut DecisionCommit,
) {
    let (Person::Member(member), Ok(out)) = (
        &scene.contact.person,
        serde_json::from_str::<HandedOut>(about),
    ) else {
        commit.outcome = skipped("nobody could be reminded");
        return;
    };
    if standing.settled.contains(&out.row) {
        commit.outcome = skipped(SETTLED);
        return;
    }
    let again = Lang::default().text("sop.by_hand_again", &[]);
    let send = Effect::AppSend {
        app: scene.record.inbound.app.clone(),
        to: vec![member.clone()],
        message: card(&out, &again, scene.record.id, scene.now),
    };
    push(scene, send, member, &out.row.sop.origin(), commit);
    commit.unsettled = Some(out.row);
    commit.outcome = RecordOutcome::Done { fired: Vec::new() };
}

/// When it is asked again: not before it may be said.
fn later(scene: &TaskScene<'_>, row: &SopRowKey) -> UnixMillis {
    let asked = scene.now.after(LATER_WAIT);
    let (sops, calendar) = (&scene.playbook.sops, scene.playbook.rules.calendar());
    let plan = sops.of_origin(&row.sop.origin());
    let plan = plan.and_then(|plan| plan.quiet.as_ref());
    let quiet = sops.outreach().quiet.iter().chain(plan);
    let ends = quiet.filter_map(|it| allowed_from(it, asked, calendar, &scene.config.timezone));
    ends.max().unwrap_or(asked)
}

fn later_answer(scene: &TaskScene<'_>, later: UnixMillis) -> String {
    let lang = Lang::default();
    if later == scene.now.after(LATER_WAIT) {
        return lang.text("sop.by_hand_later_answer", &[]);
    }
    let local = later.local(&scene.config.timezone);
    let [month, day] = [local.month(), local.day()].map(|it| it.to_string());
    let clock = local.strftime("%H:%M").to_string();
    let values = [("month", &*month), ("day", &*day), ("clock", &*clock)];
    lang.text("sop.by_hand_later_at", &values)
}

fn ask_again(due: UnixMillis, app: &AppName, member: &UserId, about: &str) -> Timer {
    Timer {
        key: format!("by_hand/{member}/{about}"),
        due,
        inbound: Inbound {
            channel: Channel::App,
            app: app.clone(),
            at: due,
            person: Some(Person::Member(member.clone())),
            author: Author::System,
            conversation: conversation(app, member),
            trigger: Trigger::Own(Task::ByHand {
                about: about.to_owned(),
            }),
            reply_path: ReplyPath::None,
        },
    }
}

fn push(
    scene: &TaskScene<'_>,
    effect: Effect,
    member: &UserId,
    origin: &RuleId,
    commit: &mut DecisionCommit,
) {
    let lane = lane_for(origin, conversation(&scene.record.inbound.app, member).0);
    commit.effects.push(scene.effect(effect, lane, origin, 0));
}

/// The conversation that a member has with an app, as their messages have it.
fn conversation(app: &AppName, member: &UserId) -> ConversationKey {
    ConversationKey(format!("{app}/{member}"))
}
