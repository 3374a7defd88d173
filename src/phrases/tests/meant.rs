//! What a stranger said that was once set wrongly, or done to a reminder they did not name.

use super::{World, after, compare, table};
use crate::phrases::{Wish, correction, may_correct};

/// The Tuesday before a feast.
const TUESDAY: &str = "2026-09-29T16:40:00";

const READ: &[(&str, &str)] = &[
    (
        "每年公历3月12日提醒我种树",
        "↻ 2027-03-12 09:00, 2028-03-12 09:00, 2029-03-12 09:00 | 种树",
    ),
    ("阳历10月9号提醒我体检", "2026-10-09 09:00 | 体检"),
    (
        "一三五晚上七点提醒我直播",
        "↻ 2026-09-30 19:00, 2026-10-02 19:00, 2026-10-05 19:00 | 直播",
    ),
    (
        "上班日每天早上九点提醒我签到",
        "↻ 2026-09-30 09:00, 2026-10-08 09:00, 2026-10-09 09:00 | 签到",
    ),
    (
        "周一到周六每天早上8点提醒我开门",
        "↻ 2026-09-30 08:00, 2026-10-01 08:00, 2026-10-02 08:00 | 开门",
    ),
    ("三个月后的1号提醒我续约", "2026-12-01 09:00 | 续约"),
    ("明天1530提醒我开会", "2026-09-30 15:30 | 开会"),
    ("明天下午叁点提醒我开会", "2026-09-30 15:00 | 开会"),
    ("过俩小时提醒我喂猫", "2026-09-29 18:40 | 喂猫"),
    ("俩钟头后提醒我关窑", "2026-09-29 18:40 | 关窑"),
    (
        "后儿个下午三点提醒我去趟银行",
        "2026-10-01 15:00 | 去趟银行",
    ),
    (
        "每年农历八月二十提醒我妈生日",
        "↻ 2026-09-30 09:00, 2027-09-20 09:00, 2028-10-08 09:00 | 我妈生日",
    ),
    ("可别忘了周四下午三点接机", "2026-10-01 15:00 | 接机"),
    (
        "@机器人 后天早上9:30提醒我参加线上培训",
        "2026-10-01 09:30 | 参加线上培训",
    ),
    ("每逢初一十五早上6点提醒我上香", "cannot LunarMonth"),
    ("初一十五提醒我上香", "cannot LunarMonth"),
    (
        "每天9点提醒我巡店，周末不提醒",
        "↻ 2026-09-30 09:00, 2026-10-01 09:00, 2026-10-02 09:00 | 巡店",
    ),
    // Numbers and words that are no times.
    (
        "明天提醒我给住8号楼1203的客户送货",
        "2026-09-30 09:00 | 给住8号楼1203的客户送货",
    ),
    ("后天提醒我收2000元货款", "2026-10-01 09:00 | 收2000元货款"),
    (
        "明天上午十点提醒我和小李开会",
        "2026-09-30 10:00 | 和小李开会",
    ),
    ("特别提醒我明天上午十点开会", "2026-09-30 10:00 | 特别开会"),
    (
        "每天早上9点都提醒我打卡",
        "↻ 2026-09-30 09:00, 2026-10-01 09:00, 2026-10-02 09:00 | 打卡",
    ),
];

#[test]
fn what_was_half_read_is_read() {
    table(TUESDAY, READ);
}

const ASKED: &[&str] = &[
    "一两个小时后提醒我回电话",
    "七八分钟后提醒我关火",
    "三五天后提醒我回访",
    "每两三天提醒我浇花",
    "明天下午四五点钟提醒我接孩子",
    "月底前两天提醒我盘点",
    "下周三前一天提醒我准备",
    "月底前一天下午四点提醒我对库存",
    "每个月15号前两天提醒我还款",
    "明天八九点提醒我打电话",
    "国庆最后一天晚上提醒我备货",
    "每天下午6点提醒我报数据，国庆期间不用",
    "每天下午6点提醒我报数据，国庆不用",
    "每天下午6点提醒我报数据，国庆不提醒",
    "晚上8点和10点各提醒我一次发群公告",
    "明天9点开会，10点见客户，都提醒我",
    "提醒我：1. 明天上午十点寄合同 2. 后天下午三点催尾款",
    "明天上午十点提醒小李开会",
    "明天上午十点提醒王总开会",
    "明天1530开会，提醒我",
    "明天下午陆点提醒我开会",
    "一年后的3月1号提醒我续约",
];

#[test]
fn what_is_not_read_whole_is_asked() {
    let world = World::at(TUESDAY);
    for said in ASKED {
        let heard = world.hear(said);
        let exact = heard.starts_with("2026-09-30 15:30 | 开会");
        assert!(heard.starts_with("Unsure?") || exact, "{said}: {heard}");
    }
}

#[test]
fn no_day_is_made_up() {
    for said in [
        "每月倒数第二天提醒我盘货",
        "每周提醒我发一次会员活动",
        "每月提醒我对账",
        "每个月逢5提醒我去赶集",
    ] {
        let heard = World::at(TUESDAY).hear(said);
        assert!(heard.starts_with("Time?"), "{said}: {heard}");
        assert_eq!(after(TUESDAY, said, "是的"), "—", "{said}");
    }
}

#[test]
fn what_is_no_wish_is_left_to_the_rules() {
    table(
        TUESDAY,
        &[
            ("每天都这么忙", "—"),
            ("上周三下午3点的单子帮我查一下", "—"),
            ("怎么不提醒我打卡", "—"),
            ("明天不用提醒我打卡吗？", "—"),
        ],
    );
}

