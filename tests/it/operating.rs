//! The verbs that look at a running or stopped agent: `queue`, `doctor`, `demo`.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use mock_wecom::Action;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::support::operator::{self, command};
use crate::support::{
    Agent, AgentBuilder, CUSTOMER, answers, errcode, eventually, fault, faults, http, mock,
    said_by_bot,
};

#[tokio::test]
async fn queue_works_while_serving_and_when_stopped() {
    let mock = mock().await;
    let mut agent = Agent::start(&mock).await;
    let empty = operator::run(agent.folder(), &["queue", "list"]).await;
    assert!(empty.stdout.contains("没有等待的"), "{}", empty.all());
    faults(&mock, "kf/send_msg", 2, errcode(48007));
    mock.say(CUSTOMER, "你好").await.expect("push");
    mock.say(CUSTOMER, "退款").await.expect("push");
    let failed = agent.queued("failed", 2).await;
    let id = |n: usize| failed[n]["id"].as_str().expect("an id").to_owned();
    assert!(id(0).starts_with("out-"));

    let listed = operator::run(agent.folder(), &["queue", "list"]).await;
    for part in ["编号", "回复客户", "失败"] {
        assert!(listed.stdout.contains(part), "{part}: {}", listed.all());
    }
    let shown = operator::run(agent.folder(), &["queue", "show", &id(0)]).await;
    for part in ["失败", "48007", "要做的事", "echo", CUSTOMER] {
        assert!(shown.stdout.contains(part), "{part}: {}", shown.all());
    }
    let socket = std::fs::metadata(agent.folder().join("data/control.sock")).expect("a socket");
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    assert_eq!(agent.terminate().await, Some(0));

    // Nobody serves: the verbs open the store themselves.
    let shown = operator::run(
        agent.folder(),
        &["queue", "show", &id(1), "--format", "json"],
    )
    .await;
    assert_eq!(
        shown.json()["effect"]["message"]["text"],
        "退款请提供订单号"
    );
    let redriven = operator::run(agent.folder(), &["queue", "redrive", &id(1)]).await;
    assert_eq!(redriven.code, Some(0), "{}", redriven.all());
    let reason = ["queue", "discard", &id(0), "--reason", "不用了"];
    let discarded = operator::run(agent.folder(), &reason).await;
    assert_eq!(discarded.code, Some(0), "{}", discarded.all());
    let again = operator::run(agent.folder(), &reason).await;
    assert_eq!(again.code, Some(1), "already given up");
    let unknown = operator::run(agent.folder(), &["queue", "show", "out-999"]).await;
    assert_eq!(unknown.code, Some(1));

    agent.restart(&mock).await;
    assert_eq!(answers(&mock, CUSTOMER, 1).await, ["退款请提供订单号"]);
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, CUSTOMER).len(), 1);
}

#[tokio::test]
async fn doctor_is_content_with_a_good_installation() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let ran = operator::run(agent.folder(), &["doctor", "--url", &agent.url()]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    for part in [
        "[kf] 取得 access_token",
        "[contact] 读取客户",
        "[bot] 回调地址可达",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains('✗'));
    // It asked as WeCom does, and left nothing behind.
    assert!(agent.queue("dead").await.is_empty());
}

#[tokio::test]
async fn doctor_names_what_is_wrong_and_the_page_that_mends_it() {
    let mock = mock().await;
    let agent = AgentBuilder::new()
        .edit("\"app-secret\"", "\"reset-secret\"")
        .start(&mock)
        .await;
    fault(&mock, "getcallbackip", errcode(60020));
    fault(&mock, "get_follow_user_list", errcode(48002));
    let elsewhere = "http://127.0.0.1:1";
    let arguments = ["doctor", "--format", "json", "--url", elsewhere];
    let ran = operator::run(agent.folder(), &arguments).await;
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    let told = ran.json();
    let finding = |app: &str, what: &str| -> serde_json::Value {
        let findings = told["findings"].as_array().expect("findings");
        let found = findings
            .iter()
            .find(|finding| finding["app"] == app && finding["what"] == what);
        found
            .unwrap_or_else(|| panic!("{app} {what}: {told}"))
            .clone()
    };
    for (app, what, word) in [
        ("staff", "token", "Secret"),
        ("kf", "api", "127.0.0.1"),
        ("contact", "contacts", "可调用接口的应用"),
        ("kf", "callback", "/callback/kf"),
    ] {
        let found = finding(app, what);
        assert_eq!(found["ok"], false, "{found}");
        assert!(found["mend"].to_string().contains(word), "{found}");
        assert!(found["problem"].is_string(), "{found}");
    }
    assert_eq!(finding("contact", "tags")["ok"], true);
}

