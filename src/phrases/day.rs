//! Days: `明天`, `下周五`, `12月3号`, `月底`, `农历八月十五`, `国庆节前三天`.

use super::atom::{Day, Every, MonthDay, Year, YearDay};
use super::clock::{clock, part, small};
use super::every::nth;
use super::feast::feast;
use super::fold::Cursor;
use super::month::{of_a_month, of_month, same_day};
use super::number::{digit, whole};
use super::trigger::TRIGGERS;
use crate::domain::lunar::LunarDay;

const OFFSETS: &[(&str, i32)] = &[
    ("大大后天", 4),
    ("大后儿个", 3),
    ("后儿个", 2),
    ("大后天", 3),
    ("大大后日", 4),
    ("大后日", 3),
    ("后天", 2),
    ("后日", 2),
    ("明天", 1),
    ("明日", 1),
    ("明儿个", 1),
    ("明儿", 1),
    ("大后儿", 3),
    ("后儿", 2),
    ("今天", 0),
    ("今日", 0),
    ("今儿个", 0),
    ("今儿", 0),
    ("当天", 0),
    ("昨天", -1),
    ("昨日", -1),
    ("前天", -2),
    ("tomorrow", 1),
    ("today", 0),
];

/// 今晚, 明早: the day; the part of it stands behind.
const HALVES: &[(&str, i32)] = &[("今", 0), ("明", 1), ("当", 0), ("昨", -1)];

const WEEKS: &[(&str, i32)] = &[
    ("下下下个", 3),
    ("下下下", 3),
    ("下下个", 2),
    ("下下", 2),
    ("下个", 1),
    ("下一个", 1),
    ("下", 1),
    ("这个", 0),
    ("这一", 0),
    ("这", 0),
    ("本", 0),
    ("上个", -1),
    ("上", -1),
];

pub(super) const WEEK: &[&str] = &["星期", "礼拜", "周"];

/// A day that stands here.
pub(super) fn day(cursor: &mut Cursor<'_>) -> Option<Day> {
    let mut look = *cursor;
    let day = offset(&mut look)
        .or_else(|| week(&mut look))
        .or_else(|| of_year(&mut look))
        .or_else(|| of_month(&mut look))?;
    *cursor = look;
    Some(day)
}

fn offset(cursor: &mut Cursor<'_>) -> Option<Day> {
    if let Some(days) = cursor.eat_of(OFFSETS) {
        return Some(Day::Offset(days));
    }
    let mut look = *cursor;
    let days = look.eat_of(HALVES)?;
    // Only the day is taken: the part of it is read next.
    let part = look.sees(&["早", "晨", "晚", "夜"]);
    let no_word = !look.sees(&["晚点", "晚些", "晚一"]);
    (part && no_word).then(|| *cursor = look)?;
    Some(Day::Offset(days))
}

/// `周五`, `下周五`, `这个星期天`, `周末`, `下周`.
fn week(cursor: &mut Cursor<'_>) -> Option<Day> {
    let mut look = *cursor;
    let weeks = look.eat_of(WEEKS);
    // 两周三次 is no Wednesday.
    let counted = |letter: char| digit(letter).is_some() || letter.is_ascii_digit();
    if weeks.is_none()
        && look
            .before()
            .is_some_and(|it| counted(it) || "半每隔".contains(it))
    {
        return None;
    }
    look.eat_any(WEEK)?;
    if let Some(weeks) = weeks {
        let mut same = look;
        same.eat("的");
        if same_day(&mut same, 0).is_some() {
            *cursor = same;
            return Some(Day::Offset(weeks * 7));
        }
    }
    let day = match (weekday(&mut look), weeks) {
        (Some(day), Some(weeks)) => Day::InWeek { weeks, day },
        (Some(day), None) => Day::Weekday(day),
        (None, weeks) if look.eat("末") => match weeks {
            Some(weeks) => Day::InWeek { weeks, day: 6 },
            None => Day::Weekday(6),
        },
        (None, Some(weeks @ 1..)) => Day::InWeek { weeks, day: 1 },
        _ => return None,
    };
    *cursor = look;
    Some(day)
}

