//! Waits: `半小时后`, `过两个小时`, `1小时20分钟后`, `三天后`, `一会儿`.

use super::atom::{Atom, Wait};
use super::fold::Cursor;
use super::number::whole;
use super::trigger::TRIGGERS;

/// What a unit adds, in halves: half of it is then a whole number.
#[derive(Clone, Copy)]
enum Unit {
    Secs(u64),
    Days(u32),
    WorkingDays,
    Months(u32),
}

const UNITS: &[(&str, Unit)] = &[
    ("个工作日", Unit::WorkingDays),
    ("工作日", Unit::WorkingDays),
    ("个小时", Unit::Secs(3600)),
    ("个钟头", Unit::Secs(3600)),
    ("小时", Unit::Secs(3600)),
    ("钟头", Unit::Secs(3600)),
    ("分钟", Unit::Secs(60)),
    ("分", Unit::Secs(60)),
    ("min", Unit::Secs(60)),
    ("个钟", Unit::Secs(3600)),
    ("刻钟", Unit::Secs(900)),
    ("秒钟", Unit::Secs(1)),
    ("秒", Unit::Secs(1)),
    ("个星期", Unit::Days(7)),
    ("个礼拜", Unit::Days(7)),
    ("星期", Unit::Days(7)),
    ("礼拜", Unit::Days(7)),
    ("周", Unit::Days(7)),
    ("天", Unit::Days(1)),
    ("日", Unit::Days(1)),
    ("个季度", Unit::Months(3)),
    ("个月", Unit::Months(1)),
    ("年", Unit::Months(12)),
    ("h", Unit::Secs(3600)),
];

const SOON: &[&str] = &[
    "过一会儿",
    "过一会",
    "过会儿",
    "过会",
    "等一会儿",
    "等会儿",
    "等会",
    "等一下",
    "待会儿",
    "待会",
    "一会儿",
    "稍后",
    "晚一点",
    "晚点儿",
    "晚点",
    "过几分钟",
    "几分钟后",
    "过几个小时",
    "几个小时后",
    "几小时后",
    "过几天",
    "几天后",
    "改天",
    "晚些时候",
];

/// A wait that stands here.
pub(super) fn wait(cursor: &mut Cursor<'_>) -> Option<Atom> {
    let mut look = *cursor;
    if look.eat_any(SOON).is_some() {
        look.eat_any(&["之后", "以后", "后", "再"]);
        *cursor = look;
        return Some(Atom::Soon);
    }
    // 超过三天 is no wait.
    let whole_word = !look
        .before()
        .is_some_and(|letter| "超经通".contains(letter));
    let before = whole_word && look.eat_any(&["再过", "再等", "过", "等", "in "]).is_some();
    if look.before() == Some('第') {
        return None;
    }
    if !before && look.before().is_some_and(|letter| letter.is_ascii_digit()) {
        return None;
    }
    let mut wait = Wait::default();
    if look.eat_any(&["下一个工作日", "下个工作日"]).is_some() {
        wait.working_days = 1;
        *cursor = look;
        return Some(Atom::Wait(wait));
    }
    let mut pieces = 0;
    while piece(&mut look, &mut wait) {
        pieces += 1;
        let mut on = look;
        on.eat_any(&["零", "又", "加"]);
        if whole(&mut on.clone()).is_some() {
            look = on;
        }
    }
    let after = look.eat_any(&["之后", "以后", "过后", "后"]).is_some();
    let mut next = look;
    next.skip_spaces();
    if pieces == 0 || !(before || after || next.sees(TRIGGERS)) {
        return None;
    }
    *cursor = look;
    Some(Atom::Wait(wait))
}

/// `提前10分钟`, `提前一天`.
pub(super) fn early(cursor: &mut Cursor<'_>) -> Option<Wait> {
    let mut look = *cursor;
    if !look.eat("提前") {
        return None;
    }
    let wait = bare_wait(&mut look)?;
    *cursor = look;
    Some(wait)
}

/// A wait without the word that makes it one: `半小时` after `推迟`.
pub(super) fn bare_wait(cursor: &mut Cursor<'_>) -> Option<Wait> {
    let mut wait = Wait::default();
    let mut look = *cursor;
    let mut found = false;
    while piece(&mut look, &mut wait) {
        found = true;
    }
    found.then(|| *cursor = look)?;
    Some(wait)
}

/// One number with its unit, added to the wait.
fn piece(cursor: &mut Cursor<'_>, wait: &mut Wait) -> bool {
    let mut look = *cursor;
    let Some(tenths) = amount(&mut look) else {
        return false;
    };
    // 一个半小时
    let half_inside = look.eat("个半");
    let month = half_inside && look.eat("月");
    let unit = month.then_some(Unit::Months(1));
    let Some(unit) = unit.or_else(|| look.eat_of(UNITS)) else {
        return false;
    };
    let half = half_inside || look.eat("半");
    let tenths = tenths + if half { 5 } else { 0 };
    let Some(sum) = add(*wait, unit, tenths) else {
        return false;
    };
    *wait = sum;
    *cursor = look;
    true
}

fn add(mut wait: Wait, unit: Unit, tenths: u32) -> Option<Wait> {
    let count = tenths / 10;
    match unit {
        Unit::Secs(secs) => wait.secs += u64::from(tenths) * secs / 10,
        // Half a month is fifteen days.
        Unit::Months(months) => {
            wait.months += tenths * months / 10;
            wait.days += tenths * months % 10 * 3;
        }
        Unit::Days(days) if tenths.is_multiple_of(10) => wait.days += count * days,
        // 半天 is no certain time.
        Unit::Days(_) => return None,
        Unit::WorkingDays => wait.working_days += count,
    }
    let within = wait.months <= 1200 && wait.days <= 36_500 && wait.secs <= 3_153_600_000;
    (within && wait.working_days <= 250).then_some(wait)
}

/// A number in tenths: `3`, `1.5`, `一点五`, `半`.
fn amount(cursor: &mut Cursor<'_>) -> Option<u32> {
    if cursor.eat("半") {
        return Some(5);
    }
    if cursor.eat("俩") {
        return Some(20);
    }
    let count = whole(cursor)?;
    let mut look = *cursor;
    // 9点3分 is a time of day.
    if look.eat_any(&[".", "点"]).is_some()
        && let Some(tenths) = whole(&mut look)
        && tenths < 10
        && look.sees(&["小时", "个小时", "钟头", "个钟头", "h"])
    {
        *cursor = look;
        return Some(count * 10 + tenths);
    }
    Some(count * 10)
}
