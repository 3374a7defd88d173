//! What is asked back, what is said about reminders that exist, and what holds for all.

mod heard;
mod meant;
mod spoken;
mod table;
mod whole;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use proptest::prelude::{Strategy, any, prop_assert, proptest};

use super::{Asks, Extent, Question, Scene, When, Which, Wish, about, answer, next, understand};
use crate::domain::clock::UnixMillis;
use crate::domain::reminder::Reminder;
use crate::rules::Calendar;

/// A Monday morning.
const NOW: &str = "2026-11-23T10:00:00";

struct World {
    zone: TimeZone,
    calendar: Calendar,
    now: UnixMillis,
}

impl World {
    fn at(now: &str) -> Self {
        let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
        let now: DateTime = now.parse().expect("a time");
        Self {
            now: UnixMillis::of_local(now, &zone),
            calendar: Calendar::of_chinese_holidays(),
            zone,
        }
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            now: self.now,
            zone: &self.zone,
            calendar: &self.calendar,
        }
    }

    fn time(&self, at: UnixMillis) -> String {
        let form = if at.0 % 60_000 == 0 {
            "%Y-%m-%d %H:%M"
        } else {
            "%Y-%m-%d %H:%M:%S"
        };
        at.local(&self.zone).strftime(form).to_string()
    }

    /// The time, or the first three of many.
    fn when(&self, when: &When) -> String {
        let When::Repeating { rhythm, first } = when else {
            return self.time(when.first());
        };
        let mut at = *first;
        let mut all = vec![self.time(at)];
        for _ in 0..2 {
            at = next(rhythm, at, &self.zone, &self.calendar).expect("it comes again");
            all.push(self.time(at));
        }
        format!("↻ {}", all.join(", "))
    }

    fn show(&self, wish: Option<Wish>) -> String {
        let numbers = |which: &Which| match which {
            Which::All => "all".to_owned(),
            Which::Unsaid => "?".to_owned(),
            Which::Both(count) => format!("both {count}"),
            Which::About(about) => {
                let times = about.times.iter().map(|(from, _)| self.time(*from));
                let mut said = vec![format!("“{}”", about.words)];
                said.extend(times);
                said.extend(about.rhythm.iter().map(|_| "↻".to_owned()));
                said.extend((about.extent != Extent::One).then(|| format!("{:?}", about.extent)));
                said.join(" ")
            }
            Which::Numbers(numbers) => numbers
                .iter()
                .map(u32::to_string)
                .collect::<Vec<_>>()
                .join("+"),
        };
        match wish {
            None => "—".to_owned(),
            Some(Wish::Remind { when, what }) => format!("{} | {what}", self.when(&when)),
            Some(Wish::List(times)) => {
                let times = times
                    .iter()
                    .map(|(from, _)| format!(" {}", self.time(*from)));
                format!("list{}", times.collect::<String>())
            }
            Some(Wish::Cancel(which)) => format!("cancel {}", numbers(&which)),
            Some(Wish::Done(which)) => format!("done {}", numbers(&which)),
            Some(Wish::Snooze { which, until }) => {
                let when = until.of(&self.shown(), &self.scene());
                let when = when.map_or("never".to_owned(), |when| self.when(&when));
                format!("snooze {} {when}", numbers(&which))
            }
            Some(Wish::Rename { which, what }) => format!("rename {} {what}", numbers(&which)),
            Some(Wish::Replace { which, from, to }) => {
                format!("replace {} {from}>{to}", numbers(&which))
            }
            Some(Wish::Cannot(what)) => format!("cannot {what:?}"),
            Some(Wish::HandOver { which, to }) => format!("give {} {to}", numbers(&which)),
            Some(Wish::Unclear) => "unclear".to_owned(),
            Some(Wish::Never) => "never".to_owned(),
            Some(Wish::NoSuchTime) => "no such time".to_owned(),
            Some(Wish::TooOften) => "too often".to_owned(),
            Some(Wish::Ask(question)) => {
                let Question {
                    asks,
                    what,
                    choices,
                    ..
                } = question;
                let choices: Vec<String> = choices.iter().map(|when| self.when(when)).collect();
                format!("{asks:?}? {} | {what}", choices.join(" / "))
            }
        }
    }

    /// One whose card was shown a minute ago.
    fn shown(&self) -> Reminder {
        Reminder {
            text: "喝水".to_owned(),
            due: self.now.before(std::time::Duration::from_secs(60)),
            card: Some("task".to_owned()),
            ..Reminder::default()
        }
    }

    fn hear(&self, text: &str) -> String {
        self.show(understand(text, &self.scene()))
    }

    /// What is said about reminders that are not named by their number.
    fn spoken_of(&self, text: &str) -> String {
        self.show(about(text, &self.scene()))
    }
}

