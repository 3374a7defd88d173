//! Whether more was said about the time than was understood. Then it is asked: a reminder at
//! a wrong time is worse than a question.

use super::atom::{Day, Every, YearDay};
use super::clock::{COUNTED, clock, is_four_digits};
use super::edges::{began, goes_on};
use super::expression::Expression;
use super::fold::Cursor;
use super::number::{digit, whole};
use super::trigger::Trigger;
use super::wait::bare_wait;
use crate::domain::lunar::LunarDay;

/// What may stand between two times that belong together.
const BETWEEN: &str = " ,.、;:和与及跟或者还是到至-~—从在";
/// Ends and exceptions of what comes again.
const LIMITS: &[&str] = &[
    "为止",
    "截止",
    "除外",
    "以外",
    "之外",
    "不算",
    "期间",
    "不用提醒",
    "不用管",
];
/// Behind a time that is left out of what comes again.
const LEFT_OUT: &[&str] = &[
    "不用",
    "不要",
    "不提醒",
    "不算",
    "别",
    "除外",
    "停",
    "休息",
    "放假",
];
/// More than one time, or more than one who is reminded.
const EACH: &[&str] = &[
    "各提醒",
    "各叫",
    "各喊",
    "各一次",
    "各来一次",
    "分别提醒",
    "分别叫",
];
/// So long it lasts, if a number of days stands behind.
const LASTING: &[&str] = &["连续", "接下来", "未来", "今后", "往后", "坚持", "连着"];
/// What has its hour at every company, though nobody said which. Longer words come first.
const COMPANY: &[&str] = &[
    "上班", "下班", "开工", "收工", "开门", "关门", "早饭", "午饭", "晚饭", "饭", "起床", "午休",
    "睡觉", "睡", "回家", "出门", "开会", "到家", "打烊", "早班", "中班", "晚班", "夜班", "班",
];

/// From then on something comes again.
const BEGINS: &[&str] = &["从", "自", "起", "开始", "以后"];

/// A time of the message that was not taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Other {
    pub(super) from: usize,
    pub(super) to: usize,
    /// It has a time of day.
    pub(super) timed: bool,
    /// It has a day.
    pub(super) dated: bool,
}

/// Whether something about the time was left out of an expression: another time right beside
/// it, a word of time that only makes sense with it, or pieces that cannot be together.
pub(super) fn is_unread(
    letters: &[char],
    triggers: &[Trigger],
    taken: &Expression,
    others: &[Other],
) -> bool {
    if taken.is_empty() {
        return false;
    }
    let about = Beside {
        letters,
        triggers,
        taken,
    };
    contradicts(taken)
        || others
            .iter()
            .any(|other| about.is_beside(*other) || about.is_by_itself(*other))
        || about.is_for_each()
        || about.is_about()
        || about.is_days_before()
        || about.is_list_of_days()
        || about.is_leap()
        || about.is_period()
        || (taken.every.is_some() && about.is_limited(others))
        || taken.spans.iter().any(|(from, to)| {
            about.goes_on(*to) || about.goes_on(about.over(*to)) || about.began_before(*from)
        })
}

/// Pieces that were read but have no place in one reminder.
fn contradicts(taken: &Expression) -> bool {
    let timed = !taken.clocks.is_empty() || taken.part.is_some();
    let day = taken.day;
    match (&taken.every, taken.wait) {
        (Some(Every::Minutes(_)), _) => timed || day.is_some(),
        (Some(Every::Months { days, .. }), _) => {
            !days.is_empty() && matches!(day, Some(Day::Monthly(_)))
        }
        (Some(Every::Weeks { days, .. }), _) => {
            !days.is_empty() && matches!(day, Some(Day::Weekday(_)))
        }
        (None, Some(wait)) => wait.secs > 0 && timed,
        _ => false,
    }
}

struct Beside<'b> {
    letters: &'b [char],
    triggers: &'b [Trigger],
    taken: &'b Expression,
}

