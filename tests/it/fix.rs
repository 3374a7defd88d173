//! `check --fix` mends what needs no guess, and says what.

use crate::support::{AgentBuilder, operator};

const BROKEN: &str = "version：1\nrules:\n  - id: 退款二\n    when: {any: [退费，退差价]}\n    do:\n\t  - reply: refund\n";

fn files() -> AgentBuilder {
    let (gbk, _, _) = encoding_rs::GBK.encode("您好，欢迎光临\n");
    let builder = AgentBuilder::new()
        .file("rules/售后.yaml", BROKEN)
        .bytes("templates/旧.txt", &gbk);
    builder.write("http://127.0.0.1:1");
    builder
}

#[tokio::test]
async fn punctuation_tabs_and_encodings_are_mended_and_the_old_files_kept() {
    let files = files();
    let rules = files.folder().join("rules/售后.yaml");
    let looked = operator::run(files.folder(), &["check", "--fix", "--dry-run"]).await;
    assert_eq!(looked.code, Some(1), "{}", looked.all());
    assert!(looked.all().contains("售后.yaml:1"), "{}", looked.all());
    assert_eq!(std::fs::read_to_string(&rules).expect("there"), BROKEN);

    let ran = operator::run(files.folder(), &["check", "--fix"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    for part in ["售后.yaml:4", "退费, 退差价", "旧.txt", "GBK"] {
        assert!(ran.all().contains(part), "{part}: {}", ran.all());
    }
    let mended = std::fs::read_to_string(&rules).expect("there");
    assert!(
        mended.contains("any: [退费, 退差价]") && !mended.contains('\t'),
        "{mended}"
    );
    let template = std::fs::read_to_string(files.folder().join("templates/旧.txt"));
    assert_eq!(template.expect("UTF-8"), "您好，欢迎光临\n");
    let kept = std::fs::read_to_string(files.folder().join("rules/售后.yaml~"));
    assert_eq!(kept.expect("kept"), BROKEN);

    let again = operator::run(files.folder(), &["check", "--fix"]).await;
    assert_eq!(again.code, Some(0));
    assert!(
        again.all().contains("没有能自动改的地方"),
        "{}",
        again.all()
    );
}

#[tokio::test]
async fn what_needs_a_person_stays_and_is_told() {
    let files = AgentBuilder::new().file(
        "rules/a.yaml",
        "rules:\n  - id: x\n    whan: {any: [a]}\n    do: [{reply: hello}]\n",
    );
    files.write("http://127.0.0.1:1");
    let ran = operator::run(files.folder(), &["check", "--fix", "--format", "json"]).await;
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.json()["mended"], serde_json::json!([]));
    assert!(ran.stdout.contains("Y020"), "{}", ran.stdout);
}
