//! The keys of rule test files: the check, the schema and the manual in one table.

use crate::yaml::{Key, Shape, VERSION, schema_of};

/// JSON Schema of `*.test.yaml`.
#[must_use]
pub fn schema() -> serde_json::Value {
    schema_of("规则测试 / wecom-agent rule tests", &TESTS)
}

const CHANNELS: &[&str] = &["kf", "app", "aibot", "contact"];
const CHANNEL: Key = Key::may(
    "channel",
    Shape::Choice(CHANNELS, &[]),
    "渠道；不写时说话是 kf，按菜单是 app，添加好友等事件是 contact",
    "Channel; kf for messages, app for presses, contact for events when left out",
);

pub(super) const TESTS: Shape = Shape::Map(&[
    VERSION,
    Key::must(
        "start",
        Shape::Moment,
        "每个测试开始的时间，如 2026-11-23 10:00",
        "When every test begins, such as 2026-11-23 10:00",
    ),
    CHANNEL,
    Key::may(
        "contacts",
        Shape::Named(&Shape::Open(CONTACT, &Shape::Text)),
        "测试里的人；其他键是客户属性",
        "The people in the tests; other keys are attributes",
    ),
    Key::must(
        "tests",
        Shape::SomeOf(&Shape::Map(TEST)),
        "测试",
        "The tests",
    ),
]);

const CONTACT: &[Key] = &[
    Key::may(
        "tags",
        Shape::WordsOrNone,
        "已有的标签",
        "Tags that they carry",
    ),
    Key::may(
        "added_days",
        Shape::Integer,
        "添加好友满几天；不写表示还不是好友",
        "Days since they were added; not yet added when left out",
    ),
    Key::may(
        "source",
        Shape::Text,
        "来源（渠道活码的 state）",
        "The channel code they came through",
    ),
    Key::may("points", Shape::Integer, "积分", "Their points"),
    Key::may(
        "staff",
        Shape::Words,
        "负责人：加了这位客户的成员",
        "Members who have them as a contact",
    ),
];

const TEST: &[Key] = &[
    Key::must(
        "name",
        Shape::Text,
        "测试的名字：一句话说清应该怎样",
        "What should be so, in one sentence",
    ),
    Key::may(
        "at",
        Shape::Moment,
        "这个测试开始的时间，代替 start",
        "When this test begins, instead of start",
    ),
    Key::must(
        "steps",
        Shape::SomeOf(&Shape::Map(STEP)),
        "依次发生的事",
        "What happens, in order",
    ),
];

const STEP: &[Key] = &[
    Key::may(
        "at",
        Shape::Duration,
        "离测试开始多久，如 10m、3d 1h；不写表示紧接上一步",
        "How long after the test began, such as 10m or 3d 1h; at once when left out",
    ),
    Key::may(
        "from",
        Shape::Text,
        "谁；不写表示和上一步是同一个人",
        "Who; as in the step before when left out",
    ),
    CHANNEL,
    Key::may("say", Shape::Text, "说的话", "What they say"),
    Key::may(
        "type",
        Shape::Text,
        "消息类型，如 image；不写是文字",
        "Type of the message, such as image; text when left out",
    ),
    Key::may(
        "event",
        Shape::Text,
        "不是说话，而是 added、deleted、joined、left、entered 或 event:<Event>/<ChangeType>",
        "added, deleted, joined, left, entered or event:<Event>/<ChangeType>",
    ),
    Key::may(
        "press",
        Shape::Text,
        "按下的菜单项或按钮的 key",
        "The key of the menu item or button that is pressed",
    ),
    Key::may(
        "source",
        Shape::Text,
        "和 event: added 或 entered 一起用：从哪里来",
        "With event: added or entered: the way in",
    ),
    Key::may(
        "expect",
        Shape::Map(EXPECT),
        "应该发生什么；只写在意的",
        "What should happen; only what matters",
    ),
];

const SAID: &str = "模板名，或 text:… 表示发出的文字里含有…";
const SAID_EN: &str = "A template, or text:… for words that are sent";
const TO: &str = "发给谁，或 text:… 表示发出的文字里含有…";
const TO_EN: &str = "To whom, or text:… for words that are sent";

pub(super) const EXPECT: &[Key] = &[
    Key::may(
        "rule",
        Shape::Words,
        "这些规则触发（含 observe 的）",
        "These rules fire, those that observe too",
    ),
    Key::may(
        "not_rule",
        Shape::Words,
        "这些规则不触发，不论为什么",
        "These rules do not fire, whatever the reason",
    ),
    Key::may(
        "skipped",
        Shape::Named(&Shape::Text),
        "没触发的规则和原因：cooldown、hours、none、has_tag…（try 会显示）",
        "Rules that do not fire and why: cooldown, hours, none, has_tag, …",
    ),
    Key::may(
        "none",
        Shape::Flag,
        "true：没有规则触发（observe 的不算），什么也不发、不改",
        "true: no rule fires (but observing ones) and nothing is sent or changed",
    ),
    Key::may(
        "only",
        Shape::Flag,
        "true：除了 rule 里写的，没有别的规则触发",
        "true: no other rules fire than those under rule",
    ),
    Key::may(
        "tags",
        Shape::Words,
        "标签变化：+组/标签 打上，-组/标签 去掉",
        "Changes of tags: +group/tag, -group/tag",
    ),
    Key::may("reply", Shape::Words, SAID, SAID_EN),
    Key::may("welcome", Shape::Words, SAID, SAID_EN),
    Key::may("notify", Shape::Words, TO, TO_EN),
    Key::may("robot", Shape::Words, TO, TO_EN),
    Key::may("remind", Shape::Words, TO, TO_EN),
    Key::may(
        "webhook",
        Shape::Words,
        "请求了配置里的哪个系统",
        "Which systems of the config are called",
    ),
    Key::may("transfer", Shape::Words, "转给哪个接待组", "Handed over to"),
    Key::may("mass_message", Shape::Words, SAID, SAID_EN),
    Key::may("remark", Shape::Text, "备注改成什么", "The new remark"),
    Key::may(
        "end_session",
        Shape::Flag,
        "true：结束会话；false：不结束",
        "true: the session ends; false: it does not",
    ),
    Key::may(
        "send",
        Shape::Words,
        "SOP 这一步发出的模板，或 text:…",
        "A template that a step of an SOP sends, or text:…",
    ),
    Key::may("sop", Shape::Words, "进入这些 SOP", "SOPs that begin"),
    Key::may("stop_sop", Shape::Words, "离开这些 SOP", "SOPs that end"),
    Key::may(
        "set",
        Shape::Named(&Shape::Text),
        "属性变成什么",
        "Attributes and their new values",
    ),
    Key::may(
        "points",
        Shape::Integer,
        "积分变化，如 10 或 -5；0 表示不变",
        "Change of points, such as 10 or -5; 0: they stay",
    ),
];

/// The reasons that `skipped` may name, and `stop`: a higher rule stopped here.
pub(super) const REASONS: &[&str] = &[
    "any", "all", "none", "regex", "type", "has_tag", "not_tag", "contact", "hours", "cooldown",
    "hits", "limit", "from", "until", "stop", "off", "on", "channel", "author",
];