impl Beside<'_> {
    /// The place behind triggers and separators that stand here.
    fn over(&self, mut at: usize) -> usize {
        loop {
            let trigger = self.triggers.iter().find(|trigger| trigger.from == at);
            match (trigger, self.letters.get(at)) {
                (Some(trigger), _) => at = trigger.to,
                (None, Some(letter)) if BETWEEN.contains(*letter) => at += 1,
                _ => return at,
            }
        }
    }

    fn is_taken(&self, at: usize) -> bool {
        let mut spans = self.taken.spans.iter();
        spans.any(|(from, to)| (*from..*to).contains(&at))
    }

    fn is_beside(
        &self,
        Other {
            from, to, timed, ..
        }: Other,
    ) -> bool {
        let behind = self.taken.spans.iter().any(|(_, end)| {
            let asked = self
                .triggers
                .iter()
                .any(|it| (*end..from).contains(&it.from));
            // 三天后提醒我明天的会, 周五提醒我国庆排班: which meeting, which shifts.
            let tells_which = asked && (!timed || self.letters.get(to) == Some(&'的'));
            // 一年后的3月1号
            let of_the_wait = self.taken.wait.is_some()
                && *end + 1 == from
                && self.letters.get(*end) == Some(&'的');
            *end <= from && (self.over(*end) >= from || of_the_wait) && !tells_which
        });
        let before = self.taken.spans.iter().any(|(start, _)| *start >= to);
        behind || (before && self.is_led_by(to))
    }

    /// A whole time, or one that begins a clause, is another wish: `9点开会，10点见客户`.
    fn is_by_itself(&self, other: Other) -> bool {
        let tells_which = self.letters.get(other.to) == Some(&'的');
        let begins = other
            .from
            .checked_sub(1)
            .and_then(|at| self.letters.get(at))
            .is_some_and(|before| ",.;:!".contains(*before));
        other.timed && !tells_which && (other.dated || begins)
    }

    /// `8点和10点各提醒我一次`, `都提醒我`.
    fn is_for_each(&self) -> bool {
        let says = |at: usize| Cursor::new(self.letters, at).sees(EACH);
        let all = |trigger: &Trigger| {
            let before = trigger.from.checked_sub(1);
            let before = before.and_then(|at| self.letters.get(at));
            self.taken.every.is_none() && before == Some(&'都')
        };
        (0..self.letters.len()).any(says) || self.triggers.iter().any(all)
    }

    /// Whether only separators stand between a place and one of the times taken.
    fn is_led_by(&self, to: usize) -> bool {
        let next = self.over(to);
        self.taken
            .spans
            .iter()
            .any(|(from, _)| (to..=next).contains(from))
    }

    /// What comes again has an end, or days that are left out.
    fn is_limited(&self, others: &[Other]) -> bool {
        let ends = |other: &Other| {
            let before = other
                .from
                .checked_sub(1)
                .and_then(|at| self.letters.get(at));
            let behind = Cursor::new(self.letters, other.to);
            let clause = other.dated && matches!(before, Some(',' | '.' | ';' | '(' | '（'));
            clause
                || matches!(before, Some('到' | '至'))
                || behind.sees(&["前", "之前", "以前", "截止"])
        };
        let says = |at: usize| {
            let mut cursor = Cursor::new(self.letters, at);
            if cursor.eat_any(LIMITS).is_some() {
                return true;
            }
            cursor.eat_any(LASTING).is_some() && bare_wait(&mut cursor).is_some()
        };
        let left_out = |other: &Other| {
            let mut behind = Cursor::new(self.letters, other.to);
            behind.eat_any(&["那天", "当天", "放假", "假期", "时"]);
            behind.eat_any(&["就", "都", ","]);
            behind.sees(LEFT_OUT)
        };
        let mut open = (0..self.letters.len()).filter(|at| !self.is_taken(*at));
        others.iter().any(|other| ends(other) || left_out(other)) || open.any(says)
    }

    /// Whether a time goes on here in a way that the grammar does not know.
    fn goes_on(&self, at: usize) -> bool {
        if self.is_taken(at) {
            return false;
        }
        let direct = self.taken.spans.iter().any(|(_, to)| *to == at);
        let cursor = Cursor::new(self.letters, at);
        let open = if direct {
            self.is_bare_time(cursor) || goes_on(cursor, self.triggers)
        } else {
            self.is_and_a_clock(at)
        };
        open || self.is_hour_of_company(cursor)
    }

    /// `和10点` behind a time of day.
    fn is_and_a_clock(&self, at: usize) -> bool {
        let joined = at
            .checked_sub(1)
            .and_then(|at| self.letters.get(at))
            .is_some_and(|before| "和与及跟或".contains(*before));
        joined
            && !self.taken.clocks.is_empty()
            && clock(&mut Cursor::new(self.letters, at)).is_some()
    }

    /// `1530` behind a day: a time, or a number of things.
    fn is_bare_time(&self, mut cursor: Cursor<'_>) -> bool {
        self.taken.clocks.is_empty()
            && is_four_digits(&mut cursor).is_some()
            && !cursor
                .rest()
                .first()
                .is_some_and(|letter| COUNTED.contains(*letter) || "室房年门".contains(*letter))
    }

    /// `下班前`: when that is, nobody said.
    fn is_hour_of_company(&self, mut cursor: Cursor<'_>) -> bool {
        let timed = !self.taken.clocks.is_empty();
        let again = matches!(self.taken.every, Some(Every::Minutes(_)));
        let soon = self.taken.wait.is_some_and(|wait| wait.secs > 0);
        if timed || again || soon {
            return false;
        }
        cursor.eat_any(&["一到", "一"]);
        let Some(hour) = cursor.eat_any(COMPANY) else {
            return false;
        };
        // 明天开会提醒我 is no hour but a meeting.
        let asked = hour != "开会" && self.triggers.iter().any(|it| it.from == cursor.at);
        asked || cursor.sees(&["前", "之前", "以前", "时", "的时候", "后", "之后", "就"])
    }

    /// `一两个小时`, `七八分钟`, `四五点`: one or the other. `周一二` are two days.
    fn is_about(&self) -> bool {
        let value = |at: usize| self.letters.get(at).copied().and_then(digit);
        let is_any = |at: usize| value(at).is_some();
        let is_digit = |at: usize| value(at).is_some_and(|value| value > 0);
        let is_pair = |at: usize| {
            let before = at.checked_sub(1);
            let named = before.is_some_and(|at| "周期拜初".contains(self.letters[at]));
            let longer = before.is_some_and(is_any) || is_any(at + 2);
            is_digit(at) && is_digit(at + 1) && !named && !longer
        };
        let spans = self.taken.spans.iter();
        spans
            .flat_map(|(from, to)| from.saturating_sub(1)..to + 1)
            .any(|at| is_pair(at) && !self.taken.spans.iter().any(|(_, to)| *to == at + 1))
    }

    /// `月底前两天`, `下周三前一天`, where the grammar has not read it as one day.
    fn is_days_before(&self) -> bool {
        let spans = &self.taken.spans;
        (1..self.letters.len()).any(|at| {
            let mut cursor = Cursor::new(self.letters, at);
            let beside = |(from, to): &(usize, usize)| *to == at || *from == at || *from == at + 1;
            let early = "提之以".contains(self.letters[at - 1]);
            let read = spans.iter().any(|(from, to)| (from + 1..*to).contains(&at));
            spans.iter().any(beside)
                && !read
                && !early
                && cursor.eat("前")
                && whole(&mut cursor).is_some()
                && cursor.sees(&["天", "晚", "夜", "日", "周", "个"])
        })
    }

    /// Whether a time began before this place in a way that the grammar does not know.
    fn began_before(&self, from: usize) -> bool {
        let taken = self.taken.spans.iter().any(|(_, to)| *to == from);
        !taken && began(self.letters, from, self.triggers)
    }

    /// `周三和周五下午2点` without 每: twice, or every week.
    fn is_list_of_days(&self) -> bool {
        let Some(Every::Weeks { every: 1, days }) = &self.taken.every else {
            return false;
        };
        let each = |letter: &char| "每逢都".contains(*letter);
        let weekday = |letter: &char| "一二三四五六日天".contains(*letter);
        let joins = |at: usize| match &self.letters[at - 1..] {
            // 周二四, but 周一三五 is said of every week.
            [day, next, ..] if weekday(next) => weekday(day) && days.len() == 2,
            [day, and, next, ..] => {
                let other = weekday(next) || "周星礼".contains(*next);
                weekday(day) && other && ",和与及跟".contains(*and)
            }
            _ => false,
        };
        !self.letters.iter().any(each)
            && (1..self.letters.len()).any(|at| self.is_taken(at) && joins(at))
    }

    /// `下周每天`, `国庆每天`: only then, not from then on.
    fn is_period(&self) -> bool {
        let (Some(every), Some(day)) = (&self.taken.every, self.taken.day) else {
            return false;
        };
        let touches = |at: usize| {
            let mut spans = self.taken.spans.iter();
            spans.any(|(from, to)| (*from..=*to).contains(&at) || *from == at + 1)
        };
        let says = |at: usize| touches(at) && Cursor::new(self.letters, at).sees(BEGINS);
        !every.takes(day) && !(0..self.letters.len()).any(says)
    }

    /// `闰六月初一` once: that may be many years away.
    fn is_leap(&self) -> bool {
        let leap = |day: YearDay| matches!(day, YearDay::Lunar(LunarDay { leap: true, .. }));
        matches!(self.taken.day, Some(Day::Yearly { day, .. }) if leap(day))
    }
}
