//! What goes wrong around a plan: WeCom refuses for days, members leave, templates vanish,
//! times do not exist. Each has an outcome that is seen, and nothing else stops.

use mock_wecom::{ContactAdd, ContactDelete, MassConfirm, MockWecom};
use serde_json::{Value, json};

use crate::programmes::json_of;
use crate::support::{
    Agent, AgentBuilder, CUSTOMER, MEMBER, answers, calls, errcode, eventually, fault, faults,
    member_says, mock,
};

const TASK: &str = "externalcontact/add_msg_template";
const SEND: &str = "message/send";
const NEWCOMER: &str = "wmNEWCOMER00000000000000000001";

const RULES: &str = "\
version: 1
rules:
  - {id: hello, when: {any: [你好]}, do: [{reply: hello}]}
  - id: mass
    channel: [app]
    when: {match: exact, any: [发活动]}
    do: [{mass_message: {template: news, audience: {has_tag: 没有/这样的人}}}]
";

const PLANS: &str = "\
version: 1
sops:
  - id: 新客
    kind: lifecycle
    audience: {not_tag: 客户/老客}
    steps:
      - {name: 群发, at: 1d 10:00, via: broadcast, do: [{send: news}]}
      - {name: 转发, at: 2d 10:00, via: staff, do: [{send: case}]}
      - {name: 打标签, at: 3d 10:00, do: [{tag: 阶段/三天}]}
";

async fn start(mock: &MockWecom, plans: &str) -> Agent {
    start_in(mock, plans, "Asia/Shanghai").await
}

async fn start_in(mock: &MockWecom, plans: &str, zone: &str) -> Agent {
    let agent = AgentBuilder::new()
        .file("rules/rules.yaml", RULES)
        .file("sops/plans.yaml", plans)
        .file("templates/news.txt", "春茶到了")
        .file("templates/case.txt", "案例")
        .edit("timeout = \"2s\"", "timeout = \"30s\"")
        .edit("[server]", &format!("timezone = \"{zone}\"\n[server]"))
        .config("[alerts]\nto = [\"wang.wei\"]\n[reminders]\ncards = false\n")
        .start(mock)
        .await;
    agent.move_to(mock, "2026-11-23 10:00");
    agent
}

async fn add(mock: &MockWecom, agent: &Agent) {
    let added = ContactAdd {
        external_userid: NEWCOMER.to_owned(),
        userid: MEMBER.to_owned(),
        name: Some("王女士".to_owned()),
        without_welcome: true,
        ..ContactAdd::default()
    };
    mock.added(added).await.expect("a member");
    agent.timers(1).await;
    agent.idle().await;
}

/// Moves to a time, and waits until so many timers have fired.
async fn play(mock: &MockWecom, agent: &Agent, local: &str, fired: f64) {
    agent.move_to(mock, local);
    eventually(&format!("{local}: {fired} timers"), async || {
        let seen = agent.metric("wecom_agent_timers_fired_total").await;
        (seen >= fired).then_some(())
    })
    .await;
    agent.idle().await;
}

