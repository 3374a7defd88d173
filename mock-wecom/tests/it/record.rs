//! Recording another WeCom and serving the recording: here the other one is a mock too.

use std::net::SocketAddr;
use std::path::PathBuf;

use mock_wecom::record::{record, replay};
use serde_json::{Value, json};

use crate::support::{CORP, CUSTOMER, Corp, KF, client};

const ANYWHERE: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// A file of its own that goes away with the test.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("mock-wecom-{}-{name}.jsonl", std::process::id())))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // It may not be there when the test failed early.
        let _gone = std::fs::remove_file(&self.0);
    }
}

async fn token(base: &str) -> String {
    let url = format!("{base}/cgi-bin/gettoken?corpid={CORP}&corpsecret=kf-secret");
    let answer: Value = client()
        .get(url)
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    answer["access_token"].as_str().expect("a token").to_owned()
}

async fn send(base: &str, token: &str, text: &str) -> Value {
    let body =
        json!({"touser": CUSTOMER, "open_kfid": KF, "msgtype": "text", "text": {"content": text}});
    let request = client()
        .post(format!("{base}/cgi-bin/kf/send_msg?access_token={token}"))
        .body(body.to_string());
    request
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON")
}

#[tokio::test]
async fn a_recording_is_served_again_without_the_recorded_side() {
    let corp = Corp::start().await;
    corp.mock.say(CUSTOMER, "在吗").await.expect("said");
    let file = File::new("round");
    let recorder = record(ANYWHERE, &corp.mock.base_url(), &file.0)
        .await
        .expect("a recorder");
    let base = recorder.base_url();
    let real = token(&base).await;
    let said = [
        send(&base, &real, "您好").await,
        send(&base, &real, "您好").await,
        send(&base, &real, "再见").await,
    ];
    drop(recorder);
    corp.mock.shutdown().await;

    let text = std::fs::read_to_string(&file.0).expect("the recording");
    assert_eq!(text.lines().count(), 4);
    assert!(
        !text.contains(&real) && !text.contains("kf-secret"),
        "{text}"
    );

    let player = replay(ANYWHERE, &file.0, false).await.expect("a player");
    let base = player.base_url();
    let masked = token(&base).await;
    assert_eq!(masked, "masked-access_token-2");
    // The same request gets its answers in their order, then the last one again.
    for expected in [&said[0], &said[1], &said[1]] {
        assert_eq!(&send(&base, &masked, "您好").await, expected);
    }
    assert_eq!(send(&base, "any token", "再见").await, said[2]);
    let unknown = send(&base, &masked, "没录过").await;
    assert_eq!(unknown["errcode"], -1);
    assert!(
        unknown["errmsg"]
            .as_str()
            .expect("a text")
            .contains("/cgi-bin/kf/send_msg")
    );

    let loose = replay(ANYWHERE, &file.0, true).await.expect("a player");
    assert_eq!(send(&loose.base_url(), &masked, "没录过").await, said[0]);
}

#[tokio::test]
async fn a_recorder_without_another_side_answers_502_and_a_broken_file_is_refused() {
    let file = File::new("broken");
    let recorder = record(ANYWHERE, "http://127.0.0.1:1", &file.0)
        .await
        .expect("a recorder");
    let answer = client()
        .get(recorder.base_url())
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 502);
    std::fs::write(&file.0, "{\"method\": 1}\n").expect("a file");
    let refused = replay(ANYWHERE, &file.0, false)
        .await
        .expect_err("no exchange");
    assert!(refused.to_string().starts_with("line 1: "), "{refused}");
}
