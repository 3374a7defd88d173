//! A disk without room: nothing is acknowledged that is not on it, and when there is room
//! again the program goes on by itself.

use mock_wecom::MockWecom;

use crate::support::{
    Agent, AgentBuilder, Callback, MEMBER, answers, eventually, exchange, mock, text_message,
};

/// An agent with room to begin with, and soon not enough to go on.
async fn cramped(mock: &MockWecom, store: &'static str) -> Agent {
    let builder = AgentBuilder::new().store(store).file_limit(4096);
    builder.start(mock).await
}

/// The status of a push; 0 if there was no answer.
async fn status(agent: &Agent, push: &Callback) -> u16 {
    exchange(agent.address(), &push.http("")).await.0.status
}

/// Pushes until one is not taken; how many were, and that one.
async fn fill(agent: &Agent) -> (usize, Callback) {
    let filler = "x".repeat(60_000);
    for n in 0..1000 {
        let text = format!("闲聊 {filler}");
        let push = Callback::xml("staff", &text_message(MEMBER, &text, n as u64));
        match status(agent, &push).await {
            200 => {}
            refused => {
                assert_eq!(refused, 0, "a push that was not stored was answered");
                return (n, push);
            }
        }
    }
    panic!("the disk was never full");
}

/// Everything that was acknowledged is there, and nothing twice.
async fn all_are_there(agent: &Agent, count: usize) {
    eventually("every acknowledged record is processed", async || {
        (agent.items(&["done"]).len() == count).then_some(())
    })
    .await;
}

fn hello() -> Callback {
    Callback::xml("staff", &text_message(MEMBER, "你好", 5000))
}

async fn nothing_is_acknowledged_until_a_restart_with_room(store: &'static str) {
    let mock = mock().await;
    let mut agent = cramped(&mock, store).await;
    let (accepted, refused) = fill(&agent).await;
    assert!(accepted > 0);
    for _ in 0..3 {
        assert_eq!(status(&agent, &refused).await, 0);
    }

    agent.kill();
    agent.restart(&mock).await;
    assert_eq!(status(&agent, &refused).await, 200);
    assert_eq!(status(&agent, &hello()).await, 200);
    assert_eq!(answers(&mock, MEMBER, 1).await, ["您好"]);
    all_are_there(&agent, accepted + 2).await;
}

#[tokio::test]
async fn on_a_full_disk_connections_are_cut_without_an_answer() {
    nothing_is_acknowledged_until_a_restart_with_room("redb").await;
}

#[tokio::test]
async fn on_a_full_disk_connections_are_cut_without_an_answer_on_sled() {
    nothing_is_acknowledged_until_a_restart_with_room("sled").await;
}

async fn the_agent_goes_on_by_itself(store: &'static str) {
    let mock = mock().await;
    let agent = cramped(&mock, store).await;
    let (accepted, refused) = fill(&agent).await;

    agent.limit("--fsize=unlimited:");
    for push in [refused, hello()] {
        eventually("the push is taken", async || {
            (status(&agent, &push).await == 200).then_some(())
        })
        .await;
    }
    assert_eq!(answers(&mock, MEMBER, 1).await, ["您好"]);
    all_are_there(&agent, accepted + 2).await;
}

#[tokio::test]
async fn when_there_is_room_again_the_agent_goes_on_by_itself() {
    the_agent_goes_on_by_itself("redb").await;
}

#[tokio::test]
async fn when_there_is_room_again_the_agent_goes_on_by_itself_on_sled() {
    the_agent_goes_on_by_itself("sled").await;
}
