//! Who is to do what a reminder says instead: `把回访张三转给王伟`, `让王伟去回访张三`.

use super::about::{asks_for_one, end_of, meant};
use super::command::{HAND_OVER, receiver};
use super::fold::{Cursor, Text};
use super::{Scene, Which, Wish};

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
