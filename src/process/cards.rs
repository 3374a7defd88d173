//! Cards with buttons for members, and what becomes of a press.
//!
//! A card carries a task; whoever sends one keeps the task with what it is about and takes it
//! away with the first press. A second press, or one that comes too late, finds nothing and is
//! told so on the card itself. WeCom lets a press change the card once, within 72 hours.

use crate::domain::clock::UnixMillis;
use crate::domain::effect::Effect;
use crate::domain::ids::{AppName, RecordId, UserId};
use crate::domain::inbound::{Inbound, Trigger};
use crate::domain::outgoing::Outgoing;

/// WeCom shows so many characters of a card's title, and of the text below it.
const TITLE_CHARS: usize = 36;
const TEXT_CHARS: usize = 160;

/// A button: its key and what is written on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Button<'a> {
    pub(super) key: &'a str,
    pub(super) text: &'a str,
}

/// The task of a card: unlike any other of the app. `kind` is a short word by which the press
/// is recognised, `place` tells the cards of one record apart.
pub(super) fn task(kind: &str, record: RecordId, place: &str, now: UnixMillis) -> String {
    format!("{kind}-{}-{place}-{:x}", record.0, now.0)
}

/// A card; the first button is the one that most people want.
pub(super) fn card(task: &str, title: &str, text: &str, buttons: &[Button<'_>]) -> Outgoing {
    let buttons: Vec<serde_json::Value> = buttons
        .iter()
        .enumerate()
        .map(|(place, button)| {
            let style = if place == 0 { 1 } else { 2 };
            serde_json::json!({ "text": button.text, "style": style, "key": button.key })
        })
        .collect();
    Outgoing::Card {
        card: serde_json::json!({
            "card_type": "button_interaction",
            "main_title": { "title": cut(title, TITLE_CHARS) },
            "sub_title_text": cut(text, TEXT_CHARS),
            "task_id": task,
            "button_list": buttons,
        }),
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.push('…');
    short
}

/// A press of one of our buttons.
#[derive(Debug, Clone, Copy)]
pub(super) struct Press<'a> {
    pub(super) task: &'a str,
    pub(super) key: &'a str,
    code: Option<&'a str>,
}

impl<'a> Press<'a> {
    /// The press of a card of this kind, if it is one.
    pub(super) fn of(inbound: &'a Inbound, kind: &str) -> Option<Self> {
        let Trigger::Clicked {
            key,
            task_id,
            response_code,
        } = &inbound.trigger
        else {
            return None;
        };
        let task = task_id.as_deref()?;
        let ours = task.strip_prefix(kind)?.starts_with('-');
        ours.then_some(Self {
            task,
            key,
            code: response_code.as_deref(),
        })
    }

    /// Turns the card's buttons grey, with this text. `None` if the press cannot change it.
    pub(super) fn update(&self, app: &AppName, member: &UserId, text: &str) -> Option<Effect> {
        Some(Effect::UpdateCard {
            app: app.clone(),
            to: vec![member.clone()],
            response_code: self.code?.to_owned(),
            text: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Button, card, cut, task};
    use crate::domain::clock::UnixMillis;
    use crate::domain::ids::RecordId;
    use crate::domain::outgoing::Outgoing;

    #[test]
    fn a_card_is_one_that_wecom_takes() {
        let task = task("remind", RecordId(7), "0", UnixMillis(1_795_307_688_123));
        assert!(task.len() <= 128);
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-@".contains(c);
        assert!(task.chars().all(plain), "{task}");
        let button = Button {
            key: "done",
            text: "完成",
        };
        let Outgoing::Card { card } = card(&task, "提醒", "回访张三", &[button, button])
        else {
            panic!("a card");
        };
        let card = crate::wecom::api::TemplateCard::new(card).expect("WeCom takes it");
        assert_eq!(card.task_id(), Some(task.as_str()));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("一二三四五", 5), "一二三四五");
        assert_eq!(cut("一二三四五六", 5), "一二三四…");
    }
}