#[tokio::test]
async fn doctor_blames_the_trusted_ip_for_its_own_code_alone() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    fault(&mock, "getcallbackip", errcode(48002));
    let ran = operator::run(agent.folder(), &["doctor"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(ran.stdout.contains("48002"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("企业可信IP"), "{}", ran.stdout);
}

#[tokio::test]
async fn doctor_says_when_nobody_answers() {
    let builder = AgentBuilder::new();
    builder.write("http://127.0.0.1:1");
    let ran = operator::run(builder.folder(), &["doctor"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(
        ran.stdout.contains("连不上 http://127.0.0.1:1"),
        "{}",
        ran.stdout
    );
}

/// Reads lines until one contains `word`.
async fn line_with(lines: &mut Lines<BufReader<ChildStdout>>, word: &str) -> String {
    let found = async {
        while let Some(line) = lines.next_line().await.expect("UTF-8") {
            if line.contains(word) {
                return line;
            }
        }
        panic!("it ended without {word}");
    };
    let limit = std::time::Duration::from_secs(20);
    tokio::time::timeout(limit, found).await.expect("in time")
}

fn demo(folder: &std::path::Path, arguments: &[&str]) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut command = command(
        folder,
        &[&["demo", "--listen", "127.0.0.1:0"], arguments].concat(),
    );
    let mut child = command
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let stdout = child.stdout.take().expect("stdout");
    (child, BufReader::new(stdout).lines())
}

/// The sample customer writes, once the demo is ready.
async fn said_in_the_demo(lines: &mut Lines<BufReader<ChildStdout>>, text: &str) {
    let page = line_with(lines, "打开网页").await;
    let (_, url) = page.split_once("http").expect("an address");
    let url = format!("http{}mock/kf/say", url.trim());
    line_with(lines, "下面是正在发生的事").await;
    let said = serde_json::json!({ "external_userid": CUSTOMER, "content": text });
    let response = http().post(&url).json(&said).send().await;
    let response = response.expect("the mock answers");
    assert!(response.status().is_success());
}

#[tokio::test]
async fn the_demo_answers_a_customer_and_shows_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, mut lines) = demo(folder.path(), &["--data", "here"]);
    said_in_the_demo(&mut lines, "我要退款").await;
    line_with(&mut lines, "我要退款").await;
    let answer = line_with(&mut lines, "🤖").await;
    assert!(answer.contains('退'), "{answer}");
    assert!(folder.path().join("here/rules").is_dir());
    drop(child.kill().await);
}

#[tokio::test]
async fn a_second_demo_on_the_same_folder_answers_too() {
    let folder = tempfile::tempdir().expect("a folder");
    for (text, part) in [("我要退款", '退'), ("收到时茶杯碎了", '碎')] {
        let (mut child, mut lines) = demo(folder.path(), &["--data", "here"]);
        said_in_the_demo(&mut lines, text).await;
        let said = line_with(&mut lines, "👤").await;
        assert!(said.contains(part), "{said}");
        line_with(&mut lines, "🤖 回复 张晓").await;
        let pid = child.id().expect("it runs").to_string();
        let told = std::process::Command::new("kill").arg(pid).status();
        assert!(told.expect("kill").success());
        assert!(child.wait().await.expect("it ends").success());
    }
}

#[tokio::test]
async fn a_demo_on_a_folder_in_use_changes_nothing_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, mut lines) = demo(folder.path(), &["--data", "here"]);
    line_with(&mut lines, "下面是正在发生的事").await;
    let config = folder.path().join("here/agent.toml");
    let before = std::fs::read_to_string(&config).expect("a config");
    let second = ["demo", "--data", "here", "--exit-after", "1"];
    let second = operator::run(folder.path(), &second).await;
    assert_ne!(second.code, Some(0), "{}", second.all());
    let after = std::fs::read_to_string(&config).expect("a config");
    assert_eq!(after, before);
    drop(child.kill().await);
}