/// 一 to 六, 日, 天, 1 to 7.
pub(super) fn weekday(cursor: &mut Cursor<'_>) -> Option<i8> {
    let mut look = *cursor;
    let letter = look.eat_letter("一二三四五六日天1234567")?;
    // 每周三次
    if look.sees(&["次", "遍"]) {
        return None;
    }
    if letter.is_ascii_digit() && look.sees(&["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]) {
        return None;
    }
    *cursor = look;
    let number = match letter {
        '日' | '天' => 7,
        _ => digit(letter).or_else(|| letter.to_digit(10))?,
    };
    i8::try_from(number).ok()
}

const YEARS: &[(&str, i16)] = &[
    ("大后年", 3),
    ("后年", 2),
    ("明年", 1),
    ("来年", 1),
    ("今年", 0),
    ("去年", -1),
];

/// `12月3号`, `2026年12月3日`, `2026-12-03`, `明年3月1号`, `年底`, feasts and lunar days.
fn of_year(cursor: &mut Cursor<'_>) -> Option<Day> {
    let mut look = *cursor;
    if let Some(day) = written(&mut look) {
        *cursor = look;
        return Some(day);
    }
    let year = year(&mut look);
    if year.is_some() {
        look.eat("的");
    }
    if let Some(Year::Offset(years)) = year
        && let Some(day) = same_day(&mut look, i32::from(years) * 12)
    {
        *cursor = look;
        return Some(day);
    }
    let day = year_day(&mut look).or_else(|| {
        // 明年 alone is its first day.
        let alone = matches!(year, Some(Year::Offset(1..)));
        let first = MonthDay::Number(1);
        alone.then_some(YearDay::Solar {
            month: 1,
            day: first,
        })
    })?;
    let shift = shift(&mut look);
    *cursor = look;
    Some(Day::Yearly { year, day, shift })
}

fn year(cursor: &mut Cursor<'_>) -> Option<Year> {
    if let Some(offset) = cursor.eat_of(YEARS) {
        return Some(Year::Offset(offset));
    }
    let mut look = *cursor;
    let number = i16::try_from(whole(&mut look)?).ok()?;
    let known = (1900..=2099).contains(&number) && look.eat("年");
    known.then(|| *cursor = look)?;
    Some(Year::Number(number))
}

/// A day of the year without its year.
pub(super) fn year_day(cursor: &mut Cursor<'_>) -> Option<YearDay> {
    let mut look = *cursor;
    let day = lunar(&mut look)
        .or_else(|| feast(&mut look))
        .or_else(|| solar(&mut look))
        .or_else(|| edge(&mut look))?;
    *cursor = look;
    Some(day)
}

fn edge(cursor: &mut Cursor<'_>) -> Option<YearDay> {
    let last = cursor.eat_of(&[
        ("年底", true),
        ("年末", true),
        ("年终", true),
        ("年初", false),
    ])?;
    let (month, day) = if last {
        (12, MonthDay::Last)
    } else {
        (1, MonthDay::Number(1))
    };
    Some(YearDay::Solar { month, day })
}

/// `12月3号`, `12月3`, `三月底`.
fn solar(cursor: &mut Cursor<'_>) -> Option<YearDay> {
    let mut look = *cursor;
    if look.before().is_some_and(|letter| letter.is_ascii_digit()) {
        return None;
    }
    if look.eat_any(&["公历", "阳历", "新历"]).is_some() {
        look.eat_any(&["的", " "]);
    }
    let month = small(&mut look, 1, 12)?;
    if !look.eat("月") {
        return None;
    }
    look.eat_any(&["份的", "份", "的"]);
    let mut behind = look;
    if let Some(Every::NthWeekday { nth, day }) = nth(&mut behind) {
        *cursor = behind;
        return Some(YearDay::Nth { month, nth, day });
    }
    let day = of_a_month(&mut look)?;
    *cursor = look;
    Some(YearDay::Solar { month, day })
}

/// `2026-12-03`, `2026/12/3`, `2026.12.3`, `12/3`, `12-05`, `12.3`.
fn written(cursor: &mut Cursor<'_>) -> Option<Day> {
    let mut look = *cursor;
    if look
        .before()
        .is_some_and(|letter| letter.is_ascii_digit() || "/-.".contains(letter))
    {
        return None;
    }
    let first = whole(&mut look)?;
    let (year, month) = match i16::try_from(first).ok()? {
        year @ 1900..=2099 => {
            look.eat_letter("-/.")?;
            (Some(Year::Number(year)), small(&mut look, 1, 12)?)
        }
        month @ 1..=12 => (None, i8::try_from(month).ok()?),
        _ => return None,
    };
    let mark = look.eat_letter("-/.")?;
    let day = small(&mut look, 1, 31)?;
    if look.eat_letter("0123456789/-.").is_some() {
        return None;
    }
    let named = look.eat_any(&["号", "日"]).is_some();
    if year.is_none() && mark != '/' && !named && !is_before_time(look) {
        return None;
    }
    *cursor = look;
    let day = YearDay::Solar {
        month,
        day: MonthDay::Number(day),
    };
    let shift = 0;
    Some(Day::Yearly { year, day, shift })
}

/// What makes `12.3` a day, where `1.2` may be a version and `3-5` a few: a time of day or
/// the wish to be reminded stands behind it.
fn is_before_time(mut cursor: Cursor<'_>) -> bool {
    cursor.skip_spaces();
    cursor.sees(TRIGGERS) || part(&mut cursor.clone()).is_some() || clock(&mut cursor).is_some()
}

/// `农历八月十五`, `正月初一`, `腊月廿三`, `农历六月初一`, `闰六月初一`.
fn lunar(cursor: &mut Cursor<'_>) -> Option<YearDay> {
    let mut look = *cursor;
    let named = look
        .eat_any(&["农历年", "农历的", "农历", "阴历", "旧历"])
        .is_some();
    look.skip_spaces();
    let leap = look.eat("闰");
    let own = look.eat_of(&[("正月", 1_u8), ("冬月", 11), ("腊月", 12)]);
    let month = match own {
        Some(month) => month,
        None => {
            let month = small(&mut look, 1, 12)?;
            look.eat("月").then_some(month.unsigned_abs())?
        }
    };
    let first_ten = look.eat("初");
    let score = look.sees(&["廿", "卅"]);
    let day = if look.eat("三十") {
        30
    } else {
        small(&mut look, 1, 30)?
    };
    look.eat_any(&["日", "号"]);
    let certain = named || leap || own.is_some() || first_ten || score;
    if !certain || (first_ten && day > 10) {
        return None;
    }
    *cursor = look;
    let day = day.unsigned_abs();
    Some(YearDay::Lunar(LunarDay { month, day, leap }))
}

/// `前三天`, `前一天`, `前夕`, `前夜`, `三天前`, `第三天`, `当天` behind a day of the year.
pub(super) fn shift(cursor: &mut Cursor<'_>) -> i16 {
    let mut look = *cursor;
    look.eat_any(&["当天", "当日", "那天", "这天"]);
    look.eat("的");
    if look.eat("前夕") {
        *cursor = look;
        return -1;
    }
    // 前夜, 前一晚: the part of that day is read next.
    let mut eve = look;
    if eve.eat("前") {
        eve.eat_any(&["一", "1"]);
        if eve.sees(&["夜", "晚"]) {
            *cursor = eve;
            return -1;
        }
    }
    let sign = look.eat_of(&[("前", -1_i16), ("后", 1)]);
    let nth = look.eat("第");
    let count = small(&mut look, 1, 60).map(i16::from);
    let unit = look.eat_of(&[
        ("天", 1_i16),
        ("日", 1),
        ("个星期", 7),
        ("星期", 7),
        ("周", 7),
    ]);
    let sign = sign.or_else(|| {
        look.eat_of(&[
            ("之前", -1_i16),
            ("以前", -1),
            ("前", -1),
            ("之后", 1),
            ("以后", 1),
            ("后", 1),
        ])
    });
    match (sign, count, unit) {
        // 国庆后第一天: of the feast, or of what comes after the days off.
        (Some(sign), Some(count), Some(unit)) if !nth || sign < 0 => {
            *cursor = look;
            sign * count * unit
        }
        // 国庆第三天
        (None, Some(count), Some(1)) if nth => {
            *cursor = look;
            count - 1
        }
        _ => {
            cursor.eat_any(&["当天", "当日", "那天", "这天"]);
            0
        }
    }
}
