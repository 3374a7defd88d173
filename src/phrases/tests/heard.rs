//! What was once set at a wrong time, or half of it: now understood whole, or asked.

use super::{NOW, World, table};
use crate::domain::reminder::Reminder;
use crate::domain::rhythm::{OnDays, Rhythm};
use crate::phrases::{Which, Wish, answer, correction, is_attempt, understand, wishes};

/// A Wednesday afternoon.
const AFTERNOON: &str = "2026-11-25T14:20:00";

const DATES: &[(&str, &str)] = &[
    ("明年今天提醒我续费", "2027-11-25 09:00 | 续费"),
    ("明年的今天下午3点提醒我年检", "2027-11-25 15:00 | 年检"),
    ("下个月的今天提醒我续费", "2026-12-25 09:00 | 续费"),
    ("下个月今天上午10点提醒我抄表", "2026-12-25 10:00 | 抄表"),
    ("12-05 14:00 提醒我面试", "2026-12-05 14:00 | 面试"),
    ("01-08提醒我体检", "2027-01-08 09:00 | 体检"),
    ("12.3下午三点提醒我去税务局", "2026-12-03 15:00 | 去税务局"),
    ("12.12 20:00 提醒我开播", "2026-12-12 20:00 | 开播"),
    ("提醒我发布1.2版本", "Time?  | 发布1.2版本"),
    ("1.5小时后提醒我收货", "2026-11-25 15:50 | 收货"),
    ("本月最后一个工作日提醒我关账", "2026-11-30 09:00 | 关账"),
    (
        "这个月最后一个周五下午4点提醒我聚餐",
        "2026-11-27 16:00 | 聚餐",
    ),
    ("下个月第一个工作日提醒我交表", "2026-12-01 09:00 | 交表"),
    ("下月第三个工作日提醒我报税", "2026-12-03 09:00 | 报税"),
    ("下个月第一个周一提醒我盘点", "2026-12-07 09:00 | 盘点"),
    ("12月的第二个周六上午提醒我团建", "2026-12-12 09:00 | 团建"),
    ("国庆第三天提醒我补货", "2027-10-03 09:00 | 补货"),
    ("半个月后提醒我回访老客", "2026-12-10 14:20 | 回访老客"),
    ("一个半月后上午9点提醒我换季", "2027-01-09 09:00 | 换季"),
];

#[test]
fn dates_in_other_words() {
    table(AFTERNOON, DATES);
}

const NIGHTS: &[(&str, &str)] = &[
    ("跨年夜11点半提醒我发祝福", "2026-12-31 23:30 | 发祝福"),
    ("除夕夜提醒我发红包", "2027-02-05 20:00 | 发红包"),
    ("周五晚提醒我锁门", "2026-11-27 20:00 | 锁门"),
    ("明晚1点半提醒我发货", "2026-11-27 01:30 | 发货"),
    ("明晚2点提醒我看日志", "2026-11-27 02:00 | 看日志"),
    (
        "明天晚一点提醒我收货",
        "Unsure? 2026-11-26 09:00 | 晚一点收货",
    ),
    (
        "每周五晚上12点提醒我结账",
        "↻ 2026-11-28 00:00, 2026-12-05 00:00, 2026-12-12 00:00 | 结账",
    ),
    (
        "每周日夜里1点提醒我重启",
        "↻ 2026-11-30 01:00, 2026-12-07 01:00, 2026-12-14 01:00 | 重启",
    ),
    (
        "每晚12点提醒我关店",
        "↻ 2026-11-26 00:00, 2026-11-27 00:00, 2026-11-28 00:00 | 关店",
    ),
    ("工作日晚上12点提醒我备份", "no such time"),
    ("明天这个时候提醒我打针", "2026-11-26 14:20 | 打针"),
    ("后天同一时间提醒我复查", "2026-11-27 14:20 | 复查"),
    (
        "每天这个时间提醒我喝水",
        "↻ 2026-11-26 14:20, 2026-11-27 14:20, 2026-11-28 14:20 | 喝水",
    ),
    (
        "十二点提醒我睡觉",
        "Which? 2026-11-26 00:00 / 2026-11-26 12:00 | 睡觉",
    ),
    ("明天十二点提醒我吃饭", "2026-11-26 12:00 | 吃饭"),
];

#[test]
fn nights_and_the_same_time() {
    table(AFTERNOON, NIGHTS);
}

