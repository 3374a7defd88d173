//! What somebody says right after a reminder was set, about that one: `不对，是四点`,
//! `内容改成回访李四`, `算了`.

use super::answer::is_only;
use super::command::{END, SNOOZE, command};
use super::fold::{Cursor, Text};
use super::moved::until;
use super::{Scene, Which, Wish};

/// Says that something is to be different. Longer words come first.
const WRONG: &[&str] = &[
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
    "哦", "噢", "啊", "那", "我", "就", "还是", ",", " ", ".", "!",
];
const CONTENT: &[&str] = &["内容", "事情", "事项", "文字"];
const ANEW: &[&str] = &["改成", "改为", "换成", "应该是", "是"];
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
];

/// What is to change about the reminder of this number, which was just set; `None` if the
/// message is about something else.
#[must_use]
pub fn correction(number: u32, message: &str, scene: &Scene<'_>) -> Option<Wish> {
    let text = Text::new(message);
    let which = Which::Numbers(vec![number]);
    let folded: String = text
        .folded
        .iter()
        .filter(|it| !" ,.!".contains(**it))
        .collect();
    if is_only(&text, NO_MORE) || NO_MORE.contains(&folded.as_str()) {
        return Some(Wish::Cancel(which));
    }
    if let Some(what) = content(&text) {
        return Some(Wish::Rename { which, what });
    }
    if let Some(wish) = command(&text, scene) {
        return Some(of_this(wish, which));
    }
    let mut cursor = Cursor::new(&text.folded, 0);
    let mut wrong = false;
    loop {
        if cursor.eat_any(WRONG).is_some() || cursor.eat_any(SNOOZE).is_some() {
            wrong = true;
        } else if cursor.eat_any(LEADING).is_none() {
            break;
        }
    }
    if !wrong {
        return None;
    }
    let until = until(cursor)?;
    Some(Wish::Snooze { which, until })
}

/// A command that does not say which means the one that was just set.
fn of_this(wish: Wish, this: Which) -> Wish {
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
