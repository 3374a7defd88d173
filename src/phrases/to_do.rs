//! Whether words behind a time are something to be done: `每周一9点 交周报` wants a reminder
//! without asking for one, `每周一都堵车` only says how it is.

use super::fold::Cursor;

/// What is longer tells a story.
const LONGEST: usize = 20;

/// Leads to what is to be done.
const LEADING: &[&str] = &[
    "帮我", "帮忙", "麻烦", "请", "我要", "我得", "我去", "我来", "记着", "需要", "必须", "准备",
    "要", "得", "去", "先", "一起", "集中", "统一", "继续", "重新",
];
/// Says how something is. Nobody is reminded of that.
const BEGINS: &[&str] = &[
    "都", "也", "就", "才", "还", "又", "会有", "会被", "会来", "会下", "会很", "有", "是", "没",
    "不", "总", "老是", "老", "很", "太", "真", "挺", "最", "经常", "一般", "通常", "一直", "应该",
    "可能", "估计", "好像", "我", "你", "他", "她", "它", "大家", "以后", "之后", "开始", "人",
];
const CONTAINS: &[&str] = &[
    "都", "这么", "那么", "太", "很", "最", "你", "给我", "还是", "他说", "她说",
];
const ENDS: &[&str] = &[
    "了", "的", "过", "着", "呢", "啊", "哈", "呀", "哦", "啦", "嘛", "吗", "吧",
];
/// Verbs of one letter, or their first.
const VERBS: &str = "交见打回发寄送取买订定约看查跟催对关开做写接给找付还续签提报核盘备拜访参联通整更换收\
    补拍测检审复处退结汇组安值请问面吃喝洗浇喂带领拿搬修清巡试调培直例晨夕电准确登申缴充抢上下跑逛教\
    讲听学练出坐赶飞拿贴挂摆铺装拆验质配分派招选办缝剪投退催谈陪探祝贺录播剪传导存删改建设维护";
/// Meetings and the like.
const EVENTS: &[&str] = &[
    "会议", "会", "培训", "盘点", "直播", "回访", "面试", "值班", "体检",
];

/// What the words behind a time are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// Something to be done.
    ToDo,
    /// It may be something to be done.
    Perhaps,
    /// How something is.
    Story,
}

/// `behind`: all that stands behind the time, as it was written.
pub(super) fn words(behind: &[char]) -> Words {
    let apart = behind.first().is_some_and(|it| " ,.:;-".contains(*it));
    let start = behind.iter().position(|it| !" ,.:;-".contains(*it));
    let Some(start) = start.filter(|start| behind.len() - start <= LONGEST) else {
        return Words::Story;
    };
    let mut cursor = Cursor::new(behind, start);
    let folded: String = cursor.rest().iter().collect();
    let closed = folded.trim_end_matches([' ', '.', '!', '~', '?']);
    let tells = cursor.sees(BEGINS) && !cursor.sees(LEADING)
        || CONTAINS.iter().any(|it| closed.contains(it))
        || ENDS.iter().any(|it| closed.ends_with(it));
    if tells {
        return Words::Story;
    }
    let acts = cursor.sees(LEADING)
        || cursor.eat_letter(VERBS).is_some()
        || EVENTS.iter().any(|it| closed.ends_with(it));
    if apart || acts {
        Words::ToDo
    } else {
        Words::Perhaps
    }
}
