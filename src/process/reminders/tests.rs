//! Stories of a few turns: what members say one after the other, and what becomes of it.

mod open;

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::Config;
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::effect::Effect;
use crate::domain::ids::{Person, RecordId, UserId};
use crate::domain::inbound::{Author, Channel, Inbound, Message, ReplyPath, Task, Trigger};
use crate::domain::outgoing::Outgoing;
use crate::lang::Lang;
use crate::process::decide::decide;
use crate::process::playbook::Playbook;
use crate::rules::Standing;
use crate::store::{ClaimedRecord, RecordBody};

const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
const RULES: &str =
    "version: 1\nrules:\n  - {id: order, when: {any: [取消订单]}, do: [{reply: 甲}]}\n";
const LIN: &str = "lin.mei";
const WANG: &str = "wang.wei";

/// An app, its members and the time.
struct Office {
    config: Config,
    playbook: Playbook,
    members: BTreeMap<String, Contact>,
    now: UnixMillis,
    records: u64,
    /// What was sent to whom, in order: texts as they are, cards by what they say.
    sent: Vec<(String, String)>,
}

impl Office {
    fn at(now: &str) -> Self {
        let text = format!(
            "[corp]\nid = \"ww1\"\n[[app]]\nname = \"desk\"\nkind = \"app\"\nsecret = \"s\"\n\
             token = \"T\"\nencoding_aes_key = \"{KEY}\"\nagent_id = 1\n"
        );
        let (config, _) = Config::parse(&text, Path::new("agent.toml"), &|_| None)
            .unwrap_or_else(|report| panic!("{}", report.human(Lang::En)));
        let plans = "version: 1\nsops:\n  - {id: 空, kind: lifecycle, steps: [{at: 0d, do: [{tag: a/b}]}]}\n";
        let playbook = Playbook::from_texts(&[("甲.txt", "甲")], RULES, plans)
            .unwrap_or_else(|report| panic!("{}", report.human(Lang::En)));
        let mut office = Self {
            config,
            playbook,
            members: BTreeMap::new(),
            now: UnixMillis(0),
            records: 0,
            sent: Vec::new(),
        };
        office.move_to(now);
        office
    }

    fn move_to(&mut self, now: &str) {
        let local = now.parse().expect("a time");
        self.now = UnixMillis::of_local(local, &self.config.timezone);
    }

    /// Says something and gives what the member reads.
    fn say(&mut self, who: &str, text: &str) -> String {
        let path = ReplyPath::App {
            userid: UserId::from(who),
        };
        let trigger = Trigger::Message(Message::text(text));
        self.happens(who, Author::Person, trigger, path)
    }

    /// A timer is due.
    fn ring(&mut self, who: &str, number: u32) -> String {
        let trigger = Trigger::Own(Task::Reminder { number });
        self.happens(who, Author::System, trigger, ReplyPath::None)
    }

