//! A company's data in PostgreSQL: moved, backed up, restored, forgotten; and still there
//! after the server's machine has lost its power.

use std::path::Path;

use futures_util::future::join_all;

use crate::support::cluster::Cluster;
use crate::support::operator;
use crate::support::{
    Agent, AgentBuilder, CUSTOMER, Callback, OTHER_CUSTOMER, answers, eventually, exchange,
    members, mock, said_by_bot, text_message,
};

/// An agent with the usual rules on a database.
fn on(url: &str) -> AgentBuilder {
    AgentBuilder::new().database(url)
}

/// Points an agent that does not run at another database.
fn point(folder: &Path, old: &str, new: &str) {
    let config = folder.join("agent.toml");
    let text = std::fs::read_to_string(&config).expect("agent.toml");
    assert!(text.contains(old), "{old}");
    std::fs::write(&config, text.replace(old, new)).expect("agent.toml");
}

#[tokio::test]
async fn a_database_in_use_is_not_moved() {
    let (mock, cluster) = (mock().await, Cluster::shared());
    let url = cluster.database();
    let mut agent = on(&url).start(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    agent.idle().await;
    let away = [
        "store",
        "migrate",
        "--from",
        url.as_str(),
        "--to",
        "redb:away",
    ];
    let other = cluster.database();
    let on_top = [
        "store",
        "migrate",
        "--from",
        other.as_str(),
        "--to",
        url.as_str(),
    ];
    for arguments in [away, on_top] {
        let busy = operator::run(agent.folder(), &arguments).await;
        assert_eq!(busy.code, Some(2), "{}", busy.all());
        assert!(busy.all().contains("正被使用"), "{}", busy.all());
        assert!(!busy.all().contains("not-a-secret"), "{}", busy.all());
    }
    // It goes on as if nobody had asked.
    mock.say(CUSTOMER, "退款").await.expect("push");
    answers(&mock, CUSTOMER, 2).await;
    agent.idle().await;

    // Who was killed has not said goodbye: it is waited for.
    agent.kill();
    let moved = operator::run(agent.folder(), &away).await;
    assert_eq!(moved.code, Some(0), "{}", moved.all());
}

#[tokio::test]
async fn a_move_that_was_killed_goes_on_where_it_stopped() {
    let (mock, cluster) = (mock().await, Cluster::shared());
    let url = cluster.database();
    let mut agent = Agent::start(&mock).await;
    for who in [CUSTOMER, OTHER_CUSTOMER] {
        mock.say(who, "退款").await.expect("push");
        answers(&mock, who, 1).await;
    }
    agent.idle().await;
    assert_eq!(agent.terminate().await, Some(0));

    // Tables first, so that there is one whose rows take their time.
    let empty = [
        "store",
        "migrate",
        "--from",
        "redb:none",
        "--to",
        url.as_str(),
    ];
    std::fs::create_dir(agent.folder().join("none")).expect("a folder");
    let made = operator::run(agent.folder(), &empty).await;
    assert_eq!(made.code, Some(0), "{}", made.all());
    cluster.sql(
        &url,
        "DELETE FROM audit; \
         CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN PERFORM pg_sleep(60); RETURN NEW; END'; \
         CREATE TRIGGER slow BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION dawdle()",
    );
    let arguments = ["store", "migrate", "--from", "data", "--to", url.as_str()];
    let mut killed = operator::command(agent.folder(), &arguments)
        .spawn()
        .expect("a process");
    let asleep = "SELECT count(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event = 'PgSleep'";
    eventually("it is in the middle", async || {
        (cluster.sql(&url, asleep) == "1").then_some(())
    })
    .await;
    killed.kill().await.expect("killed");
    cluster.sql(
        &url,
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    cluster.sql(&url, "DROP TRIGGER slow ON contacts");
    let before = "SELECT (SELECT count(*) > 0 FROM inbox), (SELECT count(*) FROM contacts)";
    assert_eq!(cluster.sql(&url, before), "t|0");

    // Half of it is served to nobody.
    let there = format!("kind = \"postgres\"\nurl = \"{url}\"");
    let embedded = "kind = \"redb\"\npath = \"data\"";
    point(agent.folder(), embedded, &there);
    let refused = operator::run(agent.folder(), &["serve", "--config", "agent.toml"]).await;
    assert_eq!(refused.code, Some(2), "{}", refused.all());
    let moved = operator::run(agent.folder(), &arguments).await;
    assert_eq!(moved.code, Some(0), "{}", moved.all());
    agent.restart(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    answers(&mock, CUSTOMER, 2).await;
    assert_eq!(said_by_bot(&mock, CUSTOMER), ["退款请提供订单号", "您好"]);
    assert_eq!(said_by_bot(&mock, OTHER_CUSTOMER), ["退款请提供订单号"]);
}

#[tokio::test]
async fn a_backup_comes_back_into_another_database() {
    let (mock, cluster) = (mock().await, Cluster::shared());
    let (old, new) = (cluster.database(), cluster.database());
    let mut agent = on(&old).start(&mock).await;
    mock.say(CUSTOMER, "退款").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    agent.idle().await;
    let made = operator::run(agent.folder(), &["backup", "old.jsonl", "--format", "json"]).await;
    assert_eq!(made.code, Some(0), "{}", made.all());
    assert_eq!(made.json()["rows"]["record"], 1, "{}", made.stdout);
    mock.say(OTHER_CUSTOMER, "你好").await.expect("push");
    answers(&mock, OTHER_CUSTOMER, 1).await;
    agent.idle().await;
    let busy = operator::run(agent.folder(), &["restore", "old.jsonl"]).await;
    assert_eq!(busy.code, Some(2), "{}", busy.all());
    assert_eq!(agent.terminate().await, Some(0));
    let full = operator::run(agent.folder(), &["restore", "old.jsonl"]).await;
    assert_eq!(full.code, Some(1), "{}", full.all());

    point(agent.folder(), &old, &new);
    let restored = operator::run(agent.folder(), &["restore", "old.jsonl"]).await;
    assert_eq!(restored.code, Some(0), "{}", restored.all());
    let all = "SELECT string_agg(contact, ',') FROM inbox";
    assert_eq!(cluster.sql(&new, all), format!("ext:{CUSTOMER}"));
    agent.restart(&mock).await;
    // Beyond the second of the restore, which WeCom's whole seconds cannot tell from it.
    agent.ahead(&mock, 5);
    mock.say(CUSTOMER, "你好").await.expect("push");
    answers(&mock, CUSTOMER, 2).await;
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, CUSTOMER), ["退款请提供订单号", "您好"]);
    assert_eq!(said_by_bot(&mock, OTHER_CUSTOMER), ["您好"]);
}

#[tokio::test]
async fn what_was_exported_is_imported_and_forgotten_on_a_database() {
    let (mock, cluster) = (mock().await, Cluster::shared());
    let url = cluster.database();
    let agent = on(&url).start(&mock).await;
    mock.say(CUSTOMER, "电话 13912345678 退款")
        .await
        .expect("push");
    answers(&mock, CUSTOMER, 1).await;
    let line =
        format!("{{\"id\":\"1\",\"customer\":\"{CUSTOMER}\",\"set\":{{\"城市\":\"上海\"}}}}\n");
    std::fs::write(agent.folder().join("told.jsonl"), line).expect("a file");
    let told = operator::run(agent.folder(), &["import", "told.jsonl"]).await;
    assert_eq!(told.code, Some(0), "{}", told.all());
    agent.idle().await;
    let export = ["export", "--contact", CUSTOMER];
    let taken = operator::run(agent.folder(), &export).await;
    for part in ["13912345678", "上海", "意向/退款"] {
        assert!(taken.stdout.contains(part), "{part}: {}", taken.all());
    }

    let done = operator::run(agent.folder(), &["erase", CUSTOMER, "--yes"]).await;
    assert_eq!(done.code, Some(0), "{}", done.all());
    let gone = operator::run(agent.folder(), &export).await;
    assert_eq!(gone.code, Some(1), "{}", gone.all());
    let all = cluster.dump(&url);
    assert!(all.contains("CREATE TABLE"), "a whole dump");
    for part in ["13912345678", CUSTOMER, "上海"] {
        assert!(!all.contains(part), "{part}");
    }
    mock.say(OTHER_CUSTOMER, "退款").await.expect("push");
    answers(&mock, OTHER_CUSTOMER, 1).await;
}

/// Rounds in which the server's power goes.
const CUTS: usize = 4;
/// Members who write at once.
const WRITERS: usize = 24;

#[tokio::test]
async fn what_was_acknowledged_survives_a_power_cut_of_the_server() {
    let mock = mock().await;
    let cluster = Cluster::start(true);
    let url = cluster.database();
    // The administrator wants speed; the promise does not depend on it.
    let name = url.rsplit('/').next().expect("a name");
    let weaken = format!("ALTER DATABASE {name} SET synchronous_commit = off");
    cluster.sql("postgres", &weaken);
    assert_eq!(cluster.sql(&url, "SHOW synchronous_commit"), "off");
    let writers = members(&mock, WRITERS);
    let agent = on(&url).start(&mock).await;
    let mut taken = 0;
    for round in 0..CUTS {
        // All have got their answer; a moment later the power is gone.
        let pushes = writers.iter().enumerate().map(async |(n, who)| {
            let number = (round * WRITERS + n) as u64;
            let push = Callback::xml("staff", &text_message(who, "你好", number));
            exchange(agent.address(), &push.http("")).await.0.status
        });
        let statuses = join_all(pushes).await;
        cluster.crash();
        cluster.resume();
        taken += statuses.iter().filter(|status| **status == 200).count();
        let sql = "SELECT count(*) FROM inbox";
        let kept: usize = cluster.sql(&url, sql).parse().expect("a number");
        assert!(kept >= taken, "{kept} of {taken} in round {round}");
        eventually("it takes messages again", async || {
            (agent.ready().await["ready"] == true).then_some(())
        })
        .await;
    }
    assert!(taken >= WRITERS, "the rounds did something");
    agent.idle().await;
}
