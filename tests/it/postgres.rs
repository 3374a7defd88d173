//! The real program on PostgreSQL: one replica, several, and a server that goes away.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mock_wecom::{Action, BotSay, MockWecom};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use crate::support::cluster::Cluster;
use crate::support::operator;
use crate::support::{
    Agent, AgentBuilder, CUSTOMER, MEMBER, answers, connect, eventually, fault, member_says,
    members, mock, said_by_bot,
};

const RULES: &str = "\
version: 1
rules:
  - id: count
    when: {any: [第]}
    do: [{reply: echo}]
";

/// A replica on a database.
async fn replica(mock: &MockWecom, url: &str) -> Agent {
    AgentBuilder::new()
        .file("rules/count.yaml", RULES)
        .file("templates/echo.txt", "回 {{ message.text }}")
        .config("[guard]\nanswers = 0\n")
        .database(url)
        .start(mock)
        .await
}

/// Passes each connection on to the next replica that takes it.
#[derive(Clone)]
struct Balancer {
    url: String,
    replicas: Arc<Mutex<Vec<String>>>,
}

impl Balancer {
    /// A balancer to which the mock pushes.
    async fn start(mock: &MockWecom, agents: &[&Agent]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let balancer = Self {
            url: format!("http://{address}"),
            replicas: Arc::default(),
        };
        for agent in agents {
            balancer.add(agent);
        }
        balancer.point(mock);
        let replicas = balancer.clone();
        tokio::spawn(async move {
            for turn in 0.. {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                tokio::spawn(replicas.clone().pass_on(stream, turn));
            }
        });
        balancer
    }

    /// Lets the mock push here. Every replica that starts lets it push to itself.
    fn point(&self, mock: &MockWecom) {
        connect(mock, &self.url);
    }

    fn add(&self, agent: &Agent) {
        let address = agent.address().to_owned();
        self.replicas.lock().expect("replicas").push(address);
    }

    /// Nothing more goes there.
    fn remove(&self, agent: &Agent) {
        let mut replicas = self.replicas.lock().expect("replicas");
        replicas.retain(|address| address != agent.address());
    }

    async fn pass_on(self, mut stream: TcpStream, turn: usize) {
        let replicas = self.replicas.lock().expect("replicas").clone();
        for place in 0..replicas.len() {
            let address = &replicas[(turn + place) % replicas.len()];
            if let Ok(mut replica) = TcpStream::connect(address).await {
                drop(tokio::io::copy_bidirectional(&mut stream, &mut replica).await);
                return;
            }
        }
    }
}

/// What was answered 200, and whether all of it was answered once.
#[derive(Default)]
struct Accepted(Vec<(String, String)>);

impl Accepted {
    /// One message of each member.
    async fn say(&mut self, mock: &MockWecom, members: &[String], text: &str) -> usize {
        let pushes = members.iter().map(|id| member_says(mock, id, text));
        let taken = futures_util::future::join_all(pushes).await;
        let before = self.0.len();
        for (member, taken) in members.iter().zip(taken) {
            if taken {
                self.0.push((member.clone(), format!("回 {text}")));
            }
        }
        self.0.len() - before
    }

    async fn are_answered_once(&self, mock: &MockWecom, members: &[String]) {
        for (member, answer) in &self.0 {
            eventually(&format!("{answer} to {member}"), async || {
                said_by_bot(mock, member).contains(answer).then_some(())
            })
            .await;
        }
        for member in members {
            let mut times: BTreeMap<String, usize> = BTreeMap::new();
            for text in said_by_bot(mock, member) {
                *times.entry(text).or_default() += 1;
            }
            times.retain(|_, times| *times > 1);
            assert!(times.is_empty(), "{member}: {times:?}");
        }
    }
}

#[tokio::test]
async fn a_message_is_answered_and_stays_answered_after_a_kill() {
    let (mock, cluster) = (mock().await, Cluster::shared());
    let url = cluster.database();
    let mut agent = replica(&mock, &url).await;
    mock.say(CUSTOMER, "我要退款").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    agent.idle().await;
    agent.kill();
    agent.restart(&mock).await;
    mock.say(CUSTOMER, "第二").await.expect("push");
    let said = answers(&mock, CUSTOMER, 2).await;
    assert_eq!(said, ["退款请提供订单号", "回 第二"]);

    // The tables say the same as the verbs, which need no server's help.
    let tags = "SELECT rule FROM report_contact_tags WHERE tag = '意向/退款'";
    assert_eq!(cluster.sql(&url, tags), "refund");
    let fired = "SELECT rule, fired FROM report_rules_per_day ORDER BY rule";
    assert_eq!(cluster.sql(&url, fired), "count|1\nrefund|1");
    assert!(agent.items(&["dead", "failed", "unknown"]).is_empty());
    assert_eq!(agent.items(&["done"]).len(), 2);
    // A reader of the database has no use for what it says of tokens.
    let tokens = cluster.sql(&url, "SELECT value FROM facts WHERE name LIKE 'token/%'");
    assert!(!tokens.is_empty());
    for call in mock.calls("kf/send_msg") {
        let token = call.request["query"]["access_token"].as_str();
        assert!(!tokens.contains(token.unwrap_or("no token")));
    }
}