    fn happens(&mut self, who: &str, author: Author, trigger: Trigger, path: ReplyPath) -> String {
        let inbound = Inbound {
            channel: Channel::App,
            app: "desk".into(),
            at: self.now,
            person: Some(Person::Member(who.into())),
            author,
            conversation: super::conversation(&"desk".into(), &UserId::from(who)),
            trigger,
            reply_path: path,
        };
        let before = self.sent.len();
        self.decide(inbound);
        let read = self.sent[before..].iter().filter(|(to, _)| to == who);
        read.map(|(_, text)| text.as_str())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Decides, and about the records that this leads to.
    fn decide(&mut self, inbound: Inbound) {
        self.records += 1;
        let person = inbound.person.clone().expect("a member");
        let Person::Member(member) = &person else {
            panic!("a member");
        };
        let name = member.as_str().to_owned();
        let record = ClaimedRecord {
            id: RecordId(self.records),
            fence: 1,
            attempt: 1,
            received_at: self.now,
            inbound,
        };
        let contact = self
            .members
            .entry(name)
            .or_insert_with(|| Contact::unknown(person.clone()));
        let standing = Standing::default();
        let commit = decide(
            &self.config,
            &self.playbook,
            &record,
            Some(contact),
            &standing,
            self.now,
        );
        if let Some(change) = commit.contact {
            change.apply(contact, self.now);
        }
        for effect in commit.effects {
            let Effect::AppSend { to, message, .. } = effect.effect else {
                continue;
            };
            let text = match message {
                Outgoing::Text { text } => text,
                other => format!(
                    "card {}",
                    serde_json::to_string(&other).expect("plain data")
                ),
            };
            self.sent
                .extend(to.iter().map(|to| (to.as_str().to_owned(), text.clone())));
        }
        for record in commit.records {
            let RecordBody::Inbound { inbound, .. } = record.body else {
                panic!("a record that is processed");
            };
            self.decide(inbound);
        }
    }

    /// Number, text and time of each.
    fn open(&self, who: &str) -> Vec<String> {
        let all = self.members.get(who).and_then(|it| it.reminders.as_ref());
        let open = all.map(|all| all.open.clone()).unwrap_or_default();
        open.iter()
            .map(|(number, it)| {
                let due = it.due.local(&self.config.timezone);
                let again = if it.rhythm.is_some() { " ↻" } else { "" };
                format!(
                    "{number} {} {}{again}",
                    it.text,
                    due.strftime("%m-%d %H:%M")
                )
            })
            .collect()
    }
}

const TUESDAY: &str = "2026-09-29T16:40:00";

#[test]
fn who_denies_one_reminder_loses_no_other() {
    for denial in ["明天别提醒我喝水", "明天不用提醒我喝水", "明天不用提醒喝水"]
    {
        let mut office = Office::at(TUESDAY);
        office.say(LIN, "提醒我明天下午3点寄合同");
        let heard = office.say(LIN, denial);
        assert!(heard.starts_with("没有这样的提醒"), "{denial}: {heard}");
        assert_eq!(office.open(LIN), ["1 寄合同 09-30 15:00"], "{denial}");
    }
}

#[test]
fn a_day_that_is_denied_takes_that_day_only() {
    for (denial, due) in [
        ("明天不用提醒我打卡", "10-01 09:00"),
        ("明天不用提醒打卡", "10-01 09:00"),
        ("明早不提醒打卡", "10-01 09:00"),
        ("明天的打卡不用提醒", "10-01 09:00"),
        ("后天不用提醒打卡了", "09-30 09:00"),
        ("下周三不必提醒打卡", "09-30 09:00"),
    ] {
        let mut office = Office::at(TUESDAY);
        office.say(LIN, "每天早上9点提醒我打卡");
        let heard = office.say(LIN, denial);
        assert!(heard.contains("这一次不提醒了"), "{denial}: {heard}");
        assert_eq!(office.open(LIN), [format!("1 打卡 {due} ↻")], "{denial}");
    }
    // The day that was left out is left out when its turn comes.
    let mut office = Office::at(TUESDAY);
    office.say(LIN, "每天早上9点提醒我打卡");
    office.say(LIN, "后天不用提醒打卡了");
    office.move_to("2026-09-30T09:00:00");
    office.ring(LIN, 1);
    assert_eq!(office.open(LIN), ["1 打卡 10-02 09:00 ↻"]);
}

#[test]
fn all_of_a_day_are_left_out_together() {
    let mut office = Office::at(TUESDAY);
    office.say(LIN, "每两小时提醒我喝水");
    let heard = office.say(LIN, "明天别提醒我喝水");
    assert!(heard.contains("12 次不提醒了"), "{heard}");
    office.move_to("2026-09-29T22:40:00");
    office.ring(LIN, 1);
    assert_eq!(office.open(LIN), ["1 喝水 10-01 00:40 ↻"]);
    // More days than were named are asked about.
    office.say(LIN, "每天早上9点提醒我打卡");
    let before = office.open(LIN);
    let heard = office.say(LIN, "国庆不用提醒我打卡");
    assert!(heard.starts_with("没听懂"), "{heard}");
    assert_eq!(office.open(LIN), before);
}

#[test]
fn what_is_handed_over_keeps_its_time() {
    let mut office = Office::at(TUESDAY);
    office.say(LIN, "提醒我明天下午3点寄合同");
    let given = office.say(LIN, "转交 1 给 wang.wei");
    assert_eq!(
        given,
        "已转交给 wang.wei，到时提醒对方，不再提醒你：9月30日 周三 15:00 寄合同"
    );
    let told = office.sent.last().expect("wang.wei is told");
    assert_eq!(
        *told,
        (
            WANG.to_owned(),
            "lin.mei 转交给你一条提醒：9月30日 周三 15:00 提醒你：寄合同（lin.mei 转交）\
             （编号 1）。回复“取消 1”可取消"
                .to_owned()
        )
    );
    assert!(office.open(LIN).is_empty());
    assert_eq!(office.open(WANG), ["1 寄合同（lin.mei 转交） 09-30 15:00"]);
    office.move_to("2026-09-30T15:00:00");
    assert!(office.ring(WANG, 1).starts_with("card "));
    // What comes again moves as a whole.
    office.say(LIN, "每周三下午3点提醒我例会");
    office.say(LIN, "把例会转给wang.wei");
    assert!(office.open(LIN).is_empty());
    assert_eq!(office.open(WANG)[1], "2 例会（lin.mei 转交） 10-07 15:00 ↻");
}

#[test]
fn what_rang_is_handed_over_at_once() {
    let mut office = Office::at(TUESDAY);
    office.say(LIN, "十分钟后提醒我取货");
    office.move_to("2026-09-29T16:50:00");
    office.ring(LIN, 1);
    let given = office.say(LIN, "转交 1 给 wang.wei");
    assert_eq!(given, "已转交给 wang.wei：取货");
    let (to, card) = office
        .sent
        .iter()
        .rfind(|(to, _)| to == WANG)
        .expect("a card");
    assert!(to == WANG && card.starts_with("card ") && card.contains("取货"));
}

#[test]
fn a_correction_means_what_was_set_also_after_something_else() {
    let mut office = Office::at(TUESDAY);
    office.say(LIN, "十分钟后提醒我取货");
    office.move_to("2026-09-29T16:50:00");
    office.ring(LIN, 1);
    office.say(LIN, "提醒我12月8日下午三点见张总");
    assert_eq!(office.say(LIN, "好的"), "");
    let moved = office.say(LIN, "改成四点半");
    assert!(moved.contains("2 推迟到 12月8日 周二 16:30"), "{moved}");
    // 完成 is said of what rang, and the answer names it.
    assert_eq!(office.say(LIN, "完成"), "已完成：1 取货");
    assert_eq!(office.say(LIN, "不用提醒我了"), "已取消：2 见张总");
}

#[test]
fn after_the_patience_nothing_is_corrected() {
    let mut office = Office::at(TUESDAY);
    office.say(LIN, "提醒我12月8日下午三点见张总");
    office.say(LIN, "提醒我12月9日下午三点见李总");
    office.move_to("2026-09-29T16:56:00");
    assert!(office.say(LIN, "改成四点半").starts_with("是哪一条"));
    assert_eq!(office.say(LIN, "周末不用"), "");
}

#[test]
fn a_correction_that_is_not_understood_is_asked_about() {
    for said in ["周末不用", "国庆不用打卡", "以后改9点半"] {
        let mut office = Office::at(TUESDAY);
        office.say(LIN, "每天早上9点提醒我打卡");
        let heard = office.say(LIN, said);
        assert!(heard.starts_with("没听懂"), "{said}: {heard}");
    }
    // What the rules answer is theirs, and so is small talk.
    let mut office = Office::at(TUESDAY);
    office.say(LIN, "提醒我明天下午3点回访张三");
    assert_eq!(office.say(LIN, "取消订单"), "甲");
    assert_eq!(office.say(LIN, "谢谢"), "");
    assert!(office.say(LIN, "四点半吧").starts_with("没听懂"));
    assert!(office.say(LIN, "四点半吧").starts_with("没听懂"));
    assert!(office.say(LIN, "改成四点半").contains("16:30"));
}

#[test]
fn the_simple_corrections_are_understood() {
    for (said, open) in [
        ("不是张三，是李四", "1 回访李四 09-30 15:00"),
        ("回访张三往前提一天", "1 回访张三 09-30 15:00"),
        ("1推后两天", "1 回访张三 10-02 15:00"),
    ] {
        let mut office = Office::at(TUESDAY);
        office.say(LIN, "提醒我明天下午3点回访张三");
        let heard = office.say(LIN, said);
        assert!(!heard.is_empty(), "{said}");
        assert_eq!(office.open(LIN), [open], "{said}: {heard}");
    }
    for said in [
        "张三不用回访了",
        "都取消",
        "停了吧",
        "交给wang.wei",
        "wang.wei来回访张三吧",
    ] {
        let mut office = Office::at(TUESDAY);
        office.say(LIN, "提醒我明天下午3点回访张三");
        let heard = office.say(LIN, said);
        assert!(office.open(LIN).is_empty(), "{said}: {heard}");
    }
    let mut office = Office::at(TUESDAY);
    office.say(LIN, "提醒我明天下午3点回访张三");
    office.say(LIN, "提醒我后天上午10点回访李四");
    office.say(LIN, "两个都推迟一天");
    assert_eq!(
        office.open(LIN),
        ["1 回访张三 10-01 15:00", "2 回访李四 10-02 10:00"]
    );
    office.say(LIN, "三个都取消");
    assert_eq!(office.open(LIN).len(), 2, "there are only two");
    office.say(LIN, "取消1到2");
    assert!(office.open(LIN).is_empty());
    office.say(LIN, "每周三下午3点提醒我例会");
    let heard = office.say(LIN, "这周的例会改到周四");
    assert!(heard.contains("10月1日 周四 15:00"), "{heard}");
    assert_eq!(office.open(LIN).len(), 2, "that one, and the series");
}

#[test]
fn what_rang_is_done_in_the_words_of_who_did_it() {
    for (said, answer) in [
        ("已寄", "已完成：1 寄合同"),
        ("寄了", "已完成：1 寄合同"),
        ("好了", "已完成：1 寄合同"),
        ("好的", ""),
    ] {
        let mut office = Office::at(TUESDAY);
        office.say(LIN, "十分钟后提醒我寄合同");
        // It has not rung yet.
        assert_eq!(office.say(LIN, "好了"), "", "{said}");
        office.move_to("2026-09-29T16:50:00");
        office.ring(LIN, 1);
        assert_eq!(office.say(LIN, said), answer, "{said}");
    }
    // Of two that rang nobody knows which is meant.
    let mut office = Office::at(TUESDAY);
    office.say(LIN, "十分钟后提醒我寄合同");
    office.say(LIN, "十分钟后提醒我寄样品");
    office.move_to("2026-09-29T16:50:00");
    office.ring(LIN, 1);
    office.ring(LIN, 2);
    assert_eq!(office.say(LIN, "寄了"), "");
}

#[test]
fn a_part_of_the_day_that_is_said_last_is_taken() {
    let mut office = Office::at(TUESDAY);
    office.say(LIN, "提醒我交材料");
    office.say(LIN, "明天");
    let moved = office.say(LIN, "下午");
    assert!(moved.contains("9月30日 周三 15:00"), "{moved}");
    assert_eq!(office.open(LIN), ["1 交材料 09-30 15:00"]);
}

#[test]
fn a_deadline_is_said_the_day_before() {
    let mut office = Office::at(TUESDAY);
    let set = office.say(LIN, "提醒我12月5日前交材料");
    assert!(
        set.contains("12月4日 周五 09:00 提醒你：12月5日前交材料"),
        "{set}"
    );
    office.say(LIN, "提醒我交报表");
    let set = office.say(LIN, "那就12月5日之前");
    assert!(
        set.contains("12月4日 周五 09:00 提醒你：12月5日之前交报表"),
        "{set}"
    );
}
