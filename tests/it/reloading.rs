//! Changed files take effect; broken ones leave the last good set in force.

use crate::support::{Agent, AgentBuilder, CUSTOMER, answers, eventually, mock, operator};

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
