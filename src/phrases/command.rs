//! What is said about reminders that exist: `我的提醒`, `取消 2`, `推迟 2 半小时`, `转交 3 给 …`.

use super::due::listed;
use super::fold::{Cursor, Text};
use super::given::TAKES_OVER;
use super::moved::{sooner, until};
use super::number::whole;
use super::{Cannot, Scene, Which, Wish};

const LISTS: &[&str] = &[
    "我的提醒",
    "提醒列表",
    "提醒清单",
    "查看提醒",
    "看看提醒",
    "看提醒",
    "查提醒",
    "列出提醒",
    "哪些提醒",
    "什么提醒",
    "所有提醒",
    "全部提醒",
    "多少提醒",
    "多少个提醒",
    "几个提醒",
    "我的待办",
    "待办列表",
    "待办事项",
    "我的日程",
    "我设的提醒",
    "设了哪些提醒",
    "哪些待办",
    "什么待办",
    "有待办",
    "什么要做的",
    "哪些要做的",
    "什么要提醒",
];
/// No more are named from one number to another.
const MOST_NAMED: u32 = 200;
/// A question about reminders is no longer than this.
const LONGEST_LIST: usize = 16;
/// So is a name.
const LONGEST_NAME: usize = 32;

pub(super) const CANCEL: &[&str] = &[
    "取消", "删除", "删掉", "删了", "去掉", "撤销", "撤回", "关掉", "清空", "清除", "作废", "不要",
    "停掉", "停止", "停了",
];
pub(super) const DONE: &[&str] = &[
    "已经完成",
    "已完成",
    "完成",
    "做完",
    "办完",
    "搞定",
    "办好",
    "弄完",
    "处理完",
    "已处理",
    "done",
];
pub(super) const SNOOZE: &[&str] = &[
    "稍后提醒",
    "推迟",
    "延后",
    "延期",
    "延迟",
    "顺延",
    "往后推迟",
    "往后推",
    "往后挪",
    "往后延",
    "推后",
    "后推",
    "押后",
    "推到",
    "延到",
    "改期到",
    "改到",
    "改成",
    "改为",
    "挪到",
    "再提醒",
];
/// The other way.
pub(super) const EARLIER: &[&str] = &["提前", "提早", "往前提", "往前挪", "往前移"];
pub(super) const AGAIN: &[&str] = &["再提醒我一次", "再提醒我", "再提醒", "再叫我"];
pub(super) const HAND_OVER: &[&str] = &["转交", "转给", "移交", "交给"];
pub(super) const POLITE: &[&str] = &["请", "麻烦", "帮我", "帮忙", "把", "将", "我要", "我想"];
pub(super) const END: &[&str] = &[
    "一下", "了", "吧", "啦", "掉", "谢谢", "提醒", "的", ".", "!", " ",
];

/// What is wanted of reminders that exist; `None` if it is something else.
pub(super) fn command(text: &Text, scene: &Scene<'_>) -> Option<Wish> {
    let mut start = Cursor::new(&text.folded, 0);
    while start.eat_any(POLITE).is_some() || start.eat(" ") {}
    pause(text)
        .or_else(|| another(start))
        .or_else(|| list(text, scene))
        .or_else(|| cancel_or_done(start))
        .or_else(|| again(start))
        .or_else(|| snooze(start))
        .or_else(|| earlier(start))
        .or_else(|| hand_over(start, text))
}

/// `暂停所有提醒`.
fn pause(text: &Text) -> Option<Wish> {
    let folded: String = text.folded.iter().collect();
    let pauses =
        folded.starts_with("暂停") && ["提醒", "闹钟"].iter().any(|it| folded.contains(it));
    (pauses && text.folded.len() <= LONGEST_LIST).then_some(Wish::Cannot(Cannot::Pause))
}

