//! `12月5日前交材料`: what is to be done before a day is said on the day before, with the words
//! about the day, so that nobody takes one for the other.

use super::Scene;
use super::atom::Wait;
use super::expression::Expression;
use super::fold::{Cursor, Text};
use super::resolve::{Meaning, resolve};
use super::wish::NOT_BEFORE;

const BEFORE: &[&str] = &["之前", "以前", "前"];

/// The time at which a deadline is said, and its text. A day that is too near stays as it is.
pub(super) fn in_time(
    text: &Text,
    expression: Expression,
    what: String,
    scene: &Scene<'_>,
) -> (Expression, String) {
    let Some(deadline) = deadline(text, &expression) else {
        return (expression, what);
    };
    let early = Some(Wait {
        days: 1,
        ..Wait::default()
    });
    let sooner = Expression {
        early,
        ..expression.clone()
    };
    if !matches!(resolve(&sooner, scene), Meaning::One(_)) {
        return (expression, what);
    }
    let at_end = BEFORE.iter().find_map(|word| what.strip_suffix(word));
    let what = at_end.unwrap_or(&what);
    let what = if what.is_empty() {
        String::new()
    } else {
        format!("{deadline}{what}")
    };
    (sooner, what)
}

/// `12月5日前`, if the message names no more of the time.
fn deadline(text: &Text, expression: &Expression) -> Option<String> {
    if !expression.is_day() || expression.early.is_some() || expression.unread {
        return None;
    }
    let (from, to) = expression.reach();
    let mut end = Cursor::new(&text.folded, to);
    if end.sees(NOT_BEFORE) {
        return None;
    }
    end.eat_any(BEFORE)?;
    // 12月5日以前的合同 is a contract.
    (!end.sees(&["的"])).then(|| text.original(from, end.at))
}
