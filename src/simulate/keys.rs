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
    Key::may(
        "groups",
        Shape::Named(&Shape::Open(GROUP, &Shape::Text)),
        "测试里的客户群，写群名；其他键是属性",
        "The customer groups in the tests, by their names; other keys are attributes",
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
        "测试开始时添加好友满几天；不写表示还不是好友",
        "Days since they were added when the test begins; not yet added when left out",
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

const GROUP: &[Key] = &[
    Key::may("owner", Shape::Text, "群主的账号", "The member who owns it"),
    Key::may(
        "made_days",
        Shape::Integer,
        "测试开始时建群满几天；不写表示还没建，用 event: made 建",
        "Days since it was made when the test begins; left out: it is made by event: made",
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
        Shape::When,
        "离测试开始多久，如 10m、3d 1h；或什么时候，如 2026-12-08 10:00；不写表示紧接上一步",
        "How long after the test began, such as 10m or 3d 1h, or a date and time; at once when left out",
    ),
    Key::may(
        "after",
        Shape::Duration,
        "离上一步多久，如 2h；和 at 只写一个",
        "How long after the step before, such as 2h; instead of at",
    ),
    Key::may(
        "from",
        Shape::Text,
        "谁，或哪个群；不写表示和上一步是同一个",
        "Who, or which group; as in the step before when left out",
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
        "不是说话，而是 added、deleted、joined、left、entered、made（建群）、dissolved（解散）或 event:<Event>/<ChangeType>",
        "added, deleted, joined, left, entered, made, dissolved or event:<Event>/<ChangeType>",
    ),
    Key::may(
        "press",
        Shape::Text,
        "按下的菜单项或按钮的 key，或成员收到的卡片上按钮的字，如 完成",
        "The key of the menu item or button that is pressed, or what is written on a button of a card that the member got",
    ),
    Key::may(
        "tagged",
        Shape::Words,
        "有人在企业微信里给他打了标签；-组/标签 是去掉了",
        "Tags that somebody sets in WeCom; -group/tag takes one away",
    ),
    Key::may(
        "approve",
        Shape::Text,
        "有人确认了这个活动（sop approve）",
        "Somebody approves this campaign (sop approve)",
    ),
    Key::may(
        "pause",
        Shape::Text,
        "有人暂停了这个计划（sop pause）",
        "Somebody pauses this plan (sop pause)",
    ),
    Key::may(
        "resume",
        Shape::Text,
        "有人恢复了这个计划（sop resume）",
        "Somebody resumes this plan (sop resume)",
    ),
    Key::may(
        "cancel",
        Shape::Text,
        "有人取消了这个计划（sop cancel）",
        "Somebody cancels this plan (sop cancel)",
    ),
    Key::may(
        "confirm",
        Shape::Text,
        "哪个成员点了发送，确认等着他的群发任务",
        "The member who confirms the mass-send tasks that wait for them",
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
    Key::may("rule", Shape::Words, "这些规则触发", "These rules fire"),
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
        "true：没有规则触发，什么也不发、不改",
        "true: no rule fires and nothing is sent or changed",
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
    Key::may(
        "sop",
        Shape::Words,
        "进入这些 SOP；可写 计划@谁",
        "SOPs that begin; plan@who for one person",
    ),
    Key::may(
        "stop_sop",
        Shape::Words,
        "离开这些 SOP；可写 计划@谁",
        "SOPs that end; plan@who for one person",
    ),
    Key::may(
        "step",
        Shape::Words,
        "做了 SOP 的这些步骤：计划/步骤名 或 计划/第几步，可加 @谁",
        "Steps of SOPs that are done: plan/name or plan/number, @who for one target",
    ),
    Key::may(
        "not_step",
        Shape::Words,
        "没做 SOP 的这些步骤，不论为什么",
        "Steps of SOPs that are not done, whatever the reason",
    ),
    Key::may(
        "held",
        Shape::Named(&Shape::Text),
        "推迟了的步骤和原因：quiet、limits、paused、off",
        "Steps that are put off, and why: quiet, limits, paused, off",
    ),
    Key::may(
        "left_out",
        Shape::Named(&Shape::Text),
        "跳过了的步骤和原因：if、exclude、quiet、do_not_disturb、nobody…",
        "Steps that are left out, and why: if, exclude, quiet, do_not_disturb, nobody, …",
    ),
    Key::may(
        "broadcast",
        Shape::Words,
        "建好了等谁确认的群发任务，或 text:… 表示任务里含有…",
        "Whom a new mass-send task waits for, or text:… for words in it",
    ),
    Key::may(
        "card",
        Shape::Words,
        "谁收到了带按钮的卡片，或 text:… 表示卡片上含有…",
        "Who gets a card with buttons, or text:… for words on it",
    ),
    Key::may(
        "received",
        Shape::Words,
        "谁收到了：成员确认了群发，或按了完成",
        "Who receives it: the member confirmed the task, or pressed done",
    ),
    Key::may(
        "not_received",
        Shape::Words,
        "谁收不到：已到群发上限，或成员按了跳过",
        "Who does not receive it: the ceiling is reached, or the member pressed skip",
    ),
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
