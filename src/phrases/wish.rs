//! From a message to what somebody wants.

use super::about::closes;
use super::answer::answer;
use super::atom::{Day, Every};
use super::command::command;
use super::deadline::in_time;
use super::denied::{denied, is_denied};
use super::edges::frayed;
use super::expression::{Expression, find};
use super::fold::{Cursor, Text};
use super::resolve::{Meaning, resolve};
use super::to_do::{Words, words};
use super::trigger::{Trigger, triggers};
use super::{Asks, Cannot, Question, Scene, When, Wish};

/// Longer messages are no commands.
const LONGEST: usize = 500;
/// So much of what is to be done is kept.
const MOST_TEXT: usize = 200;

const POLITE: &[&str] = &[
    "请你",
    "请",
    "麻烦你",
    "麻烦",
    "帮我",
    "帮忙",
    "能不能",
    "可不可以",
    "可以",
    "你好",
    "您好",
    "嗨",
    "那个",
    "到时候",
    "到时",
    "届时",
    "的时候",
    "时候",
    "定一个",
    "定个",
    "设一个",
    "设个",
    "之前",
    "以前",
    "以后",
    "今后",
    "差不多",
    "大概",
    "大约",
];
/// Before the time at the beginning of a message: whoever says so wants a reminder.
const OPENING: &[&str] = &[
    "给我设一个",
    "给我设个",
    "给我定一个",
    "给我定个",
    "设置一个",
    "设置",
    "设定",
    "安排一个",
    "安排个",
    "新建一个",
    "新建",
    "添加一个",
    "添加",
    "加一个",
    "加个",
    "来一个",
    "来个",
];
/// Whom a message begins with: they are spoken to, and not what is to be done.
const ADDRESSED: &[&str] = &["小助手", "助手", "小秘书", "机器人"];
/// Between two wishes of one message.
const BESIDES: &[&str] = &["另外", "；", ";", "\n"];
/// Before a word by which somebody may ask for a reminder: they do not.
const TOLD: &[&str] = &[
    "我", "你", "您", "他", "她", "们", "户", "收到", "谢谢", "感谢", "多谢", "系统", "自动",
];
/// Words with 前 that are no time.
pub(super) const NOT_BEFORE: &[&str] = &["前台", "前往", "前去", "前面", "前端", "前期", "前任"];
const TRAILING: &[&str] = &[
    "好不好",
    "可以吗",
    "好吗",
    "行吗",
    "谢谢",
    "的时候",
    "一下",
    "吧",
    "吗",
    "哦",
    "哈",
    "呀",
];
/// Nobody is reminded of that: 明天提醒我一次.
const ONCE: &[&str] = &["一次", "一遍", "一声"];
pub(super) const PUNCTUATION: &str = " ,.:;!?-—~，。：；！？、…";

/// Whether a message is too long to be a command: nobody looks for a time in a letter.
#[must_use]
pub fn is_too_long(message: &str) -> bool {
    message.chars().nth(LONGEST).is_some()
}

/// All that a message asks for, after a question of ours or without one. Several wishes are
/// heard one by one only if each of them is clear without the others.
#[must_use]
pub fn wishes(question: Option<&Question>, message: &str, scene: &Scene<'_>) -> Vec<Wish> {
    let one = |place: usize, part: &str| match question {
        Some(question) if place == 0 => answer(question, part, scene),
        _ => understand(part, scene),
    };
    let parts = parts(message);
    if parts.len() > 1 {
        let all: Vec<Option<Wish>> = parts
            .iter()
            .enumerate()
            .map(|(place, part)| one(place, part))
            .collect();
        let clear = |wish: &Option<Wish>| matches!(wish, Some(Wish::Remind { .. }));
        if all.iter().all(clear) {
            return all.into_iter().flatten().collect();
        }
    }
    one(0, message).into_iter().collect()
}

fn parts(message: &str) -> Vec<&str> {
    let mut parts = vec![message];
    for word in BESIDES {
        parts = parts.iter().flat_map(|part| part.split(word)).collect();
    }
    let punctuation = |letter: char| PUNCTUATION.contains(letter) || letter.is_whitespace();
    let parts = parts.into_iter().map(|part| part.trim_matches(punctuation));
    parts.filter(|part| !part.is_empty()).collect()
}

