//! Moments by a plan: made, published by members, seen by customers.

use mock_wecom::{ContactAdd, MockWecom, MomentPublish};
use serde_json::Value;

use crate::support::{Agent, AgentBuilder, MEMBER, calls, errcode, eventually, fault, mock};

const TASK: &str = "externalcontact/add_moment_task";

const RULES: &str = "\
version: 1
rules:
  - {id: new, on: added, do: [{tag: 来源/新客}]}
";

const PLANS: &str = "\
version: 1
sops:
  - id: 周五朋友圈
    kind: recurring
    every: 周五 10:00
    audience: {has_tag: 来源/新客}
    steps:
      - {name: 发圈, via: moments, do: [{send: moment}]}
";

async fn start(mock: &MockWecom) -> Agent {
    let agent = AgentBuilder::new()
        .file("rules/rules.yaml", RULES)
        .file("sops/plans.yaml", PLANS)
        .file("templates/moment.txt", "新茶开园了")
        .edit("timeout = \"2s\"", "timeout = \"30s\"")
        .config("[alerts]\nto = [\"wang.wei\"]\n")
        .start(mock)
        .await;
    agent.move_to(mock, "2026-11-23 10:00");
    for (id, member) in [("wmA", MEMBER), ("wmB", "zhao.min")] {
        let added = ContactAdd {
            external_userid: id.to_owned(),
            userid: member.to_owned(),
            without_welcome: true,
            ..ContactAdd::default()
        };
        mock.added(added).await.expect("a member");
        eventually("tagged", async || {
            let tags = mock.tags_of(member, id);
            tags.contains(&"新客".to_owned()).then_some(())
        })
        .await;
    }
    agent.idle().await;
    // The plan is looked after before its time comes.
    eventually("looked after", async || {
        let shown = agent.run(&["sop", "show", "周五朋友圈", "--format", "json"]);
        let shown: Value = serde_json::from_slice(&shown.stdout).ok()?;
        (!shown["watch"].is_null()).then_some(())
    })
    .await;
    agent
}

async fn broadcast(agent: &Agent, state: &str) -> Value {
    eventually(&format!("a moment that is {state}"), async || {
        agent.broadcasts(state).await.into_iter().next()
    })
    .await
}

fn report(agent: &Agent) -> Value {
    let output = agent.run(&["sop", "report", "周五朋友圈", "--format", "json"]);
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[tokio::test]
async fn a_moment_is_made_published_and_seen() {
    let mock = mock().await;
    let agent = start(&mock).await;
    agent.move_to(&mock, "2026-11-27 10:00");
    eventually("both are in it", async || {
        let gathering = agent.broadcasts("gathering").await;
        (gathering.first()?["counts"]["planned"] == 2).then_some(())
    })
    .await;
    agent.idle().await;
    agent.move_to(&mock, "2026-11-27 10:02");
    let asked = calls(&mock, TASK, 1).await;
    let body = &asked[0].request["body"];
    assert!(asked[0].problems.is_empty(), "{:?}", asked[0].problems);
    assert_eq!(body["text"]["content"], "新茶开园了");
    let senders = &body["visible_range"]["sender_list"]["user_list"];
    assert_eq!(*senders, serde_json::json!([MEMBER, "zhao.min"]));
    let created = broadcast(&agent, "created").await;
    assert_eq!(report(&agent)[0]["targets"], 2);

    // WeCom has made the moment; one member publishes it.
    agent.move_to(&mock, "2026-11-27 10:10");
    let made = eventually("a moment", async || {
        let created = agent.broadcasts("created").await;
        created.first()?["task"].as_str().map(str::to_owned)
    })
    .await;
    assert!(created["job"].is_string() || !made.is_empty());
    let publish = MomentPublish {
        moment_id: made,
        userid: MEMBER.to_owned(),
    };
    mock.publish_moment(publish).expect("a moment");
    agent.move_to(&mock, "2026-11-27 10:30");
    eventually("one customer sees it", async || {
        let created = agent.broadcasts("created").await;
        (created.first()?["counts"]["delivered"] == 1).then_some(())
    })
    .await;
    eventually("the row of the step", async || {
        (report(&agent)[0]["delivery"]["delivered"] == 1).then_some(())
    })
    .await;

    // The other one never does: it is taken back, and the operators hear of it.
    agent.move_to(&mock, "2026-11-30 10:30");
    let expired = broadcast(&agent, "expired").await;
    assert_eq!(expired["counts"]["expired"], 1);
    let told = calls(&mock, "message/send", 1).await;
    let body = &told[0].request["body"];
    assert_eq!(body["touser"], "wang.wei");
    let text = body["text"]["content"].as_str().expect("a text");
    assert!(
        text.contains("群发过期") && text.contains("zhao.min"),
        "{text}"
    );
}

#[tokio::test]
async fn a_moment_that_wecom_refuses_is_a_failure_that_is_told() {
    let mock = mock().await;
    let agent = start(&mock).await;
    fault(&mock, TASK, errcode(48002));
    agent.move_to(&mock, "2026-11-27 10:00");
    broadcast(&agent, "gathering").await;
    agent.idle().await;
    agent.move_to(&mock, "2026-11-27 10:02");
    eventually("a try", async || {
        (!mock.calls(TASK).is_empty()).then_some(())
    })
    .await;
    agent.idle().await;
    agent.move_to(&mock, "2026-11-27 10:04");
    let failed = broadcast(&agent, "failed").await;
    assert!(failed["why"].to_string().contains("48002"), "{failed}");
    let told = calls(&mock, "message/send", 1).await;
    let text = told[0].request["body"]["text"]["content"].to_string();
    assert!(text.contains("群发失败"), "{text}");
    // The next Friday is another moment.
    agent.move_to(&mock, "2026-12-04 10:00");
    broadcast(&agent, "gathering").await;
    agent.idle().await;
    agent.move_to(&mock, "2026-12-04 10:02");
    calls(&mock, TASK, 1).await;
}
