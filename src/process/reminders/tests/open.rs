//! Stories of the minutes after a question, after something was set and after a card.

use super::{LIN, Office, TUESDAY, WANG};

/// What is open after these, said one after the other.
fn after(said: &[&str]) -> Vec<String> {
    let mut office = Office::at(TUESDAY);
    for text in said {
        let heard = office.say(LIN, text);
        assert!(!heard.is_empty(), "{said:?}: {text} was not answered");
    }
    office.open(LIN)
}

#[test]
fn a_question_stays_open_until_it_is_answered() {
    for (said, open) in [
        (
            ["提醒我给客户打电话", "我的提醒", "五分钟"],
            "1 给客户打电话 09-29 16:45",
        ),
        (
            ["提醒我给客户打电话", "等我忙完", "明天上午十点"],
            "1 给客户打电话 09-30 10:00",
        ),
        (
            ["明天3点提醒我面试", "取消订单", "下午"],
            "1 面试 09-30 15:00",
        ),
        (
            ["后天提醒我", "明天放假吗", "回访张三"],
            "1 回访张三 10-01 09:00",
        ),
        (
            ["提醒我不要喝咖啡", "好的", "明天下午三点"],
            "1 不要喝咖啡 09-30 15:00",
        ),
    ] {
        assert_eq!(after(&said), [open], "{said:?}");
    }
    let mut office = Office::at(TUESDAY);
    office.say(LIN, "明天3点提醒我面试");
    assert_eq!(office.say(LIN, "取消订单"), "甲", "the rules come first");
    assert!(office.say(LIN, "都行").starts_with("是哪个时间"));
    office.move_to("2026-09-29T16:56:00");
    assert_eq!(office.say(LIN, "都行"), "", "nobody waits for ever");
    assert_eq!(office.say(LIN, "下午"), "");
}

#[test]
fn what_was_asked_about_is_not_forgotten_in_silence() {
    let mut office = Office::at(TUESDAY);
    office.say(LIN, "提醒我给客户打电话");
    let heard = office.say(LIN, "提醒我后天上午十点回访李四");
    assert!(heard.ends_with("刚才问的“给客户打电话”没有设"), "{heard}");
    assert_eq!(office.open(LIN), ["1 回访李四 10-01 10:00"]);
}

#[test]
fn nothing_is_met_with_silence_after_something_was_set() {
    for said in [
        "再加一个四点的",
        "编号1四点半",
        "暂停三天",
        "只留2",
        "先放一放",
        "1和2对调",
        "四点半行吗",
        "不转交了",
        "交给wang.wei改到四点",
        "今天天气不错",
    ] {
        let open = after(&["提醒我明天下午3点回访张三", said]);
        assert_eq!(open, ["1 回访张三 09-30 15:00"], "{said}");
    }
    // Politeness and what has nothing to do with it are not met twice.
    let mut office = Office::at(TUESDAY);
    office.say(LIN, "提醒我明天下午3点回访张三");
    assert_eq!(office.say(LIN, "谢谢"), "");
    office.say(LIN, "今天天气不错");
    assert_eq!(office.say(LIN, "今天天气不错"), "");
    assert_ne!(office.say(LIN, "编号1四点半"), "");
}

#[test]
fn a_name_alone_takes_what_was_just_set_or_rang() {
    for said in ["让wang.wei去吧", "wang.wei负责", "转wang.wei", "给wang.wei"] {
        let mut office = Office::at(TUESDAY);
        office.say(LIN, "提醒我明天下午3点回访张三");
        office.say(LIN, said);
        assert!(office.open(LIN).is_empty(), "{said}");
        assert_eq!(
            office.open(WANG),
            ["1 回访张三（lin.mei 转交） 09-30 15:00"]
        );
    }
    for said in [
        "让客户等等",
        "给力",
        "转正申请",
        "由你决定",
        "让我想想",
        "给VIP",
        "PPT做",
        "OK去",
    ] {
        let open = after(&["提醒我明天下午3点回访张三", said]);
        assert_eq!(open, ["1 回访张三 09-30 15:00"], "{said}");
    }
}

