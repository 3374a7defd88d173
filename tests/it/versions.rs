//! Every set that was in force is kept: history, differences in words, going back.

use std::process::Output;

use crate::support::{Agent, AgentBuilder, CUSTOMER, answers, eventually, mock, operator};

const MORE: &str = "\
version: 1
rules:
  - id: 发票
    when: {any: [发票, 开票]}
    cooldown: 1h
    do: [{reply: hello}]
";

fn write(agent: &Agent, path: &str, text: &str) {
    std::fs::write(agent.folder().join(path), text).expect("written");
}

fn text(output: &Output) -> String {
    let bytes = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8(bytes).expect("UTF-8")
}

/// Waits until a version is in force.
async fn in_force(agent: &Agent, number: u64) {
    eventually(&format!("version {number} is in force"), async || {
        let ready = agent.ready().await;
        (ready["rules"]["number"] == number).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_changed_is_told_in_words_and_can_be_taken_back() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    in_force(&agent, 1).await;
    write(&agent, "rules/more.yaml", MORE);
    in_force(&agent, 2).await;
    let changed = MORE.replace("开票]", "开票, 报销]").replace("1h", "10m");
    write(&agent, "rules/more.yaml", &changed);
    in_force(&agent, 3).await;

    let diff = agent.run(&["rules", "diff", "2", "3"]);
    assert_eq!(diff.status.code(), Some(0), "{}", text(&diff));
    let told = "规则 发票：任一关键词 +1（报销）；冷却 1 小时 → 10 分钟";
    assert!(text(&diff).contains(told), "{}", text(&diff));
    let arguments = ["--lang", "en", "rules", "diff", "3", "2"];
    let english = operator::run(agent.folder(), &arguments).await;
    let told = "rule 发票: any of the words −1 (报销); cooldown 10 min → 1 h";
    assert!(english.stdout.contains(told), "{}", english.all());

    let history = agent.run(&["rules", "history", "--format", "json"]);
    let rows: serde_json::Value = serde_json::from_slice(&history.stdout).expect("JSON");
    let numbers: Vec<_> = rows
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| (&row["number"], &row["in_force"]))
        .collect();
    let json = serde_json::json!([[3, true], [2, false], [1, false]]);
    assert_eq!(serde_json::json!(numbers), json);
    assert!(
        rows[1]["summary"]
            .as_str()
            .is_some_and(|what| what.contains("新增规则 发票")),
        "{rows}"
    );

    // An edit that never came into force is kept too before it is written over.
    write(&agent, "rules/more.yaml", "rules: [\n");
    let preview = agent.run(&["rules", "rollback", "1", "--dry-run"]);
    assert!(
        text(&preview).contains("会删除 rules/more.yaml"),
        "{}",
        text(&preview)
    );
    assert!(
        agent.folder().join("rules/more.yaml").exists(),
        "a preview changes nothing"
    );
    let back = agent.run(&["rules", "rollback", "2"]);
    assert_eq!(back.status.code(), Some(0), "{}", text(&back));
    let there = std::fs::read_to_string(agent.folder().join("rules/more.yaml")).expect("there");
    assert_eq!(there, MORE);
    in_force(&agent, 5).await;
    mock.say(CUSTOMER, "要发票").await.expect("push");
    assert_eq!(answers(&mock, CUSTOMER, 1).await, ["您好"]);

    without_a_server(agent).await;
}

/// The same verbs open the store themselves.
async fn without_a_server(mut agent: Agent) {
    agent.terminate().await;
    let diff = agent.run(&["rules", "diff", "4", "5"]);
    assert!(text(&diff).contains("rules/more.yaml"), "{}", text(&diff));
    let back = agent.run(&["rules", "rollback", "4"]);
    assert_eq!(
        back.status.code(),
        Some(1),
        "broken files come back, and it is said"
    );
    let there = std::fs::read_to_string(agent.folder().join("rules/more.yaml")).expect("there");
    assert_eq!(there, "rules: [\n");
    let back = agent.run(&["rules", "rollback", "1"]);
    assert_eq!(back.status.code(), Some(0), "{}", text(&back));
    assert!(!agent.folder().join("rules/more.yaml").exists());
    let nothing = agent.run(&["rules", "rollback", "1"]);
    assert!(
        text(&nothing).contains("已经和版本 1 一样"),
        "{}",
        text(&nothing)
    );
    let unknown = agent.run(&["rules", "rollback", "99"]);
    assert_eq!(unknown.status.code(), Some(1));
}

#[tokio::test]
async fn a_version_has_the_same_name_wherever_it_is_told() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    in_force(&agent, 1).await;
    // Another text alone makes another version too.
    write(&agent, "templates/refund.txt", "退款请看说明");
    in_force(&agent, 2).await;
    mock.say(CUSTOMER, "退款").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    agent.idle().await;

    let hash = agent.ready().await["rules"]["version"].clone();
    let hash = hash.as_str().expect("a hash");
    let name = format!("版本 2 · {}", &hash[..6]);
    let trace = text(&agent.run(&["trace", CUSTOMER]));
    assert!(trace.contains(&name), "{name}: {trace}");
    let known = agent.run(&["trace", CUSTOMER, "--format", "json"]);
    let known: serde_json::Value = serde_json::from_slice(&known.stdout).expect("JSON");
    let trace = text(&agent.run(&["trace", &format!("in-{}", known["records"][0]["id"])]));
    assert!(trace.contains(&name), "{name}: {trace}");
    let history = text(&agent.run(&["rules", "history"]));
    assert!(history.contains(&name), "{name}: {history}");

    // Either part of the name does.
    let rows = agent.run(&["rules", "history", "--format", "json"]);
    let rows: serde_json::Value = serde_json::from_slice(&rows.stdout).expect("JSON");
    let first = rows[1]["hash"].as_str().expect("a hash");
    let by_hash = agent.run(&["rules", "diff", &first[..6], hash]);
    let by_number = agent.run(&["rules", "diff", "1", "2"]);
    assert_eq!(text(&by_hash), text(&by_number));
    let back = agent.run(&["rules", "rollback", &first[..6]]);
    assert_eq!(back.status.code(), Some(0), "{}", text(&back));
    in_force(&agent, 3).await;
    assert_eq!(agent.ready().await["rules"]["version"], first);
}