const AGAIN: &[(&str, &str)] = &[
    (
        "隔周周一上午10点提醒我开会",
        "↻ 2026-11-30 10:00, 2026-12-14 10:00, 2026-12-28 10:00 | 开会",
    ),
    (
        "从12月1号起每天早8点提醒我喝水",
        "↻ 2026-12-01 08:00, 2026-12-02 08:00, 2026-12-03 08:00 | 喝水",
    ),
    (
        "下周三起，每天下午5点提醒我盘点",
        "↻ 2026-12-02 17:00, 2026-12-03 17:00, 2026-12-04 17:00 | 盘点",
    ),
    (
        "从明年1月1号起每周一9点提醒我晨会",
        "↻ 2027-01-04 09:00, 2027-01-11 09:00, 2027-01-18 09:00 | 晨会",
    ),
    (
        "每天9点提醒我巡店，周末除外",
        "↻ 2026-11-26 09:00, 2026-11-27 09:00, 2026-11-30 09:00 | 巡店",
    ),
    (
        "每天上午10点提醒我发圈，除了周三",
        "↻ 2026-11-26 10:00, 2026-11-27 10:00, 2026-11-28 10:00 | 发圈",
    ),
    (
        "除了节假日每天18点提醒我打卡",
        "↻ 2026-11-25 18:00, 2026-11-26 18:00, 2026-11-27 18:00 | 打卡",
    ),
    (
        "每月10号20号30号提醒我盘货",
        "↻ 2026-11-30 09:00, 2026-12-10 09:00, 2026-12-20 09:00 | 盘货",
    ),
    (
        "每天早中晚提醒我吃药",
        "↻ 2026-11-25 20:00, 2026-11-26 08:00, 2026-11-26 12:00 | 吃药",
    ),
    (
        "每天早晚提醒我刷牙",
        "↻ 2026-11-25 20:00, 2026-11-26 08:00, 2026-11-26 20:00 | 刷牙",
    ),
    ("每月初一十五提醒我上香", "cannot LunarMonth"),
    ("每个月农历十五提醒我吃素", "cannot LunarMonth"),
];

#[test]
fn what_comes_again_begins_rests_and_ends() {
    table(AFTERNOON, AGAIN);
}

/// What is heard of these is asked before it is set.
const UNSURE: &[&str] = &[
    "明天上午9点、下午3点提醒我喂鱼",
    "明天和后天上午9点提醒我喂鱼",
    "周一上午10点，周三下午2点提醒我培训",
    "提醒我明天早上8点和晚上8点吃药",
    "工作日早9点到晚6点每小时提醒我喝水",
    "明天下午3点到4点提醒我培训",
    "明天下午3:00-4:00提醒我培训",
    "每天晚上9点提醒我复盘，到12月31号为止",
    "每天上午10点提醒我吃药，截止到周五",
    "接下来三天每天上午10点提醒我吃药",
    "连续一周每天早上9点提醒我打卡",
    "每周一早上9点提醒我开会，节假日除外",
    "明天下班前提醒我交日报",
    "后天提醒我午饭后吃药",
    "本月每周一上午10点提醒我盘点",
    "最后一个工作日提醒我关账",
    "每小时提醒我喝水，从9点开始",
    "第三周的周五提醒我交表",
    "提醒王伟明天下午3点开会",
    "提醒小李后天上午10点交表",
];

#[test]
fn what_was_not_understood_is_asked() {
    let world = World::at(AFTERNOON);
    for said in UNSURE {
        let heard = world.hear(said);
        assert!(
            heard.starts_with("Unsure?") || heard.starts_with("Which?"),
            "{said}: {heard}"
        );
    }
}

