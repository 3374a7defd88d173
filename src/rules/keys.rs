//! The keys of rule files: the check, the schema and the manual in one table.

use super::parse_date::DATE;
use crate::yaml::{Key, NAME, Shape, VERSION, schema_of};

/// JSON Schema of rule files.
#[must_use]
pub fn schema() -> serde_json::Value {
    schema_of("规则文件 / wecom-agent rules", &RULES)
}

const MODES: &[&str] = &["on", "observe", "off"];
const CHANNELS: &[&str] = &["kf", "app", "aibot", "contact"];
const MATCHES: &[&str] = &["contains", "exact", "prefix", "suffix", "pinyin"];

pub(super) const RULES: Shape = Shape::Map(&[
    VERSION,
    Key::may(
        "words",
        Shape::Named(&Shape::Keywords),
        "多条规则共用的词组；在规则里写成 $名字",
        "Words used in several rules; called as $name",
    ),
    Key::may(
        "defaults",
        Shape::Map(DEFAULTS),
        "本文件每条规则的默认值",
        "Defaults for the rules of this file",
    ),
    Key::must(
        "rules",
        Shape::SomeOf(&Shape::Map(RULE)),
        "规则",
        "The rules",
    ),
]);

const CHANNEL: Key = Key::may(
    "channel",
    Shape::Choices(CHANNELS),
    "渠道：kf 微信客服，app 自建应用，aibot 智能机器人，contact 客户联系；不写表示都可以",
    "Channels; any that can carry the trigger when left out",
);
const HOURS: Key = Key::may(
    "hours",
    Shape::Text,
    "时段，名字见 calendar.yaml",
    "Hours, by their name in calendar.yaml",
);
const MODE: Key = Key::may(
    "mode",
    Shape::Choice(MODES, &[]),
    "on 启用；observe 只观察、不发送也不打标签；off 停用",
    "on; observe: traced and counted, nothing is sent or tagged; off",
);
const PRIORITY: Key = Key::may(
    "priority",
    Shape::Integer,
    "优先级，大的先判，默认 50",
    "Higher is considered first, default 50",
);
const COOLDOWN: Key = Key::may(
    "cooldown",
    Shape::Duration,
    "同一客户在这段时间内最多触发一次，如 30m、4h、1d",
    "At most once per contact in this time, such as 30m, 4h, 1d",
);
const STOP: Key = Key::may(
    "stop",
    Shape::Flag,
    "触发后不再判断后面的规则",
    "Once it fired, lower rules are not considered",
);
const FROM: Key = Key::may("from", Shape::Moment, "从何时起有效", "Valid from");
const UNTIL: Key = Key::may(
    "until",
    Shape::Moment,
    "有效到何时（写日期则含当天）",
    "Valid until; a date includes its day",
);

const DEFAULTS: &[Key] = &[CHANNEL, HOURS, MODE, PRIORITY, COOLDOWN, STOP, FROM, UNTIL];

const RULE: &[Key] = &[
    Key::must(
        "id",
        Shape::Text,
        "规则的身份，全部文件内唯一；换了 id 就是新规则",
        "Identity, unique in all files; a new id is a new rule",
    ),
    NAME,
    MODE,
    PRIORITY,
    Key::may(
        "on",
        Shape::Text,
        "由什么触发：message（默认）、added、deleted、joined、left、entered、clicked、date:属性、event:<Event>/<ChangeType>",
        "What starts it; default message",
    ),
    Key::may(
        "date",
        Shape::Map(DATE),
        "on: date:属性 的细节",
        "Details of on: date:ATTRIBUTE",
    ),
    CHANNEL,
    HOURS,
    Key::may(
        "when",
        Shape::Map(WHEN),
        "条件，须全部满足",
        "Conditions, all of which must hold",
    ),
    FROM,
    UNTIL,
    COOLDOWN,
    Key::may(
        "limit",
        Shape::Map(LIMIT),
        "整条规则的上限，所有客户合计",
        "A limit for the whole rule, all contacts together",
    ),
    Key::must(
        "do",
        Shape::SomeOf(&Shape::OneKey(ACTION)),
        "依次执行的动作",
        "What it does, in order",
    ),
    STOP,
];

