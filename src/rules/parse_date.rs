//! `on: date:生日` with its `date` key to an [`Anniversary`].

use jiff::civil::{Time, time};

use crate::domain::anniversary::Anniversary;
use crate::yaml::values;
use crate::yaml::{Key, Node, Shape};

/// When nothing else is written.
const MORNING: Time = time(9, 0, 0, 0);
const DAY_SECS: u64 = 86_400;

pub(super) const DATE: &[Key] = &[
    Key::may(
        "lunar",
        Shape::Flag,
        "按农历过：属性写 8-15 就是农历八月十五；写了出生年月日就先换算成农历",
        "By the lunar calendar: 8-15 is the lunar day; a full date of birth is converted",
    ),
    Key::may(
        "once",
        Shape::Flag,
        "只有一次，例如合同到期日；默认每年都有",
        "Once, such as the end of a contract; every year by default",
    ),
    Key::may(
        "before",
        Shape::Duration,
        "提前几天，如 3d",
        "So many days before, such as 3d",
    ),
    Key::may(
        "at",
        Shape::Clock,
        "当天几点，默认 09:00",
        "At this time, 09:00 by default",
    ),
];

/// The day that an attribute names, with what `date` says about it.
pub(super) fn anniversary(attribute: &str, node: Option<&Node>) -> Anniversary {
    let text = |key: &str| node.and_then(|node| node.get(key)).and_then(Node::text);
    let flag = |key: &str| text(key).and_then(values::flag).unwrap_or(false);
    let before = text("before").and_then(values::duration);
    let before = before.map_or(0, |before| before.as_secs() / DAY_SECS);
    let at = text("at").and_then(values::clock).and_then(|clock| {
        let (hour, minute) = (clock.0 / 60, clock.0 % 60);
        Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()
    });
    Anniversary {
        attribute: attribute.to_owned(),
        lunar: flag("lunar"),
        once: flag("once"),
        before: u16::try_from(before).unwrap_or(u16::MAX),
        at: at.unwrap_or(MORNING),
    }
}
