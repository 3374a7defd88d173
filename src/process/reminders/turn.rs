//! One member's turn: a message, a press or a reminder that is due.

use std::collections::BTreeMap;

use super::say::Voice;
use super::{
    Cannot, Extent, KIND, MOST, Scene, Which, Wish, card, conversation, origin, own, phrases,
};
use crate::domain::clock::UnixMillis;
use crate::domain::effect::Effect;
use crate::domain::ids::{AppName, Lane, UserId};
use crate::domain::inbound::Task;
use crate::domain::outgoing::Outgoing;
use crate::domain::reminder::{Asked, Open, Question, Reminder, ReminderChange, When};
use crate::domain::timer::Timer;
use crate::lang::Lang;
use crate::phrases::About;
use crate::process::own::TaskScene;
use crate::process::{cards, compose};
use crate::store::{DecisionCommit, NewRecord, RecordOutcome};

/// What a turn is decided with, and what it leads to.
pub(super) struct Turn<'t> {
    pub(super) scene: &'t TaskScene<'t>,
    pub(super) app: &'t AppName,
    pub(super) member: &'t UserId,
    pub(super) voice: Voice<'t>,
    /// As it will be.
    pub(super) open: BTreeMap<u32, Reminder>,
    pub(super) last: u32,
    pub(super) changes: Vec<ReminderChange>,
    pub(super) effects: Vec<Effect>,
    pub(super) remove_timers: Vec<String>,
    timers: Vec<Timer>,
    pub(super) records: Vec<NewRecord>,
    pub(super) said: Vec<String>,
}

impl<'t> Turn<'t> {
    pub(super) fn new(scene: &'t TaskScene<'t>, app: &'t AppName, member: &'t UserId) -> Self {
        let all = scene.contact.reminders.as_deref();
        Self {
            scene,
            app,
            member,
            voice: Voice {
                lang: Lang::default(),
                now: scene.now,
                zone: &scene.config.timezone,
            },
            open: all.map(|all| all.open.clone()).unwrap_or_default(),
            last: all.map_or(0, |all| all.last),
            changes: Vec::new(),
            effects: Vec::new(),
            remove_timers: Vec::new(),
            timers: Vec::new(),
            records: Vec::new(),
            said: Vec::new(),
        }
    }

    /// Moves everything into the decision.
    pub(super) fn finish(self, heard: bool, commit: &mut DecisionCommit) {
        let change = commit.contact.get_or_insert_default();
        change.person = Some(self.scene.contact.person.clone());
        change.reminders.extend(self.changes);
        if !heard {
            return;
        }
        let lane = Lane(conversation(self.app, self.member).0);
        let text = self.said.join("\n");
        let texts = if text.is_empty() {
            Vec::new()
        } else {
            compose::for_app(vec![Outgoing::Text { text }])
        };
        let said = texts.into_iter().map(|message| Effect::AppSend {
            app: self.app.clone(),
            to: vec![self.member.clone()],
            message,
        });
        for (part, effect) in said.chain(self.effects).enumerate() {
            let effect = self.scene.effect(effect, lane.clone(), &origin(), part);
            commit.effects.push(effect);
        }
        commit.records.extend(self.records);
        // A timer that is set again is set, not removed.
        let set = |key: &String| self.timers.iter().any(|timer| timer.key == *key);
        let removed = self.remove_timers.into_iter().filter(|key| !set(key));
        commit.remove_timers.extend(removed);
        commit.timers.extend(self.timers);
        let numbers: Vec<u32> = self.open.keys().copied().collect();
        let trace = commit.trace.get_or_insert_with(|| serde_json::json!({}));
        trace["reminders"] = serde_json::json!(numbers);
        commit.outcome = RecordOutcome::Done { fired: Vec::new() };
    }

    pub(super) fn say(&mut self, text: String) {
        self.said.push(text);
    }

    pub(super) fn tell(&mut self, key: &str, values: &[(&str, &str)]) {
        let text = self.voice.text(key, values);
        self.say(text);
    }

