//! What somebody says after a question of ours.

use super::atom::{Clock, Part, Wait};
use super::clock::part;
use super::command::command;
use super::deadline::in_time;
use super::denied::{denied, is_denied};
use super::expression::{Expression, find};
use super::fold::{Cursor, Text};
use super::number::whole;
use super::resolve::{Meaning, resolve};
use super::trigger::triggers;
use super::wait::bare_wait;
use super::wish::{is_question, soon, understand, what, wish};
use super::{Asks, Question, Scene, When, Which, Wish};
use crate::domain::clock::UnixMillis;
use crate::domain::rhythm::Rhythm;

const YES: &[&str] = &[
    "是的", "对的", "好的", "可以", "是", "对", "好", "嗯", "行", "ok", "yes", "没错", "要的",
    "要", "设吧", "设", "需要",
];
const FILLERS: &[&str] = &["嗯嗯", "嗯", "哦", "噢", "啊", "收到", "知道", "谢谢", "在"];
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
const END: &[&str] = &[
    "的", "吧", "了", "啦", ".", "!", ",", " ", "啊", "呀", "哦", "哈",
];
/// There is no time in these: it is asked which of the next ones.
const AT_ONCE: &[&str] = &["越快越好", "尽快", "马上", "立刻", "现在"];
/// Before an answer. Longer words come first.
const LEADING: &[&str] = &[
    "两个都不是",
    "都不是",
    "都不对",
    "我说的是",
    "我说错了",
    "说错了",
    "当然是",
    "肯定是",
    "应该是",
    "不是",
    "不对",
    "当然",
    "肯定",
    "应该",
    "那就",
    "改成",
    "就",
    "那",
    "是",
    "选",
    ",",
    " ",
];
const COURTESY: &[&str] = &[
    "谢谢你",
    "谢谢您",
    "谢谢",
    "谢了",
    "感谢",
    "辛苦了",
    "辛苦",
    "麻烦了",
    "多谢",
    "不客气",
    "早上好",
    "晚安",
    "你好",
    "您好",
    "再见",
    "拜拜",
    "哈",
    "呵",
    "嘿",
    "明白",
    "了解",
    "知道了",
    "太好了",
    "棒",
    "thanks",
    "thx",
    "hi",
];

/// Nothing but a wait answers the question for a time.
fn waiting(question: &Question, text: &Text) -> Option<Expression> {
    if question.asks == Asks::Text {
        return None;
    }
    Some(Expression {
        wait: Some(whole_wait(text)?),
        spans: vec![(0, text.folded.len())],
        ..Expression::default()
    })
}

/// What a message means after a question; `None` if it is something else.
#[must_use]
pub fn answer(question: &Question, message: &str, scene: &Scene<'_>) -> Option<Wish> {
    let text = Text::new(message);
    if is_only(&text, NO) || is_dropped(question, &text) {
        return Some(Wish::Never);
    }
    if is_denied(&text) {
        return match denied(&text, scene) {
            Some(Wish::Cancel(Which::Unsaid)) => Some(Wish::Never),
            wish => wish,
        };
    }
    if question.asks == Asks::Time && is_only(&text, AT_ONCE) {
        let what = question.what.clone();
        return Some(which(what, soon(scene)));
    }
    if let Some(choice) = chosen(question, &text, scene) {
        return Some(finished(choice.clone(), &question.what));
    }
    if let Some(wish) = command(&text, scene) {
        return Some(wish);
    }
    if let Some(expression) = waiting(question, &text) {
        return Some(wish(&expression, question.what.clone(), scene));
    }
    // Nobody is reminded of a question.
    if question.asks == Asks::Text && is_question(&text) {
        return understand(message, scene);
    }
    let said = plainly(&text);
    if let Some(choice) = chosen(question, &said, scene) {
        return Some(finished(choice.clone(), &question.what));
    }
    let triggers = triggers(&said.folded);
    let expression = weekly(question, find(&said.folded, &triggers));
    let left = what(&said, &expression, &triggers);
    if triggers.iter().any(|trigger| trigger.strong) && !left.is_empty() {
        return understand(message, scene);
    }
    let timed = !expression.is_empty();
    if question.asks == Asks::Text && !(timed && left.is_empty()) {
        if !left.is_empty() && expression.is_full() {
            return understand(message, scene);
        }
        return thing(question, message);
    }
    if !timed || (!left.is_empty() && !question.what.is_empty()) {
        return understand(message, scene);
    }
    let plain = said;
    let said = if left.is_empty() {
        question.what.clone()
    } else {
        left
    };
    if let Some(at) = on_that_day(question, &expression, scene) {
        return Some(finished(When::Once(at), &said));
    }
    let other = on_another_day(question, &expression, scene);
    Some(match other.as_slice() {
        [] => {
            let (expression, said) = in_time(&plain, expression, said, scene);
            wish(&expression, said, scene)
        }
        [only] => finished(only.clone(), &said),
        _ => which(said, other),
    })
}

