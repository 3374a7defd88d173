//! Reminders that are spoken of by what they say or when they are, not by their number:
//! `取消回访张三`, `明天的提醒不用了`, `把周报推迟到后天`.

use super::command::{AGAIN, CANCEL, DONE, EARLIER, END, POLITE, SNOOZE, command};
use super::denied::denied;
use super::due::{of_this_week, times};
use super::expression::find;
use super::fold::{Cursor, Text};
use super::given::{goes, handed_over, let_do};
use super::moved::{sooner, until};
use super::trigger::triggers;
use super::wish::{PUNCTUATION, what};
use super::{Scene, Which, Wish};
use crate::domain::clock::UnixMillis;
use crate::domain::reminder::Reminder;
use crate::domain::rhythm::{OnDays, Rhythm};

/// What is longer is a message about something else.
const LONGEST: usize = 60;

/// Behind what is not wanted any more. Longer words come first.
const NO_MORE: &[&str] = &[
    "不用再提醒我",
    "不用再提醒",
    "不用提醒我",
    "不用提醒",
    "不必提醒",
    "不需要提醒",
    "不要提醒我",
    "不要再提醒",
    "不要提醒",
    "别再提醒我",
    "别再提醒",
    "别提醒我",
    "别提醒",
    "不需要",
    "不用",
    "不做",
    "不去",
];
/// It is asked about something, not wanted.
pub(super) const ASKS: &[&str] = &["怎么", "如何", "多少", "为什么", "哪里", "?", "吗", "呢"];
/// Names a reminder for what it is.
const NAMES: &[&str] = &["提醒", "闹钟", "待办"];
pub(super) const ALL: &[&str] = &["所有", "全部", "都"];
const NEWEST: &[&str] = &[
    "刚才",
    "刚刚",
    "刚设",
    "上一个",
    "上一条",
    "最后一个",
    "最后一条",
];
const LEADING: &[&str] = &[
    "上一个",
    "上一条",
    "最后一个",
    "最后一条",
    "刚设的",
    "所有",
    "全部",
    "我设的",
    "我的",
    "那个",
    "那条",
    "这个",
    "这条",
    "关于",
    "有关",
    "刚才",
    "刚刚",
    "之前",
    "设的",
    "要",
    "去",
    "把",
    "将",
    "的",
    "我",
];
const BEHIND: &[&str] = &[
    "这件事",
    "那件事",
    "的事情",
    "的事儿",
    "的事",
    "任务",
    "待办",
    "闹钟",
    "提醒",
    "那个",
    "那条",
    "这个",
    "这条",
    "的",
    "都",
    "也",
    "先",
    "给我",
    "我",
    "就",
    "已经",
];

/// More days than one, but nobody said which.
const VAGUE: &[&str] = &[
    "周末",
    "假期",
    "放假",
    "节假日",
    "期间",
    "以后",
    "之后",
    "开始",
    "国庆",
    "春节",
    "过年",
    "五一",
    "元旦",
    "清明",
    "端午",
    "中秋",
];

/// How many of those that fit are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// One; if several fit it has to be asked which.
    One,
    /// All of them.
    All,
    /// The one that was set last.
    Newest,
}

/// Reminders by what they say and when they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Words of theirs; empty if only a time was said.
    pub words: String,
    /// They are due in one of these times; empty if none was said.
    pub times: Vec<(UnixMillis, UnixMillis)>,
    /// They come again like this.
    pub rhythm: Option<Rhythm>,
    /// All of them are meant, or only the one that was set last.
    pub extent: Extent,
    /// Reminders were named as such: the message is about nothing else.
    pub sure: bool,
    /// More was said about the time than was understood: `国庆`, `周末`.
    pub vague: bool,
    /// Not only then, but from then on: `明天起`.
    pub since: bool,
}