/// Times beside a time that are no part of it.
const SURE: &[(&str, &str)] = &[
    (
        "提醒我下午四点订明天上午的机票",
        "2026-11-25 16:00 | 订明天上午的机票",
    ),
    (
        "提醒我明天上午10点核对上周五的账",
        "2026-11-26 10:00 | 核对上周五的账",
    ),
    ("三天后提醒我明天的会", "2026-11-28 14:20 | 明天的会"),
    ("明天提醒我第三方对账", "2026-11-26 09:00 | 第三方对账"),
    ("周五提醒我国庆排班", "2026-11-27 09:00 | 国庆排班"),
    ("明天提醒我夜跑", "2026-11-26 09:00 | 夜跑"),
    ("明天早上7点提醒我起床", "2026-11-26 07:00 | 起床"),
    ("18点提醒我下班前打卡", "2026-11-25 18:00 | 下班前打卡"),
    ("明天上午9点提醒我晚点名", "2026-11-26 09:00 | 晚点名"),
    ("小助手，半个钟后叫我", "Text? 2026-11-25 14:50 | "),
    ("小助手，明天上午十点提醒我开会", "2026-11-26 10:00 | 开会"),
    (
        "明天提醒我机器人展会报名",
        "2026-11-26 09:00 | 机器人展会报名",
    ),
    ("明天下午3点的会取消了", "—"),
    ("周五上午的培训不用了", "—"),
];

#[test]
fn what_only_stands_beside_is_no_time() {
    table(AFTERNOON, SURE);
}

#[test]
fn lists_of_a_day_and_what_cannot_be() {
    table(
        NOW,
        &[
            ("明天有什么提醒", "list 2026-11-24 00:00"),
            ("周五有哪些提醒？", "list 2026-11-27 00:00"),
            ("今天还有什么要做的", "list 2026-11-23 00:00"),
            ("我都有哪些待办", "list"),
            ("暂停所有提醒", "cannot Pause"),
            ("提前半小时", "snooze ? never"),
        ],
    );
}

/// One that waits until tomorrow at three.
fn waiting(rhythm: Option<Rhythm>) -> Reminder {
    Reminder {
        text: "回访张三".to_owned(),
        due: World::at("2026-11-26T15:00:00").now,
        rhythm,
        ..Reminder::default()
    }
}

/// What a correction right after setting it makes of a reminder.
fn corrected(said: &str, reminder: &Reminder) -> String {
    let world = World::at(AFTERNOON);
    match correction(7, said, &world.scene()) {
        None => "—".to_owned(),
        Some(Wish::Snooze { which, until }) => {
            assert_eq!(which, Which::Numbers(vec![7]), "{said}");
            let when = until.of(reminder, &world.scene());
            when.map_or("never".to_owned(), |when| world.when(&when))
        }
        wish => world.show(wish),
    }
}

#[test]
fn what_was_just_set_is_corrected() {
    let once = waiting(None);
    for (said, meant) in [
        ("不对，是四点", "2026-11-26 16:00"),
        ("错了，应该是上午10点", "2026-11-26 10:00"),
        ("说错了，是周五", "2026-11-27 15:00"),
        ("把时间改成后天", "2026-11-27 15:00"),
        ("改到下周一上午", "2026-11-30 09:00"),
        ("改成下午五点吧", "2026-11-26 17:00"),
        ("改成5点", "2026-11-26 17:00"),
        ("改成9点", "2026-11-26 09:00"),
        ("改成晚上", "2026-11-26 20:00"),
        ("不是，半小时后", "2026-11-25 14:50"),
        ("推迟一天", "2026-11-27 15:00"),
        ("推迟半小时", "2026-11-26 15:30"),
        ("推迟到后天", "2026-11-27 15:00"),
        ("改到半小时后", "2026-11-25 14:50"),
        ("提前半小时", "2026-11-26 14:30"),
        ("再提前一小时提醒我", "2026-11-26 14:00"),
        ("提前三天", "never"),
        (
            "改成每周二",
            "↻ 2026-12-01 15:00, 2026-12-08 15:00, 2026-12-15 15:00",
        ),
        ("内容改成回访李四", "rename 7 回访李四"),
        ("不对，内容是给李总报价", "rename 7 给李总报价"),
        ("算了不用了", "cancel 7"),
        ("这个不用提醒了", "cancel 7"),
        ("取消", "cancel 7"),
        ("取消 2", "cancel 2"),
        ("价格表", "—"),
        ("不对劲", "—"),
        ("四点", "—"),
    ] {
        assert_eq!(corrected(said, &once), meant, "{said}");
    }
    let shown = Reminder {
        card: Some("task".to_owned()),
        due: World::at("2026-11-25T14:00:00").now,
        ..once
    };
    assert_eq!(corrected("推迟一天", &shown), "2026-11-26 14:20");
    assert_eq!(corrected("推迟到明天", &shown), "2026-11-26 09:00");
    let days = OnDays::Week {
        days: vec![1],
        every: 1,
        from: jiff::civil::date(2026, 11, 23),
    };
    let at = vec![jiff::civil::time(10, 0, 0, 0)];
    let weekly = Reminder {
        due: World::at("2026-11-30T10:00:00").now,
        ..waiting(Some(Rhythm::Days { on: days, at }))
    };
    assert_eq!(
        corrected("改成每周二", &weekly),
        "↻ 2026-12-01 10:00, 2026-12-08 10:00, 2026-12-15 10:00"
    );
    assert_eq!(
        corrected("改成每天下午5点", &weekly),
        "↻ 2026-11-25 17:00, 2026-11-26 17:00, 2026-11-27 17:00"
    );
    assert_eq!(corrected("改到周二上午11点", &weekly), "2026-12-01 11:00");
}

