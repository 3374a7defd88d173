//! What touches a time that was read, and belongs to it in a way that the grammar does not
//! know: `每` before it, `中旬` or `之后` behind it. What is to be done never begins or ends so.

use super::fold::Cursor;
use super::number::{digit, whole};
use super::trigger::Trigger;

/// Times that the grammar knows only together with others.
const LOOSE: &[&str] = &[
    "本月",
    "这个月",
    "当月",
    "这月",
    "今年",
    "本周",
    "这周",
    "这星期",
    "这个星期",
    "这个时候",
    "这个时间",
    "这时候",
    "同一时间",
    "为止",
    "截止",
    "除外",
    "公历",
    "阳历",
    "新历",
    "农历",
    "阴历",
];
/// Behind a time these say that it is another one, and no more.
const GOES_ON: &[&str] = &[
    "期间",
    "中旬",
    "上旬",
    "下旬",
    "旬",
    "之后",
    "以后",
    "过后",
    "之内",
    "以内",
    "之间",
    "以来",
    "前夜",
    "回来",
    "那几天",
    "这几天",
    "假期",
];
/// The same, with more behind them.
const COUNTED_ON: &[&str] = &[
    "倒数",
    "最后一天",
    "最后一个",
    "逢",
    "的今天",
    "几天",
    "放假",
    "后第",
    "不对",
    "不是",
    "说错",
];
/// The same, if what is to be done does not begin with them: 后续, 内部, 起草, 多联系.
const CLOSING: &[&str] = &["后", "内", "起", "多", "半", "夜"];
/// Before a time.
const BEGAN: &[&str] = &[
    "最后",
    "最后一个",
    "最后的",
    "倒数",
    "逢",
    "闰",
    "每",
    "这",
    "那",
    "那天",
    "前",
    "月",
    "月份",
    "不是",
];
/// Before a time, if no word ends with them: 订单周五发货.
const OPENING: &[&str] = &["双", "单", "双周", "单周", "隔", "隔周"];

/// How many letters before a time, and behind it, say no more than that it was not read whole.
pub(super) fn frayed(letters: &[char], (from, to): (usize, usize)) -> (usize, usize) {
    let len = |word: &&str| word.chars().count();
    let stands = |word: &&&str| {
        let word: Vec<char> = word.chars().collect();
        letters[..from].ends_with(&word)
    };
    let before = BEGAN.iter().chain(OPENING).filter(stands).map(len).max();
    let mut cursor = Cursor::new(letters, to);
    let behind = cursor.eat_any(GOES_ON).as_ref().map(len);
    (before.unwrap_or_default(), behind.unwrap_or_default())
}

/// Whether a time goes on here.
pub(super) fn goes_on(cursor: Cursor<'_>, triggers: &[Trigger]) -> bool {
    let closes = || {
        let mut look = cursor;
        look.eat_any(CLOSING).is_some()
            && (look.is_at_end() || look.sees(&[" ", ",", "每"]) || asks(look.at, triggers))
    };
    cursor.sees(LOOSE)
        || cursor.sees(GOES_ON)
        || cursor.sees(COUNTED_ON)
        || is_figure(cursor)
        || is_night(cursor)
        || counts(cursor)
        || is_range(cursor)
        || is_count(cursor)
        || closes()
}

fn asks(at: usize, triggers: &[Trigger]) -> bool {
    triggers.iter().any(|trigger| trigger.from == at)
}

/// Whether a time began before this place.
pub(super) fn began(letters: &[char], from: usize, triggers: &[Trigger]) -> bool {
    let (before, time) = letters.split_at(from);
    let without = |word: &&str| {
        let word: Vec<char> = word.chars().collect();
        before.strip_suffix(word.as_slice())
    };
    let ends = |words: &[&str]| words.iter().any(|word| without(word).is_some());
    // 只提醒到月底, 一直到周五.
    let until = |rest: &[char]| {
        let asked = triggers.iter().any(|trigger| trigger.to == rest.len());
        asked || rest.last().is_some_and(|it| "只直续".contains(*it))
    };
    let opens = |rest: &[char]| rest.last().is_none_or(|it| " ,.:;每".contains(*it));
    let ranged = matches!(before, [.., number, '-' | '~'] if number.is_ascii_digit());
    // 下半年, 后半夜
    let half = matches!(
        (before, time),
        ([.., '上' | '下' | '前' | '后'], ['半', ..])
    );
    ranged
        || half
        || ends(LOOSE)
        || ends(BEGAN)
        || counted(before)
        || OPENING.iter().filter_map(without).any(opens)
        || ["到", "至"].iter().filter_map(without).any(until)
}

/// `陆点`: a figure as on a cheque that the grammar does not read.
fn is_figure(mut cursor: Cursor<'_>) -> bool {
    cursor.eat_letter("伍陆拾").is_some() && cursor.sees(&["点", "时", "号", "月"])
}

/// 夜 that belongs to the day, not to 夜跑.
fn is_night(mut cursor: Cursor<'_>) -> bool {
    cursor.eat("夜") && !cursor.sees(&["跑", "市", "宵", "班", "校", "车"])
}

/// `第二个`, `初十`.
fn counts(mut cursor: Cursor<'_>) -> bool {
    let ordinal = cursor.eat_any(&["第", "初"]).is_some();
    ordinal
        && whole(&mut cursor).is_some()
        && !cursor.sees(&["版", "名", "季", "期", "次", "批", "轮", "章"])
}

/// `三次`: so often, but nobody said when. `25点`: an hour that no day has.
fn is_count(mut cursor: Cursor<'_>) -> bool {
    whole(&mut cursor).is_some() && cursor.sees(&["次", "遍", "点"])
}

/// `-4:00`, `到4点` behind a time: from then until then.
fn is_range(mut cursor: Cursor<'_>) -> bool {
    cursor.eat_any(&["-", "~", "—", "到", "至"]).is_some() && whole(&mut cursor).is_some()
}

/// Whether `第一个`, `第三周的`, `初三` closes what stands before.
fn counted(before: &[char]) -> bool {
    let unit = |letter: &char| "个周天月的".contains(*letter);
    let end = before.iter().rposition(|letter| !unit(letter));
    let before = &before[..end.map_or(0, |end| end + 1)];
    let number =
        |letter: &char| letter.is_ascii_digit() || digit(*letter).is_some() || *letter == '十';
    let from = before.iter().rposition(|letter| !number(letter));
    from.is_some_and(|from| "第初".contains(before[from]) && from + 1 < before.len())
}