/// What the message asks for; `None` if it is not about reminders.
#[must_use]
pub fn understand(message: &str, scene: &Scene<'_>) -> Option<Wish> {
    let text = Text::new(message);
    if text.folded.is_empty() || text.folded.len() > LONGEST {
        return None;
    }
    if let Some(wish) = command(&text, scene) {
        return Some(wish);
    }
    if is_denied(&text) {
        return denied(&text, scene);
    }
    let triggers = triggers(&text.folded);
    let mut expression = find(&text.folded, &triggers);
    expression.unread |= names_another(&text, &expression, &triggers);
    let what = what(&text, &expression, &triggers);
    let (expression, what) = in_time(&text, expression, what, scene);
    let strong = triggers.iter().any(|trigger| trigger.strong);
    let told = |trigger: &Trigger| is_told(&text, trigger);
    let weak = !triggers.is_empty() && !expression.is_empty() && !triggers.iter().all(told);
    let over = expression.day.is_some_and(Day::is_over);
    // 只提醒到月底
    let ends = |trigger: &Trigger| {
        Cursor::new(&text.folded, trigger.to).sees(&["到", "至"])
            && expression.reach().0 == trigger.to + 1
    };
    if !expression.is_empty() && triggers.iter().any(ends) {
        return Some(Wish::Cannot(Cannot::End));
    }
    let wanted = strong || weak || plain(&text, &expression, scene) == Some(Words::ToDo);
    if !wanted || (over && (is_question(&text) || !strong || was_reminded(&text, &triggers))) {
        return None;
    }
    Some(wish(&expression, what, scene))
}

/// What to ask about a message that nobody answered: it names a time and may be something to
/// be done, but nobody said that they want to be reminded.
#[must_use]
pub fn perhaps(message: &str, scene: &Scene<'_>) -> Option<Question> {
    let text = Text::new(message);
    if text.folded.is_empty() || text.folded.len() > LONGEST {
        return None;
    }
    let expression = find(&text.folded, &[]);
    let timed = expression.has_time() || expression.wait.is_some();
    if !timed || !triggers(&text.folded).is_empty() {
        return None;
    }
    plain(&text, &expression, scene).filter(|words| *words == Words::Perhaps)?;
    match wish(&expression, what(&text, &expression, &[]), scene) {
        Wish::Remind { when, what } => {
            let (asks, choices) = (Asks::Wanted, vec![when]);
            Some(Question {
                asks,
                what,
                choices,
            })
        }
        Wish::Ask(question) if question.asks == Asks::Which => Some(question),
        _ => None,
    }
}

/// What stands behind the whole time with which a message begins; `None` if it begins otherwise.
fn plain(text: &Text, expression: &Expression, scene: &Scene<'_>) -> Option<Words> {
    // 每天都这么忙 says nothing of a time.
    let only_daily = expression.every == Some(Every::Days(1)) && !expression.has_time();
    let (from, to) = expression.reach();
    let begins = expression.is_full() && !only_daily && from == 0 && expression.is_whole();
    if !begins || is_question(text) || closes(text, scene) {
        return None;
    }
    Some(words(&text.folded[to..])).filter(|_| to < text.folded.len())
}

pub(super) fn is_question(text: &Text) -> bool {
    let asked = text.original(0, text.folded.len());
    asked.trim_end().ends_with(['?', '？', '吗', '呢', '么'])
}

/// `我记得明天有会`, `收到提醒了`: it is told, not wanted.
fn is_told(text: &Text, trigger: &Trigger) -> bool {
    let before: String = text.folded[..trigger.from].iter().collect();
    let asks = ["帮我", "给我", "请你", "请您", "麻烦你", "麻烦您"];
    let asked = asks.iter().any(|word| before.ends_with(word));
    !trigger.strong && !asked && TOLD.iter().any(|word| before.ends_with(word))
}

