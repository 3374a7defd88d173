//! Finds the time in a message: pieces that stand together are one expression.

use super::atom::{Atom, Clock, Day, Every, MonthDay, Part, Wait, YearDay};
use super::clock::{clock, part};
use super::day::day;
use super::doubt::{Other, is_unread};
use super::every::{atoms, every, exception, several};
use super::fold::Cursor;
use super::trigger::{TRIGGERS, Trigger};
use super::wait::{early, wait};
use crate::domain::rhythm::OnDays;

/// What was said about the time.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Expression {
    pub(super) every: Option<Every>,
    pub(super) day: Option<Day>,
    pub(super) part: Option<Part>,
    pub(super) clocks: Vec<Clock>,
    pub(super) wait: Option<Wait>,
    pub(super) early: Option<Wait>,
    pub(super) soon: bool,
    /// At the time of day that it is now.
    pub(super) same_time: bool,
    /// What comes every day comes on these days only: `周末除外`.
    pub(super) except: Option<Every>,
    /// There is more about the time that was not understood: it is not set unasked.
    pub(super) unread: bool,
    /// Where it stands.
    pub(super) spans: Vec<(usize, usize)>,
}

/// Words that may stand between two pieces.
const GLUE: &[&str] = &[
    "那天",
    "这天",
    "大概",
    "大约",
    "差不多",
    "左右",
    "的",
    "在",
    "于",
    "于是",
    ",",
    " ",
    "就",
    "从",
    "开始",
];

impl Expression {
    /// Adds a piece; gives it back to the next expression if this one has such a piece.
    fn add(&mut self, atom: &Atom) -> bool {
        match atom {
            Atom::Except(days) => {
                self.unread |= self.except.is_some();
                self.except = Some(days.clone());
            }
            Atom::SameTime => self.same_time = true,
            Atom::Every(every) => match &self.every {
                None if self.wait.is_none() => self.every = Some(every.clone()),
                // 工作日每天, 每天工作日.
                Some(Every::Days(1)) => self.every = Some(every.clone()),
                Some(every_day) if *every == Every::Days(1) && every_day.names_days() => {}
                _ => return false,
            },
            Atom::Day(day) if self.day.is_none() => match (self.wait, *day) {
                (None, day) => self.day = Some(day),
                // 两周后的周三
                (Some(wait), Day::Weekday(day)) if wait.weeks().is_some() => {
                    let weeks = wait.weeks().unwrap_or_default();
                    (self.wait, self.day) = (None, Some(Day::InWeek { weeks, day }));
                }
                // 三个月后的1号
                (Some(wait), Day::Monthly(day)) if wait.whole_months().is_some() => {
                    let months = wait.whole_months().unwrap_or_default();
                    (self.wait, self.day) = (None, Some(Day::InMonth { months, day }));
                }
                // 一周后的今天
                (Some(Wait { secs: 0, .. }), Day::Offset(0)) => {}
                _ => return false,
            },
            // 早上9点和下午6点: the second part belongs to the next clock.
            Atom::Part(part) if self.part.is_none() || self.is_listing() => self.part = Some(*part),
            Atom::Clock(clock) if self.clocks.is_empty() || self.every.is_some() => {
                let part = clock.part.or(self.part);
                self.clocks.push(Clock { part, ..*clock });
            }
            Atom::Early(early) if self.early.is_none() => self.early = Some(*early),
            Atom::Wait(wait) if self.wait.is_none() && self.day.is_none() => {
                self.wait = Some(*wait);
            }
            Atom::Soon if self.is_empty() => self.soon = true,
            _ => return false,
        }
        true
    }