#[tokio::test]
async fn a_picture_that_is_gone_is_named_instead_of_going_half_back() {
    let mock = mock().await;
    let agent = AgentBuilder::new()
        .bytes("templates/茶单.png", b"\x89PNG\r\n\x1a\n one")
        .start(&mock)
        .await;
    in_force(&agent, 1).await;
    std::fs::write(
        agent.folder().join("templates/茶单.png"),
        b"\x89PNG\r\n\x1a\n two",
    )
    .expect("written");
    write(&agent, "templates/hello.txt", "欢迎光临");
    in_force(&agent, 2).await;
    let diff = agent.run(&["rules", "diff", "1"]);
    assert!(
        text(&diff).contains("templates/茶单.png：换了内容"),
        "{}",
        text(&diff)
    );
    assert!(
        text(&diff).contains("templates/hello.txt：新增 1 行、删去 1 行"),
        "{}",
        text(&diff)
    );
    let back = agent.run(&["rules", "rollback", "1"]);
    assert_eq!(back.status.code(), Some(1));
    assert!(
        text(&back).contains("templates/茶单.png"),
        "{}",
        text(&back)
    );
    let there = std::fs::read_to_string(agent.folder().join("templates/hello.txt")).expect("there");
    assert_eq!(there, "欢迎光临", "nothing was written");
}

#[tokio::test]
async fn starting_again_with_the_same_files_makes_no_new_version() {
    let mock = mock().await;
    let mut agent = Agent::start(&mock).await;
    in_force(&agent, 1).await;
    agent.terminate().await;
    let diff = agent.run(&["rules", "diff"]);
    assert!(text(&diff).contains("没有区别"), "{}", text(&diff));
    agent.restart(&mock).await;
    in_force(&agent, 1).await;
}