/// `你提醒我的那件事`: it is told, not wanted.
fn was_reminded(text: &Text, triggers: &[Trigger]) -> bool {
    triggers.iter().any(|trigger| {
        let behind = Cursor::new(&text.folded, trigger.to);
        text.folded[..trigger.from].ends_with(&['你']) || behind.sees(&["的", "过", "了"])
    })
}

/// The wish that an expression and a text make.
pub(super) fn wish(expression: &Expression, what: String, scene: &Scene<'_>) -> Wish {
    let ask = |asks, choices| {
        let what = what.clone();
        Wish::Ask(Question {
            asks,
            what,
            choices,
        })
    };
    let only_today = expression.day == Some(Day::Offset(0))
        && expression.clocks.is_empty()
        && expression.part.is_none();
    if expression.is_empty() || only_today {
        return ask(Asks::Time, Vec::new());
    }
    match resolve(expression, scene) {
        // The rhythm is kept for the answer, but no day is made up.
        Meaning::One(when) if expression.lacks_its_day() => ask(Asks::Time, vec![when]),
        Meaning::One(when) if expression.unread => ask(Asks::Unsure, vec![when]),
        Meaning::One(when) if what.is_empty() => ask(Asks::Text, vec![when]),
        Meaning::One(when) => Wish::Remind { when, what },
        Meaning::Either(choices) if expression.unread => ask(Asks::Unsure, choices),
        Meaning::Either(choices) => ask(Asks::Which, choices),
        Meaning::Past(choices) => ask(Asks::Passed, choices),
        Meaning::Soon => ask(Asks::Which, soon(scene)),
        Meaning::Never => Wish::NoSuchTime,
        Meaning::Lunar => Wish::Cannot(Cannot::LunarMonth),
        Meaning::TooOften => Wish::TooOften,
    }
}

/// Times that may be meant by 一会儿.
pub(super) fn soon(scene: &Scene<'_>) -> Vec<When> {
    let minutes = [10, 30, 60].map(|minutes| std::time::Duration::from_secs(minutes * 60));
    minutes
        .map(|wait| When::Once(scene.now.after(wait)))
        .to_vec()
}

/// 提醒王伟明天下午3点开会, 明天上午十点提醒小李开会: somebody else is to be reminded, and we
/// remind only who says it.
fn names_another(text: &Text, expression: &Expression, triggers: &[Trigger]) -> bool {
    let (from, to) = expression.reach();
    let [trigger] = triggers else { return false };
    if text.folded[trigger.from..trigger.to] != ['提', '醒'] || expression.is_empty() {
        return false;
    }
    if trigger.to >= from {
        return is_somebody(Cursor::new(&text.folded, trigger.to));
    }
    let name = text.original(trigger.to, from);
    let letters = name.chars().count();
    let is_name = (2..=4).contains(&letters) && name.chars().all(char::is_alphanumeric);
    (is_name || is_account(&text.folded[trigger.to..from])) && to < text.folded.len()
}

/// Surnames that begin no word that is often behind 提醒.
const SURNAMES: &str = "王李张刘陈杨赵黄吴徐孙朱郭罗梁宋郑谢韩唐冯董曹邓彭吕卢蒋蔡丁魏薛潘";
const NOBODY: &[&str] = &[
    "张贴", "陈列", "黄金", "谢谢", "罗列", "郑重", "宋体", "冯氏",
];

/// `wang.wei` at the beginning.
fn is_account(letters: &[char]) -> bool {
    let account = |letter: &&char| letter.is_ascii_alphanumeric() || "._-".contains(**letter);
    let name: String = letters.iter().take_while(account).collect();
    let parts = name.split_once(['.', '_']);
    parts.is_some_and(|(first, last)| {
        let word = |it: &str| it.len() > 1 && it.chars().all(|it| it.is_ascii_alphabetic());
        word(first) && last.len() > 1 && last.starts_with(|it: char| it.is_ascii_alphabetic())
    })
}