    /// Several times of day, and the last part of the day has its clock.
    fn is_listing(&self) -> bool {
        self.every.is_some()
            && self
                .clocks
                .last()
                .is_some_and(|clock| clock.part == self.part)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// A day, and no more.
    pub(super) fn is_day(&self) -> bool {
        self.day.is_some() && self.every.is_none() && self.wait.is_none() && !self.has_time()
    }

    fn has_date(&self) -> bool {
        self.every.is_some() || self.day.is_some() || self.wait.is_some()
    }

    pub(super) fn has_time(&self) -> bool {
        !self.clocks.is_empty() || self.part.is_some() || self.soon || self.same_time
    }

    /// Where it begins and ends.
    pub(super) fn reach(&self) -> (usize, usize) {
        let from = self.spans.iter().map(|(from, _)| *from).min();
        let to = self.spans.iter().map(|(_, to)| *to).max();
        (from.unwrap_or_default(), to.unwrap_or_default())
    }

    /// As a time that was not taken.
    fn as_other(&self) -> Option<Other> {
        let (from, to) = self.reach();
        let timed = self.has_time() && !self.soon;
        let dated = self.day.is_some() || self.every.is_some();
        (self.weight() > 0).then_some(Other {
            from,
            to,
            timed,
            dated,
        })
    }

    /// Only what comes every day can leave days out.
    fn leave_out(&mut self) {
        match (self.except.take(), &self.every) {
            (None, _) => {}
            (Some(days), Some(Every::Days(1))) => self.every = Some(days),
            (Some(_), _) => self.unread = true,
        }
    }

    /// 每周 and 每月 without the day.
    pub(super) fn lacks_its_day(&self) -> bool {
        let unnamed = match &self.every {
            Some(Every::Weeks { every: 1, days } | Every::Months { every: 1, days, .. }) => {
                days.is_empty()
            }
            _ => false,
        };
        unnamed && self.day.is_none()
    }

    /// Says enough to be a wish by itself.
    pub(super) fn is_full(&self) -> bool {
        self.every.is_some() || self.wait.is_some() || (self.day.is_some() && self.has_time())
    }

    /// 周三 of what comes every week: every Wednesday.
    pub(super) fn in_rhythm(mut self, on: &OnDays) -> Self {
        let every = match (&self.every, on, self.day) {
            (None, OnDays::Week { every, .. }, Some(Day::Weekday(day))) => Every::Weeks {
                every: *every,
                days: vec![day],
            },
            (None, OnDays::Month { every, .. }, Some(Day::Monthly(day))) => Every::Months {
                every: *every,
                days: vec![match day {
                    MonthDay::Number(day) => day,
                    MonthDay::Last => 31,
                }],
                anchor: None,
            },
            (None, on, Some(Day::Yearly { year, day, shift })) if year.is_none() => {
                let yearly = match on {
                    OnDays::Year { .. } => true,
                    OnDays::Lunar { .. } => matches!(day, YearDay::Lunar(_)),
                    _ => false,
                };
                if !yearly {
                    return self;
                }
                Every::Year(Some((day, shift)))
            }
            _ => return self,
        };
        (self.every, self.day) = (Some(every), None);
        self
    }

    /// Stands in one piece, and all of it was understood.
    pub(super) fn is_whole(&self) -> bool {
        let mut spans = self.spans.windows(2);
        !self.unread && spans.all(|pair| matches!(pair, [(_, to), (from, _)] if to == from))
    }

    fn weight(&self) -> u8 {
        let named = [
            (self.every.is_some(), 4),
            (self.wait.is_some(), 4),
            (self.day.is_some(), 3),
            (!self.clocks.is_empty(), 2),
            (self.part.is_some(), 1),
            (self.soon, 1),
        ];
        named
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, weight)| weight)
            .sum()
    }

    /// No more than an hour: it may be a number of things.
    fn is_bare(&self) -> bool {
        let bare = |clocks: &[Clock]| matches!(clocks, [clock] if clock.bare);
        !self.has_date() && self.part.is_none() && bare(&self.clocks)
    }

    fn merge(&mut self, other: Self) {
        self.every = self.every.take().or(other.every);
        self.day = self.day.or(other.day);
        self.part = self.part.or(other.part);
        self.wait = self.wait.or(other.wait);
        self.clocks.extend(other.clocks);
        self.early = self.early.or(other.early);
        self.except = self.except.take().or(other.except);
        self.soon |= other.soon;
        self.same_time |= other.same_time;
        self.unread |= other.unread;
        self.spans.extend(other.spans);
    }
}

