//! The program itself: its first line, its answer, its end.

use std::process::Stdio;

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