const WHEN: &[Key] = &[
    Key::may(
        "any",
        Shape::Keywords,
        "至少出现一个",
        "At least one occurs",
    ),
    Key::may("all", Shape::Keywords, "每个都要出现", "Each occurs"),
    Key::may("none", Shape::Keywords, "一个也不能出现", "Not one occurs"),
    Key::may(
        "match",
        Shape::Choice(MATCHES, &[]),
        "contains 模糊（默认）、exact 精准、prefix 开头、suffix 结尾、pinyin 同音也算",
        "How words are looked for, default contains; pinyin takes words of the same sound",
    ),
    Key::may(
        "loose",
        Shape::Flag,
        "忽略字与字之间的符号：退*款、退-款 也算 退款",
        "Overlooks signs between the characters of a word: 退*款 is 退款",
    ),
    Key::may(
        "regex",
        Shape::Text,
        "正则表达式；命名分组在模板里写成 {{ m.名字 }}",
        "A pattern; named groups become {{ m.name }}",
    ),
    Key::may(
        "type",
        Shape::Choices(TYPES),
        "消息类型",
        "Types of message",
    ),
    Key::may(
        "contact",
        AUDIENCE,
        "对客户的要求；其他键是客户属性",
        "What must hold of the contact; other keys are attributes",
    ),
    Key::may(
        "hits",
        Shape::Map(HITS),
        "同一客户在一段时间里第几次满足条件才触发",
        "Fires only at the n-th match by the same contact in a period",
    ),
];

const HITS: &[Key] = &[
    Key::must(
        "times",
        Shape::Number(2, 1000),
        "第几次，从 2 起",
        "Which match it is, from 2",
    ),
    Key::must(
        "within",
        Shape::Duration,
        "在多长时间里，如 7d",
        "In which time, such as 7d",
    ),
];

const LIMIT: &[Key] = &[Key::must(
    "per_day",
    Shape::Number(1, 1_000_000),
    "每天最多触发几次，按企业的时区",
    "At most so often a day, in the company's zone",
)];

const TYPES: &[&str] = &[
    "text",
    "image",
    "voice",
    "video",
    "file",
    "location",
    "link",
    "miniprogram",
    "business_card",
    "msgmenu",
    "channels",
    "channels_shop_product",
    "channels_shop_order",
    "merged_msg",
    "meeting",
    "calendar",
    "note",
    "mixed",
    "stream",
];

/// What can be asked of a contact.
pub const CONTACT: &[Key] = &[
    Key::may(
        "has_tag",
        Shape::Words,
        "带有全部这些标签",
        "Carries each of these tags",
    ),
    Key::may(
        "not_tag",
        Shape::Words,
        "不带其中任何标签",
        "Carries none of these tags",
    ),
    Key::may(
        "added_days",
        Shape::Text,
        "添加满几天，如 \">= 1\"",
        "Whole days since they were added, such as \">= 1\"",
    ),
    Key::may(
        "source",
        Shape::Words,
        "来源（渠道活码的 state），* 代表任意文字",
        "The channel code they came through; * stands for anything",
    ),
    Key::may(
        "points",
        Shape::Text,
        "积分，如 \">= 100\"",
        "Their points, such as \">= 100\"",
    ),
];

/// A choice of contacts, by the same keys as `when.contact`.
pub const AUDIENCE: Shape = Shape::Open(CONTACT, &Shape::Words);

const TO: Key = Key::must(
    "to",
    Shape::Text,
    "发给谁：配置里的名字、成员账号或 负责人",
    "To whom: a name from the config, a member, or 负责人 (the follower)",
);
const TEXT: Key = Key::may(
    "text",
    Shape::Text,
    "内容，可用变量",
    "The text; variables may be used",
);
const TEMPLATE: Key = Key::may("template", Shape::Text, "模板名", "A template");

