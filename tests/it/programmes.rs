//! Programmes for everybody at once: groups, what recurs, campaigns; with kills between steps.

use std::collections::BTreeMap;

use mock_wecom::{ContactAdd, GroupCreate, MockWecom};
use serde_json::{Value, json};

use crate::support::{
    Agent, AgentBuilder, MEMBER, eventually, eventually_or, http, mock, said_by_bot,
};

const PLANS: &str = "\
version: 1
sops:
  - id: 新群三天
    kind: group
    target: {name: 会员*, owner: lin.mei}
    quiet: {from: \"21:00\", to: \"09:00\"}
    steps:
      - {name: 公告, at: 0d, do: [{notify: {to: lin.mei, text: '公告 {{ contact.name | default(0) }}'}}]}
      - {name: 预告, at: 2d 19:00, do: [{notify: {to: lin.mei, text: '预告 {{ contact.name | default(0) }}'}}]}
      - {name: 深夜, at: 2d 23:00, do: [{notify: {to: lin.mei, text: '深夜 {{ contact.name | default(0) }}'}}]}
  - id: 周一早报
    kind: recurring
    every: 周一 09:00
    target: {name: 会员*}
    steps: [{name: 早报, do: [{notify: {to: lin.mei, text: '早报 {{ contact.name | default(0) }}'}}]}]
  - id: 双十二
    kind: campaign
    audience: {has_tag: 来源/新客}
    exit_when: {has_tag: 双十二/已下单}
    phases:
      - {name: 预热, at: 2026-12-08 10:00, do: [{notify: {to: lin.mei, text: '预热 {{ contact.name | default(0) }}'}}]}
      - {name: 开播, at: 2026-12-12 19:45, do: [{notify: {to: lin.mei, text: '开播 {{ contact.name | default(0) }}'}}]}
      - {name: 返场, at: 2026-12-13 10:00, do: [{notify: {to: lin.mei, text: '返场 {{ contact.name | default(0) }}'}}]}
  - id: 没看过
    kind: campaign
    audience: {has_tag: 没有/这个标签}
    phases:
      - {at: 2027-12-08 10:00, do: [{tag: 甲/乙}]}
  - id: 没有人
    kind: campaign
    approve: none
    audience: {has_tag: 没有/这个标签}
    phases:
      - {at: 2026-12-08 10:00, do: [{tag: 甲/乙}]}
";

const RULES: &str = "\
version: 1
rules:
  - {id: new, on: added, do: [{tag: 来源/新客}]}
  - {id: bought, when: {any: [下单了]}, do: [{tag: 双十二/已下单}]}
";

async fn start(mock: &MockWecom) -> Agent {
    AgentBuilder::new()
        .file("rules/rules.yaml", RULES)
        .file("sops/plans.yaml", PLANS)
        .start(mock)
        .await
}

/// How often each text was told to members.
pub(crate) fn told(mock: &MockWecom) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for text in said_by_bot(mock, MEMBER) {
        *told.entry(text).or_default() += 1;
    }
    told
}

/// Waits until so many different texts begin so, and each was told once.
pub(crate) async fn each_once(mock: &MockWecom, beginning: &str, count: usize) {
    eventually(&format!("{count} × {beginning}"), async || {
        let told = told(mock);
        let fit = told.keys().filter(|text| text.starts_with(beginning));
        (fit.count() >= count).then_some(())
    })
    .await;
    let told = told(mock);
    let fit: Vec<_> = told
        .iter()
        .filter(|(text, _)| text.starts_with(beginning))
        .collect();
    assert_eq!(fit.len(), count, "{fit:?}");
    assert!(fit.iter().all(|(_, times)| **times == 1), "{fit:?}");
}

/// New customers, each known to the agent.
pub(crate) async fn newcomers(mock: &MockWecom, agent: &Agent, count: usize) -> Vec<String> {
    let ids: Vec<String> = (0..count).map(|n| format!("wmNEW{n:027}")).collect();
    for (n, id) in ids.iter().enumerate() {
        let added = ContactAdd {
            external_userid: id.clone(),
            userid: MEMBER.to_owned(),
            name: Some(format!("客户{n:02}")),
            ..ContactAdd::default()
        };
        mock.added(added).await.expect("a member");
    }
    eventually("all are tagged", async || {
        let tagged = |id: &String| mock.tags_of(MEMBER, id).contains(&"新客".to_owned());
        ids.iter().all(tagged).then_some(())
    })
    .await;
    agent.idle().await;
    ids
}

