//! Days of a month: `15号`, `下个月15号`, `月底`, `本月最后一个工作日`, `下个月的今天`.

use super::atom::{Day, Every, MonthDay};
use super::clock::small;
use super::every::nth;
use super::fold::Cursor;
use super::number::{digit, whole};

/// What makes `3号` a place or a thing and no day.
const NUMBERED: &str = "楼线桌店门柜机厅房室院库车位台仓厂线员馆";

const MONTHS: &[(&str, i32)] = &[
    ("下下个月", 2),
    ("下下月", 2),
    ("下个月", 1),
    ("下月", 1),
    ("这个月", 0),
    ("这月", 0),
    ("本月", 0),
    ("当月", 0),
    ("上个月", -1),
    ("上月", -1),
];

/// `15号`, `下个月15号`, `月底`, `下月初`, `下个月`.
pub(super) fn of_month(cursor: &mut Cursor<'_>) -> Option<Day> {
    let mut look = *cursor;
    if let Some(months) = look.eat_of(MONTHS) {
        look.eat_any(&["份的", "份", "的"]);
        if let Some(day) = same_day(&mut look, months).or_else(|| nth_of(&mut look, months)) {
            *cursor = look;
            return Some(day);
        }
        let day = of_a_month(&mut look);
        *cursor = look;
        let alone = (months > 0).then_some(MonthDay::Number(1));
        let day = day.or(alone)?;
        return Some(Day::InMonth { months, day });
    }
    // 十月中旬 is no day.
    if look.sees(&["月中旬"]) {
        return None;
    }
    // 下月底, 本月末.
    let months = look.eat_of(&[("下", 1), ("本", 0), ("这个", 0), ("这", 0)]);
    if let Some(day) = look.eat_of(&[
        ("月底", MonthDay::Last),
        ("月末", MonthDay::Last),
        ("月初", MonthDay::Number(1)),
        ("月中", MonthDay::Number(15)),
    ]) {
        *cursor = look;
        return Some(match months {
            Some(months) => Day::InMonth { months, day },
            None => Day::Monthly(day),
        });
    }
    let day = month_day(cursor)?;
    Some(Day::Monthly(MonthDay::Number(day)))
}

/// `今天` behind a month or a year: the same day of that one.
pub(super) fn same_day(cursor: &mut Cursor<'_>, months: i32) -> Option<Day> {
    cursor.eat_any(&["今天", "今日", "这一天", "这天", "同一天"])?;
    Some(Day::Months(months))
}

/// `第一个周一`, `最后一个工作日` of a month.
fn nth_of(cursor: &mut Cursor<'_>, months: i32) -> Option<Day> {
    let (nth, day) = match nth(cursor)? {
        Every::NthWeekday { nth, day } => (nth, Some(day)),
        Every::NthWorking(nth) => (nth, None),
        _ => return None,
    };
    Some(Day::NthInMonth { months, nth, day })
}

/// `15号`, `15日`; not `3号楼`.
pub(super) fn month_day(cursor: &mut Cursor<'_>) -> Option<i8> {
    let mut look = *cursor;
    if look
        .before()
        .is_some_and(|it| it.is_ascii_digit() || digit(it).is_some())
    {
        return None;
    }
    let day = small(&mut look, 1, 31)?;
    look.eat_any(&["号", "日"])?;
    let numbered = look
        .rest()
        .first()
        .is_some_and(|letter| NUMBERED.contains(*letter));
    (!numbered).then(|| *cursor = look)?;
    Some(day)
}

/// `3号`, `15日`, `15`, `底`, `初`, `最后一天`.
pub(super) fn of_a_month(cursor: &mut Cursor<'_>) -> Option<MonthDay> {
    if let Some(day) = month_edge(cursor) {
        return Some(day);
    }
    let mut look = *cursor;
    let day = small(&mut look, 1, 31)?;
    if look.eat_any(&["号", "日"]).is_none() && look.sees(&["个", "份", "点", ":", "月", "年"])
    {
        return None;
    }
    *cursor = look;
    Some(MonthDay::Number(day))
}

pub(super) fn month_edge(cursor: &mut Cursor<'_>) -> Option<MonthDay> {
    let mut look = *cursor;
    // Ten days are no day.
    if look.sees(&["中旬"]) {
        return None;
    }
    let day = look.eat_of(&[
        ("最后一天", MonthDay::Last),
        ("末尾", MonthDay::Last),
        ("月底", MonthDay::Last),
        ("月末", MonthDay::Last),
        ("月初", MonthDay::Number(1)),
        ("月中", MonthDay::Number(15)),
        ("底", MonthDay::Last),
        ("末", MonthDay::Last),
        ("初", MonthDay::Number(1)),
        ("第一天", MonthDay::Number(1)),
        ("中", MonthDay::Number(15)),
    ])?;
    // 初一 is a lunar day.
    let lunar = look.before() == Some('初') && whole(&mut look.clone()).is_some();
    (!lunar).then(|| *cursor = look)?;
    Some(day)
}
