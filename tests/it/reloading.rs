//! Changed files take effect; broken ones leave the last good set in force.

use crate::support::cluster::Cluster;
use crate::support::{Agent, AgentBuilder, CUSTOMER, answers, applied, eventually, mock, operator};

const RELOAD_OK: &str = "wecom_agent_reload_ok";

fn write(agent: &Agent, path: &str, text: &str) {
    std::fs::write(agent.folder().join(path), text).expect("written");
}

async fn version(agent: &Agent) -> String {
    agent.ready().await["rules"]["version"].to_string()
}

#[tokio::test]
async fn a_changed_template_and_a_new_rule_take_effect() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let before = version(&agent).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    assert_eq!(answers(&mock, CUSTOMER, 1).await, ["您好"]);

    write(&agent, "templates/hello.txt", "欢迎光临");
    write(
        &agent,
        "rules/more.yaml",
        "version: 1\nrules:\n  - id: more\n    when: {any: [地址]}\n    do: [{reply: hello}]\n",
    );
    eventually("the new set is in force", async || {
        (version(&agent).await != before).then_some(())
    })
    .await;

    mock.say(CUSTOMER, "地址").await.expect("push");
    assert_eq!(answers(&mock, CUSTOMER, 2).await[1], "欢迎光临");
    assert!(
        agent
            .metric("wecom_agent_reloads_total{result=\"ok\"}")
            .await
            >= 1.0
    );
}

#[tokio::test]
async fn a_broken_file_keeps_the_last_good_set_and_is_told() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    assert!((agent.metric(RELOAD_OK).await - 1.0).abs() < f64::EPSILON);
    write(
        &agent,
        "rules/broken.yaml",
        "version: 1\nrules:\n  - id: x\n    wenn: {any: [a]}\n    do: [{reply: hello}]\n",
    );

    let problem = eventually("the problem is told", async || {
        let ready = agent.ready().await;
        ready["rules"]["problem"].as_str().map(str::to_owned)
    })
    .await;
    assert!(problem.contains("broken.yaml:4"), "{problem}");
    assert!(
        problem.contains("不认识"),
        "in the language of the config: {problem}"
    );
    let kept = "wecom_agent_reloads_total{result=\"kept\"}";
    assert!(agent.metric(kept).await >= 1.0);
    assert!(agent.metric(RELOAD_OK).await < 0.5);
    assert!(
        agent
            .logs()
            .iter()
            .any(|line| line.contains("last good set stays in force"))
    );
    mock.say(CUSTOMER, "你好").await.expect("push");
    assert_eq!(answers(&mock, CUSTOMER, 1).await, ["您好"]);

    // Mended, it is in force again.
    std::fs::remove_file(agent.folder().join("rules/broken.yaml")).expect("removed");
    eventually("mended", async || {
        agent.ready().await["rules"]["problem"]
            .is_null()
            .then_some(())
    })
    .await;
    assert!(agent.metric(RELOAD_OK).await > 0.5);
}