fn table(now: &str, rows: &[(&str, &str)]) {
    let world = World::at(now);
    compare(rows, |said| world.hear(said));
}

fn compare(rows: &[(&str, &str)], hear: impl Fn(&str) -> String) {
    let mut wrong = String::new();
    for (said, meant) in rows {
        let heard = hear(said);
        if heard != *meant {
            wrong.push_str(&format!("{said}\n  heard {heard}\n  meant {meant}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn what_can_be_meant_in_two_ways_is_asked() {
    table(
        NOW,
        &[
            (
                "明天3点提醒我开会",
                "Which? 2026-11-24 03:00 / 2026-11-24 15:00 | 开会",
            ),
            (
                "下周五6点半提醒我吃饭",
                "Which? 2026-12-04 06:30 / 2026-12-04 18:30 | 吃饭",
            ),
            (
                "每天3点提醒我喝水",
                "Which? ↻ 2026-11-24 03:00, 2026-11-25 03:00, 2026-11-26 03:00 / \
                 ↻ 2026-11-23 15:00, 2026-11-24 15:00, 2026-11-25 15:00 | 喝水",
            ),
            (
                "9点提醒我开会",
                "Which? 2026-11-23 21:00 / 2026-11-24 09:00 | 开会",
            ),
            ("提醒我回访张三", "Time?  | 回访张三"),
            ("今天提醒我回访张三", "Time?  | 回访张三"),
            ("提醒我明天下午3点", "Text? 2026-11-24 15:00 | "),
            ("今天早上8点提醒我开会", "Passed? 2026-11-24 08:00 | 开会"),
            ("昨天下午3点提醒我开会", "Passed? 2026-11-23 15:00 | 开会"),
            ("上午9点提醒我开会", "2026-11-24 09:00 | 开会"),
            ("2025年3月1号提醒我开会", "Passed?  | 开会"),
            ("上午15点提醒我开会", "no such time"),
        ],
    );
}

#[test]
fn what_exists_is_listed_cancelled_done_put_off_and_handed_over() {
    table(
        NOW,
        &[
            ("我的提醒", "list"),
            ("查看提醒", "list"),
            ("我有哪些提醒？", "list"),
            ("看看我的提醒", "list"),
            ("取消 2", "cancel 2"),
            ("取消2", "cancel 2"),
            ("取消第二个", "cancel 2"),
            ("取消提醒２", "cancel 2"),
            ("把2取消了", "cancel 2"),
            ("取消 2、3 和 5", "cancel 2+3+5"),
            ("删除编号 12", "cancel 12"),
            ("2取消", "cancel 2"),
            ("取消全部", "cancel all"),
            ("取消所有提醒", "cancel all"),
            ("全部取消", "cancel all"),
            ("清空我的提醒", "cancel all"),
            ("清空提醒", "cancel all"),
            ("取消", "cancel ?"),
            ("不用提醒我了", "cancel ?"),
            ("完成 3", "done 3"),
            ("3 已完成", "done 3"),
            ("搞定了", "done ?"),
            ("推迟 2 半小时", "snooze 2 2026-11-23 10:30"),
            ("推迟2小时", "snooze ? 2026-11-23 12:00"),
            ("2 推迟到明天下午3点", "snooze 2 2026-11-24 15:00"),
            ("把2改到后天上午", "snooze 2 2026-11-25 09:00"),
            ("推迟到明天", "snooze ? 2026-11-24 09:00"),
            ("过10分钟再提醒我", "snooze ? 2026-11-23 10:10"),
            ("转交 3 给 wang.wei", "give 3 wang.wei"),
            ("把3转给售后组", "give 3 售后组"),
        ],
    );
}

#[test]
fn other_messages_are_left_to_the_rules() {
    table(
        NOW,
        &[
            ("你好", "—"),
            ("价格表", "—"),
            ("取消订单", "—"),
            ("取消2点的会议", "—"),
            ("明天下午3点还营业吗", "—"),
            ("3号楼在哪里", "—"),
            ("明天开会吗？", "—"),
            ("我要请假", "—"),
            ("怎么报销", "—"),
            ("库存还有100件", "—"),
            ("昨天下午3点你提醒我了吗", "—"),
            ("完成了多少订单", "—"),
            ("转发给客户", "—"),
            ("把钱转给供应商", "—"),
            ("", "—"),
        ],
    );
}

/// What the second message means after the question that the first led to.
fn after(now: &str, first: &str, second: &str) -> String {
    let world = World::at(now);
    let Some(Wish::Ask(question)) = understand(first, &world.scene()) else {
        panic!("no question: {first}");
    };
    world.show(answer(&question, second, &world.scene()))
}

#[test]
fn the_next_message_answers() {
    let after = |first: &str, second: &str| after(NOW, first, second);
    let ask = "明天3点提醒我开会";
    for said in [
        "下午",
        "下午的",
        "2",
        "第二个",
        "后者",
        "下午3点",
        "15点",
        "15:00",
    ] {
        assert_eq!(after(ask, said), "2026-11-24 15:00 | 开会", "{said}");
    }
    assert_eq!(after(ask, "早上吧"), "2026-11-24 03:00 | 开会");
    assert_eq!(after(ask, "晚上8点"), "2026-11-24 20:00 | 开会");
    assert_eq!(after(ask, "后天上午10点"), "2026-11-25 10:00 | 开会");
    assert_eq!(after(ask, "算了"), "never");
    assert_eq!(after(ask, "我的提醒"), "list");
    assert_eq!(after(ask, "价格表"), "—");
    assert_eq!(
        after(ask, "提醒我周五下午2点盘点"),
        "2026-11-27 14:00 | 盘点"
    );
    assert_eq!(
        after("今天早上8点提醒我开会", "是的"),
        "2026-11-24 08:00 | 开会"
    );
    assert_eq!(
        after("今天早上8点提醒我开会", "下午5点"),
        "2026-11-23 17:00 | 开会"
    );
    assert_eq!(
        after("提醒我回访张三", "明天下午3点"),
        "2026-11-24 15:00 | 回访张三"
    );
    assert_eq!(
        after("提醒我回访张三", "明天3点"),
        "Which? 2026-11-24 03:00 / 2026-11-24 15:00 | 回访张三"
    );
    assert_eq!(
        after("提醒我明天下午3点", "回访张三"),
        "2026-11-24 15:00 | 回访张三"
    );
    assert_eq!(after("一会儿提醒我喝水", "2"), "2026-11-23 10:30 | 喝水");
    assert_eq!(
        after("每天3点提醒我喝水", "下午").split(',').next(),
        Some("↻ 2026-11-23 15:00")
    );
}

#[test]
fn months_that_are_short_and_days_that_are_left_out() {
    table(
        "2028-02-28T12:00:00",
        &[
            ("月底提醒我对账", "2028-02-29 09:00 | 对账"),
            (
                "每年2月29号提醒我庆祝",
                "↻ 2028-02-29 09:00, 2029-02-28 09:00, 2030-02-28 09:00 | 庆祝",
            ),
            ("30号提醒我对账", "2028-03-30 09:00 | 对账"),
        ],
    );
    table(
        "2027-03-01T12:00:00",
        &[("2月29号提醒我庆祝", "2028-02-29 09:00 | 庆祝")],
    );
}

/// Pieces of phrases in any order: what the grammar has to survive.
fn scraps() -> impl Strategy<Value = String> {
    let pieces = proptest::sample::select(vec![
        "提醒我",
        "明天",
        "每",
        "隔",
        "周",
        "五",
        "下",
        "个",
        "月",
        "3",
        "十",
        "点",
        "半",
        "号",
        "后",
        "前",
        "农历",
        "闰",
        "正月",
        "初",
        "二十",
        "分",
        "小时",
        "天",
        "年",
        "底",
        "春节",
        "晚上",
        "凌晨",
        "推迟",
        "取消",
        "全部",
        "转交",
        "到",
        "和",
        "、",
        " ",
        "，",
        "2月",
        "30",
        "99999999999",
        "差",
        "一刻",
        "工作日",
        "末",
        "过",
        "零",
        "2027",
        "-",
        "/",
        ":",
        "pm",
        "😀",
        "回访",
        "。",
        "两",
        "大",
    ]);
    proptest::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

fn all_times(wish: &Wish) -> Vec<UnixMillis> {
    match wish {
        Wish::Remind { when, .. } => vec![when.first()],
        Wish::Ask(Question { choices, .. }) => choices.iter().map(When::first).collect(),
        _ => Vec::new(),
    }
}

proptest! {
    #[test]
    fn no_message_panics_and_no_time_lies_behind(
        text in scraps(),
        other in any::<String>(),
        minutes in 0_i64..40_000_000,
        zone in proptest::sample::select(vec!["Asia/Shanghai", "Europe/Berlin", "America/New_York", "UTC"]),
    ) {
        let zone = TimeZone::get(zone).expect("a zone");
        let now = UnixMillis(946_684_800_000 + minutes * 60_000);
        let calendar = Calendar::of_chinese_holidays();
        let scene = Scene { now, zone: &zone, calendar: &calendar };
        for text in [&text, &other] {
            let Some(wish) = understand(text, &scene) else { continue };
            for at in all_times(&wish) {
                prop_assert!(at > now, "{text}: {wish:?}");
            }
            if let Wish::Ask(question) = &wish {
                prop_assert!(question.asks != Asks::Text || question.choices.len() == 1);
                if let Some(wish) = answer(question, text, &scene) {
                    prop_assert!(all_times(&wish).iter().all(|at| *at > now));
                }
            }
        }
    }
}
