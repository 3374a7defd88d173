//! The program itself: its first line, its answer, its end.

use std::process::Stdio;

use mock_wecom::MockWecom;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::support::client;

#[tokio::test]
async fn the_first_line_names_the_address() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_mock-wecom"))
        .args(["serve", "--listen", "127.0.0.1:0", "--seed", "7"])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program");
    let out = program.stdout.take().expect("its output");
    let line = BufReader::new(out)
        .lines()
        .next_line()
        .await
        .expect("readable")
        .expect("a line");
    let base = line
        .strip_prefix("mock-wecom listening on ")
        .expect("the promised words");
    let page = client().get(base).send().await.expect("an answer");
    assert_eq!(page.status(), 200);
    assert!(page.text().await.expect("a body").contains("模拟企业微信"));
}

#[tokio::test]
async fn a_config_file_with_an_unknown_key_stops_the_start() {
    let file = std::env::temp_dir().join(format!("mock-wecom-{}.json", std::process::id()));
    std::fs::write(&file, r#"{"corpid": "ww1"}"#).expect("a file");
    let status = Command::new(env!("CARGO_BIN_EXE_mock-wecom"))
        .arg("serve")
        .arg("--config")
        .arg(&file)
        .stderr(Stdio::null())
        .status()
        .await
        .expect("the program");
    std::fs::remove_file(&file).expect("removed");
    assert_eq!(status.code(), Some(2));
}

#[tokio::test]
async fn a_snapshot_and_a_recording_are_served_from_a_file() {
    let folder = std::env::temp_dir();
    let snapshot = folder.join(format!("mock-wecom-{}.snapshot.json", std::process::id()));
    let recording = folder.join(format!("mock-wecom-{}.jsonl", std::process::id()));
    let mock = MockWecom::builder()
        .corp_id("wwKEPT")
        .start()
        .await
        .expect("a mock");
    let text = mock.snapshot().expect("a snapshot").to_string();
    std::fs::write(&snapshot, text).expect("a file");
    let exchange = json!({"method": "GET", "path": "/cgi-bin/x", "status": 200,
        "content_type": "application/json", "response": {"json": {"errcode": 7}}});
    std::fs::write(&recording, format!("{exchange}\n")).expect("a file");
    for (verb, file, path, pointer, expected) in [
        (
            "serve",
            ["--snapshot".as_ref(), snapshot.as_os_str()].to_vec(),
            "/mock/state",
            "/corp_id",
            json!("wwKEPT"),
        ),
        (
            "replay",
            [recording.as_os_str()].to_vec(),
            "/cgi-bin/x",
            "/errcode",
            json!(7),
        ),
    ] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_mock-wecom"))
            .args([verb, "--listen", "127.0.0.1:0"])
            .args(file)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program");
        let out = program.stdout.take().expect("its output");
        let line = BufReader::new(out).lines().next_line().await;
        let line = line.expect("readable").expect("a line");
        let base = line.rsplit(' ').next().expect("an address");
        let answer = client().get(format!("{base}{path}")).send().await;
        let answer: Value = answer.expect("an answer").json().await.expect("JSON");
        assert_eq!(answer.pointer(pointer), Some(&expected), "{verb}");
    }
    for file in [snapshot, recording] {
        std::fs::remove_file(file).expect("removed");
    }
}
