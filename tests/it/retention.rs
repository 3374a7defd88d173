//! Each `[retention]` lets go of its own kind of data when its time is over, and of no other.

use mock_wecom::{ContactAdd, ContactDelete, MockWecom};
use serde_json::Value;

use crate::support::{Agent, AgentBuilder, CUSTOMER, MEMBER, answers, eventually, mock, operator};

/// Comes and goes on the first day.
const NEWCOMER: &str = "wmNEWCOMER00000000000000000001";

const PLANS: &str = "\
version: 1
sops:
  - id: 新客
    kind: lifecycle
    audience: {not_tag: 客户/已购买}
    steps:
      - {at: 0d, do: [{tag: 阶段/头几天}]}
";

const RETENTION: &str = "\
[retention]
traces = \"1d\"
history = \"30d\"
reports = \"3d\"
audit = \"5d\"
lost_customers = \"7d\"
";

/// What is still there, in the order in which it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    traces: bool,
    steps: bool,
    deeds: bool,
    lost: bool,
}

const ALL: Kept = Kept {
    traces: true,
    steps: true,
    deeds: true,
    lost: true,
};

async fn kept(agent: &Agent) -> Kept {
    let export = operator::run(agent.folder(), &["export"]).await.stdout;
    let rows: Vec<Value> = export
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let any = |kind: &str| rows.iter().any(|row| row["kind"] == kind);
    let done = agent.items(&["done"]);
    let audit = ["audit", "--since", "365d", "--format", "json"];
    let deeds = operator::run(agent.folder(), &audit).await.stdout;
    assert!(export.contains(CUSTOMER), "who is not lost stays");
    Kept {
        traces: done.iter().any(|item| !agent.show(item)["trace"].is_null()),
        steps: any("sop_step"),
        deeds: deeds.contains("queue redrive"),
        lost: export.contains(NEWCOMER),
    }
}

/// Data of every kind, on one day.
async fn first_day(mock: &MockWecom, agent: &Agent) {
    mock.say(CUSTOMER, "你好").await.expect("push");
    answers(mock, CUSTOMER, 1).await;
    let add = ContactAdd {
        external_userid: NEWCOMER.to_owned(),
        userid: MEMBER.to_owned(),
        ..ContactAdd::default()
    };
    mock.added(add).await.expect("a member");
    eventually("the first step is done", async || {
        let tags = mock.tags_of(MEMBER, NEWCOMER);
        tags.contains(&"头几天".to_owned()).then_some(())
    })
    .await;
    agent.ahead(mock, 10);
    let gone = ContactDelete {
        external_userid: NEWCOMER.to_owned(),
        userid: MEMBER.to_owned(),
        by_customer: true,
    };
    mock.deleted(gone).await.expect("a pair");
    eventually("the customer is lost", async || {
        let known = agent.known(NEWCOMER).await;
        known["lost_at"].is_number().then_some(())
    })
    .await;
    operator::run(agent.folder(), &["queue", "redrive", "out-1"]).await;
    agent.idle().await;
}

#[tokio::test]
async fn each_kind_goes_in_its_time() {
    let mock = mock().await;
    let mut agent = AgentBuilder::new()
        .file("sops/plans.yaml", PLANS)
        .config(RETENTION)
        .start(&mock)
        .await;
    first_day(&mock, &agent).await;
    assert_eq!(kept(&agent).await, ALL);

    let mut left = ALL;
    let lets_go: [fn(&mut Kept); 4] = [
        |kept| kept.traces = false,
        |kept| kept.steps = false,
        |kept| kept.deeds = false,
        |kept| kept.lost = false,
    ];
    // Odd days are over one by one; the time of each kind is over with one of them.
    let (hour, day) = (3600, 24 * 3600);
    pass(&mock, &mut agent, day - hour).await;
    for (go, until) in lets_go.into_iter().zip([1, 3, 5, 7]) {
        // The look at the start took nothing away too early.
        assert_eq!(
            kept(&agent).await,
            left,
            "an hour before day {until} is over"
        );
        pass(&mock, &mut agent, 2 * hour).await;
        go(&mut left);
        eventually(&format!("day {until} is over"), async || {
            (kept(&agent).await == left).then_some(())
        })
        .await;
        pass(&mock, &mut agent, 2 * day - 2 * hour).await;
    }
    let audit = operator::run(agent.folder(), &["audit", "--since", "365d"]).await;
    assert!(
        audit.stdout.contains("retention.lost_customers"),
        "{}",
        audit.all()
    );
    assert!(!audit.stdout.contains(NEWCOMER), "{}", audit.all());
    let export = operator::run(agent.folder(), &["export"]).await;
    assert!(!export.stdout.contains(NEWCOMER), "{}", export.stdout);
}

/// Time passes while nothing runs; what looks after the data does so at every start.
async fn pass(mock: &MockWecom, agent: &mut Agent, secs: i64) {
    agent.ahead(mock, secs);
    assert_eq!(agent.terminate().await, Some(0));
    agent.restart(mock).await;
    agent.idle().await;
}
