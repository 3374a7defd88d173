//! What somebody says right after a reminder was set, about that one: `不对，是四点`,
//! `内容改成回访李四`, `算了`.

use super::about::ASKS;
use super::answer::is_only;
use super::atom::Day;
use super::clock::part;
use super::command::{END, HAND_OVER, POLITE, SNOOZE, command, receiver};
use super::expression::find;
use super::fold::{Cursor, Text};
use super::given::to_whom;
use super::moved::{sooner, until};
use super::{Cannot, Move, Scene, Which, Wish};
use crate::domain::reminder::Reminder;
use crate::domain::rhythm::Rhythm;

/// Says that something is to be different. Longer words come first.
const WRONG: &[&str] = &[
    "不,",
    "不 ",
    "还是",
    "改在",
    "改",
    "我说错了",
    "说错了",
    "搞错了",
    "弄错了",
    "写错了",
    "错了",
    "不对",
    "不是",
    "应该是",
    "应该",
    "更正",
    "时间",
    "换成",
    "换到",
    "是",
    "把",
];
/// Leads to it.
const LEADING: &[&str] = &[
    "不好意思",
    "对不起",
    "抱歉",
    "等一下",
    "等等",
    "等下",
    "稍等",
    "哎呀",
    "哎",
    "呃",
    "额",
    "嗯",
    "哦",
    "噢",
    "啊",
    "那",
    "我",
    "就",
    ",",
    " ",
    ".",
    "!",
];
const CONTENT: &[&str] = &["内容", "事情", "事项", "文字"];
const ANEW: &[&str] = &["改成", "改为", "换成", "应该是", "是"];
/// What was said before was wrong.
const MISTAKEN: &[&str] = &["错了", "不对", "应该", "不是", "更正"];
const NO_MORE: &[&str] = &[
    "算了不用了",
    "算了不要了",
    "算了",
    "不用了",
    "不要了",
    "取消",
    "取消吧",
    "不用提醒了",
    "这个不用提醒了",
    "这个不要了",
    "这条不要了",
    "撤销",
    "停了",
    "停掉",
    "不提醒了",
    "不设了",
];
/// What was just set, so named.
const THIS: &[&str] = &["这个", "这条", "这一条", "它"];
/// To rest for a while.
const RESTS: &[&str] = &["暂停", "先放一放", "先停", "停几天"];
/// Says that something may be meant to change, though it was not understood.
const CHANGES: &[&str] = &[
    "改", "取消", "交给", "转", "推", "往后", "提前", "不用", "挪", "换成", "换到", "完成", "编号",
    "提醒", "催", "搞定", "算了",
];
/// What is longer is about something else.
const LONGEST: usize = 20;

/// What is to change about the reminder of this number, which was just set; `None` if the
/// message is about something else.
#[must_use]
pub fn correction(
    number: u32,
    reminder: &Reminder,
    message: &str,
    scene: &Scene<'_>,
) -> Option<Wish> {
    let text = Text::new(message);
    let which = Which::Numbers(vec![number]);
    let folded: String = text
        .folded
        .iter()
        .filter(|it| !" ,.!".contains(**it))
        .collect();
    // 算了 after a card of what comes again may mean this time only.
    let series = reminder.card.is_some() && reminder.rhythm.is_some();
    if !series && (is_only(&text, NO_MORE) || NO_MORE.contains(&folded.as_str())) {
        return Some(Wish::Cancel(which));
    }
    if let Some(what) = content(&text) {
        return Some(Wish::Rename { which, what });
    }
    if let Some((from, to)) = other_words(&text) {
        return Some(Wish::Replace { which, from, to });
    }
    let mistaken = ANEW.iter().chain(MISTAKEN).any(|it| folded.contains(it));
    let each = mistaken && reminder.card.is_none() && !folded.contains("改到");
    if let Some(wish) = command(&text, scene) {
        return Some(match of_this(wish, which) {
            Wish::Snooze { which, until } if each => every_time(which, until, reminder),
            wish => wish,
        });
    }
    if RESTS.iter().any(|word| folded.starts_with(word)) {
        return Some(Wish::Cannot(Cannot::Pause));
    }
    if let Some(to) = given(&text).or_else(|| to_whom(Cursor::new(&text.folded, 0), &text)) {
        return Some(Wish::HandOver { which, to });
    }
    let mut cursor = Cursor::new(&text.folded, 0);
    // What rang comes again then: 半个小时, 明天上午.
    let mut wrong = reminder.card.is_some() || (reminder.rhythm.is_none() && is_part(cursor));
    loop {
        if cursor.eat_any(SNOOZE).is_some() || cursor.eat_any(WRONG).is_some() {
            wrong = true;
        } else if cursor.eat_any(LEADING).is_none() {
            break;
        }
    }
    let until = shifted(cursor).or_else(|| until(cursor).filter(|_| wrong))?;
    Some(if each {
        every_time(which, until, reminder)
    } else {
        Wish::Snooze { which, until }
    })
}