/// `小李`, `王总`, `@lin.mei` with something to do behind it.
fn is_somebody(mut cursor: Cursor<'_>) -> bool {
    if cursor.sees(NOBODY) {
        return false;
    }
    if cursor.sees(&["他", "她", "@", "同事"]) {
        return true;
    }
    if is_account(cursor.rest()) {
        return true;
    }
    cursor.eat_letter("小老阿");
    cursor.eat_letter(SURNAMES).is_some() && cursor.rest().len() > 1
}

/// What is left when the time and the wish itself are taken out.
pub(super) fn what(text: &Text, expression: &Expression, triggers: &[Trigger]) -> String {
    let mut cut: Vec<(usize, usize)> = expression.spans.clone();
    if expression.unread {
        for (from, to) in &mut cut {
            let (before, behind) = frayed(&text.folded, (*from, *to));
            (*from, *to) = (*from - before, *to + behind);
        }
    }
    // 每天9点都提醒我
    let all = |at: usize| {
        let timed = expression.spans.iter().any(|(_, to)| to + 1 == at);
        timed && "都也".contains(text.folded[at - 1])
    };
    cut.extend(triggers.iter().map(|trigger| {
        let from = trigger.from - usize::from(all(trigger.from));
        (from, trigger.to)
    }));
    let mut start = Cursor::new(&text.folded, 0);
    let mut addressed = start;
    if addressed.eat_any(ADDRESSED).is_some() && addressed.eat_any(&[",", " ", ":"]).is_some() {
        start = addressed;
    }
    while start.eat_any(POLITE).is_some() || start.eat_any(&[" ", ",", "."]).is_some() {}
    let mut opened = start;
    if opened.eat_any(OPENING).is_some() && cut.iter().any(|(from, _)| *from == opened.at) {
        start = opened;
    }
    cut.push((0, start.at));
    // 月底前, 周五之前: by then is at that time.
    for (_, to) in &mut cut {
        let mut behind = Cursor::new(&text.folded, *to);
        let is_time = expression.spans.iter().any(|(_, end)| end == to);
        if is_time && !behind.sees(NOT_BEFORE) && behind.eat("前") {
            *to = behind.at;
        }
    }
    cut.sort_unstable();
    let mut left = String::new();
    let mut at = 0;
    for (from, to) in cut {
        if from > at {
            join(&mut left, &text.original(at, from));
        }
        at = at.max(to);
    }
    join(&mut left, &text.original(at, text.folded.len()));
    trimmed(&left)
}

/// Puts two pieces together; what only separated them from the time goes.
fn join(left: &mut String, piece: &str) {
    let punctuation = |letter: char| PUNCTUATION.contains(letter) || letter.is_whitespace();
    let piece = if left.is_empty() {
        piece.trim_start_matches(punctuation)
    } else {
        piece
    };
    let core = piece.trim_matches(punctuation);
    if core.is_empty() {
        return;
    }
    let latin = |letter: Option<char>| letter.is_some_and(|it| it.is_ascii_alphanumeric());
    let apart = piece.starts_with(punctuation) || left.ends_with(punctuation);
    if !left.is_empty() && (apart || (latin(left.chars().last()) && latin(core.chars().next()))) {
        let end = left.trim_end_matches(punctuation).len();
        left.truncate(end);
        left.push(' ');
    }
    left.push_str(if left.is_empty() {
        piece
    } else {
        piece.trim_start_matches(punctuation)
    });
}

fn trimmed(text: &str) -> String {
    let punctuation = |letter: char| PUNCTUATION.contains(letter) || letter.is_whitespace();
    let mut text = text.trim_matches(punctuation);
    loop {
        let before = text;
        for word in POLITE.iter().chain(&["的", "要记得", "记得", "去提醒"]) {
            if let Some(rest) = text.strip_prefix(word) {
                text = rest.trim_start_matches(punctuation);
            }
        }
        for word in TRAILING {
            if let Some(rest) = text.strip_suffix(word) {
                text = rest.trim_end_matches(punctuation);
            }
        }
        if text == before {
            break;
        }
    }
    if ONCE.contains(&text) {
        return String::new();
    }
    text.chars().take(MOST_TEXT).collect()
}