pub(crate) async fn group(mock: &MockWecom, id: &str, name: &str, owner: &str) {
    let made = GroupCreate {
        chat_id: Some(id.to_owned()),
        name: name.to_owned(),
        owner: owner.to_owned(),
        members: Vec::new(),
    };
    mock.group_created(made).await.expect("an owner");
}

pub(crate) fn json_of(agent: &Agent, arguments: &[&str]) -> Value {
    let output = agent.run(&[arguments, &["--format", "json"]].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The runs that `sop show` tells of, newest first.
fn runs(agent: &Agent, sop: &str) -> Vec<Value> {
    let shown = json_of(agent, &["sop", "show", sop]);
    shown["runs"].as_array().expect("runs").clone()
}

/// Waits until the plan has been looked after by the clock as it stands.
async fn looked_after(mock: &MockWecom, agent: &Agent, sop: &str) {
    eventually(&format!("{sop} is looked after"), async || {
        let shown = json_of(agent, &["sop", "show", sop]);
        let until = shown["watch"]["until"].as_i64()?;
        (until / 1000 <= mock.now() + 60).then_some(())
    })
    .await;
}

/// Waits until `sop report` says so of a step.
/// Waits until a step's numbers are as wanted, and shows what they were if they never are.
pub(crate) async fn reported(agent: &Agent, sop: &str, step: usize, wanted: Value) {
    let wanted = wanted.as_object().expect("an object").clone();
    let mut seen = Value::Null;
    let as_wanted = eventually_or(async || {
        seen = json_of(agent, &["sop", "report", sop])[step].clone();
        let mut all = wanted.iter();
        all.all(|(key, value)| seen[key] == *value).then_some(())
    })
    .await;
    assert!(as_wanted.is_some(), "{sop} {step}: {wanted:?}, not {seen}");
}

#[tokio::test]
async fn a_group_programme_plays_from_the_creation_of_each_group() {
    let mock = mock().await;
    let mut agent = start(&mock).await;
    agent.move_to(&mock, "2026-11-24 10:00");
    group(&mock, "wrGROUP1", "会员一群", MEMBER).await;
    each_once(&mock, "公告", 1).await;
    agent.move_to(&mock, "2026-11-24 15:00");
    group(&mock, "wrGROUP2", "会员二群", MEMBER).await;
    group(&mock, "wrGROUP3", "同事群", MEMBER).await;
    group(&mock, "wrGROUP4", "会员的群", "zhao.min").await;
    each_once(&mock, "公告", 2).await;
    agent.idle().await;

    for time in ["2026-11-26 19:00", "2026-11-26 23:00", "2026-11-27 09:00"] {
        agent.kill();
        agent.restart(&mock).await;
        agent.move_to(&mock, time);
        match time {
            "2026-11-26 19:00" => each_once(&mock, "预告", 2).await,
            // At night it is quiet.
            "2026-11-26 23:00" => {
                reported(&agent, "新群三天", 2, json!({ "waiting": 2 })).await;
                assert_eq!(told(&mock).len(), 4);
            }
            _ => each_once(&mock, "深夜", 2).await,
        }
        agent.idle().await;
    }
    agent.idle().await;
    let all: usize = told(&mock).values().sum();
    assert_eq!(all, 6, "{:?}", told(&mock));
    let shown = json_of(&agent, &["sop", "show", "新群三天"]);
    assert_eq!(shown["ended"], json!({ "finished": 2 }));
    let report = json_of(&agent, &["sop", "report", "新群三天"]);
    assert_eq!(
        (&report[1]["on_time"], &report[1]["late"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(report[2]["late"], 2, "quiet hours: {report}");
}

#[tokio::test]
async fn a_group_that_is_dissolved_hears_nothing_more() {
    let mock = mock().await;
    let agent = start(&mock).await;
    agent.move_to(&mock, "2026-11-24 10:00");
    group(&mock, "wrGROUP1", "会员一群", MEMBER).await;
    each_once(&mock, "公告", 1).await;
    let dismiss = format!("{}/mock/group/dismiss", mock.base_url());
    let gone = http().post(dismiss).json(&json!({ "chat_id": "wrGROUP1" }));
    let answer = gone.send().await.expect("the mock answers");
    assert!(answer.status().is_success(), "{answer:?}");
    eventually("the group is gone", async || {
        let output = agent.run(&["groups", "list", "--dissolved"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.contains("wrGROUP1").then_some(())
    })
    .await;
    agent.idle().await;
    agent.move_to(&mock, "2026-11-26 19:00");
    reported(&agent, "新群三天", 1, json!({ "exited": 1 })).await;
    let shown = json_of(&agent, &["sop", "show", "新群三天"]);
    assert_eq!(shown["ended"], json!({ "dissolved": 1 }));
    assert_eq!(told(&mock).len(), 1);
}

/// The preview says how to approve, and approving without it says so.
fn looked_at(agent: &Agent) {
    let unseen = agent.run(&["sop", "approve", "没看过"]);
    let hint = String::from_utf8_lossy(&unseen.stderr).into_owned();
    assert!(
        unseen.status.success() && hint.contains("还没有人看过"),
        "{hint}"
    );
    let previewed = agent.run(&["preview", "双十二"]);
    let text = String::from_utf8_lossy(&previewed.stdout).into_owned();
    let config = agent.folder().join("agent.toml");
    let command = format!(
        "wecom-agent sop approve 双十二 --config {}",
        config.display()
    );
    assert!(text.contains(&command), "{text}");
}

#[tokio::test]
async fn mautic_1759_a_campaign_waits_for_approval_and_plays_each_phase_once() {
    let mock = mock().await;
    let mut agent = start(&mock).await;
    agent.move_to(&mock, "2026-12-01 10:00");
    let customers = newcomers(&mock, &agent, 12).await;
    looked_after(&mock, &agent, "双十二").await;
    looked_after(&mock, &agent, "没有人").await;

    let listed = json_of(&agent, &["sop", "list"]);
    let campaign = listed.as_array().expect("plans").iter();
    let campaign = campaign
        .clone()
        .find(|plan| plan["id"] == "双十二")
        .expect("a plan");
    assert_eq!(campaign["held"], "nobody has approved it");
    looked_at(&agent);
    let output = agent.run(&["sop", "approve", "双十二"]);
    let hint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!hint.contains("还没有人看过"), "{hint}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && text.contains("2026-12-12 19:45"),
        "{output:?}"
    );

    // Killed again and again while the phase goes out.
    agent.move_to(&mock, "2026-12-08 10:00");
    for _ in 0..4 {
        agent.kill();
        agent.restart(&mock).await;
    }
    each_once(&mock, "预热", 12).await;
    agent.idle().await;

    mock.say(&customers[0], "下单了").await.expect("push");
    eventually("tagged as a buyer", async || {
        let tags = mock.tags_of(MEMBER, &customers[0]);
        tags.contains(&"已下单".to_owned()).then_some(())
    })
    .await;
    agent.kill();
    agent.restart(&mock).await;
    agent.move_to(&mock, "2026-12-12 19:45");
    each_once(&mock, "开播", 11).await;
    agent.idle().await;
    agent.kill();
    // Down for the last phase, up again the next day: it is made up for.
    agent.move_to(&mock, "2026-12-14 12:00");
    agent.restart(&mock).await;
    each_once(&mock, "返场", 11).await;
    agent.idle().await;

    let report = json_of(&agent, &["sop", "report", "双十二"]);
    assert_eq!(
        (&report[0]["on_time"], &report[1]["on_time"]),
        (&json!(12), &json!(11))
    );
    assert_eq!(
        (&report[1]["exited"], &report[2]["late"]),
        (&json!(1), &json!(11))
    );
    assert_eq!(report[2]["skipped"], json!({ "it is over for them": 1 }));
    let nobody = runs(&agent, "没有人");
    assert_eq!(nobody[0]["why"], "it is for nobody");
    let all: usize = told(&mock).values().sum();
    assert_eq!(all, 34, "{:?}", told(&mock));
    for format in ["table", "csv", "svg"] {
        let output = agent.run(&["sop", "report", "双十二", "--format", format]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.contains("返场"), "{text}");
        let why = text.contains("1 × 对他已经结束");
        assert_eq!(why, format != "svg", "{text}");
    }
}

#[tokio::test]
async fn what_is_next_and_what_is_over_goes_by_the_clock_of_the_data() {
    let mock = mock().await;
    let mut agent = start(&mock).await;
    agent.move_to(&mock, "2026-12-09 10:00");
    looked_after(&mock, &agent, "双十二").await;
    looked_after(&mock, &agent, "周一早报").await;
    let next = |agent: &Agent, sop: &str| {
        let at = json_of(agent, &["sop", "show", sop])["next"].as_i64();
        jiff::Timestamp::from_millisecond(at.expect("a time")).expect("a time")
    };
    assert_eq!(next(&agent, "周一早报").to_string(), "2026-12-14T01:00:00Z");
    assert_eq!(next(&agent, "双十二").to_string(), "2026-12-12T11:45:00Z");
    // The same without a server.
    agent.terminate().await;
    assert_eq!(next(&agent, "周一早报").to_string(), "2026-12-14T01:00:00Z");
    let approved = agent.run(&["sop", "approve", "双十二"]);
    let text = String::from_utf8_lossy(&approved.stdout).into_owned();
    let line = |name: &str| {
        text.lines()
            .find(|line| line.contains(name))
            .expect("a line")
    };
    assert!(line("预热").contains("已过"), "{text}");
    assert!(!line("开播").contains("已过"), "{text}");
}

#[tokio::test]
async fn what_recurs_comes_each_monday_and_what_was_missed_is_left_out() {
    let mock = mock().await;
    let mut agent = start(&mock).await;
    agent.move_to(&mock, "2026-11-24 10:00");
    group(&mock, "wrGROUP1", "会员一群", "zhao.min").await;
    group(&mock, "wrGROUP2", "会员二群", "zhao.min").await;
    agent.idle().await;
    looked_after(&mock, &agent, "周一早报").await;
    agent.move_to(&mock, "2026-11-30 09:00");
    each_once(&mock, "早报", 2).await;
    agent.idle().await;
    agent.kill();
    // Down over two Mondays.
    agent.move_to(&mock, "2026-12-15 12:00");
    agent.restart(&mock).await;
    eventually("the missed run is told", async || {
        let runs = runs(&agent, "周一早报");
        (runs[0]["why"] == "it was missed: the server was down").then_some(())
    })
    .await;
    agent.move_to(&mock, "2026-12-21 09:00");
    eventually("the next Monday", async || {
        (told(&mock).values().sum::<usize>() == 4).then_some(())
    })
    .await;
    reported(&agent, "周一早报", 0, json!({ "targets": 4, "on_time": 4 })).await;
}

#[tokio::test]
async fn operators_pause_resume_migrate_and_cancel() {
    let mock = mock().await;
    let agent = start(&mock).await;
    agent.move_to(&mock, "2026-11-24 10:00");
    group(&mock, "wrGROUP1", "会员一群", MEMBER).await;
    group(&mock, "wrGROUP2", "会员二群", MEMBER).await;
    each_once(&mock, "公告", 2).await;
    agent.idle().await;

    assert!(agent.run(&["sop", "pause", "新群三天"]).status.success());
    agent.move_to(&mock, "2026-11-26 19:00");
    reported(&agent, "新群三天", 1, json!({ "waiting": 2 })).await;
    assert!(agent.run(&["sop", "resume", "新群三天"]).status.success());
    each_once(&mock, "预告", 2).await;
    agent.idle().await;

    // The last step is put earlier and said differently; who is in it moves only by migrate.
    let before = agent.ready().await["rules"].clone();
    let changed = PLANS
        .replace("name: 深夜, at: 2d 23:00", "name: 深夜, at: 4d 10:00")
        .replace("深夜 {{", "新的话 {{");
    std::fs::write(agent.folder().join("sops/plans.yaml"), changed).expect("a file");
    eventually("the new set is in force", async || {
        (agent.ready().await["rules"] != before).then_some(())
    })
    .await;
    let moves = json_of(&agent, &["sop", "migrate", "新群三天"]);
    assert_eq!(
        (&moves[0]["count"], &moves[0]["to_step"]),
        (&json!(2), &json!(2))
    );
    assert!(
        agent
            .run(&["sop", "migrate", "新群三天", "--yes"])
            .status
            .success()
    );
    eventually("all have moved", async || {
        let shown = json_of(&agent, &["sop", "show", "新群三天"]);
        let version = &shown["version"];
        let running = shown["running"].as_array().expect("a list");
        running
            .iter()
            .all(|one| one["version"] == *version)
            .then_some(())
    })
    .await;
    agent.move_to(&mock, "2026-11-27 12:00");
    agent.idle().await;
    assert_eq!(told(&mock).values().sum::<usize>(), 4, "it is later now");

    let preview = json_of(&agent, &["sop", "cancel", "新群三天"]);
    assert_eq!(preview["running"], 2);
    assert!(
        agent
            .run(&["sop", "cancel", "新群三天", "--yes"])
            .status
            .success()
    );
    eventually("all have left", async || {
        let shown = json_of(&agent, &["sop", "show", "新群三天"]);
        (shown["ended"] == json!({ "cancelled": 2 })).then_some(())
    })
    .await;
    agent.move_to(&mock, "2026-12-27 12:00");
    agent.idle().await;
    let late = told(&mock);
    assert!(
        late.keys().all(|text| !text.starts_with("新的话")),
        "{late:?}"
    );
}
