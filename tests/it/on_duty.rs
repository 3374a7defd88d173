//! The roster where it is used: sessions handed over to who is on duty, and members of the
//! company who wait in a chat with the app.

use mock_wecom::{KfAccount, MockWecom, Servicer};
use serde_json::Value;

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, KF, OTHER_CUSTOMER, applied, calls, member_says, mock,
};

const MOVE: &str = "service_state/trans";
const SEND: &str = "message/send";

const ROSTER: &str = "\
version: 1
groups:
  值班组:
    shifts:
      - {who: lin.mei, days: 工作日, from: \"09:00\", to: \"18:00\"}
    fallback: zhao.min
  夜班组:
    shifts:
      - {who: wang.wei, days: 工作日, from: \"20:00\", to: \"23:00\"}
unanswered:
  channels: [app]
  steps:
    - {after: 5m, tell: 值班组}
    - {after: 10m, tell: wang.wei}
";

const RULES: &str = "\
version: 1
rules:
  - {id: human, when: {any: [转人工]}, do: [{transfer: 值班组}]}
  - {id: night, when: {any: [夜班]}, do: [{transfer: 夜班组}]}
  - {id: price, when: {any: [价格]}, do: [{reply: hello}]}
";

async fn start(mock: &MockWecom) -> Agent {
    let servicer = |userid: &str| Servicer {
        userid: userid.to_owned(),
        status: 0,
    };
    mock.put_kf_accounts(vec![KfAccount {
        open_kfid: KF.to_owned(),
        name: "客服".to_owned(),
        servicers: vec![servicer("lin.mei"), servicer("zhao.min")],
        ..KfAccount::default()
    }]);
    let agent = AgentBuilder::new()
        .file("rules/rules.yaml", RULES)
        .file("rules/roster.yaml", ROSTER)
        .start(mock)
        .await;
    agent.move_to(mock, "2026-11-23 10:00");
    agent
}

/// To whom the sessions went, in order.
fn taken_by(mock: &MockWecom) -> Vec<Value> {
    let moves = applied(mock, MOVE).into_iter();
    let to_people = moves.filter(|call| call.request["body"]["service_state"] != 1);
    to_people
        .map(|call| call.request["body"]["servicer_userid"].clone())
        .collect()
}

#[tokio::test]
async fn a_session_goes_to_who_is_on_duty_and_else_to_who_stands_in() {
    let mock = mock().await;
    let agent = start(&mock).await;
    mock.say(CUSTOMER, "转人工").await.expect("push");
    calls(&mock, MOVE, 1).await;
    agent.idle().await;
    assert_eq!(taken_by(&mock), ["lin.mei"]);

    // Nobody of the group is on duty in the evening.
    agent.move_to(&mock, "2026-11-23 20:30");
    mock.say(OTHER_CUSTOMER, "转人工").await.expect("push");
    calls(&mock, MOVE, 2).await;
    agent.idle().await;
    assert_eq!(taken_by(&mock), ["lin.mei", "zhao.min"]);
}

#[tokio::test]
async fn who_is_no_servicer_cannot_take_a_session_and_it_waits_in_the_pool() {
    let mock = mock().await;
    let agent = start(&mock).await;
    // The next shift is that of somebody whom the account does not know.
    mock.say(CUSTOMER, "夜班").await.expect("push");
    calls(&mock, MOVE, 1).await;
    agent.idle().await;
    let pooled = applied(&mock, MOVE);
    let last = pooled.last().expect("a move");
    assert_eq!(last.request["body"]["service_state"], 2);
    let sent = agent.queued("sent", 1).await;
    let note = sent.iter().find(|item| item["what"] == "kf_transfer");
    let note = note.expect("the transfer")["reason"].to_string();
    assert!(note.contains("into the waiting pool"), "{note}");
}

#[tokio::test]
async fn a_member_who_waits_in_the_chat_with_the_app_climbs_the_ladder() {
    let mock = mock().await;
    let agent = start(&mock).await;
    member_says(&mock, "zhao.min", "报销单卡住了").await;
    agent.timers(1).await;
    // Customers are not on this ladder.
    mock.say(CUSTOMER, "在吗").await.expect("push");
    agent.idle().await;
    agent.timers(1).await;
    agent.move_to(&mock, "2026-11-23 10:06");
    let told = calls(&mock, SEND, 1).await;
    let body = &told[0].request["body"];
    assert_eq!(body["touser"], "lin.mei");
    let text = body["text"]["content"].as_str().expect("a text");
    assert!(text.contains("报销单卡住了"), "{text}");
    agent.move_to(&mock, "2026-11-23 10:11");
    let told = calls(&mock, SEND, 2).await;
    assert_eq!(told[1].request["body"]["touser"], "wang.wei");

    // Who is answered waits no more.
    member_says(&mock, "wang.wei", "还有人吗").await;
    agent.timers(1).await;
    member_says(&mock, "wang.wei", "价格").await;
    agent.timers(0).await;
    agent.move_to(&mock, "2026-11-23 12:00");
    agent.idle().await;
    let to = |who: &str| {
        let sent = applied(&mock, SEND).into_iter();
        sent.filter(|call| call.request["body"]["touser"] == *who)
            .count()
    };
    assert_eq!((to("lin.mei"), to("wang.wei")), (1, 2));
}