/// `下午`, and no more: that was left out of what was just set.
fn is_part(mut cursor: Cursor<'_>) -> bool {
    let said = part(&mut cursor).is_some();
    while cursor.eat_any(END).is_some() {}
    said && cursor.is_at_end()
}

/// What was wrong was wrong for each time. Of several times a day it is not clear which, and
/// of a day of another calendar whether it is meant.
fn every_time(which: Which, until: Move, reminder: &Reminder) -> Wish {
    let several = matches!(&reminder.rhythm, Some(Rhythm::Days { at, .. }) if at.len() > 1);
    if (several && until.is_clock()) || until.mixes_calendars(reminder) {
        return Wish::Unclear;
    }
    let until = until.each_time();
    Wish::Snooze { which, until }
}

/// Whether a message that nobody understood may have been meant to change what was just set.
#[must_use]
pub fn may_correct(message: &str) -> bool {
    let text = Text::new(message);
    let folded: String = text.folded.iter().collect();
    let asks = ASKS.iter().any(|word| folded.contains(word));
    let changes = || CHANGES.iter().any(|word| folded.contains(word));
    let timed = || {
        let found = find(&text.folded, &[]);
        // 今天天气不错 names no time.
        found.has_time() || !(found.is_empty() || found.day == Some(Day::Offset(0)))
    };
    text.folded.len() <= LONGEST && !asks && (changes() || timed())
}

/// `早半个钟`, `晚一小时`.
fn shifted(cursor: Cursor<'_>) -> Option<Move> {
    let mut look = cursor;
    if look.eat("早") {
        return sooner(look);
    }
    look.eat("晚").then(|| until(look))?.filter(Move::is_later)
}

/// `不是张三，是李四`.
fn other_words(text: &Text) -> Option<(String, String)> {
    let mut cursor = Cursor::new(&text.folded, 0);
    while cursor.eat_any(LEADING).is_some() {}
    if !cursor.eat("不是") {
        return None;
    }
    let from = cursor.at;
    let parts = [",是", ", 是", " 是", ",而是", "而是", ",应该是"];
    let (at, to) = (from + 1..text.folded.len()).find_map(|at| {
        let mut look = Cursor::new(&text.folded, at);
        look.eat_any(&parts)?;
        Some((at, look.at))
    })?;
    let mut end = to;
    let closes = |at: usize| {
        let mut look = Cursor::new(&text.folded, at);
        while look.eat_any(END).is_some() {}
        look.is_at_end()
    };
    while end < text.folded.len() && !closes(end) {
        end += 1;
    }
    let words = [text.original(from, at), text.original(to, end)];
    // 不是三点，是四点 is about the time.
    let timed = |it: &String| !find(&Text::new(it).folded, &[]).is_empty();
    let [wrong, right] = words.map(|it| it.trim().to_owned());
    let plain = !wrong.is_empty() && !right.is_empty() && !timed(&wrong) && !timed(&right);
    plain.then_some((wrong, right))
}

/// `把这个交给wang.wei`, `交给售后组`.
fn given(text: &Text) -> Option<String> {
    let mut cursor = Cursor::new(&text.folded, 0);
    while cursor.eat_any(LEADING).is_some() || cursor.eat_any(POLITE).is_some() {}
    cursor.eat_any(THIS);
    cursor.eat_any(HAND_OVER)?;
    // 转交回访张三给王伟 says which.
    receiver(cursor, text).filter(|to| !to.contains(['给', ' ']))
}

/// A command that does not say which means the one that was just set.
#[must_use]
pub fn of_this(wish: Wish, this: Which) -> Wish {
    match wish {
        Wish::Cancel(Which::Unsaid) => Wish::Cancel(this),
        Wish::Snooze {
            which: Which::Unsaid,
            until,
        } => Wish::Snooze { which: this, until },
        wish => wish,
    }
}

/// `内容改成回访李四`.
fn content(text: &Text) -> Option<String> {
    let mut cursor = Cursor::new(&text.folded, 0);
    while cursor.eat_any(LEADING).is_some() || cursor.eat_any(&["不对", "错了", "把"]).is_some()
    {
    }
    cursor.eat_any(CONTENT)?;
    cursor.eat_any(ANEW)?;
    while cursor.eat_any(&[" ", ",", ":"]).is_some() {}
    let from = cursor.at;
    let closes = |at: &usize| {
        let mut look = Cursor::new(&text.folded, *at);
        while look.eat_any(END).is_some() {}
        look.is_at_end()
    };
    let to = (from..text.folded.len())
        .find(closes)
        .unwrap_or(text.folded.len());
    let what = text.original(from, to).trim().to_owned();
    (!what.is_empty()).then_some(what)
}
