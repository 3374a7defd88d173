//! What is given to another member.

use super::turn::Turn;
use super::{Which, card_for, own};
use crate::domain::effect::Effect;
use crate::domain::ids::UserId;
use crate::domain::inbound::Task;
use crate::domain::outgoing::Outgoing;
use crate::domain::reminder::{Handed, Reminder, When};
use crate::process::duty;
use crate::store::own_record;

impl Turn<'_> {
    /// What is not due yet comes to the other at its own time, and what comes again comes to
    /// them from then on.
    pub(super) fn hand_over(&mut self, which: &Which, to: &str) -> bool {
        let Some(numbers) = self.chosen(which) else {
            return false;
        };
        if numbers.is_empty() && !self.said.is_empty() {
            return true;
        }
        let Some(receivers) = self.receivers(to) else {
            return true;
        };
        for number in numbers {
            let Some(reminder) = self.open.get(&number).cloned() else {
                continue;
            };
            if reminder.is_shown() {
                self.give_at_once(number, &reminder, &receivers, to);
            } else {
                self.give_for_later(number, &reminder, &receivers, to);
            }
        }
        true
    }

    /// The one whose card was pressed. Of what comes again only that card is given away.
    /// Whether nothing is left to ask.
    pub(super) fn hand_over_shown(&mut self, number: u32, to: &str) -> bool {
        let Some(reminder) = self.open.get(&number).cloned() else {
            self.tell("reminder.unknown", &[("number", &number.to_string())]);
            return true;
        };
        let Some(receivers) = self.receivers(to) else {
            return false;
        };
        self.give_at_once(number, &reminder, &receivers, to);
        true
    }

    /// Says so if there is nobody of this name but the member.
    fn receivers(&mut self, to: &str) -> Option<Vec<UserId>> {
        let (config, rules) = (self.scene.config, &self.scene.playbook.rules);
        let receivers = duty::named(config, rules, to, self.scene.now);
        let receivers = receivers.filter(|members| !members.contains(self.member));
        if receivers.is_none() {
            self.tell("reminder.nobody", &[("to", to)]);
        }
        receivers
    }

    fn give_for_later(&mut self, number: u32, it: &Reminder, receivers: &[UserId], to: &str) {
        self.remove(number);
        let reminder = Reminder {
            card: None,
            ..it.clone()
        };
        for (place, receiver) in receivers.iter().enumerate() {
            let task = Task::Take(Handed {
                reminder: reminder.clone(),
                by: self.member.clone(),
            });
            let inbound = own(self.app, receiver, task, self.scene.now);
            let key = format!("handed/{}/{number}/{place}", self.scene.record.id);
            self.records.push(own_record(&key, inbound, self.scene.now));
        }
        let time = self.voice.when(&when(&reminder));
        let values = [("time", time.as_str()), ("text", &it.text), ("to", to)];
        self.tell("reminder.handed_over_later", &values);
    }

    fn give_at_once(&mut self, number: u32, it: &Reminder, receivers: &[UserId], to: &str) {
        self.clear(number, it);
        let text = self.given(&it.text, self.member);
        for (place, receiver) in receivers.iter().enumerate() {
            self.pass_on(receiver, &text, &format!("{number}-{place}"));
        }
        let key = if it.rhythm.is_some() {
            "reminder.handed_over_once"
        } else {
            "reminder.handed_over"
        };
        let number = number.to_string();
        let values = [("number", number.as_str()), ("text", &it.text), ("to", to)];
        self.tell(key, &values);
    }

    fn pass_on(&mut self, receiver: &UserId, text: &str, place: &str) {
        let settings = self.scene.config.reminders.as_ref();
        let message = if settings.is_some_and(|it| it.cards) {
            let at = (self.scene.record.id, place);
            let (message, record) = card_for(self.app, receiver, text, at, self.scene.now);
            self.records.push(record);
            message
        } else {
            let text = text.to_owned();
            Outgoing::Text { text }
        };
        self.effects.push(Effect::AppSend {
            app: self.app.clone(),
            to: vec![receiver.clone()],
            message,
        });
    }

    /// What another member handed over is the member's own from now on.
    pub(super) fn take(&mut self, Handed { reminder, by }: &Handed) {
        let number = self.last + 1;
        let reminder = Reminder {
            text: self.given(&reminder.text, by),
            ..reminder.clone()
        };
        let time = self.voice.when(&when(&reminder));
        let label = number.to_string();
        let values = [
            ("by", by.as_str()),
            ("time", &time),
            ("text", &reminder.text),
            ("number", &label),
        ];
        self.tell("reminder.taken", &values);
        let due = reminder.due;
        self.set(number, reminder);
        self.timer(number, due);
    }

    fn given(&self, text: &str, by: &UserId) -> String {
        let values = [("text", text), ("by", by.as_str())];
        self.voice.text("reminder.from", &values)
    }
}

fn when(reminder: &Reminder) -> When {
    let first = reminder.due;
    match reminder.rhythm.clone() {
        Some(rhythm) => When::Repeating { rhythm, first },
        None => When::Once(first),
    }
}
