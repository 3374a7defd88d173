//! Mass messages to customer groups by a plan: the owner confirms, and each group has its own
//! outcome.

use mock_wecom::{GroupCreate, MassConfirm, MockWecom};
use serde_json::{Value, json};

use crate::support::{Agent, AgentBuilder, MEMBER, calls, eventually, http, mock};

const TASK: &str = "externalcontact/add_msg_template";

const PLANS: &str = "\
version: 1
sops:
  - id: 新群
    kind: group
    target: {name: 会员*}
    steps:
      - {name: 群规, at: 1d 10:00, via: broadcast, do: [{send: news}]}
      - {name: 预告, at: 2d 10:00, via: broadcast, do: [{send: news}]}
";

async fn start(mock: &MockWecom) -> Agent {
    let agent = AgentBuilder::new()
        .file("sops/plans.yaml", PLANS)
        .file("templates/news.txt", "进群请看群规")
        .edit("timeout = \"2s\"", "timeout = \"30s\"")
        .start(mock)
        .await;
    agent.move_to(mock, "2026-11-23 15:00");
    for (id, owner) in [
        ("wrG1", MEMBER),
        ("wrG2", MEMBER),
        ("wrG3", MEMBER),
        ("wrG4", "zhao.min"),
    ] {
        let created = GroupCreate {
            chat_id: Some(id.to_owned()),
            name: format!("会员{id}"),
            owner: owner.to_owned(),
            members: Vec::new(),
        };
        mock.group_created(created).await.expect("a member");
    }
    agent.timers(4).await;
    agent.idle().await;
    agent
}

async fn dissolve(mock: &MockWecom, agent: &Agent, id: &str) {
    let dismiss = format!("{}/mock/group/dismiss", mock.base_url());
    let gone = http().post(dismiss).json(&json!({ "chat_id": id }));
    let answer = gone.send().await.expect("the mock answers");
    assert!(answer.status().is_success(), "{answer:?}");
    eventually("the group is gone", async || {
        let known = agent.known(id).await;
        known["group"].get("dissolved_at").map(|_| ())
    })
    .await;
    agent.idle().await;
}

async fn broadcasts(agent: &Agent, state: &str, count: usize) -> Vec<Value> {
    eventually(&format!("{count} × {state}"), async || {
        let found = agent.broadcasts(state).await;
        (found.len() == count).then_some(found)
    })
    .await
}

fn of<'b>(found: &'b [Value], owner: &str) -> &'b Value {
    let mut found = found.iter();
    found
        .find(|one| one["head"]["sender"] == owner)
        .expect("a broadcast of this owner")
}

fn report(agent: &Agent, step: usize) -> Value {
    let output = agent.run(&["sop", "report", "新群", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    report[step].clone()
}

#[tokio::test]
async fn each_owner_confirms_one_task_and_each_group_has_its_outcome() {
    let mock = mock().await;
    let agent = start(&mock).await;
    agent.move_to(&mock, "2026-11-24 10:00");
    eventually("all four groups", async || {
        let found = agent.broadcasts("gathering").await;
        let planned = |one: &Value| one["counts"]["planned"].as_u64().unwrap_or(0);
        (found.iter().map(planned).sum::<u64>() == 4).then_some(())
    })
    .await;
    agent.idle().await;
    agent.move_to(&mock, "2026-11-24 10:02");
    let tasks = calls(&mock, TASK, 2).await;
    for task in &tasks {
        assert!(task.problems.is_empty(), "{:?}", task.problems);
        assert_eq!(task.request["body"]["chat_type"], "group");
    }
    let created = broadcasts(&agent, "created", 2).await;
    let mine = of(&created, MEMBER);
    assert_eq!(mine["counts"]["created"], 3);

    // One group is dissolved before the owner confirms; another one is left out by hand.
    dissolve(&mock, &agent, "wrG3").await;
    let confirm = MassConfirm {
        msgid: mine["task"].as_str().expect("a task").to_owned(),
        userid: MEMBER.to_owned(),
        only: vec!["wrG1".to_owned(), "wrG3".to_owned()],
    };
    mock.confirm_mass(confirm).expect("a task");
    agent.move_to(&mock, "2026-11-24 12:00");
    let finished = broadcasts(&agent, "finished", 1).await;
    let counts = &finished[0]["counts"];
    assert_eq!(counts["delivered"], 1, "{counts}");
    assert_eq!(counts["created"], Value::Null, "{counts}");
    let output = agent.run(&["broadcasts", "show", &format!("bc-{}", finished[0]["id"])]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("wrG2") && text.contains("wrG3"), "{text}");
    assert!(!text.contains("wrG1 "), "{text}");
    let step = report(&agent, 0);
    assert_eq!(
        (&step["targets"], &step["delivery"]["delivered"]),
        (&json!(4), &json!(1))
    );

    // The other owner does nothing; the groups go on to the next step all the same.
    assert_eq!(
        of(&broadcasts(&agent, "created", 1).await, "zhao.min")["counts"]["created"],
        1
    );
    agent.move_to(&mock, "2026-11-25 10:00");
    eventually("three groups go on", async || {
        (report(&agent, 1)["targets"] == 4).then_some(())
    })
    .await;
    let step = report(&agent, 1);
    assert_eq!((&step["exited"], &step["on_time"]), (&json!(1), &json!(3)));
}
