//! The keys of `calendar.yaml`: the check, the schema and the manual in one table.

use crate::yaml::{Key, Shape, VERSION, schema_of};

/// JSON Schema of `calendar.yaml`.
#[must_use]
pub fn calendar_schema() -> serde_json::Value {
    schema_of("日历文件 / wecom-agent calendar", &CALENDAR)
}

pub(super) const CALENDAR: Shape = Shape::Map(&[
    VERSION,
    Key::must(
        "hours",
        Shape::Named(&Shape::SomeOf(&Shape::Map(OPENING))),
        "时段的名字；一个名字可以有几段",
        "Named hours; a name may have several spans",
    ),
    Key::may(
        "holidays",
        Shape::Choice(&["cn", "none"], &[]),
        "cn 使用内置的中国法定节假日与调休表",
        "cn uses the built-in Chinese holidays and make-up days",
    ),
    Key::may("extra_off", Shape::Dates, "另外放假的日子", "More days off"),
    Key::may(
        "extra_work",
        Shape::Dates,
        "另外上班的日子",
        "More working days",
    ),
]);

pub(super) const DAYS: &[&str] = &[
    "工作日",
    "休息日",
    "周末",
    "节假日",
    "每天",
    "周一",
    "周二",
    "周三",
    "周四",
    "周五",
    "周六",
    "周日",
];

const OPENING: &[Key] = &[
    Key::may(
        "days",
        Shape::Choices(DAYS),
        "哪些日子，默认每天",
        "Which days, default 每天 (every)",
    ),
    Key::may("from", Shape::Clock, "几点开始", "From"),
    Key::may(
        "to",
        Shape::Clock,
        "几点结束；不晚于开始则到次日",
        "To; past midnight if it is not after the start",
    ),
    Key::may(
        "not",
        Shape::Text,
        "另一时段以外",
        "Whenever other hours are not",
    ),
    Key::may("always", Shape::Flag, "全天", "Always"),
];
