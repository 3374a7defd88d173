//! Broadcasts: one task for all who are to hear the same, its true states, the ceiling,
//! taking back, and crashes.

use mock_wecom::{
    Action, ContactAdd, ContactDelete, Customer, Entry, Follow, MassConfirm, Member, MockWecom,
};
use serde_json::Value;

use crate::support::{Agent, AgentBuilder, applied, calls, eventually, fault, mock};

const TASK: &str = "externalcontact/add_msg_template";
const REMIND: &str = "externalcontact/remind_groupmsg_send";
const CANCEL: &str = "externalcontact/cancel_groupmsg_send";

const RULES: &str = "\
version: 1
rules:
  - {id: quiet, mode: off, when: {any: [x]}, do: [{tag: x}]}
";

const PLANS: &str = "\
version: 1
sops:
  - id: 春茶
    kind: lifecycle
    audience: {not_tag: 客户/已购买}
    steps:
      - {at: 1d 10:00, name: 上新, via: broadcast, do: [{send: news}]}
      - {at: 1d 15:00, name: 再说, via: broadcast, do: [{send: more}]}
";

/// Monday at ten.
async fn start(mock: &MockWecom, config: &str) -> Agent {
    start_with(mock, PLANS, config).await
}

async fn start_with(mock: &MockWecom, plans: &str, config: &str) -> Agent {
    let agent = AgentBuilder::new()
        .file("rules/rules.yaml", RULES)
        .file("sops/plans.yaml", plans)
        .file("templates/news.txt", "春茶到了")
        .file("templates/more.txt", "还有一点")
        // A machine with much to do may take longer than two seconds for an answer.
        .edit("timeout = \"2s\"", "timeout = \"30s\"")
        .config(config)
        .start(mock)
        .await;
    agent.move_to(mock, "2026-11-23 10:00");
    agent
}

/// New customers of these members, the first of them of the first member and so on.
async fn crowd(mock: &MockWecom, agent: &Agent, count: usize, members: &[&str]) -> Vec<String> {
    let ids: Vec<String> = (0..count).map(|n| format!("wmCROWD{n:024}")).collect();
    let member = |n: usize| members[n % members.len()];
    let customers = ids.iter().enumerate().map(|(n, id)| Customer {
        external_userid: id.clone(),
        name: "客户".to_owned(),
        followers: vec![Follow::new(member(n), 0)],
        ..Customer::default()
    });
    mock.put_customers(customers.collect()).expect("members");
    for (n, id) in ids.iter().enumerate() {
        let added = ContactAdd {
            external_userid: id.clone(),
            userid: member(n).to_owned(),
            without_welcome: true,
            ..ContactAdd::default()
        };
        mock.added(added).await.expect("a member");
    }
    agent.timers(count as u64).await;
    ids
}

/// Moves the clock on and waits until every step that is due then is decided.
async fn steps(mock: &MockWecom, agent: &Agent, local: &str, fired: usize) {
    agent.move_to(mock, local);
    eventually(&format!("{fired} steps"), async || {
        let seen = agent.metric("wecom_agent_timers_fired_total").await;
        (seen >= fired as f64).then_some(())
    })
    .await;
    agent.idle().await;
}

fn body(call: &Entry) -> &Value {
    &call.request["body"]
}

async fn until_listed(agent: &Agent, state: &str, count: usize) -> Vec<Value> {
    eventually(&format!("{count} × {state}"), async || {
        let found = agent.broadcasts(state).await;
        (found.len() == count).then_some(found)
    })
    .await
}

fn of<'b>(broadcasts: &'b [Value], sender: &str) -> &'b Value {
    let mut all = broadcasts.iter();
    all.find(|one| one["head"]["sender"] == sender)
        .expect("one of this member")
}

fn id(broadcast: &Value) -> String {
    format!("bc-{}", broadcast["id"])
}