#[tokio::test]
async fn a_week_of_the_demo_plays_in_seconds() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, mut lines) = demo(folder.path(), &[]);
    let page = line_with(&mut lines, "打开网页").await;
    let (_, url) = page.split_once("http").expect("an address");
    let url = format!("http{}mock/", url.trim());
    line_with(&mut lines, "下面是正在发生的事").await;
    let tell = async |call: &str, body: serde_json::Value| {
        let response = http().post(format!("{url}{call}")).json(&body).send().await;
        let response = response.expect("the mock answers");
        assert!(response.status().is_success(), "{call}");
    };

    // A Tuesday noon: nothing is quiet, and no holiday comes within a week.
    tell("clock", serde_json::json!({ "set": 1_795_492_800 })).await;
    let added =
        serde_json::json!({ "external_userid": "wmNEW", "userid": "lin.mei", "name": "周新" });
    tell("contact/add", added).await;
    line_with(&mut lines, "🏷").await;
    let day = serde_json::json!({ "advance_secs": 24 * 3600 });
    tell("clock", day).await;
    // Whoever is to hear the same shares a task, so it waits a minute for more of them.
    eventually("the task is made", async || {
        tell("clock", serde_json::json!({ "advance_secs": 60 })).await;
        let journal = http().get(format!("{url}journal")).send().await;
        let journal = journal.expect("the mock answers").text().await;
        let journal = journal.expect("a text");
        journal.contains("add_msg_template").then_some(())
    })
    .await;
    drop(child.kill().await);
}

#[tokio::test]
async fn the_demo_tells_what_became_of_changed_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, mut lines) = demo(folder.path(), &["--data", "here"]);
    line_with(&mut lines, "下面是正在发生的事").await;
    let file = folder.path().join("here/rules/新的.yaml");
    let rule = "rules:\n  - id: 新的\n    wenn: {any: [新的]}\n    do: [{tag: 意向/新的}]\n";
    std::fs::write(&file, rule).expect("written");
    let refused = line_with(&mut lines, "没有生效").await;
    for part in ["1 个错误", "新的.yaml:3", "`wenn`"] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    std::fs::write(&file, rule.replace("wenn", "when")).expect("written");
    line_with(&mut lines, "改过的文件已生效").await;
    drop(child.kill().await);
}

#[tokio::test]
async fn the_demo_ends_by_itself_when_asked_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, mut lines) = demo(folder.path(), &["--exit-after", "1"]);
    line_with(&mut lines, "演示结束").await;
    let ended = eventually("it ends", async || child.try_wait().expect("wait")).await;
    assert_eq!(ended.code(), Some(0));
    let left = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 0, "nothing is left behind");
}

#[tokio::test]
async fn a_slow_wecom_does_not_keep_the_agent_from_stopping() {
    let mock = mock().await;
    let mut agent = Agent::start(&mock).await;
    fault(&mock, "kf/send_msg", Action::Hang);
    mock.say(CUSTOMER, "你好").await.expect("push");
    eventually("the call hangs", async || {
        (mock.calls("kf/send_msg").len() == 1).then_some(())
    })
    .await;
    assert_eq!(agent.terminate().await, Some(0));
    agent.restart(&mock).await;
    assert_eq!(answers(&mock, CUSTOMER, 1).await, ["您好"]);
}