#[test]
fn what_rang_is_spoken_of_in_a_few_words() {
    for (said, open) in [
        ("半个小时", "1 寄合同 09-29 17:21"),
        ("明天", "1 寄合同 09-30 09:00"),
        ("下周一上午10点", "1 寄合同 10-05 10:00"),
        ("推到下班前", "1 寄合同 09-29 16:50"),
        ("都完成", "1 寄合同 09-29 16:50"),
        ("晚点", "1 寄合同 09-29 16:50"),
    ] {
        let mut office = Office::at(TUESDAY);
        office.say(LIN, "10分钟后提醒我寄合同");
        office.move_to("2026-09-29T16:50:00");
        office.ring(LIN, 1);
        office.move_to("2026-09-29T16:51:00");
        assert_ne!(office.say(LIN, said), "", "{said}");
        assert_eq!(office.open(LIN), [open], "{said}");
    }
    // A card of what comes again does not end it.
    let mut office = Office::at(TUESDAY);
    office.say(LIN, "每10分钟提醒我看群");
    office.move_to("2026-09-29T16:50:00");
    office.ring(LIN, 1);
    assert!(office.say(LIN, "算了").starts_with("没听懂"));
    assert_eq!(office.open(LIN).len(), 1);
}

#[test]
fn a_wrong_rhythm_is_corrected_as_a_whole() {
    for (said, wrong, open) in [
        ("每月30号提醒我还款", "改成25号", "1 还款 10-25 09:00 ↻"),
        ("每周五下午提醒我周报", "改成周四", "1 周报 10-01 15:00 ↻"),
        (
            "每天早上9点提醒我打卡",
            "不对，是10点",
            "1 打卡 09-30 10:00 ↻",
        ),
    ] {
        assert_eq!(after(&[said, wrong]), [open], "{wrong}");
    }
    let birthday = "每年农历八月二十提醒我妈生日";
    assert_eq!(
        after(&[birthday, "改成农历八月十九"]),
        ["1 我妈生日 09-19 09:00 ↻"],
        "the one of next year: this year's was this morning"
    );
    assert_eq!(
        after(&[birthday, "改成八月十九"]),
        ["1 我妈生日 09-30 09:00 ↻"]
    );
    // Of two times a day nobody said which.
    assert_eq!(
        after(&["每天9点和18点提醒我打卡", "改成8点"]),
        ["1 打卡 09-29 18:00 ↻"]
    );
    let once = after(&["每周五下午提醒我周报", "改到周四"]);
    assert_eq!(once, ["1 周报 10-09 15:00 ↻", "2 周报 10-01 15:00"]);
}

#[test]
fn what_is_confirmed_says_what_is_to_be_done() {
    for (said, answer, open) in [
        (
            "每半个月提醒我回访老客户",
            "每月1号和15号",
            "1 回访老客户 10-01 09:00 ↻",
        ),
        ("双周周一提醒我开会", "每两周周一", "1 开会 10-05 09:00 ↻"),
        (
            "周三和周五下午2点提醒我打球",
            "每周",
            "1 打球 09-30 14:00 ↻",
        ),
        (
            "明天下午3点之后提醒我回电话",
            "是的",
            "1 回电话 09-30 15:00",
        ),
    ] {
        assert_eq!(after(&[said, answer]), [open], "{said}");
    }
}

#[test]
fn from_a_day_on_and_several_by_name() {
    let daily = "每天早上9点提醒我打卡";
    for said in ["今天开始不用提醒了", "明天起不用提醒打卡"] {
        assert!(after(&[daily, said]).is_empty(), "{said}");
    }
    for said in ["下周一起不用提醒打卡", "国庆七天别提醒", "只提醒到月底"] {
        assert_eq!(after(&[daily, said]), ["1 打卡 09-30 09:00 ↻"], "{said}");
    }
    // What is asked for a little earlier is asked for, not moved.
    let early = after(&["提醒我10月15号的体检，提前一天"]);
    assert_eq!(early, ["1 体检 10-14 09:00"]);
    let two = ["提醒我明天下午3点回访张三", "提醒我后天上午10点回访李四"];
    assert!(after(&[two[0], two[1], "取消张三和李四"]).is_empty());
    assert_eq!(after(&[two[0], two[1], "取消张三和王五"]).len(), 2);
}

#[test]
fn who_names_a_time_without_asking_is_asked() {
    let said = "明天下午5点王总来店里";
    let open = ["1 王总来店里 09-30 17:00"];
    assert_eq!(after(&[said, "要"]), open);
    assert!(after(&[said, "不用"]).is_empty());
    let mut office = Office::at(TUESDAY);
    for story in ["每周一都堵车", "每天都加班到9点"] {
        assert_eq!(office.say(LIN, story), "", "{story}");
    }
}