/// The pieces that stand here.
fn pieces(cursor: &mut Cursor<'_>) -> Vec<Atom> {
    if let Some(early) = early(cursor) {
        return vec![Atom::Early(early)];
    }
    if let Some(atom) = wait(cursor) {
        return vec![atom];
    }
    if let Some(days) = exception(cursor) {
        return vec![Atom::Except(days)];
    }
    if let Some(found) = every(cursor) {
        let mut found = atoms(found);
        found.extend(same_time(cursor));
        return found;
    }
    if let Some(day) = day(cursor) {
        let mut found = vec![Atom::Day(day)];
        found.extend(half(day, cursor).or_else(|| same_time(cursor)));
        return found;
    }
    let clocks = several(cursor);
    if !clocks.is_empty() {
        return clocks;
    }
    if let Some(part) = part(cursor) {
        return vec![Atom::Part(part)];
    }
    clock(cursor).map(Atom::Clock).into_iter().collect()
}

/// `早` in 明早, `夜` in 跨年夜, `晚` in 周五晚 before the end of the time.
fn half(day: Day, cursor: &mut Cursor<'_>) -> Option<Atom> {
    let mut look = *cursor;
    if part(&mut look.clone()).is_some() || look.sees(&["晚点", "晚些", "晚一点"]) {
        return None;
    }
    let part = look.eat_of(&[
        ("早", Part::Morning),
        ("晨", Part::Morning),
        ("晚", Part::Evening),
        ("夜", Part::Evening),
    ])?;
    // 后天早班
    let shift = cursor.before().is_some_and(|it| "天日号".contains(it))
        && look.sees(&["班", "餐", "饭", "会", "市"]);
    if shift {
        return None;
    }
    let ends = look.is_at_end() || look.sees(&[" ", ","]) || look.sees(TRIGGERS);
    (matches!(day, Day::Offset(_)) || ends).then(|| *cursor = look)?;
    Some(Atom::Part(part))
}

/// `这个时候`, `同一时间` behind a day.
fn same_time(cursor: &mut Cursor<'_>) -> Option<Atom> {
    let mut look = *cursor;
    look.eat("的");
    look.eat_any(&[
        "这个时候",
        "这个时间",
        "这个点",
        "这时候",
        "这会儿",
        "同一时间",
        "同一时刻",
        "同样时间",
        "相同时间",
        "此时",
    ])?;
    *cursor = look;
    Some(Atom::SameTime)
}

/// The time that a message names; empty if it names none.
pub(super) fn find(letters: &[char], triggers: &[Trigger]) -> Expression {
    let mut groups = groups(letters, triggers);
    let open = |at: usize| triggers.iter().any(|it| it.from == at || it.to == at);
    let stops = |at: usize| open(at) || letters.get(at).is_none_or(|it| " ,.:;!?".contains(*it));
    let alone = |group: &Expression| {
        let first = group.spans.first().is_some_and(|(from, _)| {
            *from == 0
                || open(*from)
                || letters
                    .get(from - 1)
                    .is_some_and(|it| " ,.:;".contains(*it))
        });
        first || group.spans.last().is_some_and(|(_, to)| stops(*to))
    };
    groups.retain(|group| !group.is_bare() || alone(group));
    // 提醒我下午四点订明天上午的机票: what stands behind the trigger, not what only tells
    // which ticket.
    let led = |group: &Expression| {
        let (from, _) = group.reach();
        group.has_time() && triggers.iter().any(|trigger| trigger.to == from)
    };
    let leader = groups
        .iter()
        .find(|group| led(group))
        .map(Expression::reach);
    let weight = |group: &Expression| {
        let (from, to) = group.reach();
        let tells_which = letters.get(to) == Some(&'的') && !stops(to + 1);
        let behind = leader.is_some_and(|(_, end)| from > end);
        if behind && tells_which {
            0
        } else {
            group.weight()
        }
    };
    let heaviest = groups.iter().map(weight).max();
    let best = groups
        .iter()
        .position(|group| Some(weight(group)) == heaviest);
    let Some(best) = best else {
        return Expression::default();
    };
    let mut chosen = groups.remove(best);
    // 后天回访张三，下午3点提醒我: the day and the time stand apart.
    let fits = |group: &Expression| {
        // 明天下午3点的会，提前10分钟提醒我
        if group.early.is_some() && group.weight() == 0 {
            return chosen.early.is_none();
        }
        // 每天9点提醒我巡店，周末除外
        if group.except.is_some() && group.weight() == 0 {
            return chosen.every.is_some();
        }
        let gives_time = !group.soon
            && chosen.has_date()
            && !chosen.has_time()
            && !group.has_date()
            && chosen.wait.is_none();
        let gives_date =
            !chosen.has_date() && chosen.has_time() && group.has_date() && !group.has_time();
        (gives_time || gives_date) && alone(group)
    };
    if let Some(other) = groups.iter().position(fits) {
        let other = groups.remove(other);
        chosen.merge(other);
    }
    take_start(&mut chosen, &mut groups, letters);
    chosen.leave_out();
    let others: Vec<Other> = groups.iter().filter_map(Expression::as_other).collect();
    chosen.unread |= chosen.lacks_its_day();
    chosen.unread |= is_unread(letters, triggers, &chosen, &others);
    chosen
}

