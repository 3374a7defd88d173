//! Injected faults, tokens, the journal and the other control calls.

use std::time::Duration;

use mock_wecom::{Action, Fault};
use serde_json::{Value, json};

use crate::support::{CORP, CUSTOMER, Corp, code};

const GETTOKEN: &str = "/cgi-bin/gettoken?corpid=ww0000000000000001&corpsecret=kf-secret";

fn fault(path: &str, action: Action) -> Fault {
    Fault {
        path: path.into(),
        times: 1,
        skip: 0,
        action,
    }
}

async fn prepared() -> Corp {
    let corp = Corp::start().await;
    corp.mock.say(CUSTOMER, "1").await.expect("said");
    corp.token("kf-secret").await;
    corp
}

fn bot_lines(corp: &Corp) -> usize {
    corp.mock
        .chat(CUSTOMER)
        .iter()
        .filter(|line| line.from == "bot")
        .count()
}

async fn try_send(corp: &Corp) -> Result<String, reqwest::Error> {
    let token = corp.token("kf-secret").await;
    let body = json!({"touser": CUSTOMER, "open_kfid": crate::support::KF, "msgtype": "text", "text": {"content": "您好"}});
    let url = corp.url(&format!("/cgi-bin/kf/send_msg?access_token={token}"));
    corp.http
        .post(url)
        .body(body.to_string())
        .send()
        .await?
        .error_for_status()?
        .text()
        .await
}

#[tokio::test]
async fn a_cut_before_changes_nothing_and_a_cut_after_changes_all() {
    let corp = prepared().await;
    corp.mock.fault(fault("kf/send_msg", Action::DropBefore));
    assert!(try_send(&corp).await.is_err());
    assert_eq!(bot_lines(&corp), 0);
    corp.mock.fault(fault("kf/send_msg", Action::DropAfter));
    assert!(try_send(&corp).await.is_err());
    assert_eq!(bot_lines(&corp), 1);
    let calls = corp.mock.calls("kf/send_msg");
    let applied: Vec<bool> = calls.iter().map(|call| call.applied).collect();
    assert_eq!(applied, [false, true]);
    assert!(try_send(&corp).await.is_ok(), "a fault strikes once");
}

#[tokio::test]
async fn statuses_codes_and_broken_bodies() {
    let corp = prepared().await;
    corp.mock.fault(fault(
        "kf/send_msg",
        Action::Http {
            status: 502,
            applied: false,
        },
    ));
    assert_eq!(
        try_send(&corp)
            .await
            .expect_err("502")
            .status()
            .map(|status| status.as_u16()),
        Some(502)
    );
    corp.mock.fault(fault(
        "kf/send_msg",
        Action::Errcode {
            code: -1,
            applied: true,
        },
    ));
    let busy: Value =
        serde_json::from_str(&try_send(&corp).await.expect("an answer")).expect("JSON");
    assert_eq!((code(&busy), bot_lines(&corp)), (-1, 1));
    for action in [Action::Truncate, Action::Garble] {
        corp.mock.fault(fault("kf/send_msg", action));
        let text = try_send(&corp).await.expect("an answer");
        assert!(serde_json::from_str::<Value>(&text).is_err(), "{text}");
    }
    assert_eq!(bot_lines(&corp), 3);
}

#[tokio::test]
async fn a_call_hangs_until_the_caller_gives_up() {
    let corp = prepared().await;
    corp.mock.fault(fault("gettoken", Action::Hang));
    let request = corp
        .http
        .get(corp.url(GETTOKEN))
        .timeout(Duration::from_millis(50));
    assert!(request.send().await.expect_err("no answer").is_timeout());
    corp.mock.fault(fault("gettoken", Action::Hang));
    let hanging = tokio::spawn(corp.http.get(corp.url(GETTOKEN)).send());
    while corp
        .mock
        .calls("gettoken")
        .iter()
        .filter(|call| !call.applied)
        .count()
        < 2
    {
        tokio::task::yield_now().await;
    }
    corp.mock.shutdown().await;
    assert!(hanging.await.expect("no panic").is_err());
}

