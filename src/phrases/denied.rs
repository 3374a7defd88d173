//! What is not to be reminded of: `明天别提醒我喝水`, `后天不用提醒打卡了`.

use super::about::{ALL, ASKS, end_of, meant};
use super::command::{POLITE, SNOOZE};
use super::expression::find;
use super::fold::{Cursor, Text};
use super::trigger::triggers;
use super::{Scene, Which, Wish};

/// Before the reminding that is not wanted. Longer words come first.
const DENIES: &[&str] = &[
    "不需要",
    "用不着",
    "不用",
    "不必",
    "不要",
    "无需",
    "甭",
    "别",
    "不",
];
/// Before a word that only looks like one of these: 特别提醒, 要不提醒.
const NO_DENIAL: &str = "特分要差能可是级性识区个";
const REMINDING: &[&str] = &["提醒我们", "提醒我", "提醒", "叫我", "喊我", "通知我"];
/// Something else is wanted instead.
const INSTEAD: &[&str] = &["改在", "而是", "但是", "换成", "换到", "除了", "除非"];
/// From a time on, not only then.
const SINCE: &[&str] = &["开始", "以后", "之后", "往后", "起"];
/// No more than these leaves open what is meant.
const POINTS: &[&str] = &["这个", "这条", "那个", "那条", "它", "先", "就", "都", "了"];

/// Where somebody says that they do not want to be reminded.
fn place(text: &Text) -> Option<(usize, usize)> {
    (0..text.folded.len()).find_map(|at| {
        let mut look = Cursor::new(&text.folded, at);
        if look.before().is_some_and(|it| NO_DENIAL.contains(it)) {
            return None;
        }
        look.eat_any(DENIES)?;
        look.eat("再");
        look.eat_any(REMINDING)?;
        (!is_exception(&text.folded[..at])).then_some((at, look.at))
    })
}

/// `每天9点提醒我巡店，周末不提醒`: behind a wish it says when not.
fn is_exception(before: &[char]) -> bool {
    let triggers = triggers(before);
    triggers.iter().any(|trigger| trigger.strong) && find(before, &triggers).every.is_some()
}

/// Whether a message says so.
pub(super) fn is_denied(text: &Text) -> bool {
    place(text).is_some()
}

/// Of what somebody does not want to be reminded; `None` if it is only asked about.
pub(super) fn denied(text: &Text, scene: &Scene<'_>) -> Option<Wish> {
    let (from, to) = place(text)?;
    let folded: String = text.folded.iter().collect();
    if ASKS.iter().any(|word| folded.contains(word)) {
        return None;
    }
    let mut start = Cursor::new(&text.folded, 0);
    while start.eat_any(POLITE).is_some() || start.eat_any(&["以后", "今后", " "]).is_some() {}
    let before = text.original(start.at.min(from), from);
    let after = text.original(to, end_of(text, to));
    let said = Text::new(&format!("{before} {after}"));
    let rest: String = said.folded.iter().collect();
    let instead = SNOOZE.iter().chain(INSTEAD).any(|it| rest.contains(it));
    if instead || !triggers(&said.folded).is_empty() {
        return Some(Wish::Unclear);
    }
    let Some(mut about) = meant(&said, (0, said.folded.len()), scene) else {
        let all = ALL.iter().any(|word| rest.contains(word));
        return Some(Wish::Cancel(if all { Which::All } else { Which::Unsaid }));
    };
    let mut pointed = about.words.as_str();
    while let Some(rest) = POINTS.iter().find_map(|it| pointed.strip_prefix(it)) {
        pointed = rest.trim_start();
    }
    if pointed.is_empty() && about.times.is_empty() && about.rhythm.is_none() {
        return Some(Wish::Cancel(Which::Unsaid));
    }
    about.words = pointed.to_owned();
    about.sure = true;
    // 明天起不用提醒打卡
    if !about.times.is_empty() && SINCE.iter().any(|word| before.contains(word)) {
        about.since = true;
        for word in SINCE {
            about.words = about.words.replacen(word, "", 1).trim().to_owned();
        }
    }
    Some(Wish::Cancel(Which::About(about)))
}
