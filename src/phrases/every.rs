//! What comes again: `每天`, `每周一三五`, `每个月1号`, `工作日`, `每隔两天`, `每两小时`.

use super::atom::{Atom, Clock, Every, MonthDay, Part};
use super::clock::{clock, part, small};
use super::day::{WEEK, shift, weekday, year_day};
use super::fold::Cursor;
use super::month::{month_day, month_edge};
use super::number::{digit, whole};
use super::trigger::TRIGGERS;
use super::wait::bare_wait;

/// What stands between the days of a list.
const AND: &[&str] = &[",", "和", "与", "及", "、", "跟"];
const TO: &[&str] = &["到", "至", "~", "-", "—"];

/// A repetition that stands here, and a part of the day if it names one: `每晚`.
pub(super) fn every(cursor: &mut Cursor<'_>) -> Option<(Every, Option<Part>)> {
    let mut look = *cursor;
    let found = without_each(&mut look)
        .map(|every| (every, None))
        .or_else(|| in_hours(&mut look))
        .or_else(|| {
            let skipping = look.eat_of(&[
                ("每过", false),
                ("每间隔", true),
                ("每隔", true),
                ("间隔", true),
                ("每逢", false),
                ("每到", false),
                ("每一个", false),
                ("每一", false),
                ("每个", false),
                ("每", false),
                ("逢", false),
                ("隔", true),
            ])?;
            each(&mut look, skipping)
        })?;
    *cursor = look;
    Some(found)
}

/// `每一个半小时`, where 一个 is no more than a part of the number.
fn in_hours(cursor: &mut Cursor<'_>) -> Option<(Every, Option<Part>)> {
    let mut look = *cursor;
    look.eat_any(&["每过", "每间隔", "每隔", "每", "间隔", "隔"])?;
    let minutes = minutes(&mut look)?;
    *cursor = look;
    Some((Every::Minutes(minutes), None))
}

/// `天天`, `工作日`, `周一到周五`: again and again also without 每.
fn without_each(cursor: &mut Cursor<'_>) -> Option<Every> {
    let mut look = *cursor;
    let every = if look.eat_any(&["天天", "日日"]).is_some() {
        Every::Days(1)
    } else if look.eat_any(&["工作日", "上班日"]).is_some() {
        Every::Working
    } else if lunar_pair(&mut look) {
        Every::LunarMonth
    } else if let Some(days) = three_days(&mut look) {
        Every::Weeks { every: 1, days }
    } else if look.eat_any(&["休息日", "节假日"]).is_some() {
        Every::Resting
    } else {
        look.eat_any(WEEK)?;
        let days = run(&mut look).or_else(|| weekdays(&mut look, false))?;
        (days.len() > 1).then_some(Every::Weeks { every: 1, days })?
    };
    *cursor = look;
    Some(every)
}

/// `初一十五`, `农历每月十五`: days of each lunar month also without 每.
fn lunar_pair(cursor: &mut Cursor<'_>) -> bool {
    let mut look = *cursor;
    if look.before().is_some_and(|it| "年月".contains(it)) {
        return false;
    }
    let lunar = look.eat_any(&["农历", "阴历"]).is_some();
    look.eat("的");
    let each = lunar && look.eat_any(&["每个月", "每月"]).is_some();
    look.eat_any(&["的"]);
    let pair = look.eat("初一") && {
        look.eat_any(AND);
        look.eat("十五")
    };
    if each {
        lunar_days(&mut look);
    }
    let found = pair || each;
    if found {
        *cursor = look;
    }
    found
}

/// `一三五` and `二四六` before a time: the days of the week.
fn three_days(cursor: &mut Cursor<'_>) -> Option<Vec<i8>> {
    let mut look = *cursor;
    let counted = |letter: char| digit(letter).is_some() || "第十百周期拜".contains(letter);
    if look.before().is_some_and(counted) {
        return None;
    }
    let odd = look.eat_of(&[("一三五", true), ("二四六", false)])?;
    is_timed(look).then(|| *cursor = look)?;
    Some(if odd { vec![1, 3, 5] } else { vec![2, 4, 6] })
}

/// `一三五` behind 周, before a time.
fn run(cursor: &mut Cursor<'_>) -> Option<Vec<i8>> {
    let mut look = *cursor;
    let days = weekdays(&mut look, true)?;
    (days.len() > 1 && is_timed(look)).then(|| *cursor = look)?;
    Some(days)
}

/// Whether a time, or the wish to be reminded, stands here.
fn is_timed(cursor: Cursor<'_>) -> bool {
    part(&mut cursor.clone()).is_some()
        || clock(&mut cursor.clone()).is_some()
        || cursor.sees(TRIGGERS)
        || cursor.sees(&["每", " ", ","])
}

