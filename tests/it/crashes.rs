//! kill -9: what was accepted is not lost, what was sent is not doubled.

use std::time::Duration;

use mock_wecom::{Action, MockWecom};

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, answers, calls, customers, eventually, fault, member_says,
    members, mock, operator, said_by_bot,
};

const RULES: &str = "\
version: 1
rules:
  - id: count
    when: {any: [第]}
    do: [{reply: echo}, {tag: 客户等级/意向}]
  - id: alarm
    when: {any: [报警]}
    do: [{robot: {to: 值班群, text: '{{ message.text }}'}}]
";

async fn start(mock: &MockWecom, store: &'static str) -> Agent {
    AgentBuilder::new()
        .file("rules/count.yaml", RULES)
        .file("templates/echo.txt", "回 {{ message.text }}")
        .config("[guard]\nanswers = 0\n")
        .store(store)
        .start(mock)
        .await
}

#[tokio::test]
async fn what_was_answered_200_is_there_after_a_kill() {
    tokio::join!(is_there_after_a_kill("redb"), is_there_after_a_kill("sled"));
}

async fn is_there_after_a_kill(store: &'static str) {
    let mock = mock().await;
    let members = members(&mock, 20);
    let mut agent = start(&mock, store).await;
    let pushes = members.iter().map(|id| member_says(&mock, id, "第一"));
    let taken = futures_util::future::join_all(pushes).await;
    agent.kill();
    assert!(taken.iter().all(|taken| *taken), "all were answered 200");

    agent.restart(&mock).await;
    for id in &members {
        answers(&mock, id, 1).await;
    }
    agent.idle().await;
    for id in &members {
        assert_eq!(said_by_bot(&mock, id), ["回 第一"], "{store}");
    }
}

#[tokio::test]
async fn an_effect_in_flight_at_the_kill_is_taken_up_at_the_start() {
    let mock = mock().await;
    let mut agent = start(&mock, "redb").await;
    fault(&mock, "kf/send_msg", Action::Hang);
    mock.say(CUSTOMER, "第一").await.expect("push");
    eventually("the call is under way", async || {
        (mock.calls("kf/send_msg").len() == 1).then_some(())
    })
    .await;
    agent.kill();

    let began = std::time::Instant::now();
    agent.restart(&mock).await;
    let sent = calls(&mock, "kf/send_msg", 1).await;
    // The lease would have run for minutes; the claim of a dead process ends at the start.
    assert!(began.elapsed() < Duration::from_secs(10));
    let first = &mock.calls("kf/send_msg")[0].request["body"]["msgid"];
    assert_eq!(&sent[0].request["body"]["msgid"], first);
    assert_eq!(said_by_bot(&mock, CUSTOMER), ["回 第一"]);
}

#[tokio::test]
async fn a_robots_message_in_flight_at_the_kill_is_kept_as_unknown() {
    let mock = mock().await;
    let mut agent = start(&mock, "redb").await;
    fault(&mock, "webhook/send", Action::DelayMs { ms: 1_000 });
    mock.say(CUSTOMER, "报警").await.expect("push");
    eventually("the call is under way", async || {
        let claimed = agent.queue("working").await;
        claimed
            .iter()
            .any(|item| item["what"] == "robot")
            .then_some(())
    })
    .await;
    agent.kill();
    agent.restart(&mock).await;

    let unknown = agent.queued("unknown", 1).await;
    assert!(
        unknown[0]["reason"]
            .to_string()
            .contains("stopped during an attempt")
    );
    agent.idle().await;
    assert!(
        mock.calls("webhook/send").len() <= 1,
        "not sent a second time"
    );
}

#[tokio::test]
async fn answers_of_one_person_keep_their_order() {
    let mock = mock().await;
    let agent = start(&mock, "redb").await;
    let members = members(&mock, 4);
    // Some calls are lost on the way; nobody's later answer overtakes.
    for skip in [3, 9, 20] {
        mock.fault(mock_wecom::Fault {
            path: "message/send".to_owned(),
            times: 1,
            skip,
            action: Action::DropAfter,
        });
    }
    for n in 0..25 {
        let pushes = members.iter().map(|id| {
            let text = format!("第{n:02}句");
            let mock = &mock;
            async move { member_says(mock, id, &text).await }
        });
        let taken = futures_util::future::join_all(pushes).await;
        assert!(taken.iter().all(|taken| *taken));
    }
    let expected: Vec<String> = (0..25).map(|n| format!("回 第{n:02}句")).collect();
    for id in &members {
        assert_eq!(answers(&mock, id, 25).await, expected);
    }
    agent.idle().await;
}

#[tokio::test]
async fn one_slow_customer_holds_up_nobody_else() {
    let mock = mock().await;
    let agent = start(&mock, "redb").await;
    let others = customers(&mock, 3);
    fault(&mock, "kf/send_msg", Action::Hang);
    mock.say(CUSTOMER, "第一").await.expect("push");
    eventually("the call hangs", async || {
        (mock.calls("kf/send_msg").len() == 1).then_some(())
    })
    .await;

    for other in &others {
        mock.say(other, "第二").await.expect("push");
        answers(&mock, other, 1).await;
    }
    assert_eq!(
        said_by_bot(&mock, CUSTOMER).len(),
        0,
        "that one still hangs"
    );
    answers(&mock, CUSTOMER, 1).await;
    agent.idle().await;
}

#[tokio::test]
async fn a_second_process_on_the_same_data_refuses_and_says_so() {
    tokio::join!(second_refuses("redb"), second_refuses("sled"));
}

async fn second_refuses(store: &'static str) {
    let mock = mock().await;
    let agent = start(&mock, store).await;
    let second = operator::run(agent.folder(), &["serve"]).await;
    assert_eq!(second.code, Some(2), "{}", second.all());
    assert!(
        second.stderr.contains("正被另一个进程使用"),
        "{}",
        second.all()
    );
    assert!(!second.stdout.contains("已启动"));
    // The first one has not noticed.
    mock.say(CUSTOMER, "第一").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
}
