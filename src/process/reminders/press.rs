//! A press of a button on a reminder.

use std::time::Duration;

use jiff::civil::time;

use super::turn::Turn;
use crate::domain::clock::UnixMillis;
use crate::domain::reminder::{Open, Reminder, ReminderChange};
use crate::process::cards::Press;

pub(super) const DONE: &str = "done";
pub(super) const SOON: &str = "soon";
pub(super) const TOMORROW: &str = "tomorrow";
pub(super) const HAND_OVER: &str = "hand_over";

/// What 半小时后 means.
const SOON_WAIT: Duration = Duration::from_secs(30 * 60);

impl Turn<'_> {
    /// Who presses twice, or after it was cancelled, reads that on the card.
    pub(super) fn press(&mut self, press: Press<'_>) {
        let open = self.open.iter();
        let mut pressed = open.filter(|(_, it)| it.card.as_deref() == Some(press.task));
        let Some((number, reminder)) = pressed.next().map(|(number, it)| (*number, it.clone()))
        else {
            let text = self.voice.text("reminder.gone", &[]);
            self.answer_press(press, &text);
            return;
        };
        let text = match press.key {
            DONE => {
                self.clear(number, &reminder);
                self.voice.text("reminder.done_on_card", &[])
            }
            SOON => self.put_off(number, &reminder, self.scene.now.after(SOON_WAIT)),
            TOMORROW => self.put_off(number, &reminder, self.tomorrow()),
            HAND_OVER => {
                self.ask_open(Open::HandOver(number));
                self.tell("reminder.ask_whom", &[]);
                self.voice.text("reminder.asked_on_card", &[])
            }
            _ => return,
        };
        self.answer_press(press, &text);
    }

    /// On the card where WeCom lets us, else in the chat.
    fn answer_press(&mut self, press: Press<'_>, text: &str) {
        match press.update(self.app, self.member, text) {
            Some(update) => self.effects.push(update),
            None => self.say(text.to_owned()),
        }
    }

    /// One that comes again is only done for this time.
    pub(super) fn clear(&mut self, number: u32, reminder: &Reminder) {
        if reminder.rhythm.is_some() {
            let card = None;
            self.set(
                number,
                Reminder {
                    card,
                    ..reminder.clone()
                },
            );
        } else {
            self.remove(number);
        }
    }

    /// One that comes again keeps its rhythm: what is put off gets a number of its own.
    pub(super) fn put_off(
        &mut self,
        number: u32,
        reminder: &Reminder,
        until: UnixMillis,
    ) -> String {
        let later = Reminder {
            text: reminder.text.clone(),
            due: until,
            ..Reminder::default()
        };
        if reminder.rhythm.is_some() {
            match reminder.card {
                Some(_) => self.clear(number, reminder),
                // It was not shown yet: the next time is the one that is put off.
                None => self.skip(number, reminder),
            }
            let new = self.last + 1;
            self.set(new, later);
            self.timer(new, until);
        } else {
            self.set(number, later);
            self.timer(number, until);
        }
        let time = self.voice.short(until);
        self.voice
            .text("reminder.later_on_card", &[("time", &time)])
    }

    /// Tomorrow at nine.
    fn tomorrow(&self) -> UnixMillis {
        let zone = self.voice.zone;
        let date = self.scene.now.local(zone).date();
        let date = date.tomorrow().unwrap_or(date);
        UnixMillis::of_local(date.to_datetime(time(9, 0, 0, 0)), zone)
    }

    pub(super) fn set(&mut self, number: u32, reminder: Reminder) {
        self.last = self.last.max(number);
        self.open.insert(number, reminder.clone());
        self.changes.push(ReminderChange::Set(number, reminder));
    }

    pub(super) fn remove(&mut self, number: u32) {
        self.open.remove(&number);
        self.changes.push(ReminderChange::Remove(number));
        let key = self.timer_key(number);
        self.remove_timers.push(key);
    }
}