#[tokio::test]
async fn replicas_that_are_killed_lose_and_double_nothing() {
    let (mock, cluster) = (mock().await, Cluster::shared());
    let url = cluster.database();
    let members = members(&mock, 6);
    let mut agents = [replica(&mock, &url).await, replica(&mock, &url).await];
    let balancer = Balancer::start(&mock, &[&agents[0], &agents[1]]).await;
    let mut accepted = Accepted::default();
    for round in 0..4 {
        for n in 0..5 {
            accepted
                .say(&mock, &members, &format!("第{round}轮{n}"))
                .await;
            if n == 2 {
                agents[round % 2].kill();
            }
        }
        let agent = &mut agents[round % 2];
        balancer.remove(agent);
        agent.restart(&mock).await;
        balancer.add(agent);
        balancer.point(&mock);
    }
    assert!(accepted.0.len() > 60, "the rounds did something");
    accepted.are_answered_once(&mock, &members).await;
    agents[0].idle().await;
    let sql = "SELECT count(*) FROM inbox WHERE state <> 'done'";
    assert_eq!(cluster.sql(&url, sql), "0");
    // One token of each app for all of them, however often they began.
    let asked = mock.calls("gettoken").len();
    assert!(asked <= 3, "{asked} tokens");
}

#[tokio::test]
async fn a_rolling_restart_loses_and_doubles_nothing() {
    let (mock, cluster) = (mock().await, Cluster::shared());
    let url = cluster.database();
    let members = members(&mock, 4);
    let mut agents = [replica(&mock, &url).await, replica(&mock, &url).await];
    let balancer = Balancer::start(&mock, &[&agents[0], &agents[1]]).await;
    let mut accepted = Accepted::default();
    for (round, agent) in agents.iter_mut().enumerate() {
        let before = format!("第{round}轮前");
        assert_eq!(accepted.say(&mock, &members, &before).await, members.len());
        balancer.remove(agent);
        let stopped = agent.terminate();
        let text = format!("第{round}轮中");
        let (code, _) = tokio::join!(stopped, accepted.say(&mock, &members, &text));
        assert_eq!(code, Some(0));
        agent.restart(&mock).await;
        balancer.add(agent);
        balancer.point(&mock);
        let after = format!("第{round}轮后");
        assert_eq!(accepted.say(&mock, &members, &after).await, members.len());
    }
    accepted.are_answered_once(&mock, &members).await;
}

#[tokio::test]
async fn who_was_stopped_for_too_long_changes_nothing() {
    let (mock, cluster) = (mock().await, Cluster::shared());
    let url = cluster.database();
    let stopped = replica(&mock, &url).await;
    fault(&mock, "kf/send_msg", Action::DelayMs { ms: 1_500 });
    mock.say(CUSTOMER, "第一").await.expect("push");
    eventually("the call is under way", async || {
        (cluster.sql(&url, "SELECT 1 FROM outbox WHERE state = 'working'") == "1").then_some(())
    })
    .await;
    stopped.signal("STOP");
    let other = replica(&mock, &url).await;
    // The other one takes the effect for interrupted and sends it again under its old msgid.
    eventually("taken over", async || {
        let sql = "SELECT 1 FROM outbox WHERE state = 'sent' AND interrupted";
        (cluster.sql(&url, sql) == "1").then_some(())
    })
    .await;
    stopped.signal("CONT");
    eventually("the first one is refused", async || {
        let logs = stopped.logs();
        let refused = logs.iter().find(|line| line.contains("no longer held"));
        refused.map(|_| ())
    })
    .await;
    assert_eq!(said_by_bot(&mock, CUSTOMER), ["回 第一"]);
    mock.say(CUSTOMER, "第二").await.expect("push");
    assert_eq!(answers(&mock, CUSTOMER, 2).await, ["回 第一", "回 第二"]);
    drop(other);
}

