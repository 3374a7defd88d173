//! What somebody says of the reminder that rang, when it is done: `好了`, `已寄`, `寄了`.

use super::answer::is_only;
use super::fold::Text;

/// Says so of whatever it was.
const OVER: &[&str] = &[
    "都好了",
    "好了",
    "好啦",
    "弄好了",
    "做好了",
    "做了",
    "办了",
    "办妥了",
    "搞好了",
    "忙完了",
    "处理了",
    "处理好了",
    "已办",
    "已做",
    "ok了",
];
/// Behind the verb.
const RESULTS: &str = "出好完过掉去到";
const ENDS: &str = " .!,~了啦";

/// Whether a message says no more than that something is done.
#[must_use]
pub fn is_over_with(message: &str) -> bool {
    is_only(&Text::new(message), OVER)
}

/// Whether a message says in its own words that this is done: `寄了` of 寄合同.
#[must_use]
pub fn says_done(message: &str, what: &str) -> bool {
    let (text, what) = (Text::new(message), Text::new(what));
    let folded: String = text.folded.iter().collect();
    let what: String = what.folded.iter().collect();
    let closed = folded.trim_end_matches([' ', '.', '!', ',', '~']);
    let begun = ["已经", "已"]
        .iter()
        .find_map(|word| closed.strip_prefix(word));
    let ends = closed.ends_with(['了', '啦']);
    if begun.is_none() && !ends {
        return false;
    }
    let done = begun.unwrap_or(closed);
    let done = done.trim_end_matches(|letter: char| ENDS.contains(letter));
    let verb = done.trim_end_matches(|letter: char| RESULTS.contains(letter));
    let is_named = |words: &str| !words.is_empty() && what.contains(words);
    is_named(done) || is_named(verb)
}