/// What stands behind 每. `skipping`: 每隔一天 is every second day.
fn each(cursor: &mut Cursor<'_>, skipping: bool) -> Option<(Every, Option<Part>)> {
    let plain = |every| Some((every, None));
    let mut lunar = *cursor;
    if lunar.sees(&["初", "农历", "阴历"]) && lunar_days(&mut lunar) {
        *cursor = lunar;
        return plain(Every::LunarMonth);
    }
    if let Some(days) = three_days(cursor) {
        return plain(Every::Weeks { every: 1, days });
    }
    if cursor.eat("半年") {
        let (every, days, anchor) = (6, Vec::new(), None);
        return plain(Every::Months {
            every,
            days,
            anchor,
        });
    }
    let mut look = *cursor;
    let count = small(&mut look, 1, 99).map(i16::from);
    let every = count.map_or(1, |count| count + i16::from(skipping));
    let every = every.unsigned_abs() + u16::from(skipping && count.is_none());
    if count.is_some() {
        *cursor = look;
    }
    if let Some(minutes) = cursor.eat_of(&[
        ("个小时", 60),
        ("个钟头", 60),
        ("小时", 60),
        ("钟头", 60),
        ("刻钟", 15),
        ("分钟", 1),
    ]) {
        return plain(Every::Minutes(minutes));
    }
    if cursor
        .eat_any(&["个工作日", "工作日", "个上班日", "上班日"])
        .is_some()
    {
        return plain(Every::Working);
    }
    if cursor.eat_any(&["休息日", "节假日"]).is_some() {
        return plain(Every::Resting);
    }
    if !cursor.sees(&["日期"]) && cursor.eat_any(&["天", "日"]).is_some() {
        return plain(Every::Days(every));
    }
    if let Some(part) = part(cursor).or_else(|| short_part(cursor)) {
        return Some((Every::Days(1), Some(part)));
    }
    look = *cursor;
    look.eat("个");
    if look.eat_any(WEEK).is_some() {
        *cursor = look;
        return plain(weeks(cursor, every));
    }
    if look.eat("月") {
        *cursor = look;
        return plain(months(cursor, every));
    }
    if look.eat("季度") || look.eat("季") {
        *cursor = look;
        return plain(quarters(cursor));
    }
    if count.is_none() && look.eat("年") {
        *cursor = look;
        cursor.eat("的");
        let day = year_day(cursor).map(|day| (day, shift(cursor)));
        return plain(Every::Year(day));
    }
    None
}

/// `半小时`, `两个半小时`, `1小时30分钟`, `一刻钟`; not `三天`.
fn minutes(cursor: &mut Cursor<'_>) -> Option<u32> {
    let mut look = *cursor;
    let wait = bare_wait(&mut look)?;
    let by_clock = wait.secs >= 60 && wait.months == 0 && wait.days == 0 && wait.working_days == 0;
    let minutes = u32::try_from(wait.secs / 60).ok()?;
    by_clock.then(|| *cursor = look)?;
    Some(minutes)
}

fn short_part(cursor: &mut Cursor<'_>) -> Option<Part> {
    cursor.eat_of(&[
        ("早", Part::Morning),
        ("晚", Part::Evening),
        ("夜", Part::Evening),
    ])
}

fn weeks(cursor: &mut Cursor<'_>, every: u16) -> Every {
    let mut look = *cursor;
    look.eat("的");
    look.eat_any(WEEK);
    let days = if look.eat("末") {
        Some(vec![6, 7])
    } else {
        weekdays(&mut look, true)
    };
    if days.is_some() {
        *cursor = look;
    }
    let days = days.unwrap_or_default();
    Every::Weeks { every, days }
}

/// `一三五`, `一、三、五`, `一和周三`, `一到五`. The word for week was read already.
/// `run_on`: days may follow each other without anything between them.
fn weekdays(cursor: &mut Cursor<'_>, run_on: bool) -> Option<Vec<i8>> {
    let mut days = vec![weekday(cursor)?];
    loop {
        let mut look = *cursor;
        let range = look.eat_any(TO).is_some();
        let and = !range && look.eat_any(AND).is_some();
        look.skip_spaces();
        let word = look.eat_any(WEEK).is_some();
        let last = days.last().copied().unwrap_or_default();
        let Some(day) = weekday(&mut look) else { break };
        // 周一三点 is Monday at three, 周五一起 is Friday together.
        let no_day = look.sees(&["点", "时", ":", "月", "号", "十", "个", "位", "件"]);
        let by_itself = (run_on || and || range) && !no_day && (range || day > last);
        if !(by_itself || (word && (and || range))) {
            break;
        }
        if range {
            let end = if day < last { day + 7 } else { day };
            days.extend((last + 1..=end).map(|day| (day - 1) % 7 + 1));
        } else {
            days.push(day);
        }
        *cursor = look;
    }
    days.sort_unstable();
    days.dedup();
    Some(days)
}

fn months(cursor: &mut Cursor<'_>, every: u16) -> Every {
    let mut look = *cursor;
    look.eat_any(&["份的", "的"]);
    if let Some(nth) = nth(&mut look) {
        *cursor = look;
        return nth;
    }
    if lunar_days(&mut look) {
        *cursor = look;
        return Every::LunarMonth;
    }
    let days = month_days(&mut look);
    if !days.is_empty() {
        *cursor = look;
    }
    let anchor = None;
    Every::Months {
        every,
        days,
        anchor,
    }
}

