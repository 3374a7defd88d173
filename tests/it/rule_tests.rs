//! `test`: rule tests on a simulated clock; they hold back a set that fails them.

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::support::operator::{self, Ran};
use crate::support::{Agent, AgentBuilder, CUSTOMER, answers, eventually, mock};

const GOOD: &str = "\
start: 2026-11-23 10:00
contacts:
  张三: {added_days: 3}
tests:
  - name: 退款会回复
    steps:
      - {from: 张三, say: 我要退款, expect: {rule: refund, tags: +意向/退款, reply: refund}}
      - {at: 1h, say: 天气, expect: {none: true}}
";

const BAD: &str = "\
start: 2026-11-23 10:00
tests:
  - name: 问候要打标签
    steps:
      - {say: 你好}
      - {at: 5m, say: 你好, expect: {rule: echo, tags: +意向/退款}}
";

async fn run(files: &AgentBuilder, arguments: &[&str]) -> Ran {
    operator::run(files.folder(), arguments).await
}

fn written(tests: &[(&str, &str)]) -> AgentBuilder {
    let files = tests
        .iter()
        .fold(AgentBuilder::new(), |files, (name, text)| {
            files.file(&format!("rules/{name}.test.yaml"), text)
        });
    files.write("http://127.0.0.1:1");
    files
}