impl About {
    /// Those of which this was said. Who says 张三回访 means 给张三回访 too, unless something
    /// has the very words.
    #[must_use]
    pub fn fitting<'r>(&self, open: impl Iterator<Item = (&'r u32, &'r Reminder)>) -> Vec<u32> {
        self.coming(open, |reminder, (from, until)| {
            (from..until).contains(&reminder.due)
        })
    }

    /// The same, with those that come in one of the times: perhaps not the next time.
    #[must_use]
    pub fn coming<'r>(
        &self,
        open: impl Iterator<Item = (&'r u32, &'r Reminder)>,
        comes: impl Fn(&Reminder, (UnixMillis, UnixMillis)) -> bool,
    ) -> Vec<u32> {
        let in_time: Vec<(u32, String)> = open
            .filter(|(_, reminder)| self.is_then(reminder, &comes))
            .map(|(number, reminder)| (*number, plain(&reminder.text)))
            .collect();
        if self.extent == Extent::Newest && self.words.is_empty() {
            return in_time
                .last()
                .map(|(number, _)| *number)
                .into_iter()
                .collect();
        }
        let fit = |fits: &dyn Fn(&str) -> bool| -> Vec<u32> {
            let fitting = in_time.iter().filter(|(_, text)| fits(text));
            fitting.map(|(number, _)| *number).collect()
        };
        let words = plain(&self.words);
        let exact = fit(&|text| text.contains(&words));
        if exact.is_empty() && words.chars().count() > 1 {
            // 张三的回访 says no more than 张三回访.
            let said = words.chars().filter(|letter| *letter != '的');
            let loose = fit(&|text| said.clone().all(|letter| text.contains(letter)));
            if !loose.is_empty() {
                return loose;
            }
            // 张三和李四: one each.
            let named = self.each_named().into_iter();
            let found: Vec<Vec<u32>> = named.map(|part| fit(&|it| it.contains(&part))).collect();
            if found.iter().all(|numbers| numbers.len() == 1) {
                return found.concat();
            }
        }
        exact
    }

    /// What is named one after the other: `张三和李四`.
    fn each_named(&self) -> Vec<String> {
        let parts = self.words.split(['和', '与', '跟', '及', '、', '，', ',']);
        parts.map(plain).filter(|part| !part.is_empty()).collect()
    }

    /// Whether so many were named one after the other.
    #[must_use]
    pub fn names_each(&self, count: usize) -> bool {
        count > 1 && self.each_named().len() == count
    }

    fn is_then(
        &self,
        reminder: &Reminder,
        comes: &impl Fn(&Reminder, (UnixMillis, UnixMillis)) -> bool,
    ) -> bool {
        let in_time = |span: &(UnixMillis, UnixMillis)| comes(reminder, *span);
        let same = |rhythm: &Rhythm| reminder.rhythm.as_ref().is_some_and(|it| alike(it, rhythm));
        (self.times.is_empty() || self.times.iter().any(in_time))
            && self.rhythm.as_ref().is_none_or(same)
    }
}

/// Whether they come on days of the same kind.
fn alike(one: &Rhythm, other: &Rhythm) -> bool {
    let shared = |one: &[i8], other: &[i8]| one.iter().any(|day| other.contains(day));
    match (one, other) {
        (Rhythm::Days { on: one, .. }, Rhythm::Days { on: other, .. }) => match (one, other) {
            (OnDays::Nth { every, .. }, OnDays::Nth { every: other, .. }) => every == other,
            (OnDays::Week { days, .. }, OnDays::Week { days: other, .. })
            | (OnDays::Month { days, .. }, OnDays::Month { days: other, .. }) => {
                shared(days, other)
            }
            _ => one == other,
        },
        _ => one == other,
    }
}

/// Letters and numbers only, in one form.
fn plain(text: &str) -> String {
    let text = Text::new(text);
    let letters = text.folded.iter();
    letters.filter(|letter| letter.is_alphanumeric()).collect()
}