#[tokio::test]
async fn one_token_for_each_secret_until_it_expires_or_is_revoked() {
    let corp = Corp::start().await;
    let first = corp.token("kf-secret").await;
    assert_eq!(corp.get(GETTOKEN).await["access_token"], first.as_str());
    assert_ne!(corp.token("app-secret").await, first);
    let path = format!("/cgi-bin/getcallbackip?access_token={first}");
    assert_eq!(code(&corp.get(&path).await), 0);
    corp.mock.advance_secs(7_200);
    assert_eq!(code(&corp.get(&path).await), 42001);
    corp.switch("expired_token_code", json!(40014));
    assert_eq!(code(&corp.get(&path).await), 40014);
    let second = corp.get(GETTOKEN).await["access_token"].clone();
    assert_ne!(second, first.as_str());
    assert_eq!(
        corp.post("/mock/tokens/revoke", &json!({"secret": "kf-secret"}))
            .await["revoked"],
        2
    );
    let path = format!(
        "/cgi-bin/getcallbackip?access_token={}",
        second.as_str().expect("a token")
    );
    assert_eq!(code(&corp.get(&path).await), 40014);
    for (path, expected) in [
        ("/cgi-bin/gettoken".to_owned(), 41002),
        (format!("/cgi-bin/gettoken?corpid={CORP}"), 41004),
        (
            "/cgi-bin/gettoken?corpid=ww1&corpsecret=kf-secret".to_owned(),
            40013,
        ),
        (
            format!("/cgi-bin/gettoken?corpid={CORP}&corpsecret=bad"),
            40001,
        ),
        ("/cgi-bin/getcallbackip".to_owned(), 41001),
        ("/cgi-bin/getcallbackip?access_token=".to_owned(), 41001),
    ] {
        let answer = corp.get(&path).await;
        assert_eq!(code(&answer), expected, "{path}");
        assert!(
            answer["errmsg"]
                .as_str()
                .expect("a text")
                .ends_with(&format!("query?e={expected}"))
        );
    }
}

#[tokio::test]
async fn the_journal_tells_problems_and_keeps_no_secrets() {
    let corp = prepared().await;
    corp.kf_send(json!({"colour": "red", "text": {"content": "您好"}}))
        .await;
    let entries = corp.get("/mock/journal?kind=call&path=kf/send_msg").await;
    assert_eq!(entries[0]["problems"], json!(["unknown field colour"]));
    assert_eq!(entries[0]["request"]["body"]["text"]["content"], "您好");
    let since = entries[0]["id"].as_u64().expect("an id");
    assert_eq!(
        corp.get(&format!("/mock/journal?since={since}")).await,
        json!([])
    );
    let all = corp.get("/mock/journal").await.to_string();
    let token = corp.token("kf-secret").await;
    assert!(!all.contains("kf-secret"));
    assert!(!all.contains(&token));
}

#[tokio::test]
async fn the_control_api_over_http() {
    let corp = Corp::start().await;
    let post = async |path: &str, body: Value| corp.post(path, &body).await;
    assert_eq!(
        post("/mock/clock", json!({"set": 1_760_000_000})).await["now"],
        1_760_000_000
    );
    post(
        "/mock/members",
        json!({"userid": "new.one", "name": "新人"}),
    )
    .await;
    post(
        "/mock/contacts",
        json!([{"external_userid": "wmA", "name": "甲", "followers": [{"userid": "new.one"}]}]),
    )
    .await;
    let said = post(
        "/mock/kf/say",
        json!({"external_userid": "wmA", "content": "你好"}),
    )
    .await;
    assert_eq!(said["attempts"], 0);
    assert_eq!(
        corp.get("/mock/chat?external_userid=wmA").await[0]["time"],
        1_760_000_000
    );
    post(
        "/mock/faults",
        json!({"path": "gettoken", "action": "errcode", "code": 45009}),
    )
    .await;
    assert_eq!(code(&corp.get(GETTOKEN).await), 45009);
    let refused = post("/mock/switches", json!({"no_such_switch": 1})).await;
    assert!(
        refused["error"]
            .as_str()
            .expect("a reason")
            .contains("no_such_switch")
    );
    let refused = post(
        "/mock/kf/say",
        json!({"external_userid": "wmA", "contents": "x"}),
    )
    .await;
    assert!(
        refused["error"]
            .as_str()
            .expect("a reason")
            .contains("contents")
    );
    let state = corp.get("/mock/state").await;
    assert_eq!(
        state["customers"]["wmA"]["followers"][0]["createtime"],
        1_760_000_000
    );
    post("/mock/reset", json!({})).await;
    assert_eq!(corp.get("/mock/chat?external_userid=wmA").await, json!([]));
}

#[tokio::test]
async fn watchers_see_chat_lines_as_they_come() {
    let corp = Corp::start().await;
    let mut watcher = corp
        .http
        .get(corp.url("/mock/events"))
        .send()
        .await
        .expect("a stream");
    corp.mock.say(CUSTOMER, "看得到吗").await.expect("said");
    let mut seen = String::new();
    while !seen.contains("\n\n") {
        let chunk = watcher
            .chunk()
            .await
            .expect("a chunk")
            .expect("not the end");
        seen.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(seen.starts_with("event: chat\n"), "{seen}");
    assert!(seen.contains("看得到吗"));
}
