//! Who is to do what a reminder says instead: `把回访张三转给王伟`, `让王伟去回访张三`.

use super::about::{asks_for_one, end_of, meant};
use super::command::{END, HAND_OVER, receiver};
use super::fold::{Cursor, Text};
use super::wish::is_question;
use super::{Scene, Which, Wish};

/// What somebody does who takes it over.
pub(super) const TAKES_OVER: &[&str] = &[
    "来跟进",
    "去跟进",
    "跟进",
    "来处理",
    "去处理",
    "处理",
    "来负责",
    "负责",
    "来做",
    "去做",
];
/// The same in one character, with which a name may end too.
const DOES: &[&str] = &["去办", "来", "去", "做", "办"];

/// `转交回访张三给王伟`, `把回访张三转给王伟`.
pub(super) fn handed_over(start: Cursor<'_>, text: &Text, scene: &Scene<'_>) -> Option<Wish> {
    let mut look = start;
    let (said, to) = if look.eat_any(HAND_OVER).is_some() {
        let to = look.rest().iter().rposition(|letter| *letter == '给')?;
        ((look.at, look.at + to), look.at + to)
    } else {
        (start.at + 1..text.folded.len()).find_map(|at| {
            let mut look = Cursor::new(&text.folded, at);
            look.eat_any(HAND_OVER)?;
            Some(((start.at, at), look.at))
        })?
    };
    if asks_for_one(text, said) {
        return None;
    }
    let to = receiver(Cursor::new(&text.folded, to), text)?;
    let which = Which::About(meant(text, said, scene)?);
    Some(Wish::HandOver { which, to })
}

/// `让王伟去回访张三`.
pub(super) fn let_do(start: Cursor<'_>, text: &Text, scene: &Scene<'_>) -> Option<Wish> {
    let mut look = start;
    look.eat_any(&["让", "叫", "交由", "由"])?;
    if look.sees(&["我"]) || asks_for_one(text, (look.at, text.folded.len())) {
        return None;
    }
    let goes = |at: &usize| Cursor::new(&text.folded, *at).sees(&["去", "来", "做"]);
    let at = (look.at + 1..text.folded.len()).find(goes)?;
    let to = text.original(look.at, at).trim().to_owned();
    let meant = meant(text, (at + 1, end_of(text, at)), scene)?;
    let which = Which::About(meant);
    Some(Wish::HandOver { which, to })
}

/// `wang.wei`, `给wang.wei`, `交给售后组吧`: a name after we asked for one.
#[must_use]
pub fn receiver_of(message: &str) -> Option<String> {
    let text = Text::new(message.trim_start_matches('@'));
    let mut cursor = Cursor::new(&text.folded, 0);
    while cursor.eat_any(HAND_OVER).is_some() || cursor.eat_any(&["转", "让", "由"]).is_some() {}
    let to = receiver(cursor, &text)?;
    let name = |letter: char| letter.is_alphanumeric() || "._-@".contains(letter);
    let longest = if to.is_ascii() { 64 } else { 12 };
    let one = to.chars().all(name) && to.chars().count() <= longest;
    (one && !is_question(&text)).then_some(to)
}

/// `转wang.wei`, `给wang.wei`, `让王伟去吧`, `wang.wei负责`: to whom it goes, and no more.
pub(super) fn to_whom(mut cursor: Cursor<'_>, text: &Text) -> Option<String> {
    let led = cursor.eat_any(&["转", "给", "让", "叫", "由", "@"]);
    cursor.skip_spaces();
    let from = cursor.at;
    let does = |at: &usize| {
        let mut look = Cursor::new(&text.folded, *at);
        look.skip_spaces();
        let does = look.eat_any(TAKES_OVER).is_some() || look.eat_any(DOES).is_some();
        while look.eat_any(END).is_some() {}
        (does || led.is_some()) && look.is_at_end()
    };
    let at = (from..=text.folded.len()).find(does)?;
    let to = text.original(from, at).trim().to_owned();
    let account = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let letters = to.chars().filter(char::is_ascii_alphabetic).count();
    // ppt and vip are nobody.
    let named = letters > 3 || (letters > 1 && to.contains(['.', '_', '-']));
    let is_account = named && to.chars().all(account);
    // 让王伟去 names somebody, 转正 and 给力 nobody.
    let by_name = matches!(led, Some("让" | "由")) && (2..=8).contains(&to.chars().count());
    let told = at < text.folded.len() && by_name && to.chars().all(char::is_alphabetic);
    (is_account || told).then_some(to)
}

/// `wang.wei来回访张三吧`.
pub(super) fn goes(start: Cursor<'_>, text: &Text, scene: &Scene<'_>) -> Option<Wish> {
    let account = |letter: &char| letter.is_ascii_alphanumeric() || "._-@".contains(*letter);
    let name = start.rest().iter().take_while(|it| account(it)).count();
    let mut look = Cursor::new(&text.folded, start.at + name);
    look.skip_spaces();
    look.eat_any(&["来", "去", "负责"])?;
    let letters = start.rest().iter().take(name);
    if letters.filter(|it| it.is_ascii_alphabetic()).count() < 2 {
        return None;
    }
    let to = text.original(start.at, start.at + name);
    let which = Which::About(meant(text, (look.at, end_of(text, look.at)), scene)?);
    let to = to.trim_start_matches('@').to_owned();
    Some(Wish::HandOver { which, to })
}