/// What is wanted of reminders that are not named by their number; `None` if it is something
/// else, or a command that says which.
#[must_use]
pub fn about(message: &str, scene: &Scene<'_>) -> Option<Wish> {
    let text = Text::new(message);
    let folded: String = text.folded.iter().collect();
    let asks = ASKS.iter().any(|word| folded.contains(word));
    if asks || text.folded.len() > LONGEST || command(&text, scene).is_some() {
        return None;
    }
    let mut start = Cursor::new(&text.folded, 0);
    while start.eat_any(POLITE).is_some() || start.eat_any(&["以后", "今后", " "]).is_some() {}
    denied(&text, scene)
        .or_else(|| verb_first(start, &text, scene))
        .or_else(|| verb_last(start, &text, scene))
        .or_else(|| needless(start, &text, scene))
        .or_else(|| put_off(start, &text, scene))
        .or_else(|| handed_over(start, &text, scene))
        .or_else(|| let_do(start, &text, scene))
        .or_else(|| goes(start, &text, scene))
}

/// `明天下午3点的会取消了`: something is over, whatever it is.
pub(super) fn closes(text: &Text, scene: &Scene<'_>) -> bool {
    verb_last(Cursor::new(&text.folded, 0), text, scene).is_some()
}

/// `取消回访张三`, `完成了给李总报价`.
fn verb_first(start: Cursor<'_>, text: &Text, scene: &Scene<'_>) -> Option<Wish> {
    let mut look = start;
    let done = look.eat_any(DONE).is_some();
    if !done {
        look.eat_any(CANCEL)?;
    }
    look.eat_any(&["了", "掉"]);
    let mut meant = meant(text, (look.at, end_of(text, look.at)), scene)?;
    // 取消喝水的提醒: the name of what is meant may be all that closes the message.
    meant.sure |= names(look.rest());
    Some(ending(done, meant))
}

/// `回访张三取消`, `明天的提醒不用了`, `给李总报价搞定了`.
fn verb_last(start: Cursor<'_>, text: &Text, scene: &Scene<'_>) -> Option<Wish> {
    let from = start.at;
    let places = from + 1..text.folded.len();
    let (at, done) = places.into_iter().find_map(|at| {
        let mut look = Cursor::new(&text.folded, at);
        let done = look.eat_any(DONE).is_some();
        if !done && look.eat_any(CANCEL).is_none() {
            look.eat_any(NO_MORE)?;
        }
        while look.eat_any(END).is_some() {}
        look.is_at_end().then_some((at, done))
    })?;
    if asks_for_one(text, (from, at)) {
        return None;
    }
    // 这个不用提醒了
    let said = text.original(from, at);
    if matches!(said.trim(), "这个" | "这条" | "那个" | "那条" | "它") {
        return Some(if done {
            Wish::Done(Which::Unsaid)
        } else {
            Wish::Cancel(Which::Unsaid)
        });
    }
    Some(ending(done, meant(text, (from, at), scene)?))
}

/// `下周一不用交了`: what need not be done stands behind.
fn needless(start: Cursor<'_>, text: &Text, scene: &Scene<'_>) -> Option<Wish> {
    let places = start.at + 1..text.folded.len();
    let (at, to) = places.into_iter().find_map(|at| {
        let mut look = Cursor::new(&text.folded, at);
        look.eat_any(&["不用", "不必", "不需要", "不要"])?;
        Some((at, look.at))
    })?;
    // 提醒我不要喝咖啡 wants a reminder.
    if asks_for_one(text, (start.at, at)) {
        return None;
    }
    let end = end_of(text, to);
    let mut about = meant(text, (start.at, at), scene)?;
    let thing = bare(&text.original(to, end));
    if thing.is_empty() || thing.chars().count() > 6 {
        return None;
    }
    // 张三不用回访了: both say what it is.
    about.words.push_str(&thing);
    Some(Wish::Cancel(Which::About(about)))
}

