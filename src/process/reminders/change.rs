//! What is changed about reminders that exist.

use std::time::Duration;

use super::turn::Turn;
use super::{Which, card_for, phrases};
use crate::domain::clock::UnixMillis;
use crate::domain::effect::Effect;
use crate::domain::ids::UserId;
use crate::domain::outgoing::Outgoing;
use crate::domain::reminder::{Open, Reminder, When};
use crate::phrases::Move;
use crate::process::duty;

impl Turn<'_> {
    /// Those that are due, or come again, in one of these times; all if there are none.
    pub(super) fn list_of(&mut self, times: &[(UnixMillis, UnixMillis)]) {
        if times.is_empty() || self.open.is_empty() {
            self.list();
            return;
        }
        let open = self.open.iter();
        let then = open.filter(|(_, it)| times.iter().any(|span| self.is_within(it, *span)));
        let lines: Vec<String> = then
            .map(|(number, it)| self.voice.line(*number, it))
            .collect();
        if lines.is_empty() {
            self.tell("reminder.none_then", &[]);
        } else {
            self.tell("reminder.list", &[("lines", &lines.join("\n"))]);
        }
    }

    fn is_within(&self, reminder: &Reminder, (from, until): (UnixMillis, UnixMillis)) -> bool {
        let inside = |at: UnixMillis| from <= at && at < until;
        let before = from.before(Duration::from_millis(1)).max(reminder.due);
        inside(reminder.due) || self.next(reminder, before).is_some_and(inside)
    }

    /// When one that comes again comes next.
    fn next(&self, reminder: &Reminder, after: UnixMillis) -> Option<UnixMillis> {
        let world = self.world();
        phrases::next(reminder.rhythm.as_ref()?, after, world.zone, world.calendar)
    }

    pub(super) fn each(&mut self, which: &Which, key: &str, act: fn(&mut Self, u32)) -> bool {
        let Some(numbers) = self.chosen(which) else {
            return false;
        };
        if numbers.is_empty() {
            if self.said.is_empty() {
                self.tell("reminder.none", &[]);
            }
            return true;
        }
        let names: Vec<String> = numbers
            .iter()
            .filter_map(|number| Some(format!("{number} {}", self.open.get(number)?.text)))
            .collect();
        for number in numbers {
            act(self, number);
        }
        self.tell(key, &[("names", &names.join("；"))]);
        true
    }

    /// Who names a day of what comes again does without that day only.
    pub(super) fn cancel(&mut self, which: &Which) -> bool {
        let Which::About(about) = which else {
            return self.each(which, "reminder.cancelled", Self::remove_one);
        };
        if about.times.is_empty() || about.rhythm.is_some() {
            return self.each(which, "reminder.cancelled", Self::remove_one);
        }
        let Some(numbers) = self.chosen(which) else {
            return false;
        };
        let repeating = |number: &u32| self.open.get(number).is_some_and(|it| it.rhythm.is_some());
        let (again, once): (Vec<u32>, Vec<u32>) = numbers.into_iter().partition(repeating);
        for number in again {
            self.leave_out(number);
        }
        once.is_empty()
            || self.each(
                &Which::Numbers(once),
                "reminder.cancelled",
                Self::remove_one,
            )
    }

    fn leave_out(&mut self, number: u32) {
        let Some(reminder) = self.open.get(&number).cloned() else {
            return;
        };
        self.skip(number, &reminder);
        let (time, number) = (self.voice.time(reminder.due), number.to_string());
        let values = [
            ("number", number.as_str()),
            ("time", &time),
            ("text", &reminder.text),
        ];
        self.tell("reminder.skipped", &values);
    }

    /// Does without the next time of one that comes again.
    pub(super) fn skip(&mut self, number: u32, reminder: &Reminder) {
        let Some(due) = self.next(reminder, reminder.due) else {
            return;
        };
        let reminder = reminder.clone();
        self.set(number, Reminder { due, ..reminder });
        self.timer(number, due);
    }

    fn remove_one(&mut self, number: u32) {
        self.remove(number);
    }

    pub(super) fn clear_one(&mut self, number: u32) {
        if let Some(reminder) = self.open.get(&number).cloned() {
            self.clear(number, &reminder);
        }
    }

    pub(super) fn snooze(&mut self, which: &Which, until: &Move) -> bool {
        let Some(numbers) = self.chosen(which) else {
            return false;
        };
        for number in numbers {
            let Some(reminder) = self.open.get(&number).cloned() else {
                continue;
            };
            match until.of(&reminder, &self.world()) {
                None => self.tell("reminder.passed", &[]),
                Some(when) => self.move_to(number, &reminder, &when),
            }
        }
        true
    }

    /// Of what comes again one time is moved, unless a rhythm was named.
    fn move_to(&mut self, number: u32, reminder: &Reminder, when: &When) {
        let old = number.to_string();
        let (key, number) = match when {
            When::Repeating { rhythm, first } => {
                let changed = Reminder {
                    text: reminder.text.clone(),
                    due: *first,
                    rhythm: Some(rhythm.clone()),
                    card: None,
                };
                self.set(number, changed);
                self.timer(number, *first);
                ("reminder.changed", number)
            }
            When::Once(at) => {
                self.put_off(number, reminder, *at);
                match &reminder.rhythm {
                    Some(_) => ("reminder.put_off_once", self.last),
                    None if *at < reminder.due => ("reminder.changed", number),
                    None => ("reminder.put_off", number),
                }
            }
        };
        self.ask_open(Open::Set(number));
        let (time, number) = (self.voice.when(when), number.to_string());
        let values = [
            ("number", number.as_str()),
            ("old", &old),
            ("time", &time),
            ("text", &reminder.text),
        ];
        self.tell(key, &values);
    }

    pub(super) fn rename(&mut self, which: &Which, what: &str) -> bool {
        let Some(numbers) = self.chosen(which) else {
            return false;
        };
        for number in numbers {
            let Some(reminder) = self.open.get(&number).cloned() else {
                continue;
            };
            let text = what.to_owned();
            let renamed = Reminder { text, ..reminder };
            let line = self.voice.line(number, &renamed);
            self.set(number, renamed);
            self.ask_open(Open::Set(number));
            self.tell("reminder.renamed", &[("line", &line)]);
        }
        true
    }

    pub(super) fn hand_over(&mut self, which: &Which, to: &str) -> bool {
        let Some(numbers) = self.chosen(which) else {
            return false;
        };
        if numbers.is_empty() && !self.said.is_empty() {
            return true;
        }
        let (config, rules) = (self.scene.config, &self.scene.playbook.rules);
        let receivers = duty::named(config, rules, to, self.scene.now);
        let receivers = receivers.filter(|members| !members.contains(self.member));
        let Some(receivers) = receivers else {
            self.tell("reminder.nobody", &[("to", to)]);
            return true;
        };
        for number in numbers {
            let Some(reminder) = self.open.get(&number).cloned() else {
                continue;
            };
            self.clear(number, &reminder);
            let text = self.voice.text(
                "reminder.from",
                &[("text", &reminder.text), ("by", self.member.as_str())],
            );
            for (place, receiver) in receivers.iter().enumerate() {
                self.pass_on(
                    receiver,
                    &text,
                    &format!("{number}.{place}").replace('.', "-"),
                );
            }
            let number = number.to_string();
            let values = [
                ("number", number.as_str()),
                ("text", &reminder.text),
                ("to", to),
            ];
            self.tell("reminder.handed_over", &values);
        }
        true
    }

    fn pass_on(&mut self, receiver: &UserId, text: &str, place: &str) {
        let cards = self
            .scene
            .config
            .reminders
            .as_ref()
            .is_some_and(|it| it.cards);
        let message = if cards {
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
}