#[tokio::test]
async fn sighup_reloads_at_once() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let reloads = "wecom_agent_reloads_total{result=\"ok\"}";
    let before = agent.metric(reloads).await;
    agent.signal("HUP");
    eventually("reloaded", async || {
        (agent.metric(reloads).await > before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn nothing_starts_on_a_broken_config_or_broken_rules() {
    let rules = AgentBuilder::new().file(
        "rules/broken.yaml",
        "version: 1\nrules:\n  - id: x\n    wenn: {any: [a]}\n    do: [{reply: hello}]\n",
    );
    let key = AgentBuilder::new().edit("poll_every", "poll_evry");
    let missing = AgentBuilder::new().edit("\"kf-secret\"", "{ env = \"NOT_SET_ANYWHERE\" }");
    for (builder, place, word) in [
        (rules, "broken.yaml:4:5", "wenn"),
        (key, "agent.toml:14", "poll_evry"),
        (missing, "agent.toml:11", "NOT_SET_ANYWHERE"),
    ] {
        builder.write("http://127.0.0.1:1");
        let ran = operator::run(builder.folder(), &["serve"]).await;
        assert_eq!(ran.code, Some(2), "{}", ran.all());
        assert!(ran.stderr.contains(place), "{place}: {}", ran.all());
        assert!(ran.stderr.contains(word), "{word}: {}", ran.all());
        assert!(ran.stderr.contains("没有启动"), "{}", ran.all());
        assert!(!builder.folder().join("data").exists(), "nothing was begun");
    }
}

const BROKEN: &str = "version: 1\nrules:\n  - id: x\n    wenn: {any: [a]}\n";

async fn standing(agent: &Agent) -> (u64, bool) {
    let rules = agent.ready().await["rules"].clone();
    let number = rules["number"].as_u64().unwrap_or_default();
    (number, rules["problem"].is_string())
}

/// The file is broken while it runs, or while it does not.
async fn comes_back_with_what_was_in_force(builder: AgentBuilder, while_down: bool) {
    let mock = mock().await;
    let mut agent = builder
        .file("templates/menu.yaml", "image: menu.png\n")
        .bytes(
            "templates/menu.png",
            b"\x89PNG\r\n\x1a\nno real picture, long enough",
        )
        .config("[alerts]\nto = [\"wang.wei\"]\n")
        .start(&mock)
        .await;
    write(&agent, "templates/hello.txt", "欢迎光临");
    eventually("version 2", async || {
        (standing(&agent).await == (2, false)).then_some(())
    })
    .await;
    if while_down {
        agent.kill();
    }
    write(&agent, "rules/broken.yaml", BROKEN);
    write(&agent, "templates/hello.txt", "还没写完");
    if !while_down {
        eventually("the problem is told", async || {
            (standing(&agent).await == (2, true)).then_some(())
        })
        .await;
        agent.kill();
    }
    agent.restart(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    assert_eq!(answers(&mock, CUSTOMER, 1).await, ["欢迎光临"]);
    eventually("the problem is told again", async || {
        (standing(&agent).await == (2, true)).then_some(())
    })
    .await;
    eventually("operators are told", async || {
        let calls = applied(&mock, "message/send");
        calls.into_iter().find(|call| {
            let text = call.request["body"]["text"]["content"].as_str();
            text.is_some_and(|text| text.contains("broken.yaml"))
        })
    })
    .await;
    let traces = agent.run(&["trace", CUSTOMER, "--format", "json"]);
    let history = agent.run(&["rules", "history", "--format", "json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&history.stdout).expect("JSON");
    assert_eq!(rows.len(), 2, "what has errors is no version: {rows:?}");
    let hash = rows[0]["hash"].as_str().expect("a hash");
    assert!(
        String::from_utf8_lossy(&traces.stdout).contains(hash),
        "{traces:?}"
    );
    std::fs::remove_file(agent.folder().join("rules/broken.yaml")).expect("removed");
    eventually("mended", async || {
        (standing(&agent).await == (3, false)).then_some(())
    })
    .await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    assert_eq!(answers(&mock, CUSTOMER, 2).await[1], "还没写完");
}

#[tokio::test]
async fn a_bot_that_dies_while_files_are_broken_comes_back_with_what_was_in_force() {
    comes_back_with_what_was_in_force(AgentBuilder::new(), false).await;
}

#[tokio::test]
async fn a_bot_whose_files_are_broken_while_it_is_down_comes_back_with_what_was_in_force() {
    let builder = AgentBuilder::new().store("sled");
    comes_back_with_what_was_in_force(builder, true).await;
}

#[tokio::test]
async fn a_bot_on_postgres_comes_back_with_what_was_in_force() {
    let builder = AgentBuilder::new().database(&Cluster::shared().database());
    comes_back_with_what_was_in_force(builder, false).await;
}