    /// What times are meant by.
    pub(super) fn world(&self) -> Scene<'t> {
        Scene {
            now: self.scene.now,
            zone: self.voice.zone,
            calendar: self.scene.playbook.rules.calendar(),
        }
    }

    /// A wish about reminders that are named by what they say; none if none says that, and
    /// the message may be about something else.
    pub(super) fn spoken_of(&self, text: &str, world: &Scene<'_>) -> Option<Wish> {
        let wish = phrases::about(text, world)?;
        if wish == Wish::Unclear {
            return Some(wish);
        }
        let (Wish::Cancel(which)
        | Wish::Done(which)
        | Wish::Snooze { which, .. }
        | Wish::HandOver { which, .. }) = &wish
        else {
            return None;
        };
        let known = match which {
            Which::About(about) if matches!(wish, Wish::Cancel(_)) => {
                about.sure || !self.coming(about).is_empty()
            }
            Which::About(about) => about.sure || !about.fitting(self.open.iter()).is_empty(),
            // 这个不用提醒了
            _ => true,
        };
        known.then_some(wish)
    }

    pub(super) fn grant(&mut self, wish: Wish) -> bool {
        match wish {
            Wish::Remind { when, what } => self.add(&when, what),
            Wish::List(times) => self.list_of(&times),
            Wish::Cancel(which) => return self.cancel(&which),
            Wish::Done(which) => return self.each(&which, "reminder.done", Self::clear_one),
            Wish::Snooze { which, until } => return self.snooze(&which, &until),
            Wish::Rename { which, what } => return self.rename(&which, &what),
            Wish::Replace { which, from, to } => return self.replace(&which, &from, &to),
            Wish::HandOver { which, to } => return self.hand_over(&which, &to),
            Wish::Never => self.tell("reminder.never", &[]),
            Wish::Ask(question) => self.ask(question),
            Wish::NoSuchTime => self.tell("reminder.no_such_time", &[]),
            Wish::TooOften => self.tell("reminder.too_often", &[]),
            Wish::Unclear => self.tell("reminder.unclear", &[]),
            Wish::Cannot(Cannot::Pause) => self.tell("reminder.cannot_pause", &[]),
            Wish::Cannot(Cannot::End) => self.tell("reminder.cannot_end", &[]),
            Wish::Cannot(Cannot::Another) => self.tell("reminder.cannot_another", &[]),
            Wish::Cannot(Cannot::LunarMonth) => self.tell("reminder.cannot_lunar", &[]),
        }
        true
    }

    fn add(&mut self, when: &When, text: String) {
        if self.open.len() >= MOST {
            self.tell("reminder.too_many", &[("most", &MOST.to_string())]);
            return;
        }
        let number = self.last + 1;
        let rhythm = match when {
            When::Once(_) => None,
            When::Repeating { rhythm, .. } => Some(rhythm.clone()),
        };
        let due = when.first();
        let alike = |it: &Reminder| it.due == due && it.text == text && it.rhythm == rhythm;
        if let Some((number, _)) = self.open.iter().find(|(_, it)| alike(it)) {
            let number = number.to_string();
            let time = self.voice.when(when);
            let values = [
                ("number", number.as_str()),
                ("time", &time),
                ("text", &text),
            ];
            self.tell("reminder.already", &values);
            return;
        }
        let (time, label) = (self.voice.when(when), number.to_string());
        let values = [("time", time.as_str()), ("text", &text), ("number", &label)];
        self.tell("reminder.echo", &values);
        self.set(
            number,
            Reminder {
                text,
                due,
                rhythm,
                ..Reminder::default()
            },
        );
        self.timer(number, due);
        self.ask_open(Open::Set(number));
    }

    pub(super) fn list(&mut self) {
        if self.open.is_empty() {
            self.tell("reminder.none", &[]);
            return;
        }
        let lines: Vec<String> = self
            .open
            .iter()
            .map(|(number, it)| self.voice.line(*number, it))
            .collect();
        self.tell("reminder.list", &[("lines", &lines.join("\n"))]);
    }

    pub(super) fn ask(&mut self, question: Question) {
        let text = self.voice.question(&question);
        self.say(text);
        self.ask_open(Open::Wish(question));
    }

    pub(super) fn ask_open(&mut self, question: Open) {
        let at = self.scene.now;
        self.changes
            .push(ReminderChange::Ask(Some(Asked { at, question })));
    }

    /// The numbers that are meant, and those of them that do not exist. `None` if nothing was
    /// said and there is nothing, so that it is about something else.
    pub(super) fn chosen(&mut self, which: &Which) -> Option<Vec<u32>> {
        match which {
            Which::All => Some(self.open.keys().copied().collect()),
            Which::Both(count) if usize::try_from(*count) == Ok(self.open.len()) => {
                Some(self.open.keys().copied().collect())
            }
            Which::Both(_) => {
                self.tell("reminder.which", &[]);
                self.list();
                Some(Vec::new())
            }
            Which::Numbers(numbers) => {
                let (known, unknown): (Vec<u32>, Vec<u32>) = numbers
                    .iter()
                    .partition(|number| self.open.contains_key(number));
                for number in unknown {
                    self.tell("reminder.unknown", &[("number", &number.to_string())]);
                }
                Some(known)
            }
            Which::About(about) => {
                let fitting = about.fitting(self.open.iter());
                Some(self.named(about, fitting))
            }
            Which::Unsaid => {
                // What was just shown is what is spoken of.
                let shown: Vec<u32> = self
                    .open
                    .iter()
                    .filter(|(_, it)| it.card.is_some())
                    .map(|(number, _)| *number)
                    .collect();
                let all: Vec<u32> = self.open.keys().copied().collect();
                match (shown.as_slice(), all.as_slice()) {
                    (_, []) => None,
                    ([only], _) | (_, [only]) => Some(vec![*only]),
                    _ => {
                        self.tell("reminder.which", &[]);
                        self.list();
                        Some(Vec::new())
                    }
                }
            }
        }
    }

    /// Those that fit, or a question if it is not clear which are meant.
    pub(super) fn named(&mut self, about: &About, fitting: Vec<u32>) -> Vec<u32> {
        let key = match fitting.len() {
            0 => "reminder.none_like_that",
            1 => return fitting,
            _ if about.extent == Extent::All => return fitting,
            count if about.names_each(count) => return fitting,
            _ => "reminder.which",
        };
        self.tell(key, &[]);
        self.list();
        Vec::new()
    }

    /// Whether it is to be shown now: a timer may be older than a change.
    pub(super) fn is_due(&self, number: u32) -> bool {
        let reminder = self.open.get(&number);
        reminder.is_some_and(|it| it.due <= self.scene.now && !it.is_shown())
    }

    /// Shows it, and sets the next time of one that comes again.
    pub(super) fn fire(&mut self, number: u32, cards: bool) {
        let Some(reminder) = self.open.get(&number).cloned() else {
            return;
        };
        let next = phrases::next_of(&reminder, self.scene.now, &self.world());
        self.point_at(number);
        let label = number.to_string();
        let task = cards::task(KIND, self.scene.record.id, &label, self.scene.now);
        let message = if cards {
            let title = self
                .voice
                .text("reminder.title_numbered", &[("number", &label)]);
            card(&task, &title, &reminder.text)
        } else {
            let text = self.voice.text(
                "reminder.due",
                &[("text", &reminder.text), ("number", &label)],
            );
            Outgoing::Text { text }
        };
        self.effects.push(Effect::AppSend {
            app: self.app.clone(),
            to: vec![self.member.clone()],
            message,
        });
        let card = cards.then_some(task);
        match next {
            Some(due) => {
                self.set(
                    number,
                    Reminder {
                        due,
                        card,
                        ..reminder
                    },
                );
                self.timer(number, due);
            }
            None if cards => self.set(
                number,
                Reminder {
                    rhythm: None,
                    card,
                    ..reminder
                },
            ),
            None => self.remove(number),
        }
    }

    /// What rang is spoken of next, unless we wait for an answer.
    fn point_at(&mut self, number: u32) {
        let waits = matches!(
            self.open_question(),
            Some(Open::Wish(_) | Open::HandOver(_))
        );
        if !waits {
            self.ask_open(Open::Near(number));
        }
    }

    pub(super) fn timer_key(&self, number: u32) -> String {
        format!("reminder/{}/{number}", self.member)
    }

    pub(super) fn timer(&mut self, number: u32, due: UnixMillis) {
        let inbound = own(self.app, self.member, Task::Reminder { number }, due);
        let key = self.timer_key(number);
        self.timers.push(Timer { key, due, inbound });
    }
}
