//! What somebody says after a question of ours.

use super::atom::Part;
use super::clock::part;
use super::command::command;
use super::expression::{Expression, find};
use super::fold::{Cursor, Text};
use super::number::whole;
use super::resolve::{Meaning, resolve};
use super::trigger::triggers;
use super::wish::{understand, what, wish};
use super::{Asks, Question, Scene, When, Wish};
use crate::domain::clock::UnixMillis;

const YES: &[&str] = &[
    "是的", "对的", "好的", "可以", "是", "对", "好", "嗯", "行", "ok", "yes", "没错",
];
const NO: &[&str] = &[
    "不用了",
    "不用",
    "不是",
    "不要了",
    "不要",
    "算了",
    "取消",
    "不了",
    "没事了",
    "no",
];
const END: &[&str] = &["的", "吧", "了", ".", "!", " ", "啊", "哦"];

/// What a message means after a question; `None` if it is something else.
#[must_use]
pub fn answer(question: &Question, message: &str, scene: &Scene<'_>) -> Option<Wish> {
    let text = Text::new(message);
    if is_only(&text, NO) {
        return Some(Wish::Never);
    }
    if let Some(choice) = chosen(question, &text, scene) {
        return Some(finished(choice.clone(), &question.what));
    }
    if let Some(wish) = command(&text, scene) {
        return Some(wish);
    }
    let triggers = triggers(&text.folded);
    let expression = find(&text.folded, &triggers);
    let left = what(&text, &expression, &triggers);
    if triggers.iter().any(|trigger| trigger.strong) && !left.is_empty() {
        return understand(message, scene);
    }
    if question.asks == Asks::Text {
        let when = question.choices.first()?.clone();
        let what = if left.is_empty() || !expression.is_full() {
            message.trim().to_owned()
        } else {
            return understand(message, scene);
        };
        return Some(Wish::Remind { when, what });
    }
    if expression.is_empty() || (!left.is_empty() && !question.what.is_empty()) {
        return understand(message, scene);
    }
    let said = if left.is_empty() {
        question.what.clone()
    } else {
        left
    };
    if let Some(at) = on_that_day(question, &expression, scene) {
        return Some(finished(When::Once(at), &said));
    }
    Some(wish(&expression, said, scene))
}

fn finished(when: When, what: &str) -> Wish {
    if what.is_empty() {
        let choices = vec![when];
        let (asks, what) = (Asks::Text, String::new());
        return Wish::Ask(Question {
            asks,
            what,
            choices,
        });
    }
    let what = what.to_owned();
    Wish::Remind { when, what }
}

/// Whether the message is one of these words and no more.
fn is_only(text: &Text, words: &[&str]) -> bool {
    let mut cursor = Cursor::new(&text.folded, 0);
    let said = cursor.eat_any(words).is_some();
    while cursor.eat_any(END).is_some() {}
    said && cursor.is_at_end()
}

/// `下午`, `2`, `第二个`, `后者`, `是的`.
fn chosen<'q>(question: &'q Question, text: &Text, scene: &Scene<'_>) -> Option<&'q When> {
    if question.asks == Asks::Text {
        return None;
    }
    let choices = &question.choices;
    if let [only] = choices.as_slice()
        && is_only(text, YES)
    {
        return Some(only);
    }
    if is_only(text, &["前者", "前一个"]) {
        return choices.first();
    }
    if is_only(text, &["后者", "后一个"]) {
        return choices.last();
    }
    let mut cursor = Cursor::new(&text.folded, 0);
    cursor.eat_any(&["选择", "选", "第"]);
    cursor.skip_spaces();
    let number = whole(&mut cursor);
    cursor.eat_any(&["个", "项", "条"]);
    while cursor.eat_any(END).is_some() {}
    if let Some(number) = number
        && cursor.is_at_end()
    {
        return choices.get(usize::try_from(number).ok()?.checked_sub(1)?);
    }
    let mut cursor = Cursor::new(&text.folded, 0);
    cursor.eat_any(&["是", "选"]);
    let part = part(&mut cursor)
        .or_else(|| cursor.eat_of(&[("早", Part::Morning), ("晚", Part::Evening)]))?;
    while cursor.eat_any(END).is_some() {}
    let early = |when: &&When| when.first().local(scene.zone).hour() < 12;
    let mut fitting = choices.iter().filter(|when| early(when) == part.is_early());
    let first = fitting.next()?;
    (cursor.is_at_end() && fitting.next().is_none()).then_some(first)
}

/// A time of day alone is meant on the day that the question was about.
fn on_that_day(
    question: &Question,
    expression: &Expression,
    scene: &Scene<'_>,
) -> Option<UnixMillis> {
    let no_day =
        expression.day.is_none() && expression.every.is_none() && expression.wait.is_none();
    if question.asks != Asks::Which || !no_day || expression.clocks.is_empty() {
        return None;
    }
    let When::Once(first) = question.choices.first()? else {
        return None;
    };
    let Meaning::One(When::Once(at)) = resolve(expression, scene) else {
        return None;
    };
    let date = first.local(scene.zone).date();
    let at = UnixMillis::of_local(date.to_datetime(at.local(scene.zone).time()), scene.zone);
    (at > scene.now).then_some(at)
}