/// `第一个周一`, `最后一个工作日`.
pub(super) fn nth(cursor: &mut Cursor<'_>) -> Option<Every> {
    let mut look = *cursor;
    let nth = if look.eat("最后一个") {
        -1
    } else {
        look.eat("第");
        let nth = small(&mut look, 1, 20)?;
        look.eat("个").then_some(nth)?
    };
    let every = if look.eat("工作日") {
        Every::NthWorking(nth)
    } else {
        look.eat_any(WEEK)?;
        let day = weekday(&mut look)?;
        (nth <= 4).then_some(Every::NthWeekday { nth, day })?
    };
    *cursor = look;
    Some(every)
}

/// `初一十五`, `农历十五`: days of the lunar month.
fn lunar_days(cursor: &mut Cursor<'_>) -> bool {
    let named = cursor.eat_any(&["农历", "阴历"]).is_some();
    let first = cursor.eat("初") || named;
    let mut is_lunar = false;
    while first && whole(cursor).is_some() {
        if cursor.sees(&["月"]) {
            return false;
        }
        is_lunar = true;
        cursor.eat_any(AND);
        cursor.eat("初");
    }
    is_lunar
}

fn month_days(cursor: &mut Cursor<'_>) -> Vec<i8> {
    let mut days = Vec::new();
    loop {
        let mut look = *cursor;
        let first = days.is_empty();
        let listed_on = first || look.eat_any(AND).is_some();
        look.skip_spaces();
        // 10号20号30号
        if !listed_on && month_day(&mut look.clone()).is_none() {
            break;
        }
        let day = match month_edge(&mut look) {
            Some(MonthDay::Last) => Some(31),
            Some(MonthDay::Number(day)) => Some(day),
            None => month_day(&mut look).or_else(|| listed(&mut look)),
        };
        let Some(day) = day else { break };
        days.push(day);
        *cursor = look;
    }
    days.sort_unstable();
    days.dedup();
    days
}

/// The first number of `1、15号`.
fn listed(cursor: &mut Cursor<'_>) -> Option<i8> {
    let mut look = *cursor;
    let day = small(&mut look, 1, 31)?;
    let mut next = look;
    next.eat_any(AND)?;
    month_day(&mut next)?;
    *cursor = look;
    Some(day)
}

fn quarters(cursor: &mut Cursor<'_>) -> Every {
    let edge = cursor.eat_of(&[
        ("末", 31_i8),
        ("底", 31),
        ("最后一天", 31),
        ("初", 1),
        ("第一天", 1),
    ]);
    let anchor = edge.map(|day| if day == 31 { 3 } else { 1 });
    let days = edge.into_iter().collect();
    let every = 3;
    Every::Months {
        every,
        days,
        anchor,
    }
}

/// As pieces of an expression.
pub(super) fn atoms(found: (Every, Option<Part>)) -> Vec<Atom> {
    let (every, part) = found;
    let part = part.map(Atom::Part);
    std::iter::once(Atom::Every(every)).chain(part).collect()
}

/// `周末除外`, `除了周三`: the days that are left of every day.
pub(super) fn exception(cursor: &mut Cursor<'_>) -> Option<Every> {
    let mut look = *cursor;
    let before = look.eat_any(&["除了", "除去", "除"]).is_some();
    let every = 1;
    let left = if look
        .eat_any(&["法定节假日", "节假日", "休息日", "放假"])
        .is_some()
    {
        Every::Working
    } else if look.eat_any(&["周末", "双休日", "周六日"]).is_some() {
        let days = (1..=5).collect();
        Every::Weeks { every, days }
    } else {
        look.eat_any(WEEK)?;
        let but = weekdays(&mut look, true)?;
        let days = (1..=7).filter(|day| !but.contains(day)).collect();
        Every::Weeks { every, days }
    };
    let behind = look
        .eat_any(&[
            "除外",
            "以外",
            "之外",
            "不算",
            "不用提醒",
            "不用",
            "不提醒",
            "别提醒",
        ])
        .is_some();
    (before || behind).then(|| *cursor = look)?;
    Some(left)
}

/// `早中晚`, `早晚`: several times of a day.
pub(super) fn several(cursor: &mut Cursor<'_>) -> Vec<Atom> {
    const TIMES: &[(&str, &[i8])] = &[
        ("早中晚", &[8, 12, 20]),
        ("早午晚", &[8, 12, 20]),
        ("早晚", &[8, 20]),
    ];
    let mut look = *cursor;
    let hours = look.eat_of(TIMES);
    look.eat_any(&["各一次", "各"]);
    if hours.is_none() || look.sees(&["饭", "餐", "会", "班", "高峰", "要", "得"]) {
        return Vec::new();
    }
    *cursor = look;
    let clock = |hour: &i8| {
        Atom::Clock(Clock {
            hour: *hour,
            minute: 0,
            exact: true,
            part: None,
            bare: false,
        })
    };
    hours.unwrap_or_default().iter().map(clock).collect()
}
