//! The keys of SOP files: the check, the schema and the manual in one table.

use crate::rules::{ACTION, AUDIENCE, CONTACT};
use crate::yaml::{Key, NAME, Shape, VERSION, schema_of};

/// JSON Schema of SOP files.
#[must_use]
pub fn schema() -> serde_json::Value {
    schema_of("跟进计划文件 / wecom-agent SOPs", &SOPS)
}

const KINDS: &[&str] = &["lifecycle", "group", "recurring", "campaign"];
const MODES: &[&str] = &["on", "off"];
const VIAS: &[&str] = &["broadcast", "staff", "robot", "appchat", "moments"];

pub(super) const SOPS: Shape = Shape::Map(&[
    VERSION,
    Key::may(
        "sops",
        Shape::SomeOf(&Shape::Map(SOP)),
        "跟进计划",
        "The plans",
    ),
    Key::may(
        "outreach",
        Shape::Map(OUTREACH),
        "主动发消息的总规矩，计划和规则里的 mass_message 合计；客户问、我们答和欢迎语不受限。全部文件里只写一次",
        "What holds for all that is said unasked, by plans and by mass_message of rules together; answers and welcomes are free",
    ),
]);

const OUTREACH: &[Key] = &[
    Key::may(
        "quiet",
        Shape::Map(QUIET),
        "什么时候都不主动发",
        "When nothing is said unasked",
    ),
    Key::may(
        "per_contact",
        Shape::Words,
        "同一客户最多几条，可写几个：[1/天, 3/周]",
        "At most so many to one contact, several are possible: [1/天, 3/周]",
    ),
    Key::may(
        "per_group",
        Shape::Words,
        "同一个群最多几条：[2/天]",
        "At most so many to one group",
    ),
    Key::may(
        "do_not_disturb",
        Shape::Words,
        "有这些标签的客户一律不主动打扰",
        "Nothing is said unasked to those who carry one of these tags",
    ),
];

const SOP: &[Key] = &[
    Key::must(
        "id",
        Shape::Text,
        "计划的身份，全部文件内唯一；换了 id 就是新计划",
        "Identity, unique in all files; a new id is a new plan",
    ),
    NAME,
    Key::must(
        "kind",
        Shape::Choice(KINDS, &[]),
        "lifecycle 每个客户各走一遍；group 每个群各走一遍；recurring 定期；campaign 大促活动",
        "lifecycle: each contact; group: each group; recurring: again and again; campaign: in phases",
    ),
    Key::may(
        "mode",
        Shape::Choice(MODES, &[]),
        "on 启用（默认）；off 停用：没有人进入，已在其中的原地等待",
        "on (default); off: nobody enters, who is in it waits",
    ),
    Key::may(
        "audience",
        AUDIENCE,
        "对谁：须全部满足；不写表示只由 start_sop 开始",
        "For whom, all must hold; without it only start_sop begins it",
    ),
    Key::may("target", Shape::Map(TARGET), "哪些群", "Which groups"),
    Key::may(
        "every",
        Shape::Text,
        "多久一次：周一 09:00、每天 20:00、工作日 18:00、每月1日 10:00",
        "How often: 周一 09:00, 每天 20:00, 工作日 18:00, 每月1日 10:00",
    ),
    Key::may(
        "cron",
        Shape::Text,
        "多久一次，写成 cron 的五段：分 时 日 月 周",
        "How often, as the five fields of cron",
    ),
    Key::may(
        "approve",
        Shape::Choice(&["required", "none"], &[]),
        "required 须有人确认才开始（默认）",
        "required: a person has to start it (default)",
    ),
    Key::may(
        "exit_when",
        Shape::SomeOf(&Shape::Open(CONDITION, &Shape::Words)),
        "每一步之前再判一次，成立就结束；写成列表时满足其中一项即可",
        "Looked at before each step, ends the plan; in a list one entry is enough",
    ),
    Key::may(
        "then",
        Shape::SomeOf(&Shape::OneKey(THEN)),
        "因 exit_when 结束时做什么",
        "What is done when exit_when ends it",
    ),
    Key::may(
        "quiet",
        Shape::Map(QUIET),
        "免打扰时段：不向客户发送，也不提醒员工",
        "When nothing is said to customers or members",
    ),
    Key::may("limits", Shape::Map(LIMITS), "频次上限", "Caps"),
    Key::may(
        "missed",
        Shape::Choice(&["skip", "once"], &[]),
        "停机错过的步骤：once 补最后一步（默认；recurring 默认 skip），skip 不补",
        "Steps missed while the server was down: once makes up for the last (default), skip for none",
    ),
    Key::may(
        "steps",
        Shape::SomeOf(&Shape::Map(STEP)),
        "依次进行的步骤",
        "The steps, in order",
    ),
    Key::may(
        "phases",
        Shape::SomeOf(&Shape::Map(STEP)),
        "活动的各个阶段",
        "The phases of a campaign, in order",
    ),
];