/// `每天9点提醒我打卡，从下周一开始`: the day on which it begins stands apart.
fn take_start(chosen: &mut Expression, groups: &mut Vec<Expression>, letters: &[char]) {
    if chosen.every.is_none() || chosen.day.is_some() {
        return;
    }
    let end = |group: &Expression| {
        let mut behind = Cursor::new(letters, group.reach().1);
        behind.eat_any(&["起", "开始"]).map(|_| behind.at)
    };
    let mut starts = groups
        .iter()
        .enumerate()
        .filter(|(_, group)| group.is_day());
    let found = starts.find_map(|(place, group)| Some((place, end(group)?)));
    if let Some((place, end)) = found {
        let mut start = groups.remove(place);
        start.spans.push((start.reach().1, end));
        chosen.merge(start);
    }
}

fn groups(letters: &[char], triggers: &[Trigger]) -> Vec<Expression> {
    let mut groups: Vec<Expression> = Vec::new();
    let mut open = Expression::default();
    let (mut at, mut glued, mut glue_from) = (0, 0, 0);
    while at < letters.len() {
        if let Some(trigger) = triggers.iter().find(|trigger| trigger.from == at) {
            at = trigger.to;
            continue;
        }
        let mut cursor = Cursor::new(letters, at);
        let found = pieces(&mut cursor);
        if !found.is_empty() {
            let mut with = open.clone();
            if !open.is_empty() && !found.iter().all(|atom| with.add(atom)) {
                groups.push(std::mem::take(&mut open));
                glued = 0;
            }
            let taken = found.iter().filter(|atom| open.add(atom)).count();
            debug_assert!(taken > 0, "a new expression takes any piece");
            open.unread |= taken < found.len();
            let leads = at > 0 && open.spans.is_empty() && "从在于定".contains(letters[at - 1]);
            let from = if leads {
                at - 1
            } else if open.spans.is_empty() || glued == 0 {
                at
            } else {
                glue_from
            };
            open.spans.push((from, cursor.at));
            at = cursor.at.max(at + 1);
            glued = 0;
            continue;
        }
        let listed = open.every.is_some() && !open.clocks.is_empty();
        let glue = cursor.eat_any(GLUE).or_else(|| {
            listed
                .then(|| cursor.eat_any(&["和", "与", "及", "跟"]))
                .flatten()
        });
        let glue = glue.or_else(|| begins(&open, &mut cursor, triggers).then_some("起"));
        if glue.is_some() && !open.is_empty() && glued < 3 {
            if glued == 0 {
                glue_from = at;
            }
            (at, glued) = (cursor.at, glued + 1);
            continue;
        }
        if !open.is_empty() {
            groups.push(std::mem::take(&mut open));
        }
        at += 1;
    }
    if !open.is_empty() {
        groups.push(open);
    }
    groups
}

/// 起 behind the day on which something begins to come again.
fn begins(open: &Expression, cursor: &mut Cursor<'_>, triggers: &[Trigger]) -> bool {
    open.day.is_some()
        && cursor.eat("起")
        && (cursor.sees(&[" ", ",", "每", "天天", "工作日"])
            || triggers.iter().any(|trigger| trigger.from == cursor.at))
}
