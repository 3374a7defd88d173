//! What a member says, after a question of ours or without one.

use super::turn::Turn;
use super::{PATIENCE, Scene, Which, Wish, phrases};
use crate::domain::reminder::{Open, Question, ReminderChange};

impl Turn<'_> {
    /// Whether the message was about reminders. What we asked stays open until it is answered.
    pub(super) fn hear(&mut self, text: &str) -> bool {
        if phrases::is_too_long(text) {
            return false;
        }
        let world = self.world();
        let question = self.open_question();
        let mut wishes = match question.clone() {
            None => self.anew(text, &world),
            Some(Open::Set(number) | Open::Near(number)) => self.corrected(number, text, &world),
            Some(Open::Wish(question)) => self.answered(&question, text, &world),
            Some(Open::HandOver(number)) => match phrases::understand(text, &world) {
                Some(wish) => vec![wish],
                None => return self.answered_whom(number, text),
            },
        };
        if wishes.is_empty() && !matches!(question, Some(Open::Wish(_))) {
            wishes.extend(self.said_done(text));
        }
        let dropped = matches!(&question, Some(Open::Wish(asked)) if is_dropped(asked, &wishes));
        let mut heard = false;
        for wish in wishes {
            heard |= self.grant(wish);
        }
        if dropped && let Some(Open::Wish(asked)) = question {
            self.tell("reminder.dropped", &[("text", &asked.what)]);
        }
        heard
    }

    /// What we asked last, if it may still be answered.
    pub(super) fn open_question(&self) -> Option<Open> {
        let all = self.scene.contact.reminders.as_deref();
        let asked = all.and_then(|all| all.asked.as_ref());
        let fresh = asked.filter(|asked| self.scene.now.since(asked.at) <= PATIENCE);
        fresh.map(|asked| asked.question.clone())
    }

    /// After what nobody understood. A question of ours is asked again. What is said soon after
    /// a reminder was set or rang may have been meant to change it, and what names a time may
    /// be something to be reminded of.
    pub(super) fn doubt(&mut self, text: &str) -> bool {
        if phrases::is_too_long(text) {
            return false;
        }
        let question = self.open_question();
        match question {
            Some(Open::Wish(question)) => {
                self.say(self.voice.question(&question));
                return true;
            }
            Some(Open::HandOver(_)) => {
                self.tell("reminder.ask_whom", &[]);
                return true;
            }
            _ if phrases::is_courtesy(text) => return false,
            _ => {}
        }
        if let Some(question) = phrases::perhaps(text, &self.world()) {
            self.ask(question);
            return true;
        }
        let number = match question {
            Some(Open::Set(number)) => number,
            Some(Open::Near(number)) if phrases::may_correct(text) => number,
            _ => return false,
        };
        if !self.open.contains_key(&number) {
            return false;
        }
        self.ask_open(Open::Near(number));
        self.tell("reminder.unclear", &[]);
        true
    }

    fn anew(&self, text: &str, world: &Scene<'_>) -> Vec<Wish> {
        match self.spoken_of(text, world) {
            Some(wish) => vec![wish],
            None => phrases::wishes(None, text, world),
        }
    }

    /// `寄了`, `好了`: of the only one that is shown. `好了` is said right after it rang.
    fn said_done(&self, text: &str) -> Option<Wish> {
        let mut shown = self.open.iter().filter(|(_, it)| it.card.is_some());
        let (number, reminder) = shown.next()?;
        let near = self.open_question() == Some(Open::Near(*number));
        let said =
            phrases::says_done(text, &reminder.text) || (near && phrases::is_over_with(text));
        (said && shown.next().is_none()).then(|| Wish::Done(Which::Numbers(vec![*number])))
    }

    /// What is said right after a reminder was set may be about that one.
    fn corrected(&self, number: u32, text: &str, world: &Scene<'_>) -> Vec<Wish> {
        let Some(reminder) = self.open.get(&number) else {
            return self.anew(text, world);
        };
        match phrases::correction(number, reminder, text, world) {
            Some(wish) => vec![wish],
            None => {
                let wishes = self.anew(text, world).into_iter();
                let this = || Which::Numbers(vec![number]);
                wishes.map(|wish| phrases::of_this(wish, this())).collect()
            }
        }
    }

    fn answered(&mut self, question: &Question, text: &str, world: &Scene<'_>) -> Vec<Wish> {
        let wishes = phrases::wishes(Some(question), text, world);
        if wishes.is_empty() {
            return self.spoken_of(text, world).into_iter().collect();
        }
        let settled = |wish: &Wish| matches!(wish, Wish::Remind { .. } | Wish::Never);
        if wishes.iter().any(settled) {
            self.changes.push(ReminderChange::Ask(None));
        }
        wishes
    }

    /// A name after we asked to whom a reminder goes.
    fn answered_whom(&mut self, number: u32, text: &str) -> bool {
        if phrases::declines(text) {
            self.changes.push(ReminderChange::Ask(None));
            self.tell("reminder.kept", &[]);
            return true;
        }
        let Some(to) = phrases::receiver_of(text) else {
            return false;
        };
        if self.hand_over_shown(number, &to) {
            self.changes.push(ReminderChange::Ask(None));
        }
        true
    }
}

/// Whether something else is wanted instead of what we asked about: it is not forgotten in
/// silence.
fn is_dropped(asked: &Question, wishes: &[Wish]) -> bool {
    let other = |what: &String| !what.contains(&asked.what) && !asked.what.contains(what);
    let is_other = |wish: &Wish| match wish {
        Wish::Remind { what, .. } => other(what),
        Wish::Ask(next) => other(&next.what),
        _ => false,
    };
    !asked.what.is_empty() && !wishes.is_empty() && wishes.iter().all(is_other)
}