const STEP: &[Key] = &[
    NAME,
    Key::may(
        "at",
        Shape::Text,
        "何时：0d 开始时，2d 10:00 第 2 天后的 10 点，+3h 上一步之后 3 小时，2026-12-08 10:00",
        "When: 0d, 2d 10:00 (days after the start), +3h (after the step before), a date and time",
    ),
    Key::may(
        "if",
        Shape::Open(CONDITION, &Shape::Words),
        "满足才做，否则跳过这一步",
        "Done only if all of these hold, else left out",
    ),
    Key::may(
        "exclude",
        AUDIENCE,
        "不发给这些人",
        "Not for those for whom all of these hold",
    ),
    Key::may(
        "via",
        Shape::Choice(VIAS, &[]),
        "send 怎么送达：broadcast 群发任务（成员点一次确认）；staff 发给成员由其手动转发；robot 群机器人；appchat 应用建的内部群；moments 朋友圈任务",
        "How send gets there: broadcast (a task that a member confirms), staff (sent by hand), robot, appchat (an internal group), moments (members publish)",
    ),
    Key::may(
        "to",
        Shape::Text,
        "via: robot 或 appchat 时，配置里的群机器人或内部群",
        "The robot or the internal group of the config, for via: robot and via: appchat",
    ),
    Key::must(
        "do",
        Shape::SomeOf(&Shape::OneKey(DOING)),
        "依次执行的动作",
        "What is done, in order",
    ),
];

const TARGET: &[Key] = &[
    Key::may(
        "name",
        Shape::Words,
        "群名，* 代表任意文字",
        "Names of groups; * stands for anything",
    ),
    Key::may("owner", Shape::Words, "群主的成员账号", "Owners"),
];

const QUIET: &[Key] = &[
    Key::may("from", Shape::Clock, "从几点", "From"),
    Key::may(
        "to",
        Shape::Clock,
        "到几点；不晚于开始则到次日",
        "To; past midnight if it is not after from",
    ),
    Key::may(
        "holidays",
        Shape::Choice(&["skip", "send"], &[]),
        "skip 法定节假日整天免打扰；send 照常（默认）",
        "skip: holidays are quiet all day; send: they are not (default)",
    ),
    Key::may(
        "late",
        Shape::Choice(&["next", "drop"], &[]),
        "落在免打扰时段的步骤：next 顺延（默认），drop 跳过",
        "What falls into it: next waits (default), drop is left out",
    ),
];

const LIMITS: &[Key] = &[
    Key::may(
        "per_contact",
        Shape::Text,
        "同一客户最多收到几条，所有计划合计：1/天、2/周、4/月、1/小时",
        "At most so many to one contact from all plans together: 1/天, 2/周, 4/月, 1/小时",
    ),
    Key::may(
        "per_group",
        Shape::Text,
        "同一个群最多几条：1/天",
        "At most so many to one group",
    ),
];

/// What can be asked before a step: of the contact, and of their way through the plan.
const CONDITION: &[Key] = &[
    Key::may(
        "replied",
        Shape::Flag,
        "进入计划以来是否说过话（微信客服里）",
        "Whether they wrote since they began (to customer service)",
    ),
    Key::may(
        "replied_since_last",
        Shape::Flag,
        "上一步以来是否说过话（微信客服里）",
        "Whether they wrote since the step before (to customer service)",
    ),
    Key::among(CONTACT, "has_tag"),
    Key::among(CONTACT, "not_tag"),
    Key::among(CONTACT, "added_days"),
    Key::among(CONTACT, "source"),
    Key::among(CONTACT, "points"),
];

const DOING: &[Key] = &[
    Key::may(
        "send",
        Shape::Text,
        "发一个模板给客户或群，方式见 via",
        "Sends a template to the contact or group, by via",
    ),
    TAG,
    UNTAG,
    SET,
    REMARK,
    NOTIFY,
    REMIND,
    POINTS,
    WEBHOOK,
    ROBOT,
    START,
    STOP,
];

const THEN: &[Key] = &[
    TAG, UNTAG, SET, REMARK, NOTIFY, REMIND, POINTS, WEBHOOK, ROBOT, START, STOP,
];

const TAG: Key = Key::among(ACTION, "tag");
const UNTAG: Key = Key::among(ACTION, "untag");
const SET: Key = Key::among(ACTION, "set");
const REMARK: Key = Key::among(ACTION, "remark");
const NOTIFY: Key = Key::among(ACTION, "notify");
const REMIND: Key = Key::among(ACTION, "remind");
const POINTS: Key = Key::among(ACTION, "points");
const WEBHOOK: Key = Key::among(ACTION, "webhook");
const ROBOT: Key = Key::among(ACTION, "robot");
const START: Key = Key::among(ACTION, "start_sop");
const STOP: Key = Key::among(ACTION, "stop_sop");