/// `给wang.wei也提醒一下`.
fn another(start: Cursor<'_>) -> Option<Wish> {
    let mut look = start;
    let also = look.eat("也");
    if !look.eat("给") {
        return None;
    }
    let letters = look.rest();
    let place = (1..letters.len()).find(|at| Cursor::new(letters, *at).sees(&["提醒"]))?;
    let name = &letters[..place];
    let also = also || name.ends_with(&['也']);
    let is_self = name.starts_with(&['我']) || name.starts_with(&['自', '己']);
    let mut end = Cursor::new(letters, place);
    end.eat("提醒");
    while end.eat_any(&["他", "她", "一声"]).is_some() || end.eat_any(END).is_some() {}
    let whole = end.is_at_end() && name.len() <= LONGEST_NAME;
    (also && !is_self && whole).then_some(Wish::Cannot(Cannot::Another))
}

fn list(text: &Text, scene: &Scene<'_>) -> Option<Wish> {
    let folded: String = text.folded.iter().collect();
    let plain = folded.trim_matches(|letter: char| " .?!".contains(letter));
    let only = matches!(plain, "提醒" | "待办" | "reminders");
    let named = text.folded.len() <= LONGEST_LIST
        && LISTS.iter().any(|word| plain.contains(word))
        && !CANCEL.iter().any(|word| plain.contains(word));
    (only || named).then(|| Wish::List(listed(text, scene)))
}

fn cancel_or_done(start: Cursor<'_>) -> Option<Wish> {
    let mut look = start;
    let clears = look.sees(&["清空", "清除"]);
    let loosely = look.sees(&["都"]);
    let cancels = verb(&mut look);
    let (cancels, which) = match cancels {
        Some(cancels) => match which(&mut look) {
            // 清空提醒
            Which::Unsaid if clears => (cancels, Which::All),
            which => (cancels, which),
        },
        // 2 完成了, 全部取消.
        None => {
            let which = which(&mut look);
            if which == Which::Unsaid {
                return None;
            }
            // 都完成了 is said of other things.
            (
                verb(&mut look).filter(|cancels| *cancels || !loosely)?,
                which,
            )
        }
    };
    while look.eat_any(END).is_some() {}
    if !look.is_at_end() {
        return None;
    }
    Some(if cancels {
        Wish::Cancel(which)
    } else {
        Wish::Done(which)
    })
}

/// `true` for cancelling.
fn verb(cursor: &mut Cursor<'_>) -> Option<bool> {
    cursor.skip_spaces();
    if cursor.eat_any(DONE).is_some() {
        cursor.eat("了");
        return Some(false);
    }
    cursor.eat_any(CANCEL)?;
    cursor.eat_any(&["了", "掉"]);
    Some(true)
}

/// `2`, `第2个`, `编号 2`, `2、3 和 5`, `全部`, or nothing.
fn which(cursor: &mut Cursor<'_>) -> Which {
    let mut look = *cursor;
    let skip = |look: &mut Cursor<'_>| {
        while look.eat_any(&["我的", "提醒", " ", "的", ":"]).is_some() {}
    };
    skip(&mut look);
    if look
        .eat_any(&["全部", "所有", "一切", "全都", "都", "all"])
        .is_some()
    {
        skip(&mut look);
        *cursor = look;
        return Which::All;
    }
    let mut both = look;
    let count = if both.eat("俩") {
        both.eat("个");
        Some(2)
    } else {
        whole(&mut both).filter(|_| both.eat_any(&["个", "条"]).is_some())
    };
    if let Some(count) = count
        && both.eat_any(&["都", "全"]).is_some()
    {
        skip(&mut both);
        *cursor = both;
        return Which::Both(count);
    }
    let mut numbers = Vec::new();
    loop {
        let mut next = look;
        if !numbers.is_empty() {
            next.skip_spaces();
            next.eat_any(&[",", "和", "跟", "与", "及"]);
        }
        next.skip_spaces();
        next.eat_any(&["编号", "第", "#", "no."]);
        next.skip_spaces();
        let Some(number) = whole(&mut next) else {
            break;
        };
        // 2点, 3月, 2小时 are times.
        if next.sees(&[
            "点", "时", ":", "月", "小时", "分", "天", "日", "周", "年", "刻", ".",
        ]) {
            break;
        }
        next.eat_any(&["个提醒", "条提醒", "号提醒", "个", "条", "号", "项"]);
        let last = through(&mut next).unwrap_or(number);
        if !(number..number + MOST_NAMED).contains(&last) {
            break;
        }
        numbers.extend(number..=last);
        look = next;
    }
    if numbers.is_empty() {
        skip(cursor);
        return Which::Unsaid;
    }
    skip(&mut look);
    *cursor = look;
    Which::Numbers(numbers)
}