#[tokio::test]
async fn tests_that_hold_pass() {
    let files = written(&[("a", GOOD)]);
    let ran = run(&files, &["test"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert!(
        ran.stdout.contains("全部通过：1 个文件，1 个测试"),
        "{}",
        ran.stdout
    );
    assert!(!files.folder().join("data").exists(), "nothing was opened");
}

#[tokio::test]
async fn a_file_that_is_not_there_cannot_be_run() {
    let files = written(&[("a", GOOD)]);
    let ran = run(&files, &["test", "没有.test.yaml"]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.all());
    assert!(ran.all().contains("不存在"), "{}", ran.all());
    let ran = run(&files, &["test", "--config", "没有.toml"]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.all());
    assert!(!ran.all().contains("not found"), "{}", ran.all());
}

#[tokio::test]
async fn a_test_that_fails_says_what_and_why() {
    let files = written(&[("a", GOOD), ("b", BAD)]);
    let ran = run(&files, &["test"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    for part in [
        "问候要打标签",
        "b.test.yaml:6:54",
        "第 2 步：5m",
        "应该  tags: +意向/退款",
        "实际  tags: —",
        "rules.yaml:6",
        "【你好】",
        "2 个测试，失败 1 个",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    let english = run(&files, &["--lang", "en", "test"]).await;
    assert!(
        english.stdout.contains("expected  tags: +意向/退款"),
        "{}",
        english.stdout
    );

    let ran = run(&files, &["test", "--filter", "退款会"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    let ran = run(&files, &["test", "rules/b.test.yaml", "--format", "json"]).await;
    assert_eq!(ran.code, Some(1));
    let told = ran.json();
    assert_eq!(
        (told["tests"].as_u64(), told["failed"].as_u64()),
        (Some(1), Some(1))
    );
    assert_eq!(told["results"][0]["failures"][0]["line"], 6);
}

/// Elements by name, and what their attributes say.
fn elements(xml: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut reader = Reader::from_str(xml);
    let mut found = Vec::new();
    loop {
        match reader.read_event().expect("well-formed XML") {
            Event::Eof => return found,
            Event::Start(tag) | Event::Empty(tag) => {
                let attributes = tag.attributes().map(|attribute| {
                    let attribute = attribute.expect("an attribute");
                    (
                        attribute.key.as_ref().to_owned(),
                        attribute.value.to_string(),
                    )
                });
                found.push((tag.name().as_ref().to_owned(), attributes.collect()));
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn junit_tells_ci_the_same() {
    let odd = BAD.replace("问候要打标签", "\"问候 <要> & \\\"标签\\\"\"");
    let files = written(&[("a", GOOD), ("b", &odd)]);
    let ran = run(&files, &["test", "--format", "junit"]).await;
    assert_eq!(ran.code, Some(1));
    let found = elements(&ran.stdout);
    let count = |name: &str| found.iter().filter(|(element, _)| element == name).count();
    assert_eq!(
        (
            count("testsuites"),
            count("testsuite"),
            count("testcase"),
            count("failure")
        ),
        (1, 2, 2, 1)
    );
    let attribute = |element: &str, name: &str| {
        let (_, all) = found
            .iter()
            .find(|(found, _)| found == element)
            .expect("there");
        let value = all
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone());
        value.unwrap_or_default()
    };
    assert_eq!(attribute("testsuites", "tests"), "2");
    assert_eq!(attribute("testsuites", "failures"), "1");
    assert!(attribute("failure", "message").contains("tags: +意向/退款"));
}

#[tokio::test]
async fn what_cannot_run_says_so() {
    let files = written(&[]);
    let ran = run(&files, &["test"]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.all());
    assert!(ran.stderr.contains("test.yaml"), "{}", ran.stderr);
    let files = written(&[("a", GOOD)]);
    let ran = run(&files, &["test", "--filter", "没有的"]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.all());
    let ran = run(&files, &["test", "nothere.test.yaml"]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.all());

    let wrong = GOOD.replace("rule: refund", "rule: refnd");
    let files = written(&[("a", &wrong)]);
    let ran = run(&files, &["test"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    for part in ["a.test.yaml:7:46", "refnd", "是不是想写 `refund`"] {
        assert!(ran.all().contains(part), "{part}: {}", ran.all());
    }
}

#[tokio::test]
async fn check_runs_the_tests_and_names_rules_without_one() {
    let files = written(&[("a", GOOD), ("b", BAD)]);
    let ran = run(&files, &["check"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    for part in ["b.test.yaml:6:54", "问候要打标签", "welcome, enter"] {
        assert!(ran.all().contains(part), "{part}: {}", ran.all());
    }
    let ran = run(&files, &["check", "--no-tests"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    // One hint, and no finding, where there are no tests yet.
    let files = written(&[]);
    let ran = run(&files, &["check", "--strict"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert!(ran.stderr.contains("还没有规则测试"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_set_that_fails_its_tests_never_comes_into_force() {
    let mock = mock().await;
    let files = AgentBuilder::new().file("rules/a.test.yaml", GOOD);
    let agent = files.start(&mock).await;
    std::fs::write(
        agent.folder().join("rules/rules.yaml"),
        "version: 1\nrules:\n  - id: refund\n    when: {any: [退货]}\n    do: [{tag: 意向/退款}, {reply: refund}]\n",
    )
    .expect("written");
    let problem = eventually("the failure is told", async || {
        let ready = agent.ready().await;
        ready["rules"]["problem"].as_str().map(str::to_owned)
    })
    .await;
    assert!(problem.contains("a.test.yaml:7"), "{problem}");
    mock.say(CUSTOMER, "我要退款").await.expect("push");
    assert_eq!(answers(&mock, CUSTOMER, 1).await, ["退款请提供订单号"]);
    drop::<Agent>(agent);
}

#[tokio::test]
async fn the_samples_pass_their_tests_and_leave_no_rule_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let ran = operator::run(folder.path(), &["init"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    let ran = operator::run(folder.path(), &["test"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    let ran = operator::run(folder.path(), &["check", "--format", "json"]).await;
    let problems = ran.json()["problems"].clone();
    let codes = problems.as_array().expect("a list").iter();
    let about_tests: Vec<_> = codes
        .filter(|problem| {
            let code = problem["code"].as_str().unwrap_or_default();
            code.starts_with('E') || matches!(code, "R046" | "R047")
        })
        .collect();
    assert!(about_tests.is_empty(), "{about_tests:?}");
}

#[tokio::test]
async fn a_rule_without_a_test_is_shown_with_its_line() {
    let builder = AgentBuilder::new()
        .file(
            "rules/a.yaml",
            "rules:\n  - id: 退款\n    when: {any: [退款]}\n    do: [{reply: 甲}]\n  - id: 地址\n    when: {any: [地址]}\n    do: [{reply: 甲}]\n",
        )
        .file("templates/甲.txt", "好的\n")
        .file(
            "rules/a.test.yaml",
            "start: 2026-11-23 10:00\ntests:\n  - name: 一\n    steps: [{say: 退款, expect: {rule: 退款}}, {say: 天气, expect: {none: true}}]\n",
        );
    let path = builder.write("http://127.0.0.1:1");
    let ran = operator::run(path.parent().expect("a folder"), &["check"]).await;
    let told = ran.all();
    let at = told.find("R046").expect("a finding");
    assert!(told[at..].contains("id: 地址"), "{told}");
}

#[tokio::test]
async fn what_tests_play_is_not_in_the_log_of_the_bot() {
    let plan = "version: 1\nsops:\n  - id: 跟进\n    kind: lifecycle\n    steps:\n\
                \x20     - {at: +1h, do: [{tag: 阶段/跟进}]}\n";
    let rule = "version: 1\nrules:\n  - id: follow\n    when: {any: [跟进]}\n    do: [{start_sop: 跟进}]\n";
    let test = "start: 2026-11-23 10:00\ntests:\n  - name: 一小时后打标签\n    steps:\n\
                \x20     - {say: 跟进, expect: {rule: follow}}\n\
                \x20     - {at: 2h, expect: {tags: +阶段/跟进}}\n";
    let mock = mock().await;
    let agent = AgentBuilder::new()
        .file("sops/plans.yaml", plan)
        .file("rules/follow.yaml", rule)
        .file("rules/follow.test.yaml", test)
        .start(&mock)
        .await;
    let tested = operator::run(agent.folder(), &["test"]).await;
    assert_eq!(tested.code, Some(0), "{}", tested.all());
    let logs = agent.logs();
    let played = logs.iter().find(|line| line.contains("跟进"));
    assert_eq!(played, None, "{logs:#?}");
}