fn step(agent: &Agent, number: usize) -> Value {
    let output = agent.run(&["sop", "report", "新客", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    report[number].clone()
}

async fn broadcast(agent: &Agent, state: &str) -> Value {
    eventually(&format!("a broadcast that is {state}"), async || {
        agent.broadcasts(state).await.into_iter().next()
    })
    .await
}

/// What operators were told.
async fn alerted(mock: &MockWecom) -> String {
    eventually("an alert", async || {
        let sent = calls(mock, SEND, 1).await.into_iter();
        let mut alerts = sent.filter(|call| call.request["body"]["touser"] == "wang.wei");
        let text = alerts.next()?.request["body"]["text"]["content"].clone();
        text.as_str().map(str::to_owned)
    })
    .await
}

#[tokio::test]
async fn a_task_that_wecom_puts_off_for_days_is_made_once_it_lets_us() {
    let mock = mock().await;
    let mut agent = start(&mock, PLANS).await;
    add(&mock, &agent).await;
    play(&mock, &agent, "2026-11-24 10:00", 1.0).await;
    faults(&mock, TASK, 5, errcode(45009));
    let times = [
        "2026-11-24 10:02",
        "2026-11-24 10:04",
        "2026-11-24 10:06",
        "2026-11-24 11:10",
        "2026-11-24 12:15",
    ];
    for (before, time) in times.into_iter().enumerate() {
        agent.move_to(&mock, time);
        eventually(&format!("the try at {time}"), async || {
            (mock.calls(TASK).len() == before + 1).then_some(())
        })
        .await;
        mock.say(CUSTOMER, "你好").await.expect("push");
        answers(&mock, CUSTOMER, before + 1).await;
    }
    let queued = broadcast(&agent, "queued").await;
    let why = eventually("it says why", async || {
        let output = agent.run(&["broadcasts", "show", &format!("bc-{}", queued["id"])]);
        let text = String::from_utf8(output.stdout).ok()?;
        agent.ahead(&mock, 31);
        text.contains("45009").then_some(text)
    })
    .await;
    assert!(why.contains("待建任务"), "{why}");
    // The plan goes on, and so does everything after a restart.
    agent.kill();
    agent.restart(&mock).await;
    agent.move_to(&mock, "2026-11-25 10:00");
    eventually("the next step", async || {
        (step(&agent, 1)["on_time"] == 1).then_some(())
    })
    .await;
    agent.move_to(&mock, "2026-11-26 09:00");
    calls(&mock, TASK, 1).await;
    let created = broadcast(&agent, "created").await;
    assert_eq!(created["why"], Value::Null);
    let confirm = MassConfirm {
        msgid: created["task"].as_str().expect("a task").to_owned(),
        userid: MEMBER.to_owned(),
        only: Vec::new(),
    };
    mock.confirm_mass(confirm).expect("a task");
    agent.move_to(&mock, "2026-11-26 10:00");
    broadcast(&agent, "finished").await;
    assert_eq!(step(&agent, 0)["delivery"], json!({ "delivered": 1 }));
}

#[tokio::test]
async fn what_wecom_refuses_for_good_is_told_and_can_be_redriven() {
    let mock = mock().await;
    let agent = start(&mock, PLANS).await;
    add(&mock, &agent).await;
    play(&mock, &agent, "2026-11-24 10:00", 1.0).await;
    fault(&mock, TASK, errcode(48002));
    agent.move_to(&mock, "2026-11-24 10:02");
    let failed = agent.queued("failed", 1).await;
    agent.move_to(&mock, "2026-11-24 10:04");
    broadcast(&agent, "failed").await;
    assert!(alerted(&mock).await.contains("群发失败"));
    assert_eq!(step(&agent, 0)["delivery"], json!({ "failed": 1 }));
    // The permission is given in the console.
    let id = failed[0]["id"].as_str().expect("an id");
    assert!(agent.run(&["queue", "redrive", id]).status.success());
    calls(&mock, TASK, 1).await;
    broadcast(&agent, "created").await;
    assert_eq!(step(&agent, 0)["delivery"], json!({ "created": 1 }));
}

#[tokio::test]
async fn a_member_who_may_not_be_written_to_is_seen_in_the_row_of_the_step() {
    let mock = mock().await;
    let agent = start(&mock, PLANS).await;
    add(&mock, &agent).await;
    play(&mock, &agent, "2026-11-24 10:00", 1.0).await;
    faults(&mock, SEND, 2, errcode(60011));
    play(&mock, &agent, "2026-11-25 10:00", 2.0).await;
    agent.queued("failed", 2).await;
    let report = step(&agent, 1);
    assert_eq!(report["delivery"], json!({ "failed": 1 }));
    assert!(
        report["delivery_why"].to_string().contains("60011"),
        "{report}"
    );
    play(&mock, &agent, "2026-11-26 10:00", 3.0).await;
    assert_eq!(step(&agent, 2)["on_time"], 1);
}

#[tokio::test]
async fn who_has_no_member_any_more_hears_nothing_and_the_step_says_so() {
    let mock = mock().await;
    let agent = start(&mock, PLANS).await;
    add(&mock, &agent).await;
    let gone = ContactDelete {
        external_userid: NEWCOMER.to_owned(),
        userid: MEMBER.to_owned(),
        by_customer: true,
    };
    mock.deleted(gone).await.expect("a customer");
    eventually("the relation is over", async || {
        let known = agent.known(NEWCOMER).await;
        known.get("lost_at").map(|_| ())
    })
    .await;
    agent.idle().await;
    play(&mock, &agent, "2026-11-24 10:00", 1.0).await;
    let report = step(&agent, 0);
    assert_eq!(report["delivery"], json!({ "failed": 1 }));
    let why = json!({ "no member has this customer as a contact": 1 });
    assert_eq!(report["delivery_why"], why);
    play(&mock, &agent, "2026-11-25 10:00", 2.0).await;
    play(&mock, &agent, "2026-11-26 10:00", 3.0).await;
    assert_eq!(step(&agent, 2)["on_time"], 1);
    assert_eq!((mock.calls(TASK).len(), mock.calls(SEND).len()), (0, 0));
}

#[tokio::test]
async fn a_template_that_is_gone_at_run_time_fails_its_step_only() {
    let mock = mock().await;
    let agent = start(&mock, PLANS).await;
    add(&mock, &agent).await;
    // The new version does without the template; who is in the plan still needs it.
    let before = agent.ready().await["rules"].clone();
    let changed = PLANS.replace("send: news", "send: case");
    let rules = RULES.replace("template: news", "template: case");
    let folder = agent.folder();
    std::fs::write(folder.join("sops/plans.yaml"), changed).expect("a file");
    std::fs::write(folder.join("rules/rules.yaml"), rules).expect("a file");
    std::fs::remove_file(folder.join("templates/news.txt")).expect("a file");
    eventually("the new set is in force", async || {
        (agent.ready().await["rules"] != before).then_some(())
    })
    .await;
    play(&mock, &agent, "2026-11-24 10:00", 1.0).await;
    let report = step(&agent, 0);
    assert_eq!(report["delivery"], json!({ "failed": 1 }));
    assert!(
        report["delivery_why"].to_string().contains("news"),
        "{report}"
    );
    play(&mock, &agent, "2026-11-25 10:00", 2.0).await;
    calls(&mock, SEND, 2).await;
    agent.idle().await;
    assert_eq!(step(&agent, 1)["delivery"], json!({ "created": 1 }));
}

#[tokio::test]
async fn a_mass_message_for_nobody_says_so() {
    let mock = mock().await;
    let agent = start(&mock, PLANS).await;
    member_says(&mock, MEMBER, "发活动").await;
    let over = broadcast(&agent, "finished").await;
    assert_eq!(over["why"], "nobody is in the audience");
    assert_eq!(mock.calls(TASK).len(), 0);
}

const ODD: &str = "\
version: 1
sops:
  - id: 新客
    kind: lifecycle
    audience: {not_tag: 客户/老客}
    steps:
      - {name: 夏令时, at: 1d 02:30, do: [{tag: 阶段/凌晨}]}
      - {name: 次日, at: 2d 02:30, do: [{tag: 阶段/次日}]}
  - id: 月底
    kind: recurring
    every: 每月31日 09:00
    audience: {has_tag: 阶段/次日}
    steps: [{name: 月结, do: [{tag: 阶段/月结}]}]
";

#[tokio::test]
async fn a_time_that_does_not_exist_is_the_next_one_that_does() {
    let mock = mock().await;
    let agent = start_in(&mock, ODD, "Europe/Berlin").await;
    // Saturday 2027-03-27, 12:00 in Berlin; the clocks skip from two to three on Sunday.
    agent.move_to(&mock, "2027-03-27 19:00");
    add(&mock, &agent).await;
    agent.move_to(&mock, "2027-03-28 09:29");
    agent.idle().await;
    assert_eq!(agent.metric("wecom_agent_timers_fired_total").await, 0.0);
    // 03:30 in Berlin is 09:30 in Shanghai.
    play(&mock, &agent, "2027-03-28 09:30", 1.0).await;
    assert_eq!(step(&agent, 0)["on_time"], 1);
    play(&mock, &agent, "2027-03-29 08:30", 2.0).await;
    assert_eq!(step(&agent, 1)["on_time"], 1);
    let months = |count: u64| {
        let agent = &agent;
        async move {
            eventually(&format!("{count} months"), async || {
                let output = agent.run(&["sop", "report", "月底", "--format", "json"]);
                let report: Value = serde_json::from_slice(&output.stdout).ok()?;
                (report[0]["on_time"] == count).then_some(())
            })
            .await;
        }
    };
    agent.move_to(&mock, "2027-03-31 15:00");
    months(1).await;
    // April has no 31st: its last day, 09:00 in Berlin, is meant.
    agent.move_to(&mock, "2027-04-30 15:00");
    months(2).await;
}

const ONE_DAY: &str = "\
version: 1
outreach: {quiet: {from: \"21:00\", to: \"09:00\"}}
sops:
  - id: 三步
    kind: lifecycle
    audience: {not_tag: 客户/老客}
    steps:
      - {name: 打标签, at: 0d, do: [{tag: 阶段/新客}]}
      - {name: 转发, at: 0d, via: staff, do: [{send: case}]}
      - {name: 群发, at: 0d, via: broadcast, do: [{send: news}]}
";

#[tokio::test]
async fn after_steps_that_were_missed_together_the_last_one_comes() {
    let mock = mock().await;
    let mut agent = start(&mock, ONE_DAY).await;
    agent.move_to(&mock, "2026-11-23 21:50");
    add(&mock, &agent).await;
    stands_at(&agent, 1).await;
    agent.kill();
    agent.move_to(&mock, "2026-11-24 11:00");
    agent.restart(&mock).await;
    stands_at(&agent, 3).await;
    agent.ahead(&mock, 120);
    calls(&mock, TASK, 1).await;
    let report = json_of(&agent, &["sop", "report", "三步"]);
    let why = "it was missed, and the next one is due already";
    assert_eq!(report[1]["skipped"], json!({ why: 1 }), "{report}");
    assert_eq!(report[2]["late"], 1, "{report}");
}

/// Waits until they stand at this step of their plan.
async fn stands_at(agent: &Agent, step: u64) {
    eventually(&format!("step {step}"), async || {
        let stands = &agent.known(NEWCOMER).await["sops"]["三步"];
        (stands["step"] == step).then_some(())
    })
    .await;
}
