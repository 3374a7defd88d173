//! Caps, quiet hours and the wish for peace hold over everything that is said unasked: plans,
//! rules and internal groups together. Answers are never held.

use mock_wecom::{Action, ContactAdd, Entry, MockWecom};
use serde_json::{Value, json};

use crate::programmes::reported;
use crate::support::{
    Agent, AgentBuilder, MEMBER, answers, applied, calls, errcode, eventually, fault, member_says,
    mock,
};

const TASK: &str = "externalcontact/add_msg_template";
const ROBOT: &str = "webhook/send";

const RULES: &str = "\
version: 1
rules:
  - {id: new, on: added, do: [{tag: 来源/新客}]}
  - {id: peace, when: {any: [别打扰]}, do: [{tag: 名单/勿扰}]}
  - {id: price, when: {any: [价格]}, do: [{reply: price}]}
  - id: mass
    channel: [app]
    when: {match: exact, any: [发活动]}
    do: [{mass_message: {template: party, audience: {has_tag: 来源/新客}}}]
";

const OUTREACH: &str = "\
outreach:
  quiet: {from: \"21:00\", to: \"09:00\"}
  per_contact: [1/天]
  do_not_disturb: [名单/勿扰]
";

const PLANS: &str = "\
version: 1
sops:
  - id: 新客
    kind: lifecycle
    audience: {has_tag: 来源/新客, not_tag: 名单/老客}
    steps:
      - {at: 1d 10:00, name: 问候, via: broadcast, do: [{send: news}]}
";

async fn start(mock: &MockWecom, plans: &str) -> Agent {
    let agent = AgentBuilder::new()
        .file("rules/rules.yaml", RULES)
        .file("sops/plans.yaml", plans)
        .file("templates/news.txt", "春茶到了")
        .file("templates/party.txt", "周末品茶会")
        .file("templates/price.txt", "每斤三百")
        .edit("timeout = \"2s\"", "timeout = \"30s\"")
        .start(mock)
        .await;
    agent.move_to(mock, "2026-11-23 10:00");
    agent
}

/// A new customer, who has the tag that the rule gives.
pub(crate) async fn add(mock: &MockWecom, agent: &Agent, id: &str) {
    let added = ContactAdd {
        external_userid: id.to_owned(),
        userid: MEMBER.to_owned(),
        name: Some(id.to_owned()),
        without_welcome: true,
        ..ContactAdd::default()
    };
    mock.added(added).await.expect("a member");
    tagged(agent, id, "来源/新客").await;
    agent.idle().await;
}

pub(crate) async fn tagged(agent: &Agent, id: &str, tag: &str) {
    eventually(&format!("{id} has {tag}"), async || {
        let known = agent.known(id).await;
        known["tags"].get(tag).map(|_| ())
    })
    .await;
}

fn receivers(task: &Entry) -> Vec<&str> {
    let list = task.request["body"]["external_userid"].as_array();
    let ids = list.into_iter().flatten().filter_map(Value::as_str);
    ids.collect()
}

async fn shown(agent: &Agent, state: &str) -> (String, Value) {
    let found = eventually(&format!("a broadcast that is {state}"), async || {
        agent.broadcasts(state).await.into_iter().next()
    })
    .await;
    let id = format!("bc-{}", found["id"]);
    let output = agent.run(&["broadcasts", "show", &id]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    (text, found)
}

#[tokio::test]
async fn mautic_6729_caps_hold_over_rules_and_plans_and_answers_are_free_of_them() {
    let mock = mock().await;
    let agent = start(&mock, &format!("{OUTREACH}{PLANS}")).await;
    // Heard the plan's message today; wants peace; has heard nothing yet.
    let [heard, peace, free] = ["wmHEARD", "wmPEACE", "wmFREE"];
    add(&mock, &agent, heard).await;
    add(&mock, &agent, peace).await;
    mock.say(peace, "别打扰我").await.expect("push");
    tagged(&agent, peace, "名单/勿扰").await;
    agent.idle().await;
    agent.move_to(&mock, "2026-11-24 10:00");
    eventually("the first step", async || {
        let fired = agent.metric("wecom_agent_timers_fired_total").await;
        (fired >= 2.0).then_some(())
    })
    .await;
    agent.idle().await;
    agent.move_to(&mock, "2026-11-24 10:02");
    assert_eq!(receivers(&calls(&mock, TASK, 1).await[0]), [heard]);
    add(&mock, &agent, free).await;

    agent.move_to(&mock, "2026-11-24 15:00");
    member_says(&mock, MEMBER, "发活动").await;
    let tasks = calls(&mock, TASK, 2).await;
    assert_eq!(receivers(&tasks[1]), [free]);
    let created = eventually("both tasks", async || {
        let created = agent.broadcasts("created").await;
        (created.len() == 2).then_some(created)
    })
    .await;
    let mass = created
        .iter()
        .find(|one| one["head"]["rule"] == "mass")
        .expect("of the rule");
    assert_eq!(mass["counts"]["refused"], 2);
    let output = agent.run(&["broadcasts", "show", &format!("bc-{}", mass["id"])]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let line = |id: &str| text.lines().find(|line| line.contains(id)).expect("a line");
    assert!(line(heard).contains("已到消息条数上限"), "{text}");
    assert!(line(peace).contains("有勿扰标签"), "{text}");

    // A direct answer is held by nothing.
    mock.say(heard, "价格多少").await.expect("push");
    mock.say(peace, "价格多少").await.expect("push");
    answers(&mock, heard, 1).await;
    answers(&mock, peace, 1).await;
    // The mass message counts for the plan: a second one on the same day reaches nobody.
    member_says(&mock, MEMBER, "发活动").await;
    let (text, over) = shown(&agent, "finished").await;
    assert_eq!(over["counts"]["refused"], 3, "{text}");
    assert_eq!(applied(&mock, TASK).len(), 2);
}

#[tokio::test]
async fn a_mass_message_that_is_wanted_at_night_looks_for_its_audience_in_the_morning() {
    let mock = mock().await;
    let mut agent = start(&mock, &format!("version: 1\n{OUTREACH}")).await;
    add(&mock, &agent, "wmFREE").await;
    agent.move_to(&mock, "2026-11-23 22:00");
    member_says(&mock, MEMBER, "发活动").await;
    let (text, found) = shown(&agent, "gathering").await;
    assert!(text.contains("免打扰"), "{text}");
    let record = format!("in-{}", found["head"]["record"]);
    let trace = agent.run(&["trace", &record]).stdout;
    let trace = String::from_utf8(trace).expect("UTF-8");
    let task = trace.lines().find(|line| line.contains("→ bc-"));
    assert!(task.is_some_and(|task| task.contains("免打扰")), "{trace}");
    agent.idle().await;
    agent.kill();
    agent.restart(&mock).await;
    agent.move_to(&mock, "2026-11-24 08:58");
    agent.idle().await;
    assert_eq!(mock.calls(TASK).len(), 0);
    agent.move_to(&mock, "2026-11-24 09:00");
    assert_eq!(receivers(&calls(&mock, TASK, 1).await[0]), ["wmFREE"]);
}

#[tokio::test]
async fn a_task_that_gathers_into_the_night_is_made_in_the_morning() {
    let mock = mock().await;
    let plans = PLANS.replace(
        "    steps:",
        "    quiet: {from: \"10:02\", to: \"09:00\"}\n    steps:",
    );
    let agent = start(&mock, &plans).await;
    add(&mock, &agent, "wmFREE").await;
    agent.move_to(&mock, "2026-11-24 10:00");
    eventually("it gathers", async || {
        (agent.broadcasts("gathering").await.len() == 1).then_some(())
    })
    .await;
    agent.idle().await;
    // It is made later than a minute after it was decided, and that is in quiet hours.
    agent.move_to(&mock, "2026-11-24 10:02");
    eventually("it waits", async || {
        let held = agent.queue("ready").await;
        held.into_iter()
            .find(|item| item["reason"] == "quiet hours")
    })
    .await;
    agent.move_to(&mock, "2026-11-24 10:03");
    eventually("it says why", async || {
        let queued = agent.broadcasts("queued").await;
        queued.into_iter().find(|one| one["why"] == "quiet hours")
    })
    .await;
    assert_eq!(mock.calls(TASK).len(), 0);
    agent.move_to(&mock, "2026-11-25 09:00");
    assert_eq!(receivers(&calls(&mock, TASK, 1).await[0]), ["wmFREE"]);
}

const NOTICES: &str = "\
version: 1
outreach: {per_group: [1/天]}
sops:
  - id: 早报
    kind: recurring
    every: 每天 10:00
    target: {name: 会员*}
    steps: [{name: 早报, via: robot, to: 值班群, do: [{send: news}]}]
  - id: 群发
    kind: recurring
    every: 每天 11:00
    target: {name: 会员*}
    steps: [{name: 群发, via: broadcast, do: [{send: party}]}]
";

/// A customer group that the notices are about.
async fn group(mock: &MockWecom, agent: &Agent, id: &str, name: &str) {
    let created = mock_wecom::GroupCreate {
        chat_id: Some(id.to_owned()),
        name: name.to_owned(),
        owner: MEMBER.to_owned(),
        members: Vec::new(),
    };
    mock.group_created(created).await.expect("a member");
    eventually("the group is known", async || {
        (agent.known(id).await["name"] == *name).then_some(())
    })
    .await;
}

/// A robot's message that waits because its group has heard enough.
async fn group_is_full(agent: &Agent) -> Value {
    eventually("it waits for the cap", async || {
        let ready = agent.queue("ready").await;
        let limit = "the limit of messages is reached";
        ready.into_iter().find(|item| item["reason"] == limit)
    })
    .await
}

#[tokio::test]
async fn an_internal_group_counts_from_when_it_hears_and_not_from_the_first_try() {
    let mock = mock().await;
    let agent = start(&mock, NOTICES).await;
    group(&mock, &agent, "wrGROUP1", "会员一群").await;
    agent.idle().await;
    fault(&mock, ROBOT, errcode(45009));
    agent.move_to(&mock, "2026-11-24 10:00");
    eventually("WeCom refuses", async || {
        (mock.calls(ROBOT).len() == 1).then_some(())
    })
    .await;
    agent.move_to(&mock, "2026-11-24 10:59");
    eventually("it leaves", async || {
        agent.ahead(&mock, 5);
        (applied(&mock, ROBOT).len() == 1).then_some(())
    })
    .await;
    agent.move_to(&mock, "2026-11-25 10:30");
    assert_eq!(group_is_full(&agent).await["what"], "robot");
    let why = json!({ "the limit of messages is reached": 1 });
    reported(&agent, "早报", 0, json!({ "delivery_why": why })).await;
    agent.move_to(&mock, "2026-11-25 10:58");
    group_is_full(&agent).await;
    assert_eq!(applied(&mock, ROBOT).len(), 1);
    agent.move_to(&mock, "2026-11-25 11:10");
    calls(&mock, ROBOT, 2).await;
}

#[tokio::test]
async fn an_internal_group_hears_no_more_than_one_group_may_and_customers_do_not_pay_for_it() {
    let mock = mock().await;
    let agent = start(&mock, NOTICES).await;
    for (id, name) in [("wrGROUP1", "会员一群"), ("wrGROUP2", "会员二群")] {
        group(&mock, &agent, id, name).await;
    }
    agent.idle().await;
    agent.move_to(&mock, "2026-11-24 10:00");
    // Two customer groups, one internal group: it hears the first of the two.
    calls(&mock, ROBOT, 1).await;
    assert_eq!(group_is_full(&agent).await["what"], "robot");
    // The customer groups themselves have heard nothing yet.
    agent.move_to(&mock, "2026-11-24 11:00");
    eventually("both groups", async || {
        let gathering = agent.broadcasts("gathering").await;
        (gathering.first()?["counts"]["planned"] == 2).then_some(())
    })
    .await;
    agent.move_to(&mock, "2026-11-24 11:02");
    calls(&mock, TASK, 1).await;
    assert_eq!(applied(&mock, ROBOT).len(), 1);
}

#[tokio::test]
async fn what_wecom_refuses_for_good_is_not_counted_for_the_group() {
    let mock = mock().await;
    let noon = NOTICES.replace("群发\n", "午报\n").replace(
        "via: broadcast, do: [{send: party}]",
        "via: robot, to: 值班群, do: [{send: party}]",
    );
    let agent = start(&mock, &noon).await;
    group(&mock, &agent, "wrGROUP1", "会员一群").await;
    agent.idle().await;
    fault(&mock, ROBOT, errcode(40058));
    agent.move_to(&mock, "2026-11-24 10:00");
    agent.queued("failed", 1).await;
    agent.move_to(&mock, "2026-11-24 11:00");
    calls(&mock, ROBOT, 1).await;
}

const EVENING: &str = "\
version: 1
outreach:
  quiet: {from: \"21:00\", to: \"09:00\"}
  per_group: [1/天]
sops:
  - id: 新群
    kind: group
    target: {name: 会员*}
    steps:
      - {name: 预告, at: 0d 20:40, via: broadcast, do: [{send: news}]}
      - {name: 次日, at: 1d 10:00, via: broadcast, do: [{send: party}]}
";

#[tokio::test]
async fn what_waited_for_the_morning_counts_before_wecom_has_answered() {
    let mock = mock().await;
    let agent = start(&mock, EVENING).await;
    group(&mock, &agent, "wrEVENING", "会员一群").await;
    agent.idle().await;
    // It is decided in the evening, and gathers until it is quiet.
    agent.move_to(&mock, "2026-11-23 20:41");
    reported(&agent, "新群", 0, json!({ "on_time": 1 })).await;
    agent.move_to(&mock, "2026-11-23 21:45");
    eventually("it waits for the morning", async || {
        let waits = agent.queue("ready").await;
        let quiet = |item: &Value| item["reason"] == "quiet hours";
        waits.iter().any(quiet).then_some(())
    })
    .await;
    // While WeCom takes its time with it, the next step comes due.
    fault(&mock, TASK, Action::DelayMs { ms: 3000 });
    agent.move_to(&mock, "2026-11-24 09:59");
    eventually("it is under way", async || {
        agent.queue("ready").await.is_empty().then_some(())
    })
    .await;
    agent.move_to(&mock, "2026-11-24 10:01");
    reported(&agent, "新群", 1, json!({ "waiting": 1 })).await;
    agent.ahead(&mock, 300);
    agent.idle().await;
    let today = applied(&mock, TASK);
    assert_eq!(today.len(), 1, "{today:?}");
    agent.move_to(&mock, "2026-11-25 10:02");
    calls(&mock, TASK, 2).await;
}
