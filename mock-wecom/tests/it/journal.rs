//! The journal by HTTP: expectations, exports, snapshots.

use std::time::Duration;

use mock_wecom::{Expect, Kind, MockWecom};
use serde_json::{Value, json};

use crate::support::{CUSTOMER, Corp, KF, Manner, Receiver, code};

async fn talked() -> Corp {
    let corp = Corp::start().await;
    corp.mock.say(CUSTOMER, "1").await.expect("said");
    corp.kf_send(json!({"text": {"content": "您好，这是价格表"}}))
        .await;
    corp.kf_send(json!({"text": {"content": "还有别的吗"}}))
        .await;
    corp
}

async fn assert_call(corp: &Corp, expect: &Value) -> (u16, Value) {
    let request = corp
        .http
        .post(corp.url("/mock/journal/assert"))
        .body(expect.to_string());
    let response = request.send().await.expect("an answer");
    (
        response.status().as_u16(),
        response.json().await.expect("JSON"),
    )
}

#[tokio::test]
async fn an_expectation_is_met_or_told_why_not() {
    let corp = talked().await;
    let met = json!({"path": "kf/send_msg", "body": {"touser": CUSTOMER, "text": {"content": {"$contains": "价格"}}}, "count": 1});
    let (status, answer) = assert_call(&corp, &met).await;
    assert_eq!(
        (status, &answer["ok"], &answer["count"]),
        (200, &json!(true), &json!(1))
    );
    let unmet = json!({"path": "kf/send_msg", "body": {"text": {"content": "再见"}}});
    let (status, answer) = assert_call(&corp, &unmet).await;
    assert_eq!(
        (status, &answer["ok"], &answer["count"]),
        (409, &json!(false), &json!(0))
    );
    assert_eq!(
        answer["closest"][0]["differences"],
        json!([r#"body.text.content is "您好，这是价格表", expected "再见""#])
    );
    assert!(
        answer["error"]
            .as_str()
            .expect("a text")
            .starts_with("expected at least 1 calls")
            || answer["error"]
                .as_str()
                .expect("a text")
                .starts_with("expected at least 1 exchanges")
    );
    assert_eq!(
        assert_call(&corp, &json!({"path": "kf/send_msg", "at_most": 1}))
            .await
            .0,
        409
    );
    assert_eq!(
        assert_call(&corp, &json!({"path": "kf/sync_msg", "count": 0}))
            .await
            .0,
        200
    );
    let (status, answer) = assert_call(&corp, &json!({"pth": "x"})).await;
    assert_eq!(status, 400);
    assert!(answer["error"].as_str().expect("a reason").contains("pth"));
}

#[tokio::test]
async fn an_expectation_waits_for_what_comes_later() {
    let corp = talked().await;
    let third = Expect::call("kf/send_msg")
        .times(3)
        .within(Duration::from_secs(30));
    let (met, _) = tokio::join!(corp.mock.expect(third), corp.kf_send(json!({})));
    assert_eq!(met.expect("the third call").len(), 3);
    let never = Expect::call("kf/send_msg")
        .times(4)
        .within(Duration::from_millis(20));
    let unmet = corp.mock.expect(never).await.expect_err("there are three");
    assert_eq!(
        unmet.to_string(),
        "expected exactly 4 calls of kf/send_msg, found 3"
    );
}

#[tokio::test]
async fn the_journal_leaves_as_lines_and_as_har() {
    let corp = talked().await;
    let _receiver = Receiver::of(&corp, Kind::Kf, vec![Manner::Empty]).await;
    corp.mock.say(CUSTOMER, "2").await.expect("said");
    let text = corp
        .http
        .get(corp.url("/mock/journal.jsonl"))
        .send()
        .await
        .expect("an answer");
    let text = text.text().await.expect("a text");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(
        lines.len(),
        corp.get("/mock/journal")
            .await
            .as_array()
            .expect("a list")
            .len()
    );
    let har = corp.get("/mock/journal.har?path=kf/send_msg").await;
    let entries = har["log"]["entries"].as_array().expect("entries");
    assert_eq!(
        (har["log"]["version"].as_str(), entries.len()),
        (Some("1.2"), 2)
    );
    let request = &entries[0]["request"];
    assert_eq!(request["url"], corp.url("/cgi-bin/kf/send_msg"));
    assert!(
        request["postData"]["text"]
            .as_str()
            .expect("a body")
            .contains("价格表")
    );
    assert_eq!(
        (&entries[0]["response"]["status"], &entries[0]["_errcode"]),
        (&json!(200), &json!(0))
    );
    let callbacks = corp.get("/mock/journal.har?kind=callback").await;
    let callback = &callbacks["log"]["entries"][0]["request"];
    assert_eq!(callback["postData"]["mimeType"], "text/xml");
    assert!(
        callback["postData"]["text"]
            .as_str()
            .expect("a body")
            .contains("kf_msg_or_event")
    );
}

#[tokio::test]
async fn the_journal_is_searched_by_conditions() {
    let corp = talked().await;
    corp.kf_send(json!({"touser": ""})).await;
    let count = async |query: &str| {
        let found = corp
            .get(&format!("/mock/journal?path=kf/send_msg&{query}"))
            .await;
        found.as_array().expect("a list").len()
    };
    assert_eq!(count("applied=true").await, 2);
    assert_eq!(count("errcode=40063").await, 1);
    assert_eq!(count("last=1").await, 1);
    let refused = corp.get("/mock/journal?applied=perhaps").await;
    assert!(refused["error"].is_string(), "{refused}");
}

#[tokio::test]
async fn a_snapshot_brings_everything_back_in_another_mock() {
    let corp = talked().await;
    corp.mock.set_time(1_760_000_000);
    let upload = reqwest::multipart::Form::new().part(
        "media",
        reqwest::multipart::Part::bytes(b"%PDF-1.7 prices".to_vec()).file_name("价格.pdf"),
    );
    let token = corp.token("kf-secret").await;
    let url = corp.url(&format!(
        "/cgi-bin/media/upload?access_token={token}&type=file"
    ));
    let media = corp
        .http
        .post(url)
        .multipart(upload)
        .send()
        .await
        .expect("an answer");
    let media: Value = media.json().await.expect("JSON");
    let media_id = media["media_id"].as_str().expect("an id");
    let snapshot = corp.get("/mock/snapshot").await;

    let other = Corp::with(mock_wecom::Config {
        sample_data: false,
        ..mock_wecom::Config::default()
    })
    .await;
    other.post("/mock/restore", &snapshot).await;
    assert!((1_760_000_000..1_760_000_100).contains(&other.mock.now()));
    assert_eq!(other.mock.chat(CUSTOMER).len(), 3);
    assert_eq!(
        other.get("/mock/journal").await,
        corp.get("/mock/journal").await
    );
    assert_eq!(
        other.get("/mock/state").await,
        corp.get("/mock/state").await
    );
    let url = other.url(&format!(
        "/cgi-bin/media/get?access_token={token}&media_id={media_id}"
    ));
    let file = other.http.get(url).send().await.expect("an answer");
    assert_eq!(
        file.bytes().await.expect("bytes"),
        "%PDF-1.7 prices".as_bytes()
    );
    // The old token goes on working and the session still counts its five messages.
    let codes: Vec<i64> = [
        code(&other.kf_send(json!({})).await),
        code(&other.kf_send(json!({})).await),
        code(&other.kf_send(json!({})).await),
        code(&other.kf_send(json!({})).await),
    ]
    .to_vec();
    assert_eq!(codes, [0, 0, 0, 95_001]);
    let refused = other.post("/mock/restore", &json!({"state": {}})).await;
    assert!(
        refused["error"]
            .as_str()
            .expect("a reason")
            .contains("mock_wecom_snapshot")
    );
}

#[tokio::test]
async fn the_builder_starts_what_it_describes() {
    let mock = MockWecom::builder()
        .corp_id("wwBUILT")
        .seed(9)
        .start_at(1_760_000_000)
        .secret("extra", Kind::Kf, None)
        .switch("kf_page_limit", 2)
        .start()
        .await
        .expect("a mock");
    assert!((1_760_000_000..1_760_000_100).contains(&mock.now()));
    let state = mock.state();
    assert_eq!(state["corp_id"], "wwBUILT");
    assert_eq!(state["switches"]["kf_page_limit"], 2);
    assert_eq!(state["kf"]["accounts"][KF]["open_kfid"], KF);
    let refused = MockWecom::builder()
        .switch("no_such_switch", 1)
        .start()
        .await;
    assert!(
        refused
            .expect_err("unknown")
            .to_string()
            .contains("no_such_switch")
    );
}
