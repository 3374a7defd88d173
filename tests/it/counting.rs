//! Rules that count, and mistakes of many kinds told at once.

use crate::support::operator;
use crate::support::{AgentBuilder, CUSTOMER, OTHER_CUSTOMER, answers, mock, said_by_bot};

const THIRD_TIME: &str = "
rules:
  - id: 第三次
    priority: 60
    when: {any: 多少钱, hits: {times: 3, within: 7d}}
    do: [{reply: refund}]
    stop: true
  - id: 每次
    when: {any: 多少钱}
    do: [{reply: hello}]
";

/// The count is stored with the decision: it outlives a restart, and each customer has
/// their own.
#[tokio::test]
async fn the_third_question_is_answered_differently() {
    let mock = mock().await;
    let mut agent = AgentBuilder::new()
        .file("rules/rules.yaml", THIRD_TIME)
        .start(&mock)
        .await;
    mock.say(CUSTOMER, "多少钱").await.expect("said");
    answers(&mock, CUSTOMER, 1).await;
    mock.say(OTHER_CUSTOMER, "多少钱").await.expect("said");
    answers(&mock, OTHER_CUSTOMER, 1).await;
    mock.say(CUSTOMER, "多少钱啊").await.expect("said");
    answers(&mock, CUSTOMER, 2).await;

    agent.idle().await;
    assert_eq!(agent.terminate().await, Some(0));
    agent.restart(&mock).await;
    mock.say(CUSTOMER, "到底多少钱").await.expect("said");
    assert_eq!(
        answers(&mock, CUSTOMER, 3).await,
        ["您好", "您好", "退款请提供订单号"]
    );
    assert_eq!(said_by_bot(&mock, OTHER_CUSTOMER), ["您好"]);
}

#[tokio::test]
async fn check_names_every_mistake_of_every_file_in_one_run() {
    let files = AgentBuilder::new()
        .file(
            "rules/rules.yaml",
            "rules:\n  - id: 甲\n    when: {any: [退款，退货]}\n    do: [{reply: hello}]\n",
        )
        .file(
            "rules/乙.yaml",
            "rules:\n  - id: 乙\n    when: {any: 退, hits: {times: 1, within: 7d}}\n    do: [{remind: {who: 负责人, at: 晚点, text: '{{ now }}'}}]\n",
        )
        .file("rules/丙.yaml", "rules:\n  - id:丙\n    when: {any: 退}\n    do: [{reply: hello}]\n")
        .file("templates/空.txt", "");
    files.write("http://127.0.0.1:1");
    let ran = operator::run(files.folder(), &["check", "--format", "json"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    let told = ran.json();
    let problems = told["problems"].as_array().expect("problems");
    let places: Vec<(String, String, u64)> = problems
        .iter()
        .map(|problem| {
            let file = problem["file"].as_str().unwrap_or_default();
            let name = file.rsplit('/').next().unwrap_or_default();
            let code = problem["code"].as_str().unwrap_or_default();
            (
                name.to_owned(),
                code.to_owned(),
                problem["line"].as_u64().unwrap_or_default(),
            )
        })
        .collect();
    for (file, code, line) in [
        ("rules.yaml", "Y012", 3),
        ("乙.yaml", "Y023", 3),
        ("乙.yaml", "R031", 4),
        ("丙.yaml", "Y036", 2),
        ("空.txt", "T012", 1),
    ] {
        let wanted = (file.to_owned(), code.to_owned(), line);
        assert!(places.contains(&wanted), "{wanted:?}: {places:?}");
    }
    for problem in problems {
        assert!(problem["help"].is_string(), "no mend: {problem}");
    }
}