/// What is heard after the question that a message led to.
fn after(first: &str, second: &str) -> String {
    let world = World::at(AFTERNOON);
    let Some(Wish::Ask(question)) = understand(first, &world.scene()) else {
        panic!("no question: {first}");
    };
    world.show(answer(&question, second, &world.scene()))
}

#[test]
fn answers_in_other_words() {
    let half = "提醒我明天3点开会";
    assert_eq!(after(half, "当然是下午啦"), "2026-11-26 15:00 | 开会");
    assert_eq!(after(half, "不是，下午四点"), "2026-11-26 16:00 | 开会");
    assert_eq!(
        after(half, "后天"),
        "Which? 2026-11-27 03:00 / 2026-11-27 15:00 | 开会"
    );
    assert_eq!(after(half, "不开了"), "never");
    assert_eq!(after(half, "不好办"), "—");
    let past = "今天上午十点提醒我开会";
    assert_eq!(after(past, "是明天"), "2026-11-26 10:00 | 开会");
    assert_eq!(after(past, "不是，今天下午"), "2026-11-25 15:00 | 开会");
    assert_eq!(after(past, "不是，今天下午四点"), "2026-11-25 16:00 | 开会");
    assert_eq!(
        after("提醒我回访张三", "越快越好"),
        "Which? 2026-11-25 14:30 / 2026-11-25 14:50 / 2026-11-25 15:20 | 回访张三"
    );
    let nothing = "提醒我明天下午3点";
    assert_eq!(after(nothing, "后天上午10点"), "Text? 2026-11-27 10:00 | ");
    assert_eq!(after(nothing, "后天"), "Text? 2026-11-27 15:00 | ");
    assert_eq!(after(nothing, "下午四点"), "Text? 2026-11-26 16:00 | ");
    assert_eq!(
        after(nothing, "明天要给张三打电话"),
        "2026-11-26 15:00 | 明天要给张三打电话"
    );
    let two = "明天上午9点、下午3点提醒我喂鱼";
    assert!(after(two, "是的").starts_with("2026-11-26 09:00 | "));
    assert_eq!(after(two, "算了"), "never");
}

#[test]
fn what_seems_to_answer_is_asked_again() {
    for said in ["都要", "第3个", "是吧大概", "9点多吧", "不是这个"] {
        assert!(is_attempt(said), "{said}");
    }
    for said in ["价格表", "回访李四", "3号楼在哪里？", "你好"] {
        assert!(!is_attempt(said), "{said}");
    }
}

#[test]
fn two_wishes_of_one_message() {
    let world = World::at(AFTERNOON);
    let heard = |first: &str, said: &str| -> Vec<String> {
        let question = match understand(first, &world.scene()) {
            Some(Wish::Ask(question)) => Some(question),
            _ => None,
        };
        let wishes = wishes(question.as_ref(), said, &world.scene());
        wishes
            .into_iter()
            .map(|wish| world.show(Some(wish)))
            .collect()
    };
    assert_eq!(
        heard("提醒我明天3点开会", "下午，另外后天上午10点提醒我发货"),
        ["2026-11-26 15:00 | 开会", "2026-11-27 10:00 | 发货"]
    );
    assert_eq!(
        heard("", "明天上午9点提醒我晨会；周五下午4点提醒我交周报"),
        ["2026-11-26 09:00 | 晨会", "2026-11-27 16:00 | 交周报"]
    );
    assert_eq!(
        heard("", "提醒我明天上午9点买牛奶；鸡蛋"),
        ["2026-11-26 09:00 | 买牛奶；鸡蛋"]
    );
}