#[tokio::test]
async fn connections_that_are_cut_lose_and_double_nothing() {
    let (mock, cluster) = (mock().await, Cluster::shared());
    let url = cluster.database();
    let members = members(&mock, 4);
    let agent = replica(&mock, &url).await;
    let mut accepted = Accepted::default();
    for round in 0..6 {
        let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let text = format!("第{round}轮");
        let said = accepted.say(&mock, &members, &text);
        let cut = async { cluster.sql(&url, cut) };
        tokio::join!(said, cut);
    }
    accepted.say(&mock, &members, "第末").await;
    assert!(accepted.0.len() >= members.len(), "it goes on");
    accepted.are_answered_once(&mock, &members).await;
    drop(agent);
}

#[tokio::test]
async fn without_the_database_nothing_is_acknowledged() {
    let mock = mock().await;
    let cluster = Cluster::start(true);
    let url = cluster.database();
    let members = members(&mock, 3);
    let agent = replica(&mock, &url).await;
    let mut accepted = Accepted::default();
    assert_eq!(accepted.say(&mock, &members, "第一").await, members.len());
    cluster.stop();
    let began = Instant::now();
    assert_eq!(accepted.say(&mock, &members, "第二").await, 0);
    assert!(began.elapsed() < Duration::from_secs(6), "refused in time");
    cluster.resume();
    eventually("it takes messages again", async || {
        (accepted.say(&mock, &members, "第三").await > 0).then_some(())
    })
    .await;
    accepted.are_answered_once(&mock, &members).await;
    drop(agent);
}

#[tokio::test]
async fn a_callback_is_answered_by_the_replica_in_which_it_waits() {
    let (mock, cluster) = (mock().await, Cluster::shared());
    let url = cluster.database();
    let (one, other) = (replica(&mock, &url).await, replica(&mock, &url).await);
    let _balancer = Balancer::start(&mock, &[&one, &other]).await;
    for n in 0..10 {
        let message = BotSay {
            userid: MEMBER.to_owned(),
            content: Some(format!("第{n}")),
            ..BotSay::default()
        };
        let pushed = mock.bot_say(message).await.expect("said");
        let reply = pushed.reply.expect("an answer in the callback");
        assert_eq!(reply["stream"]["content"], format!("回 第{n}"));
    }
    assert!(
        mock.calls("aibot/response").is_empty(),
        "none took another way"
    );
}

/// What an export tells, without its order. (`jsonb` keeps none among the keys of an object.)
async fn exported(agent: &Agent) -> Vec<Value> {
    let told = operator::run(agent.folder(), &["export"]).await;
    assert_eq!(told.code, Some(0), "{}", told.all());
    let lines = told.stdout.lines();
    let mut rows: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).expect("a row"))
        .collect();
    rows.sort_by_key(|row| (row["kind"].to_string(), row["id"].to_string()));
    rows
}

#[tokio::test]
async fn the_data_moves_to_a_database_and_back() {
    let (mock, cluster) = (mock().await, Cluster::shared());
    let mut agent = Agent::start(&mock).await;
    mock.say(CUSTOMER, "退款").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    agent.idle().await;
    assert_eq!(agent.terminate().await, Some(0));
    let old = exported(&agent).await;

    let url = cluster.database();
    let there = ["store", "migrate", "--from", "data", "--to", url.as_str()];
    let moved = operator::run(agent.folder(), &there).await;
    assert_eq!(moved.code, Some(0), "{}", moved.all());
    let again = operator::run(agent.folder(), &there).await;
    assert_eq!(again.code, Some(1), "{}", again.all());
    for told in [moved, again] {
        assert!(!told.all().contains("not-a-secret"), "{}", told.all());
    }
    let deeds = cluster.sql(&url, "SELECT what FROM audit");
    assert!(deeds.contains("store migrate") && !deeds.contains("not-a-secret"));
    let back = [
        "store",
        "migrate",
        "--from",
        url.as_str(),
        "--to",
        "redb:back",
    ];
    let moved = operator::run(agent.folder(), &back).await;
    assert_eq!(moved.code, Some(0), "{}", moved.all());

    let config = agent.folder().join("agent.toml");
    let text = std::fs::read_to_string(&config).expect("agent.toml");
    let embedded = "kind = \"redb\"\npath = \"data\"";
    let text_back = text.replace(embedded, "kind = \"redb\"\npath = \"back\"");
    std::fs::write(&config, text_back).expect("agent.toml");
    assert_eq!(exported(&agent).await, old);
    let text = text.replace(embedded, &format!("kind = \"postgres\"\nurl = \"{url}\""));
    std::fs::write(&config, text).expect("agent.toml");
    assert_eq!(exported(&agent).await, old);

    // It goes on there, and knows what was.
    agent.restart(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    answers(&mock, CUSTOMER, 2).await;
    assert_eq!(said_by_bot(&mock, CUSTOMER), ["退款请提供订单号", "您好"]);
    let sql = "SELECT count(DISTINCT conversation) FROM inbox";
    assert_eq!(cluster.sql(&url, sql), "1");
}