/// What can be done.
pub const ACTION: &[Key] = &[
    Key::may(
        "tag",
        Shape::Words,
        "打标签：组/标签",
        "Adds tags: group/tag",
    ),
    Key::may("untag", Shape::Words, "去掉标签", "Removes tags"),
    Key::may(
        "remark",
        Shape::Text,
        "改客户备注，可用变量",
        "Sets the remark name",
    ),
    Key::may(
        "set",
        Shape::Named(&Shape::Text),
        "设置客户属性，可用变量",
        "Sets attributes of the contact",
    ),
    Key::may(
        "reply",
        Shape::Text,
        "用模板回复",
        "Answers with a template",
    ),
    Key::may(
        "welcome",
        Shape::Text,
        "用模板发欢迎语",
        "Welcomes with a template",
    ),
    Key::may(
        "notify",
        Shape::Map(&[TO, TEXT, TEMPLATE]),
        "通过应用通知成员",
        "Tells members through the app",
    ),
    Key::may(
        "transfer",
        Shape::Text,
        "转给配置里的接待组",
        "Hands the session to a servicer group of the config",
    ),
    Key::may(
        "webhook",
        Shape::Map(&[
            TO,
            Key::may(
                "body",
                Shape::Any,
                "请求内容，文字可用变量",
                "The body; texts may use variables",
            ),
        ]),
        "请求公司自己的系统",
        "Calls one of the company's systems",
    ),
    Key::may(
        "robot",
        Shape::Map(&[TO, TEXT, TEMPLATE]),
        "发到群机器人",
        "Posts to a group robot",
    ),
    Key::may(
        "end_session",
        Shape::Flag,
        "写 true：结束客服会话",
        "true: ends the kf session",
    ),
    Key::may(
        "start_sop",
        Shape::Text,
        "让客户进入一个跟进计划（SOP）",
        "Takes the contact into an SOP",
    ),
    Key::may(
        "stop_sop",
        Shape::Text,
        "让客户退出一个跟进计划（SOP）",
        "Takes the contact out of an SOP",
    ),
    Key::may(
        "remind",
        Shape::Map(REMIND),
        "提醒同事，现在或以后",
        "Reminds members of something, now or later",
    ),
    Key::may(
        "points",
        Shape::Map(POINTS),
        "给客户加减积分",
        "Gives the contact points, or takes some away",
    ),
    Key::may(
        "mass_message",
        Shape::Map(MASS),
        "建一个群发任务，由成员确认后发出",
        "Creates a mass-send task, which members confirm",
    ),
];

const REMIND: &[Key] = &[
    Key::must(
        "who",
        Shape::Text,
        "提醒谁：配置里的接待组、成员账号或 负责人",
        "Whom: a servicer group of the config, a member, or 负责人 (the follower)",
    ),
    Key::may(
        "in",
        Shape::Duration,
        "过多久，如 2h；in 和 at 都不写就是现在",
        "After which time, such as 2h; at once without in and at",
    ),
    Key::may(
        "at",
        Shape::Text,
        "什么时候：18:00、明天 09:00、3天后 10:00、2026-12-31 09:00、下一个工作时间",
        "When: 18:00, 明天 (tomorrow) 09:00, 3天后 (in 3 days) 10:00, 2026-12-31 09:00, 下一个 (next) and hours of the calendar",
    ),
    Key::must(
        "text",
        Shape::Text,
        "提醒的内容，可用变量",
        "Of what; variables may be used",
    ),
];

const POINTS: &[Key] = &[
    Key::must(
        "add",
        Shape::Number(-1_000_000, 1_000_000),
        "加几分；负数是减",
        "How many; a negative number takes away",
    ),
    Key::must("why", Shape::Text, "为什么", "What for"),
];

const MASS: &[Key] = &[
    Key::must(
        "template",
        Shape::Text,
        "模板名；一段文字，最多再加九个附件",
        "A template: one text and at most nine attachments",
    ),
    Key::must(
        "audience",
        AUDIENCE,
        "发给哪些客户；键和 when.contact 一样",
        "To which contacts, by the same keys as when.contact",
    ),
];
