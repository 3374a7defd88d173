//! `preview`: what plans would do, told before anything happens.

use crate::support::operator;

#[tokio::test]
async fn the_samples_of_init_are_played_without_secrets_or_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = operator::run(folder.path(), &["init", "."]).await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);

    let told = operator::run(folder.path(), &["preview", "新客七天"]).await;
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    let parts = ["新客七天 · 泡茶小抄", "发送 新客/泡茶小抄", "新客（示意）"];
    for part in parts {
        assert!(told.stdout.contains(part), "{part}: {}", told.stdout);
    }
    let json = ["preview", "--days", "3", "--format", "json"];
    let told = operator::run(folder.path(), &json).await;
    let told: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
    let first = &told["entries"][0];
    assert_eq!(first["sop"], "新客七天", "{told}");
    assert_eq!(first["outcome"], "done", "{told}");
    let page = operator::run(folder.path(), &["preview", "--format", "html"]).await;
    assert!(
        page.stdout.starts_with("<!doctype html>"),
        "{}",
        page.stdout
    );

    let unknown = operator::run(folder.path(), &["preview", "没有的"]).await;
    assert_eq!(unknown.code, Some(2), "{}", unknown.stdout);
    let data = folder.path().join("data");
    assert!(!data.exists(), "looking makes no data");
}
