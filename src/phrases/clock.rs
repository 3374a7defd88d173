//! Times and parts of the day: `下午3点`, `15:30`, `两点一刻`, `差五分九点`.

use super::atom::{Clock, Part};
use super::fold::Cursor;
use super::number::whole;
use super::trigger::TRIGGERS;

const PARTS: &[(&str, Part)] = &[
    ("凌晨", Part::SmallHours),
    ("大清早", Part::Morning),
    ("一大早", Part::Morning),
    ("清早", Part::Morning),
    ("清晨", Part::Morning),
    ("早晨", Part::Morning),
    ("早上", Part::Morning),
    ("早间", Part::Morning),
    ("一早", Part::Morning),
    ("上午", Part::Forenoon),
    ("午前", Part::Forenoon),
    ("中午", Part::Noon),
    ("正午", Part::Noon),
    ("晌午", Part::Noon),
    ("下午", Part::Afternoon),
    ("午后", Part::Afternoon),
    ("傍晚", Part::Dusk),
    ("黄昏", Part::Dusk),
    ("晚上", Part::Evening),
    ("晚间", Part::Evening),
    ("夜里", Part::Evening),
    ("夜间", Part::Evening),
    ("夜晚", Part::Evening),
    ("半夜", Part::Night),
    ("深夜", Part::Night),
    ("午夜", Part::Night),
    ("am", Part::Forenoon),
    ("pm", Part::Afternoon),
];

/// Things that are counted: a number before them is no minute.
pub(super) const COUNTED: &str = "个位件份瓶盒箱次人号月年天块元楼度条张家台套斤点";

/// `下午`, and `早` or `晚` before an hour.
pub(super) fn part(cursor: &mut Cursor<'_>) -> Option<Part> {
    if cursor.sees(&["下午茶"]) {
        return None;
    }
    if let Some(part) = cursor.eat_of(PARTS) {
        return Some(part);
    }
    let mut look = *cursor;
    let part = look.eat_of(&[
        ("早", Part::Morning),
        ("晚", Part::Evening),
        ("夜", Part::Evening),
    ])?;
    let before_hour = clock(&mut look.clone()).is_some_and(|clock| !clock.bare || clock.hour > 1);
    before_hour.then(|| *cursor = look)?;
    Some(part)
}

/// A time of day.
pub(super) fn clock(cursor: &mut Cursor<'_>) -> Option<Clock> {
    let mut look = *cursor;
    let clock = before_the_hour(&mut look).or_else(|| plain(&mut look))?;
    look.eat_any(&["左右", "前后", "之前", "以前"]);
    *cursor = look;
    Some(clock)
}

/// `差五分九点`, `差一刻三点`.
fn before_the_hour(cursor: &mut Cursor<'_>) -> Option<Clock> {
    let mut look = *cursor;
    if !look.eat("差") {
        return None;
    }
    let less = minutes_less(&mut look)?;
    look.eat_any(&["到", "就"]);
    let hour = plain(&mut look)?;
    *cursor = look;
    earlier(hour, less)
}

fn minutes_less(cursor: &mut Cursor<'_>) -> Option<i8> {
    if cursor.eat("一刻") || cursor.eat("1刻") {
        return Some(15);
    }
    let minutes = small(cursor, 1, 59)?;
    cursor.eat("分").then_some(minutes)
}

fn earlier(clock: Clock, less: i8) -> Option<Clock> {
    let total = i16::from(clock.hour) * 60 + i16::from(clock.minute) - i16::from(less);
    let total = if total < 0 { total + 24 * 60 } else { total };
    Some(Clock {
        hour: i8::try_from(total / 60).ok()?,
        minute: i8::try_from(total % 60).ok()?,
        bare: false,
        ..clock
    })
}