/// `把回访张三推迟到明天`, `周报改到后天上午`.
fn put_off(start: Cursor<'_>, text: &Text, scene: &Scene<'_>) -> Option<Wish> {
    let from = start.at;
    (from..text.folded.len()).find_map(|at| {
        let mut look = Cursor::new(&text.folded, at);
        if look.sees(AGAIN) {
            return None;
        }
        if at > from && look.eat_any(EARLIER).is_some() {
            if asks_for_one(text, (from, at)) {
                return None;
            }
            let until = sooner(look)?;
            let which = Which::About(meant(text, (from, at), scene)?);
            return Some(Wish::Snooze { which, until });
        }
        look.eat_any(SNOOZE)?;
        // 推迟回访张三到明天: what is meant ends where the time begins.
        let (said, rest) = if at > from {
            ((from, at), look.at)
        } else {
            let to = text.folded[look.at..]
                .iter()
                .position(|letter| *letter == '到');
            let to = look.at + to?;
            ((look.at, to), to)
        };
        let until = until(Cursor::new(&text.folded, rest))?;
        if asks_for_one(text, said) {
            return None;
        }
        let which = Which::About(meant(text, said, scene)?);
        Some(Wish::Snooze { which, until })
    })
}

/// 提醒我明天 … 改到5点 is a new one.
pub(super) fn asks_for_one(text: &Text, (from, to): (usize, usize)) -> bool {
    let triggers = triggers(&text.folded[from..to]);
    triggers.iter().any(|trigger| trigger.strong)
}

fn ending(done: bool, meant: About) -> Wish {
    let which = Which::About(meant);
    if done {
        Wish::Done(which)
    } else {
        Wish::Cancel(which)
    }
}

/// Where the message ends without what only closes it.
pub(super) fn end_of(text: &Text, from: usize) -> usize {
    let closes = |at: &usize| {
        let mut look = Cursor::new(&text.folded, *at);
        while look.eat_any(END).is_some() {}
        look.is_at_end()
    };
    let end = text.folded.len();
    (from..end).find(closes).unwrap_or(end)
}

/// What is spoken of in a part of the message.
pub(super) fn meant(text: &Text, (from, to): (usize, usize), scene: &Scene<'_>) -> Option<About> {
    let (said, this_week) = of_this_week(&text.original(from, to.max(from)), scene);
    let said = Text::new(&said);
    let folded: String = said.folded.iter().collect();
    let triggers = triggers(&said.folded);
    let expression = find(&said.folded, &triggers);
    let words = bare(&what(&said, &expression, &triggers));
    let (mut times, rhythm) = times(&expression, scene);
    if times.is_empty() {
        times.extend(this_week);
    }
    let says = |words: &[&str]| words.iter().any(|word| folded.contains(word));
    let extent = match () {
        () if says(ALL) => Extent::All,
        () if says(NEWEST) => Extent::Newest,
        () => Extent::One,
    };
    let about = About {
        extent,
        sure: names(&said.folded),
        vague: !times.is_empty() && (expression.unread || says(VAGUE)),
        since: false,
        words,
        times,
        rhythm,
    };
    let says_which = !about.words.is_empty() || !about.times.is_empty() || about.rhythm.is_some();
    (says_which || about.extent == Extent::Newest).then_some(about)
}

/// Whether reminders are named as such.
fn names(letters: &[char]) -> bool {
    let folded: String = letters.iter().collect();
    NAMES.iter().any(|word| folded.contains(word))
}

/// Without the words that only lead to it.
fn bare(words: &str) -> String {
    let punctuation = |letter: char| PUNCTUATION.contains(letter) || letter.is_whitespace();
    let mut words = words.trim_matches(punctuation);
    loop {
        let before = words;
        for word in LEADING {
            words = words.strip_prefix(word).unwrap_or(words);
        }
        for word in BEHIND {
            words = words.strip_suffix(word).unwrap_or(words);
        }
        words = words.trim_matches(punctuation);
        if words == before {
            return words.to_owned();
        }
    }
}