/// `到5` behind a number; `到5点` is a time.
fn through(cursor: &mut Cursor<'_>) -> Option<u32> {
    let mut look = *cursor;
    look.skip_spaces();
    look.eat_any(&["到", "至", "-", "~"])?;
    look.skip_spaces();
    let last = whole(&mut look)?;
    look.eat_any(&["个", "条", "号", "项"]);
    let mut end = look;
    while end.eat_any(END).is_some() || verb(&mut end).is_some() {}
    end.is_at_end().then(|| *cursor = look)?;
    Some(last)
}

/// `过10分钟再提醒我`.
fn again(start: Cursor<'_>) -> Option<Wish> {
    let letters = start.rest();
    let place = (0..letters.len()).find(|at| Cursor::new(letters, *at).sees(AGAIN))?;
    let mut end = Cursor::new(letters, place);
    end.eat_any(AGAIN)?;
    while end.eat_any(END).is_some() {}
    let until = until(Cursor::new(&letters[..place], 0))?.counted_now();
    let which = Which::Unsaid;
    end.is_at_end().then_some(Wish::Snooze { which, until })
}

/// `提前半小时`, `再提前一小时提醒我`, `2 提前一天`.
fn earlier(start: Cursor<'_>) -> Option<Wish> {
    let mut look = start;
    let which = which(&mut look);
    look.skip_spaces();
    look.eat_any(&["再", "改成", "改为", "那就", "就"]);
    look.eat_any(EARLIER)?;
    let until = sooner(look)?;
    Some(Wish::Snooze { which, until })
}

fn snooze(start: Cursor<'_>) -> Option<Wish> {
    let mut look = start;
    let said_first = which(&mut look);
    look.skip_spaces();
    look.eat_any(SNOOZE)?;
    look.eat("我");
    if let Some(until) = until(look) {
        return Some(Wish::Snooze {
            which: said_first,
            until,
        });
    }
    let which = match said_first {
        Which::Unsaid => which(&mut look),
        said => said,
    };
    let until = until(look)?;
    Some(Wish::Snooze { which, until })
}

fn hand_over(start: Cursor<'_>, text: &Text) -> Option<Wish> {
    let mut look = start;
    let first = which(&mut look);
    look.skip_spaces();
    if look.eat_any(HAND_OVER).is_none() {
        look.eat_any(&["转"])?;
    }
    let which = match first {
        Which::Unsaid => which(&mut look),
        said => said,
    };
    if which == Which::Unsaid {
        return None;
    }
    let to = receiver(look, text)?;
    Some(Wish::HandOver { which, to })
}

/// To whom something is handed over: one word, up to the end.
pub(super) fn receiver(mut cursor: Cursor<'_>, text: &Text) -> Option<String> {
    while cursor.eat_any(&["给", " ", "@", "到", "由"]).is_some() {}
    let to = text.original(cursor.at, text.folded.len());
    let around = |letter: char| letter.is_whitespace() || "。.!！吧了".contains(letter);
    let mut to = to.trim_matches(around);
    for word in TAKES_OVER {
        to = to.strip_suffix(word).unwrap_or(to).trim_matches(around);
    }
    let one_word = !to.is_empty() && to.chars().count() <= 64 && !to.contains(['\n', '，', ',']);
    // 交给wang.wei改到四点 wants more than one thing.
    let more = SNOOZE.iter().chain(EARLIER).any(|word| to.contains(word));
    (one_word && !more).then(|| to.to_owned())
}
