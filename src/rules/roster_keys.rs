//! The keys of `roster.yaml`.

use super::calendar_keys::DAYS;
use crate::yaml::{Key, Shape, VERSION, schema_of};

/// JSON Schema of `roster.yaml`.
#[must_use]
pub fn roster_schema() -> serde_json::Value {
    schema_of("值班表文件 / wecom-agent roster", &ROSTER)
}

pub(super) const ROSTER: Shape = Shape::Map(&[
    VERSION,
    Key::may(
        "groups",
        Shape::Named(&Shape::Map(GROUP)),
        "每个接待组的班次；组名与规则里写的相同",
        "The shifts of each servicer group, called as in the rules",
    ),
    Key::may(
        "unanswered",
        Shape::Map(LADDER),
        "客户没人回时依次提醒谁",
        "Who is told when nobody answers a customer",
    ),
]);

const GROUP: &[Key] = &[
    Key::must(
        "shifts",
        Shape::SomeOf(&Shape::Map(SHIFT)),
        "班次；同一时间可以有几个",
        "Shifts; several may run at once",
    ),
    Key::may(
        "fallback",
        Shape::Text,
        "没人值班时找谁（另一个组或成员账号）；不写就找下一班的人",
        "Who stands in when nobody is on duty (a group or a member); else who comes next",
    ),
];

const SHIFT: &[Key] = &[
    Key::must(
        "who",
        Shape::WordsOrNone,
        "值班的成员账号；空表示这几天没人上班",
        "The members on duty; none means a day off",
    ),
    Key::may(
        "days",
        Shape::Choices(DAYS),
        "哪些日子，默认每天",
        "Which days, default 每天 (every)",
    ),
    Key::may(
        "dates",
        Shape::Dates,
        "只在这几天，并且这几天不看别的班次",
        "Only on these days, on which the other shifts do not count",
    ),
    Key::may(
        "from",
        Shape::Clock,
        "几点开始，默认整天",
        "From; the whole day by default",
    ),
    Key::may(
        "to",
        Shape::Clock,
        "几点结束；不晚于开始则到次日",
        "To; past midnight if it is not after the start",
    ),
];

const LADDER: &[Key] = &[
    Key::may(
        "hours",
        Shape::Text,
        "只数这个时段里的分钟，名字见 calendar.yaml；不写就一直数",
        "Only minutes in these hours of calendar.yaml count; all do by default",
    ),
    Key::may(
        "channels",
        Shape::Choices(&["kf", "app"]),
        "哪些渠道，默认 kf",
        "In which channels, default kf",
    ),
    Key::may(
        "hand_over",
        Shape::Text,
        "下班后留言的客户，一上班先告诉谁",
        "Who is told of those who wrote after hours when the hours begin",
    ),
    Key::must(
        "steps",
        Shape::SomeOf(&Shape::Map(RUNG)),
        "一级一级往上提醒",
        "One after the other",
    ),
];

const RUNG: &[Key] = &[
    Key::must(
        "after",
        Shape::Duration,
        "客户等了多久，如 5m",
        "How long the customer has waited, such as 5m",
    ),
    Key::must(
        "tell",
        Shape::Text,
        "提醒谁：接待组、成员账号，或 负责人",
        "Who is told: a servicer group, a member, or 负责人 (the follower)",
    ),
];