/// Without 我 and with it, a day and a thing are kept.
const DENIED: &[(&str, &str)] = &[
    ("明天别提醒我喝水", "cancel “喝水” 2026-09-30 00:00"),
    ("明天不用提醒我喝水", "cancel “喝水” 2026-09-30 00:00"),
    ("明天不用提醒打卡", "cancel “打卡” 2026-09-30 00:00"),
    ("后天不用提醒打卡了", "cancel “打卡” 2026-10-01 00:00"),
    ("明早不提醒打卡", "cancel “打卡” 2026-09-30 03:00"),
    ("下周三不必提醒打卡", "cancel “打卡” 2026-10-07 00:00"),
    ("明天先不提醒打卡", "cancel “打卡” 2026-09-30 00:00"),
    ("明天的打卡不用提醒", "cancel “打卡” 2026-09-30 00:00"),
    ("不用提醒我回访张三了", "cancel “回访张三”"),
    ("以后别再提醒我喝水了", "cancel “喝水”"),
    ("不用提醒我了", "cancel ?"),
    ("都别提醒我了", "cancel all"),
    ("明天别提醒我开会了，后天提醒我", "unclear"),
    ("明天不用提醒我开会，改到后天", "unclear"),
];

#[test]
fn who_does_not_want_to_be_reminded_names_of_what() {
    let world = World::at(TUESDAY);
    compare(DENIED, |said| world.hear(said));
    compare(DENIED, |said| world.spoken_of(said));
}

const SPOKEN_OF: &[(&str, &str)] = &[
    ("张三不用回访了", "cancel “张三回访”"),
    ("回访张三往前提一天", "snooze “回访张三” never"),
    ("回访张三那个交给wang.wei", "give “回访张三” wang.wei"),
    ("wang.wei来回访张三吧", "give “回访张三” wang.wei"),
    (
        "这周的例会改到周四",
        "snooze “例会” 2026-09-29 00:00 2026-10-01 09:00",
    ),
];

#[test]
fn what_is_named_by_its_words_is_found() {
    let world = World::at(TUESDAY);
    compare(SPOKEN_OF, |said| world.spoken_of(said));
}

#[test]
fn commands_in_other_words() {
    table(
        TUESDAY,
        &[
            ("都取消", "cancel all"),
            ("取消1到3", "cancel 1+2+3"),
            ("取消 2-4", "cancel 2+3+4"),
            ("取消1到2点的会", "—"),
            ("两个都取消", "cancel both 2"),
            ("都完成了", "—"),
            ("1推后两天", "snooze 1 2026-10-01 16:40"),
            ("两个都推迟一天", "snooze both 2 2026-09-30 16:40"),
            ("1交给wang.wei跟进", "give 1 wang.wei"),
        ],
    );
}

/// What was just set is due tomorrow at three.
#[test]
fn corrections_in_other_words() {
    let world = World::at(TUESDAY);
    let reminder = crate::domain::reminder::Reminder {
        text: "回访张三".to_owned(),
        due: World::at("2026-09-30T15:00:00").now,
        ..Default::default()
    };
    let heard = |said: &str| match correction(1, &reminder, said, &world.scene()) {
        Some(Wish::Snooze { until, .. }) => until
            .of(&reminder, &world.scene())
            .map_or("never".to_owned(), |when| world.when(&when)),
        wish => world.show(wish),
    };
    for (said, meant) in [
        ("哦不，四点半", "2026-09-30 16:30"),
        ("等等，我说错了，应该是后天", "2026-10-01 15:00"),
        ("还是上午十点吧", "2026-09-30 10:00"),
        ("改四点半", "2026-09-30 16:30"),
        ("往后挪一小时", "2026-09-30 16:00"),
        ("早半个钟吧", "2026-09-30 14:30"),
        ("晚半小时", "2026-09-30 15:30"),
        ("停了吧", "cancel 1"),
        ("把这个交给wang.wei", "give 1 wang.wei"),
        ("交给售后组", "give 1 售后组"),
        ("转交 2 给 wang.wei", "give 2 wang.wei"),
        ("转交回访李四给wang.wei", "—"),
        ("不是张三，是李四", "replace 1 张三>李四"),
        ("不是三点，是四点", "—"),
        ("早点睡", "—"),
        ("晚安", "—"),
    ] {
        assert_eq!(heard(said), meant, "{said}");
    }
    for said in ["周末不用", "以后改9点半", "国庆不用打卡", "四点半吧"] {
        assert_eq!(heard(said), "—", "{said}");
        assert!(may_correct(said), "{said}");
    }
    for said in ["好的", "价格表", "取消订单怎么弄"] {
        assert!(!may_correct(said), "{said}");
    }
}

#[test]
fn answers_that_were_taken_wrongly() {
    let after = |first: &str, second: &str| after(TUESDAY, first, second);
    assert_eq!(after("后天提醒我", "嗯"), "—", "it is asked again");
    assert_eq!(
        after("明天3点提醒我面试", "都不是，后天下午3点"),
        "2026-10-01 15:00 | 面试"
    );
    assert_eq!(after("明天3点提醒我面试", "不用提醒我了"), "never");
    assert!(
        after("每周提醒我发一次会员活动", "周三上午10点")
            .starts_with("↻ 2026-09-30 10:00, 2026-10-07"),
        "every Wednesday, not once"
    );
}
