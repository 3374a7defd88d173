//! What is changed about reminders that exist.

use std::time::Duration;

use super::turn::Turn;
use super::{Which, phrases};
use crate::domain::clock::UnixMillis;
use crate::domain::reminder::{Open, Reminder, When};
use crate::phrases::{About, Move};

/// So many times of one reminder are looked through for those that are left out.
const MOST_TIMES: usize = 10_000;

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

    /// Those that come when it was said, perhaps not the next time.
    pub(super) fn coming(&self, about: &About) -> Vec<u32> {
        about.coming(self.open.iter(), |it, span| self.is_within(it, span))
    }

    /// When one that comes again comes next.
    fn next(&self, reminder: &Reminder, after: UnixMillis) -> Option<UnixMillis> {
        phrases::next_of(reminder, after, &self.world())
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
        if about.since {
            return self.cancel_since(about);
        }
        let fitting = self.coming(about);
        if about.vague && fitting.is_empty() {
            self.tell("reminder.unclear", &[]);
            return true;
        }
        let numbers = self.named(about, fitting);
        let repeating = |number: &u32| self.open.get(number).is_some_and(|it| it.rhythm.is_some());
        let (again, once): (Vec<u32>, Vec<u32>) = numbers.into_iter().partition(repeating);
        if about.vague && !again.is_empty() {
            self.tell("reminder.unclear", &[]);
            return true;
        }
        for number in again {
            self.leave_out(number, &about.times);
        }
        once.is_empty()
            || self.each(
                &Which::Numbers(once),
                "reminder.cancelled",
                Self::remove_one,
            )
    }

    /// From a time on: what does not come before it is cancelled, the rest is left as it is.
    fn cancel_since(&mut self, about: &About) -> bool {
        let from = about.times.iter().map(|(from, _)| *from).min();
        let numbers = if about.words.is_empty() {
            self.chosen(&Which::Unsaid).unwrap_or_default()
        } else {
            let times = Vec::new();
            let always = About {
                times,
                ..about.clone()
            };
            let fitting = always.fitting(self.open.iter());
            self.named(&always, fitting)
        };
        let later = |number: &u32| self.open.get(number).map(|it| it.due) >= from;
        if numbers.iter().all(later) {
            return self.each(
                &Which::Numbers(numbers),
                "reminder.cancelled",
                Self::remove_one,
            );
        }
        self.tell("reminder.unclear", &[]);
        true
    }

    /// Of what comes again nothing comes between these times.
    fn leave_out(&mut self, number: u32, spans: &[(UnixMillis, UnixMillis)]) {
        let Some(reminder) = self.open.get(&number).cloned() else {
            return;
        };
        let until = spans.iter().map(|(_, until)| *until).max();
        let comes = |at: &UnixMillis| Some(*at) < until;
        let following = |at: &UnixMillis| self.next(&reminder, *at);
        let times = std::iter::successors(Some(reminder.due), following).take_while(comes);
        let times = times.take(MOST_TIMES);
        let inside = |at: &UnixMillis| {
            spans
                .iter()
                .any(|(from, until)| (from..until).contains(&at))
        };
        let gone: Vec<UnixMillis> = times.filter(inside).collect();
        let (Some(first), Some(last)) = (gone.first(), gone.last()) else {
            self.tell("reminder.unclear", &[]);
            return;
        };
        let mut changed = reminder.clone();
        changed.without.retain(|(_, until)| *until > self.scene.now);
        changed.without.extend(spans);
        if gone.contains(&changed.due) {
            let Some(due) = self.next(&changed, changed.due) else {
                self.tell("reminder.unclear", &[]);
                return;
            };
            changed.due = due;
            self.timer(number, due);
        }
        self.set(number, changed);
        let key = if gone.len() > 1 {
            "reminder.skipped_many"
        } else {
            "reminder.skipped"
        };
        let (time, last) = (self.voice.time(*first), self.voice.time(*last));
        let (number, count) = (number.to_string(), gone.len().to_string());
        let values = [
            ("number", number.as_str()),
            ("time", &time),
            ("last", &last),
            ("count", &count),
            ("text", &reminder.text),
        ];
        self.tell(key, &values);
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
                    ..Reminder::default()
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

    /// Other words in what it says, if it says the wrong ones.
    pub(super) fn replace(&mut self, which: &Which, from: &str, to: &str) -> bool {
        let Some(numbers) = self.chosen(which) else {
            return false;
        };
        for number in numbers {
            match self.open.get(&number).map(|it| it.text.clone()) {
                Some(text) if text.contains(from) => {
                    self.rename(&Which::Numbers(vec![number]), &text.replace(from, to));
                }
                _ => self.tell("reminder.unclear", &[]),
            }
        }
        true
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
}