fn shown(agent: &Agent, id: &str) -> String {
    let output = agent.run(&["broadcasts", "show", id]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn confirm(mock: &MockWecom, broadcast: &Value, member: &str) {
    let confirm = MassConfirm {
        msgid: broadcast["task"].as_str().expect("a task").to_owned(),
        userid: member.to_owned(),
        only: Vec::new(),
    };
    mock.confirm_mass(confirm).expect("a task");
}

const MEMBERS: [&str; 3] = ["lin.mei", "zhao.min", "chen.hao"];

#[tokio::test]
async fn three_hundred_customers_of_three_members_are_three_tasks() {
    let mock = mock().await;
    mock.put_members(vec![Member::new("chen.hao", "陈浩")]);
    let once: Vec<&str> = PLANS
        .lines()
        .filter(|line| !line.contains("再说"))
        .collect();
    let agent = start_with(&mock, &once.join("\n"), "").await;
    let customers = crowd(&mock, &agent, 300, &MEMBERS).await;
    steps(&mock, &agent, "2026-11-24 10:00", 300).await;
    assert_eq!(until_listed(&agent, "gathering", 3).await.len(), 3);
    assert_eq!(mock.calls(TASK).len(), 0);

    agent.move_to(&mock, "2026-11-24 10:02");
    let tasks = calls(&mock, TASK, 3).await;
    for task in &tasks {
        assert!(task.problems.is_empty(), "{:?}", task.problems);
        assert_eq!(body(task)["text"]["content"], "春茶到了");
        let to = body(task)["external_userid"].as_array().expect("a list");
        assert_eq!(to.len(), 100);
    }
    let mut senders: Vec<&str> = tasks
        .iter()
        .map(|task| body(task)["sender"].as_str().expect("a sender"))
        .collect();
    senders.sort_unstable();
    assert_eq!(senders, ["chen.hao", "lin.mei", "zhao.min"]);
    let open = until_listed(&agent, "created", 3).await;

    // One confirms at once, but one customer is no friend any more.
    let deleted = ContactDelete {
        external_userid: customers[0].clone(),
        userid: "lin.mei".to_owned(),
        ..ContactDelete::default()
    };
    mock.deleted(deleted).await.expect("a customer");
    confirm(&mock, of(&open, "lin.mei"), "lin.mei");
    agent.move_to(&mock, "2026-11-24 10:05");
    let finished = until_listed(&agent, "finished", 1).await;
    assert_eq!(finished[0]["counts"]["delivered"], 99);
    assert_eq!(finished[0]["counts"]["refused"], 1);
    let text = shown(&agent, &id(&finished[0]));
    assert!(
        text.contains(&customers[0]) && text.contains("已不是成员的客户"),
        "{text}"
    );

    // The others are reminded; one confirms then, one never.
    assert_eq!(mock.calls(REMIND).len(), 0);
    agent.move_to(&mock, "2026-11-24 14:03");
    calls(&mock, REMIND, 2).await;
    confirm(&mock, of(&open, "zhao.min"), "zhao.min");
    agent.move_to(&mock, "2026-11-24 14:40");
    let finished = until_listed(&agent, "finished", 2).await;
    assert_eq!(of(&finished, "zhao.min")["counts"]["delivered"], 100);
    agent.move_to(&mock, "2026-11-24 18:30");
    calls(&mock, REMIND, 3).await;
    assert_eq!(mock.calls(CANCEL).len(), 0);
    agent.move_to(&mock, "2026-11-27 10:30");
    let expired = until_listed(&agent, "expired", 1).await;
    assert_eq!(calls(&mock, CANCEL, 1).await.len(), 1);
    assert_eq!(expired[0]["counts"]["expired"], 100);
    let text = shown(&agent, &id(&expired[0]));
    assert!(text.contains("chen.hao 还没确认"), "{text}");
    assert_eq!(mock.calls(REMIND).len(), 3);
}

#[tokio::test]
async fn who_has_had_enough_is_told_before_there_is_a_task() {
    let mock = mock().await;
    let agent = start(&mock, "[broadcasts]\nceiling = \"day\"\n").await;
    let customers = crowd(&mock, &agent, 2, &["lin.mei"]).await;
    steps(&mock, &agent, "2026-11-24 10:00", 2).await;
    agent.move_to(&mock, "2026-11-24 10:02");
    calls(&mock, TASK, 1).await;

    steps(&mock, &agent, "2026-11-24 15:00", 4).await;
    agent.move_to(&mock, "2026-11-24 15:02");
    let over = until_listed(&agent, "finished", 1).await;
    assert_eq!(over[0]["counts"]["refused"], 2);
    let text = shown(&agent, &id(&over[0]));
    assert!(text.contains("没有人还能收到"), "{text}");
    assert!(
        text.contains(&customers[1]) && text.contains("已到群发上限"),
        "{text}"
    );
    agent.idle().await;
    assert_eq!(mock.calls(TASK).len(), 1);
}

#[tokio::test]
async fn whoever_joined_a_task_is_led_to_it_by_their_trace() {
    let mock = mock().await;
    let agent = start(&mock, "").await;
    let customers = crowd(&mock, &agent, 2, &["lin.mei"]).await;
    steps(&mock, &agent, "2026-11-24 10:00", 2).await;
    agent.move_to(&mock, "2026-11-24 10:02");
    calls(&mock, TASK, 1).await;
    let created = until_listed(&agent, "created", 1).await;
    let broadcast = id(&created[0]);
    let effect = format!("out-{}", created[0]["effect"]);
    let trace = |what: &str| {
        let told = agent.run(&["trace", what]);
        assert!(told.status.success(), "{told:?}");
        String::from_utf8(told.stdout).expect("UTF-8")
    };
    for customer in &customers {
        let told = trace(customer);
        let line = told.lines().find(|line| line.contains(&broadcast));
        let line = line.unwrap_or_else(|| panic!("{told}"));
        assert!(line.contains(&effect), "{told}");
        let own = format!("{customer}：待确认");
        assert!(line.contains(&own), "what became of this one: {told}");
    }
    // From the task and from its effect one comes to the decision that began it.
    let began = trace(&broadcast);
    assert!(began.contains(&effect), "{began}");
    assert_eq!(trace(&effect), began);
    let unknown = agent.run(&["trace", "bc-99999"]);
    assert_eq!(unknown.status.code(), Some(1));
}

#[tokio::test]
async fn what_is_taken_back_goes_no_further() {
    let mock = mock().await;
    let agent = start(&mock, "").await;
    crowd(&mock, &agent, 4, &["lin.mei", "zhao.min"]).await;
    steps(&mock, &agent, "2026-11-24 10:00", 4).await;
    let gathering = until_listed(&agent, "gathering", 2).await;
    let first = id(of(&gathering, "lin.mei"));
    let output = agent.run(&["broadcasts", "cancel", &first]);
    assert!(output.status.success(), "{output:?}");
    until_listed(&agent, "cancelled", 1).await;
    let output = agent.run(&[
        "broadcasts",
        "list",
        "--state",
        "cancelled",
        "--format",
        "json",
    ]);
    let list: Vec<Value> = serde_json::from_slice(&output.stdout).expect("a JSON list");
    assert_eq!(id(&list[0]), first);
    let again = agent.run(&["broadcasts", "cancel", &first]);
    assert_eq!(again.status.code(), Some(1));

    agent.move_to(&mock, "2026-11-24 10:02");
    let created = until_listed(&agent, "created", 1).await;
    assert_eq!(body(&calls(&mock, TASK, 1).await[0])["sender"], "zhao.min");
    let output = agent.run(&["broadcasts", "cancel", &id(&created[0])]);
    assert!(output.status.success(), "{output:?}");
    calls(&mock, CANCEL, 1).await;
    let cancelled = until_listed(&agent, "cancelled", 2).await;
    assert_eq!(of(&cancelled, "zhao.min")["counts"]["cancelled"], 2);
    assert_eq!(mock.calls(TASK).len(), 1);
}

/// Four customers of two members; a kill while they gather, another while WeCom makes the
/// first task: `action` says whether it gets through.
async fn killed(action: Action, store: &'static str) {
    let mock = mock().await;
    let mut agent = AgentBuilder::new()
        .file("rules/rules.yaml", RULES)
        .file("sops/plans.yaml", PLANS)
        .file("templates/news.txt", "春茶到了")
        .file("templates/more.txt", "还有一点")
        // A machine with much to do may take longer than two seconds for an answer.
        .edit("timeout = \"2s\"", "timeout = \"30s\"")
        .store(store)
        .start(&mock)
        .await;
    agent.move_to(&mock, "2026-11-23 10:00");
    crowd(&mock, &agent, 4, &["lin.mei", "zhao.min"]).await;
    steps(&mock, &agent, "2026-11-24 10:00", 4).await;
    until_listed(&agent, "gathering", 2).await;
    agent.kill();
    agent.restart(&mock).await;
    until_listed(&agent, "gathering", 2).await;

    fault(&mock, TASK, action);
    agent.move_to(&mock, "2026-11-24 10:02");
    eventually("a first try", async || {
        (!mock.calls(TASK).is_empty()).then_some(())
    })
    .await;
    agent.kill();
    agent.restart(&mock).await;
    agent.move_to(&mock, "2026-11-24 10:05");
    let created = until_listed(&agent, "created", 2).await;
    agent.move_to(&mock, "2026-11-24 10:30");
    agent.idle().await;
    let mut senders: Vec<String> = applied_tasks(&mock)
        .iter()
        .map(|task| task["sender"].as_str().expect("a sender").to_owned())
        .collect();
    senders.sort_unstable();
    assert_eq!(senders, ["lin.mei", "zhao.min"], "each task once");
    for broadcast in &created {
        let sender = broadcast["head"]["sender"].as_str().expect("a sender");
        confirm(&mock, broadcast, sender);
    }
    agent.move_to(&mock, "2026-11-24 11:00");
    for broadcast in until_listed(&agent, "finished", 2).await {
        assert_eq!(broadcast["counts"]["delivered"], 2);
    }
}

/// The requests that have made a task, whatever was answered.
fn applied_tasks(mock: &MockWecom) -> Vec<Value> {
    let tasks = mock.calls(TASK).into_iter().filter(|call| call.applied);
    tasks.map(|call| body(&call).clone()).collect()
}

#[tokio::test]
async fn a_kill_while_wecom_makes_the_task_never_makes_two() {
    killed(Action::DropAfter, "redb").await;
}

#[tokio::test]
async fn a_kill_before_wecom_heard_of_the_task_makes_one() {
    killed(Action::DropBefore, "sled").await;
}

#[tokio::test]
async fn wecom_refusing_for_good_is_seen_and_nothing_else_stops() {
    let mock = mock().await;
    let agent = start(&mock, "").await;
    crowd(&mock, &agent, 2, &["lin.mei", "zhao.min"]).await;
    steps(&mock, &agent, "2026-11-24 10:00", 2).await;
    fault(&mock, TASK, crate::support::errcode(41048));
    agent.move_to(&mock, "2026-11-24 10:02");
    calls(&mock, TASK, 1).await;
    agent.idle().await;
    agent.move_to(&mock, "2026-11-24 10:05");
    let failed = until_listed(&agent, "failed", 1).await;
    assert_eq!(failed[0]["counts"]["refused"], 1);
    assert_eq!(until_listed(&agent, "created", 1).await.len(), 1);
    assert_eq!(applied(&mock, TASK).len(), 1);
}
