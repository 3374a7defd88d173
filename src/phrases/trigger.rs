//! The words by which somebody asks to be reminded.

use super::fold::Cursor;

/// Asks for a reminder by itself.
pub(super) const STRONG: &[&str] = &[
    "设置一个提醒",
    "设一个提醒",
    "设置提醒",
    "设个提醒",
    "设定提醒",
    "定一个提醒",
    "定个提醒",
    "建个提醒",
    "新建提醒",
    "创建提醒",
    "添加提醒",
    "加个提醒",
    "定个闹钟",
    "设个闹钟",
    "定闹钟",
    "记得提醒我",
    "记得叫我",
    "记得喊我",
    "提醒我一下",
    "提醒一下我",
    "提醒下我",
    "提醒我们",
    "提醒我",
    "提醒自己",
    "提醒大家",
    "提醒一下",
    "remind me to ",
    "remind me",
];

/// Asks for one if a time is named too.
const WEAK: &[&str] = &[
    "的闹钟",
    "闹钟",
    "千万别忘了",
    "可别忘记了",
    "可别忘了",
    "可别忘记",
    "千万记得",
    "别忘记了",
    "别忘了",
    "别忘记",
    "不要忘了",
    "不要忘记",
    "记得提醒",
    "记得",
    "帮我记一下",
    "记一下",
    "叫我",
    "喊我",
    "通知我",
    "提醒",
];

/// All of them, the longer of two first.
pub(super) const TRIGGERS: &[&str] = &["提醒", "叫我", "喊我", "通知我", "remind"];

/// Behind 我 these are mine: 提醒我妈生日.
const FAMILY: &[&str] = &[
    "妈", "爸", "爷爷", "奶奶", "姥姥", "姥爷", "外公", "外婆", "老婆", "老公", "媳妇", "儿子",
    "女儿", "闺女", "哥生", "姐生", "弟生", "妹生", "弟弟", "妹妹", "哥哥", "姐姐",
];

/// A trigger that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trigger {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) strong: bool,
}

/// All triggers of a message. The first decides; the others are the same wish again.
pub(super) fn triggers(letters: &[char]) -> Vec<Trigger> {
    let mut found: Vec<Trigger> = Vec::new();
    let mut from = 0;
    while from < letters.len() {
        let mut cursor = Cursor::new(letters, from);
        let strong = cursor.eat_any(STRONG).is_some();
        if strong || cursor.eat_any(WEAK).is_some() {
            if !strong {
                softener(&mut cursor);
            } else if cursor.before() == Some('我') && cursor.sees(FAMILY) {
                cursor.at -= 1;
            }
            let to = cursor.at;
            found.push(Trigger { from, to, strong });
            from = to;
        } else {
            from += 1;
        }
    }
    // A second one belongs to what is to be done: 提醒我提醒张三.
    let first_strong = found.iter().position(|trigger| trigger.strong).unwrap_or(0);
    let chosen = found.get(first_strong).copied();
    let plain = |trigger: &Trigger| {
        let word: String = letters[trigger.from..trigger.to].iter().collect();
        ["记得", "千万", "可别", "别", "不"]
            .iter()
            .any(|it| word.starts_with(it))
    };
    found.retain(|trigger| Some(*trigger) == chosen || plain(trigger));
    found
}

/// 提醒下给客户打电话, but not 提醒下午开会.
fn softener(cursor: &mut Cursor<'_>) {
    const GOES_ON: &[&str] = &[
        "给", "把", "我", "去", "打", "和", "跟", "回", "发", "交", "联系", "看",
    ];
    let mut look = *cursor;
    if look.eat("下") && look.sees(GOES_ON) {
        *cursor = look;
    }
}
