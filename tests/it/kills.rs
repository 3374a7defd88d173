//! kill −9 under load, again and again: nothing that was acknowledged is lost, and only what
//! nobody can recognise again is left to a person.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use mock_wecom::MockWecom;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::support::cluster::Cluster;
use crate::support::{
    Agent, AgentBuilder, Callback, applied, customers, eventually, exchange, members, mock,
    said_by_bot, text_message,
};

/// Rounds on each engine, unless `WECOM_KILL_ROUNDS` says otherwise.
const ROUNDS: usize = 8;
/// Callbacks in a round, so many of them at once.
const LOAD: usize = 40;
const AT_ONCE: usize = 8;
/// After so many rounds one process answers every customer: messages pile up at WeCom while
/// nobody lives long enough to fetch them, and it takes five behind a customer's last one.
const CATCHES_UP: usize = 4;

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

fn rounds() -> usize {
    let wanted = std::env::var("WECOM_KILL_ROUNDS").ok();
    wanted.map_or(ROUNDS, |rounds| rounds.parse().expect("a number"))
}

/// One callback, and whose it is.
#[derive(Clone)]
struct Push {
    who: String,
    text: String,
    callback: Callback,
}

/// The callbacks of a round: each member writes, and two raise an alarm.
fn load(round: usize, members: &[String]) -> Vec<Push> {
    let push = |n: usize| {
        let who = members[n % members.len()].clone();
        let word = if n % (LOAD / 2) == 7 { "报警" } else { "第" };
        let text = format!("{word}{round:03}-{n:02}");
        let number = (round * LOAD + n) as u64;
        let callback = Callback::xml("staff", &text_message(&who, &text, number));
        Push {
            who,
            text,
            callback,
        }
    };
    (0..LOAD).map(push).collect()
}

/// Pushes until `dies_at` of them are acknowledged, then kills; those that were not.
async fn until_death(agent: &mut Agent, load: Vec<Push>, dies_at: usize) -> Vec<Push> {
    let (taken, time) = (AtomicUsize::new(0), Notify::new());
    let address = agent.address().to_owned();
    let mut left = Vec::new();
    let pushes = stream::iter(load).map(|push| {
        let (address, taken, time) = (&address, &taken, &time);
        async move {
            let (answer, _) = exchange(address, &push.callback.http("")).await;
            if answer.status == 200 && taken.fetch_add(1, Ordering::SeqCst) + 1 == dies_at {
                time.notify_one();
            }
            (answer.status != 200).then_some(push)
        }
    });
    let mut pushes = pushes.buffer_unordered(AT_ONCE);
    let mut dead = false;
    loop {
        tokio::select! {
            biased;
            () = time.notified(), if !dead => {
                agent.kill();
                dead = true;
            }
            pushed = pushes.next() => match pushed {
                Some(pushed) => left.extend(pushed),
                None => break,
            },
        }
    }
    if !dead {
        agent.kill();
    }
    left
}

async fn killed_again_and_again(store: &str, builder: AgentBuilder) {
    let mock = mock().await;
    let (members, customers) = (members(&mock, 20), customers(&mock, 4));
    let mut agent = builder
        .file("rules/count.yaml", RULES)
        .file("templates/echo.txt", "回 {{ message.text }}")
        .config("[guard]\nanswers = 0\n")
        .start(&mock)
        .await;
    let mut left = Vec::new();
    let mut asked: Vec<(String, String)> = Vec::new();
    for round in 0..rounds() {
        for customer in &customers {
            let text = format!("第{round:03}问");
            mock.say(customer, &text).await.expect("into the log");
            asked.push((customer.clone(), text));
        }
        // New rules come into force at the moment of the death.
        let rules = format!("{RULES}# {round}\n");
        std::fs::write(agent.folder().join("rules/count.yaml"), rules).expect("the rules");
        left.extend(load(round, &members));
        // Early, late and everything between, the same in every run.
        let dies_at = 1 + round * 17 % LOAD;
        left = until_death(&mut agent, left, dies_at).await;
        agent.ahead(&mock, 61);
        agent.restart(&mock).await;
        if round % CATCHES_UP == CATCHES_UP - 1 {
            // Nothing may be waiting here while much is waiting at WeCom.
            for customer in &customers {
                let answers = format!("{store}: answers to {customer} in round {round}");
                eventually(&answers, async || {
                    (said_by_bot(&mock, customer).len() > round).then_some(())
                })
                .await;
            }
            agent.idle().await;
            // Death comes at rest, too: before, at and after a checkpoint.
            sleep(Duration::from_millis(200 + round as u64 * 13 % 120)).await;
            agent.kill();
            agent.ahead(&mock, 61);
            agent.restart(&mock).await;
        }
    }
    for push in left {
        let (answer, _) = exchange(agent.address(), &push.callback.http("")).await;
        assert_eq!(answer.status, 200, "{store}: {}", push.text);
    }
    all_is_well(&mock, &agent, &members, &asked).await;
}

/// Everything was said once; of the alarms some may be left to a person.
async fn all_is_well(
    mock: &MockWecom,
    agent: &Agent,
    members: &[String],
    asked: &[(String, String)],
) {
    let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut alarms = Vec::new();
    for push in (0..rounds()).flat_map(|round| load(round, members)) {
        match push.text.starts_with("报警") {
            true => alarms.push(push.text),
            false => expected.entry(push.who).or_default().push(push.text),
        }
    }
    for (who, text) in asked {
        expected.entry(who.clone()).or_default().push(text.clone());
    }
    for (who, texts) in &expected {
        eventually(&format!("{} answers to {who}", texts.len()), async || {
            // Limits of WeCom by the minute may hold some back.
            (said_by_bot(mock, who).len() >= texts.len()).then_some(())
        })
        .await;
    }
    agent.ahead(mock, 61);
    agent.idle().await;
    for (who, texts) in &mut expected {
        let mut said = said_by_bot(mock, who);
        said.sort();
        texts.sort();
        let wanted: Vec<String> = texts.iter().map(|text| format!("回 {text}")).collect();
        assert_eq!(said, wanted, "{who}");
    }
    let unknown = agent.items(&["unknown"]).len();
    let raised: Vec<String> = applied(mock, "webhook/send")
        .iter()
        .map(|call| call.request["body"]["text"]["content"].to_string())
        .collect();
    let mut once = raised.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), raised.len(), "no alarm was raised twice");
    assert!(
        raised.len() + unknown >= alarms.len(),
        "{unknown} unknown, {raised:?}"
    );
    let ended = agent.items(&["dead", "failed"]);
    assert!(ended.is_empty(), "{ended:?}");
}

#[tokio::test]
async fn rounds_of_kill_minus_9_lose_and_double_nothing_on_redb() {
    killed_again_and_again("redb", AgentBuilder::new()).await;
}

#[tokio::test]
async fn rounds_of_kill_minus_9_lose_and_double_nothing_on_sled() {
    killed_again_and_again("sled", AgentBuilder::new().store("sled")).await;
}

#[tokio::test]
async fn rounds_of_kill_minus_9_lose_and_double_nothing_on_postgres() {
    let builder = AgentBuilder::new().database(&Cluster::shared().database());
    killed_again_and_again("postgres", builder).await;
}
