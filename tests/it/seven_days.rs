//! Whole programmes with kill -9 between every two steps and while steps are taken: each is
//! done once, none in quiet hours, none beyond a cap, and who has left hears no more.

use std::collections::BTreeMap;

use jiff::civil::date;
use jiff::tz::TimeZone;
use mock_wecom::{Entry, MassConfirm, MockWecom};
use serde_json::json;

use crate::programmes::{each_once, group, json_of, newcomers, reported, told};
use crate::support::{Agent, AgentBuilder, MEMBER, applied, calls, eventually, mock};

const TASK: &str = "externalcontact/add_msg_template";

const PLANS: &str = "\
version: 1
outreach:
  quiet: {from: \"21:00\", to: \"09:00\", holidays: skip}
  per_contact: [1/天]
  per_group: [1/天]
  do_not_disturb: [名单/勿扰]
sops:
  - id: 头七天
    kind: lifecycle
    audience: {not_tag: 客户/已购买}
    exit_when: {has_tag: 客户/已购买}
    then: [{tag: 阶段/老客}]
    quiet: {from: \"21:00\", to: \"09:00\", holidays: skip}
    steps:
      - {name: 到店, at: 0d, do: [{tag: 来源/新客}]}
      - {name: 小抄, at: 1d 10:00, via: broadcast, do: [{send: tips}]}
      - {name: 夜里, at: 1d 22:00, via: staff, do: [{send: night}]}
      - {name: 提醒, at: 3d 10:00, if: {replied: false}, do: [{remind: {who: 负责人, text: '提醒 {{ contact.name | default(0) }}'}}]}
      - {name: 券, at: 4d 10:00, via: staff, do: [{send: coupon}]}
      - {name: 收尾, at: 7d 10:00, do: [{tag: 阶段/熟客}]}
  - id: 新群
    kind: group
    target: {name: 会员*}
    steps:
      - {name: 群规, at: 0d, via: staff, do: [{send: rules}]}
      - {name: 预告, at: 1d 19:00, via: broadcast, do: [{send: tips}]}
      - {name: 深夜, at: 2d 22:00, via: staff, do: [{send: night}]}
  - id: 双十二
    kind: campaign
    audience: {has_tag: 来源/旧客}
    exit_when: {has_tag: 客户/已购买}
    phases:
      - {name: 预热, at: 2026-12-15 10:00, via: staff, do: [{send: warm}]}
      - {name: 开始, at: 2026-12-19 20:00, via: broadcast, do: [{send: tips}]}
      - {name: 返场, at: 2026-12-20 10:00, via: staff, do: [{send: again}]}
";

/// A company that is closed for a week, from Thursday to Wednesday.
const CALENDAR: &str = "\
version: 1
hours: {上班: {days: 工作日, from: \"09:00\", to: \"18:00\"}}
holidays: cn
extra_off: [2026-12-03, 2026-12-04, 2026-12-05, 2026-12-06, 2026-12-07, 2026-12-08, 2026-12-09]
";

const RULES: &str = "\
version: 1
rules:
  - {id: bought, when: {any: [买了]}, do: [{tag: 客户/已购买}]}
  - {id: peace, when: {any: [别发了]}, do: [{tag: 名单/勿扰}]}
  - {id: old, when: {any: [老客户]}, do: [{tag: 来源/旧客}]}
";

async fn start(mock: &MockWecom, store: &'static str) -> Agent {
    let names = ["night", "coupon", "rules", "warm", "again"];
    let texts = ["夜里", "券", "群规", "预热", "返场"];
    let files = AgentBuilder::new()
        .file("rules/rules.yaml", RULES)
        .file("sops/plans.yaml", PLANS)
        .file("templates/tips.txt", "小抄")
        .file("rules/calendar.yaml", CALENDAR);
    let files = names.iter().zip(texts).fold(files, |files, (name, text)| {
        let text = format!("{text} {{{{ contact.name | default(0) }}}}");
        files.file(&format!("templates/{name}.txt"), &text)
    });
    let agent = files
        // A machine with much to do may take longer than two seconds for an answer.
        .edit("timeout = \"2s\"", "timeout = \"30s\"")
        .store(store)
        .start(mock)
        .await;
    agent.idle().await;
    agent
}

/// Kills again and again while there is something to do: at once, and after a few calls.
/// Time goes on meanwhile: a task whose answer a kill took away is looked for after a minute.
async fn storm(mock: &MockWecom, agent: &mut Agent) {
    for more in [0, 1, 4] {
        let before = mock.calls("").len();
        eventually("a few calls, or nothing to do", async || {
            agent.ahead(mock, 1);
            let called = mock.calls("").len() >= before + more;
            let queues = &agent.ready().await["queues"];
            let idle = queues["inbox"] == 0 && queues["outbox"] == 0;
            (called || idle).then_some(())
        })
        .await;
        agent.kill();
        agent.restart(mock).await;
    }
}

/// The clock moves there, and kill -9 comes while that is worked on.
async fn stormy(mock: &MockWecom, agent: &mut Agent, time: &str) {
    agent.kill();
    agent.move_to(mock, time);
    agent.restart(mock).await;
    storm(mock, agent).await;
}

async fn says(mock: &MockWecom, who: &str, text: &str, tag: &str) {
    mock.say(who, text).await.expect("push");
    eventually(&format!("{who}: {tag}"), async || {
        let tags = mock.tags_of(MEMBER, who);
        tags.contains(&tag.to_owned()).then_some(())
    })
    .await;
}

/// The task, however long a claim of the process that died holds it up.
async fn the_task(mock: &MockWecom, agent: &Agent) -> Vec<Entry> {
    eventually("the task", async || {
        agent.ahead(mock, 5);
        let tasks = applied(mock, TASK);
        (!tasks.is_empty()).then_some(tasks)
    })
    .await
}

/// The member confirms the newest task.
async fn confirm(mock: &MockWecom, agent: &Agent, task: &Entry) {
    let confirm = MassConfirm {
        msgid: task.response["msgid"].as_str().expect("a task").to_owned(),
        userid: MEMBER.to_owned(),
        only: Vec::new(),
    };
    mock.confirm_mass(confirm).expect("a task");
    agent.ahead(mock, 1800);
    eventually("the outcome is known", async || {
        agent.ahead(mock, 5);
        let finished = agent.broadcasts("finished").await;
        (!finished.is_empty()).then_some(())
    })
    .await;
}

/// Everything that disturbs somebody was said by day, and never on a holiday.
fn nobody_was_woken(mock: &MockWecom) {
    let zone = TimeZone::get("Asia/Shanghai").expect("a zone");
    let said = ["message/send", TASK].into_iter();
    for entry in said.flat_map(|path| applied(mock, path)) {
        let at = jiff::Timestamp::from_millisecond(entry.time_ms).expect("a time");
        let at = at.to_zoned(zone.clone());
        assert!((9..21).contains(&at.hour()), "{at}: {entry:?}");
        let off = date(2026, 12, 3)..=date(2026, 12, 9);
        assert!(!off.contains(&at.date()), "{at}: {entry:?}");
    }
}

/// How often each of these beginnings was said to members, whatever stands behind it.
fn tally(mock: &MockWecom, beginnings: &[&str]) -> BTreeMap<String, usize> {
    let told = told(mock).into_iter();
    told.filter(|(text, _)| beginnings.iter().any(|one| text.starts_with(one)))
        .collect()
}

fn once(texts: &[&str]) -> BTreeMap<String, usize> {
    texts.iter().map(|text| ((*text).to_owned(), 1)).collect()
}

/// Four newcomers before a week of holidays: one goes all the way, one buys, one writes, one
/// wants peace.
async fn week(store: &'static str) {
    let mock = mock().await;
    let mut agent = start(&mock, store).await;
    agent.move_to(&mock, "2026-12-01 10:00");
    agent.keeps_time(&mock).await;
    let people = newcomers(&mock, &agent, 4).await;
    storm(&mock, &mut agent).await;

    stormy(&mock, &mut agent, "2026-12-02 10:00").await;
    reported(&agent, "头七天", 1, json!({ "on_time": 4 })).await;
    stormy(&mock, &mut agent, "2026-12-02 10:02").await;
    let tasks = the_task(&mock, &agent).await;
    confirm(&mock, &agent, &tasks[0]).await;
    reported(
        &agent,
        "头七天",
        1,
        json!({ "delivery": { "delivered": 4 } }),
    )
    .await;

    agent.move_to(&mock, "2026-12-02 12:00");
    says(&mock, &people[1], "买了", "已购买").await;
    stormy(&mock, &mut agent, "2026-12-02 22:00").await;
    reported(&agent, "头七天", 2, json!({ "waiting": 3, "exited": 1 })).await;

    stormy(&mock, &mut agent, "2026-12-03 10:00").await;
    mock.say(&people[2], "你好").await.expect("push");
    says(&mock, &people[3], "别发了", "勿扰").await;
    stormy(&mock, &mut agent, "2026-12-07 12:00").await;
    agent.idle().await;
    assert_eq!(told(&mock), BTreeMap::new(), "holidays are quiet");

    stormy(&mock, &mut agent, "2026-12-10 09:00").await;
    each_once(&mock, "夜里", 2).await;
    reported(&agent, "头七天", 4, json!({ "waiting": 2 })).await;
    assert_eq!(tally(&mock, &["券"]), BTreeMap::new(), "one a day");
    stormy(&mock, &mut agent, "2026-12-11 09:00").await;
    each_once(&mock, "券", 2).await;
    let all_done = json!({ "targets": 3, "waiting": 0, "skipped": {} });
    reported(&agent, "头七天", 5, all_done).await;
    stormy(&mock, &mut agent, "2027-01-31 12:00").await;
    agent.idle().await;

    nobody_was_woken(&mock);
    what_was_said(&mock, &agent, store).await;
    let tasks = applied(&mock, TASK);
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    assert_eq!(tasks[0].request["body"]["external_userid"], json!(people));
    what_is_reported(&agent).await;
}

/// Each step said what it had to say once.
async fn what_was_said(mock: &MockWecom, agent: &Agent, store: &str) {
    let said = tally(mock, &["夜里", "券"]);
    let expected = ["券 客户00", "券 客户02", "夜里 客户00", "夜里 客户02"];
    assert_eq!(said, once(&expected), "{store}");
    let cards = applied(mock, "message/send").into_iter();
    let reminders = cards.filter(|sent| sent.request["body"].to_string().contains("提醒 客户"));
    let reminders: Vec<Entry> = reminders.collect();
    // A card that was on its way at a kill is kept for a person and not sent again.
    let unknown = agent.queue("unknown").await;
    let is_once = reminders.len() == 1 || (reminders.is_empty() && !unknown.is_empty());
    assert!(is_once, "{store}: {reminders:?}, {unknown:?}");
    let theirs = |sent: &Entry| sent.request["body"].to_string().contains("提醒 客户00");
    assert!(reminders.iter().all(theirs), "{reminders:?}");
}

/// The rows of the week, and what stays undone.
async fn what_is_reported(agent: &Agent) {
    let report = json_of(agent, &["sop", "report", "头七天"]);
    let shunned = json!({ "they do not want to be disturbed": 1 });
    assert_eq!(
        (&report[2]["late"], &report[2]["skipped"]),
        (&json!(2), &shunned)
    );
    assert_eq!(
        (&report[4]["late"], &report[4]["skipped"]),
        (&json!(2), &shunned)
    );
    let answered = json!({ "its condition does not hold": 2 });
    assert_eq!(
        (&report[3]["targets"], &report[3]["skipped"]),
        (&json!(3), &answered)
    );
    let shown = json_of(agent, &["sop", "show", "头七天"]);
    assert_eq!(shown["ended"], json!({ "exited": 1, "finished": 3 }));
    let dead = agent.queue("dead").await;
    assert!(dead.is_empty(), "{dead:?}");
}

#[tokio::test]
async fn seven_days_with_kills_do_each_step_once() {
    week("redb").await;
}

#[tokio::test]
async fn seven_days_with_kills_do_each_step_once_on_sled() {
    week("sled").await;
}

#[tokio::test]
async fn a_group_programme_with_kills_does_each_step_once() {
    let mock = mock().await;
    let mut agent = start(&mock, "redb").await;
    agent.move_to(&mock, "2026-11-24 10:00");
    agent.keeps_time(&mock).await;
    for n in 1..=3 {
        group(&mock, &format!("wrGROUP{n}"), &format!("会员{n}群"), MEMBER).await;
    }
    group(&mock, "wrGROUP4", "同事群", MEMBER).await;
    each_once(&mock, "群规", 3).await;
    storm(&mock, &mut agent).await;

    stormy(&mock, &mut agent, "2026-11-25 19:00").await;
    reported(&agent, "新群", 1, json!({ "on_time": 3 })).await;
    stormy(&mock, &mut agent, "2026-11-25 19:02").await;
    let tasks = the_task(&mock, &agent).await;
    confirm(&mock, &agent, &tasks[0]).await;
    reported(&agent, "新群", 1, json!({ "delivery": { "delivered": 3 } })).await;

    stormy(&mock, &mut agent, "2026-11-26 22:00").await;
    reported(&agent, "新群", 2, json!({ "waiting": 3 })).await;
    stormy(&mock, &mut agent, "2026-11-27 09:00").await;
    each_once(&mock, "夜里", 3).await;
    stormy(&mock, &mut agent, "2027-01-31 12:00").await;
    agent.idle().await;

    nobody_was_woken(&mock);
    assert_eq!(applied(&mock, TASK).len(), 1);
    // What came to the member counts: a call repeated after a kill is swallowed by WeCom.
    let handed = tally(&mock, &["请把下面的内容发到群「会员"]);
    assert!(
        handed.len() == 3 && handed.values().all(|times| *times == 2),
        "{handed:?}"
    );
    let said = tally(&mock, &["群规", "夜里"]);
    assert!(
        said.len() == 6 && said.values().all(|times| *times == 1),
        "{said:?}"
    );
    let shown = json_of(&agent, &["sop", "show", "新群"]);
    assert_eq!(shown["ended"], json!({ "finished": 3 }));
}

#[tokio::test]
async fn a_campaign_of_three_phases_with_kills_does_each_once() {
    let mock = mock().await;
    let mut agent = start(&mock, "redb").await;
    agent.move_to(&mock, "2026-12-01 10:00");
    agent.keeps_time(&mock).await;
    let people = newcomers(&mock, &agent, 6).await;
    for one in &people[..5] {
        says(&mock, one, "老客户", "旧客").await;
    }
    let cancelled = agent.run(&["sop", "cancel", "头七天", "--yes"]);
    assert!(cancelled.status.success(), "{cancelled:?}");
    eventually("all have left", async || {
        let shown = json_of(&agent, &["sop", "show", "头七天"]);
        (shown["ended"] == json!({ "cancelled": 6 })).then_some(())
    })
    .await;
    agent.move_to(&mock, "2026-12-14 10:00");
    agent.idle().await;
    let before = told(&mock);
    assert!(agent.run(&["sop", "approve", "双十二"]).status.success());

    stormy(&mock, &mut agent, "2026-12-15 10:00").await;
    each_once(&mock, "预热", 5).await;
    says(&mock, &people[0], "买了", "已购买").await;
    stormy(&mock, &mut agent, "2026-12-19 20:00").await;
    reported(&agent, "双十二", 1, json!({ "on_time": 4, "exited": 1 })).await;
    stormy(&mock, &mut agent, "2026-12-19 20:02").await;
    let task = &calls(&mock, TASK, 1).await[0];
    assert_eq!(task.request["body"]["external_userid"], json!(people[1..5]));
    confirm(&mock, &agent, task).await;
    // The last phase comes due while nobody is there, and is made up for.
    stormy(&mock, &mut agent, "2026-12-20 13:00").await;
    each_once(&mock, "返场", 4).await;
    stormy(&mock, &mut agent, "2027-01-31 12:00").await;
    agent.idle().await;

    nobody_was_woken(&mock);
    assert_eq!(applied(&mock, TASK).len(), 1);
    let said = tally(&mock, &["预热", "返场"]);
    assert!(
        said.len() == 9 && said.values().all(|times| *times == 1),
        "{said:?}"
    );
    assert!(
        before.keys().all(|text| !text.starts_with("预热")),
        "{before:?}"
    );
    let report = json_of(&agent, &["sop", "report", "双十二"]);
    assert_eq!(report[2]["skipped"], json!({ "it is over for them": 1 }));
}