fn plain(cursor: &mut Cursor<'_>) -> Option<Clock> {
    let mut look = *cursor;
    if look
        .before()
        .is_some_and(|letter| letter.is_ascii_digit() || ":.-/".contains(letter))
    {
        return None;
    }
    if let Some(clock) = four_digits(&mut look) {
        *cursor = look;
        return Some(clock);
    }
    let padded = look.sees(&["0", "零", "〇"]);
    let after = look.before();
    let in_words = !look.sees(&["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    let hour = small(&mut look, 0, 24)?;
    let clock = if look.eat(":") {
        let minute = two_digits(&mut look)?;
        if look.eat(":") {
            two_digits(&mut look)?;
        }
        let (exact, bare) = (padded || hour > 12, false);
        Clock {
            hour,
            minute,
            exact,
            part: None,
            bare,
        }
    } else if half_day(look) {
        let (minute, exact, bare) = (0, false, false);
        Clock {
            hour,
            minute,
            exact,
            part: None,
            bare,
        }
    } else {
        spoken(&mut look, hour, padded, after.filter(|_| in_words))?
    };
    if clock.hour == 24 && clock.minute > 0 {
        return None;
    }
    let clock = with_half_day(&mut look, clock)?;
    *cursor = look;
    Some(clock)
}

/// `1530` between a day and the wish or the end.
fn four_digits(cursor: &mut Cursor<'_>) -> Option<Clock> {
    let mut look = *cursor;
    let day = |letter: char| "天日号上午早晚晨末一二三四五六".contains(letter);
    if look.before().is_some_and(|letter| !day(letter)) {
        return None;
    }
    let clock = is_four_digits(&mut look)?;
    let ends = look.is_at_end() || look.sees(&[" ", ","]) || look.sees(TRIGGERS);
    ends.then(|| *cursor = look)?;
    Some(clock)
}

/// Four figures that may be a time of day.
pub(super) fn is_four_digits(cursor: &mut Cursor<'_>) -> Option<Clock> {
    let from = cursor.at;
    let padded = cursor.sees(&["0"]);
    let number = cursor
        .sees(&["0", "1", "2"])
        .then(|| whole(cursor))
        .flatten()?;
    let (hour, minute) = (number / 100, number % 100);
    if cursor.at - from != 4 || hour > 23 || minute > 59 {
        return None;
    }
    let hour = i8::try_from(hour).ok()?;
    Some(Clock {
        hour,
        minute: i8::try_from(minute).ok()?,
        exact: padded || hour > 12,
        part: None,
        bare: false,
    })
}

/// `3点`, `三点半`, `3点一刻`, `3点05`, `3时20分`, `三点差五分`.
fn spoken(cursor: &mut Cursor<'_>, hour: i8, padded: bool, after: Option<char>) -> Option<Clock> {
    let by_point = cursor.eat("点");
    if !by_point && (!cursor.eat("时") || cursor.sees(&["间", "候", "段", "节", "常", "不时"]))
    {
        return None;
    }
    // 早一点, 一点儿: a little, no hour.
    let little = after.is_some_and(|letter| "早晚快多有少差大小好慢近远".contains(letter))
        || cursor.sees(&["儿", "点", "也", "都"]);
    let goes_on = cursor.sees(&["半", "钟", "整", "一刻", "三刻"]);
    if by_point && hour == 1 && little && !goes_on {
        return None;
    }
    let exact = padded || hour > 12;
    let named = cursor.eat_any(&["钟", "整"]).is_some();
    let on = Clock {
        hour,
        minute: 0,
        exact,
        part: None,
        bare: !named,
    };
    let mut look = *cursor;
    if look.eat("差")
        && let Some(less) = minutes_less(&mut look)
    {
        *cursor = look;
        return earlier(on, less);
    }
    look = *cursor;
    look.eat("过");
    let minute = minute(&mut look);
    if let Some(minute) = minute {
        *cursor = look;
        return Some(Clock {
            minute,
            bare: false,
            ..on
        });
    }
    Some(on)
}

fn minute(cursor: &mut Cursor<'_>) -> Option<i8> {
    let halves = [
        ("半", 30),
        ("一刻", 15),
        ("1刻", 15),
        ("二刻", 30),
        ("三刻", 45),
        ("3刻", 45),
    ];
    // 三点半小时的会 lasts half an hour.
    let lasts = cursor.sees(&["半小时", "半个", "一刻钟的"]);
    if !lasts && let Some(minute) = cursor.eat_of(&halves) {
        cursor.eat("钟");
        return Some(minute);
    }
    let from = cursor.at;
    let minute = small(cursor, 0, 59)?;
    let written = cursor.at - from;
    if cursor.sees(&["分钟"]) {
        return None;
    }
    if cursor.eat("分") {
        return Some(minute);
    }
    let counted = cursor
        .rest()
        .first()
        .is_some_and(|letter| COUNTED.contains(*letter));
    (written > 1 && !counted).then_some(minute)
}

fn half_day(mut cursor: Cursor<'_>) -> bool {
    cursor.skip_spaces();
    cursor.sees(&["am", "pm"])
}

fn with_half_day(cursor: &mut Cursor<'_>, clock: Clock) -> Option<Clock> {
    let mut look = *cursor;
    look.skip_spaces();
    let Some(late) = look.eat_of(&[("am", false), ("pm", true)]) else {
        return Some(clock);
    };
    *cursor = look;
    let hour = match (late, clock.hour) {
        (_, 13..) => return None,
        (false, 12) => 0,
        (false, hour) | (true, hour @ 12) => hour,
        (true, hour) => hour + 12,
    };
    let (exact, bare) = (true, false);
    Some(Clock {
        hour,
        exact,
        bare,
        ..clock
    })
}

fn two_digits(cursor: &mut Cursor<'_>) -> Option<i8> {
    let from = cursor.at;
    let value = small(cursor, 0, 59)?;
    (cursor.at - from == 2).then_some(value)
}

/// A whole number between two others.
pub(super) fn small(cursor: &mut Cursor<'_>, least: i8, most: i8) -> Option<i8> {
    let mut look = *cursor;
    let value = i8::try_from(whole(&mut look)?).ok()?;
    if !(least..=most).contains(&value) {
        return None;
    }
    *cursor = look;
    Some(value)
}