/// What somebody wants to be reminded of, in their own words.
fn thing(question: &Question, message: &str) -> Option<Wish> {
    let text = Text::new(message);
    let when = question.choices.first()?.clone();
    // 嗯 is nothing to be reminded of.
    if is_only(&text, YES) || is_only(&text, FILLERS) {
        return None;
    }
    let what = message.trim().to_owned();
    Some(Wish::Remind { when, what })
}

/// Whether a message only declines what was asked.
#[must_use]
pub fn declines(message: &str) -> bool {
    let text = Text::new(message);
    is_only(&text, NO) || is_only(&text, &["不转了", "不转", "不给了", "先不转"])
}

/// Whether a message is no more than politeness: nobody waits for an answer.
#[must_use]
pub fn is_courtesy(message: &str) -> bool {
    let text = Text::new(message);
    let mut cursor = Cursor::new(&text.folded, 0);
    while [YES, FILLERS, COURTESY, END]
        .iter()
        .any(|words| cursor.eat_any(words).is_some())
    {}
    let wordless = |letter: &char| !letter.is_alphanumeric();
    cursor.rest().iter().all(wordless)
}

/// Without what only leads to the answer: `不是，今天下午`, `当然是下午`.
fn plainly(text: &Text) -> Text {
    let mut cursor = Cursor::new(&text.folded, 0);
    while cursor.eat_any(LEADING).is_some() {}
    Text::new(&text.original(cursor.at, text.folded.len()))
}

/// `五分钟`, and nothing else.
pub(super) fn whole_wait(text: &Text) -> Option<Wait> {
    let mut cursor = Cursor::new(&text.folded, 0);
    while cursor.eat_any(LEADING).is_some() {}
    let wait = bare_wait(&mut cursor)?;
    while cursor.eat_any(END).is_some() {}
    cursor.is_at_end().then_some(wait)
}

/// 不开了 after a question about 开会.
fn is_dropped(question: &Question, text: &Text) -> bool {
    let inside = |letters: &[char]| {
        let what = Text::new(&question.what);
        !letters.is_empty() && letters.iter().all(|letter| what.folded.contains(letter))
    };
    match text.folded.as_slice() {
        ['不' | '别', inner @ .., '了' | '啦'] => inside(inner),
        _ => false,
    }
}

/// 周三 after a question about every week: every Wednesday.
fn weekly(question: &Question, expression: Expression) -> Expression {
    let (
        Asks::Unsure | Asks::Time,
        Some(When::Repeating {
            rhythm: Rhythm::Days { on: asked, .. },
            ..
        }),
    ) = (question.asks, question.choices.first())
    else {
        return expression;
    };
    expression.in_rhythm(asked)
}

fn which(what: String, choices: Vec<When>) -> Wish {
    let asks = Asks::Which;
    Wish::Ask(Question {
        asks,
        what,
        choices,
    })
}

fn finished(when: When, what: &str) -> Wish {
    let what = what.to_owned();
    if what.is_empty() {
        let (asks, choices) = (Asks::Text, vec![when]);
        return Wish::Ask(Question {
            asks,
            what,
            choices,
        });
    }
    Wish::Remind { when, what }
}

/// Whether the message is one of these words and no more.
pub(super) fn is_only(text: &Text, words: &[&str]) -> bool {
    words.iter().any(|word| {
        let mut cursor = Cursor::new(&text.folded, 0);
        let said = cursor.eat(word);
        while cursor.eat_any(END).is_some() {}
        said && cursor.is_at_end()
    })
}

/// `下午`, `2`, `第二个`, `后者`, `是的`.
fn chosen<'q>(question: &'q Question, text: &Text, scene: &Scene<'_>) -> Option<&'q When> {
    if matches!(question.asks, Asks::Text | Asks::Time) {
        return None;
    }
    let choices = &question.choices;
    if let [only] = choices.as_slice()
        && is_only(text, YES)
    {
        return Some(only);
    }
    if let [only @ When::Repeating { .. }] = choices.as_slice()
        && is_only(text, &["每周", "每星期", "每个星期", "每礼拜", "每次"])
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
    let named = matches!(question.asks, Asks::Which | Asks::Unsure | Asks::Text);
    if !named || !no_day || expression.clocks.is_empty() {
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

/// A day alone is meant with the time of day that the question was about.
fn on_another_day(question: &Question, expression: &Expression, scene: &Scene<'_>) -> Vec<When> {
    let day_alone = expression.day.is_some()
        && expression.every.is_none()
        && expression.clocks.is_empty()
        && expression.part.is_none()
        && !expression.same_time;
    if !day_alone || question.asks == Asks::Time {
        return Vec::new();
    }
    let moved = |choice: &When| {
        let When::Once(at) = choice else { return None };
        let time = at.local(scene.zone).time();
        let clock = Clock {
            hour: time.hour(),
            minute: time.minute(),
            exact: true,
            part: None,
            bare: false,
        };
        let clocks = vec![clock];
        let timed = Expression {
            clocks,
            ..expression.clone()
        };
        match resolve(&timed, scene) {
            Meaning::One(when) => Some(when),
            _ => None,
        }
    };
    question.choices.iter().filter_map(moved).collect()
}
