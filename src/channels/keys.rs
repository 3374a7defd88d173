//! The keys of the file of channels: the check, the schema and the manual in one table.

use crate::yaml::{Key, NAME, Shape, VERSION, schema_of};

/// JSON Schema of the file of channels.
#[must_use]
pub fn schema() -> serde_json::Value {
    schema_of("渠道活码文件 / wecom-agent channels", &CHANNELS)
}

pub(super) const CHANNELS: Shape = Shape::Map(&[
    VERSION,
    Key::may(
        "channels",
        Shape::List(&Shape::Map(CHANNEL)),
        "加好友的活码（联系我）",
        "Codes by which customers add a member",
    ),
    Key::may(
        "groups",
        Shape::List(&Shape::Map(GROUP)),
        "进群的活码（加入群聊）",
        "Codes by which customers join a group",
    ),
]);

const ID: Key = Key::must(
    "id",
    Shape::Text,
    "渠道的身份，文件内唯一；换了 id 就是新活码",
    "Identity, unique in the file; a new id is a new code",
);
const STATE: Key = Key::may(
    "state",
    Shape::Text,
    "客户身上的来源标记，最多 30 个字；不写就用 id",
    "The mark that customers carry as their source, at most 30 characters; the id if left out",
);
const REMARK: Key = Key::may(
    "remark",
    Shape::Text,
    "企业微信后台里的备注，最多 30 个字",
    "A note in the admin console, at most 30 characters",
);

const TAGS: Key = Key::may(
    "tags",
    Shape::Words,
    "从这里来的客户打上这些标签：组/标签",
    "Tags for customers who come this way: group/tag",
);

const CHANNEL: &[Key] = &[
    ID,
    NAME,
    STATE,
    Key::may(
        "members",
        Shape::Words,
        "加谁：成员账号，多个时轮流分配",
        "Whom customers add: member ids, taken in turn",
    ),
    Key::may(
        "departments",
        Shape::Words,
        "加谁：部门 id",
        "Whom customers add: department ids",
    ),
    Key::may(
        "skip_verify",
        Shape::Flag,
        "不用成员点通过（默认 true）",
        "Members need not confirm (true by default)",
    ),
    REMARK,
    TAGS,
    Key::may(
        "welcome",
        Shape::Text,
        "欢迎语的模板；比规则里的 welcome 优先",
        "The template of the welcome; it goes before welcomes of rules",
    ),
    Key::may(
        "welcome_by_hours",
        Shape::Named(&Shape::Text),
        "按时段的欢迎语：calendar.yaml 里的时段名 = 模板；依次看，都不在时段内就用 welcome",
        "Welcomes by hours of calendar.yaml, the first that are open; else welcome",
    ),
];

const GROUP: &[Key] = &[
    ID,
    NAME,
    STATE,
    Key::must(
        "groups",
        Shape::Words,
        "进哪些群：chat_id 或群名，最多 5 个",
        "Which groups: chat_id or name, at most 5",
    ),
    REMARK,
    TAGS,
    Key::may(
        "new_group",
        Shape::Map(NEW_GROUP),
        "群满了自动建新群；不写就不建",
        "A new group is made when these are full; none if left out",
    ),
];

const NEW_GROUP: &[Key] = &[
    Key::must(
        "name",
        Shape::Text,
        "新群名的前半，最多 40 个字",
        "What names of new groups begin with, at most 40 characters",
    ),
    Key::may(
        "from",
        Shape::Number(1, 100_000),
        "新群名的序号从几开始（默认 1）",
        "The first number (1 by default)",
    ),
];
