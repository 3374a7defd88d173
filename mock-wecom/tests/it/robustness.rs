//! Any rubbish on any endpoint gets an official code: never a 5xx, never a cut connection.

use serde_json::{Value, json};

use crate::support::{Corp, code};

/// Every path the mock serves, read from the sources, so that a new one is tried too.
fn paths() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/api");
    let mut paths = Vec::new();
    for file in std::fs::read_dir(folder).expect("the sources") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("text");
        let quoted = text.split('"').filter(|part| part.starts_with("/cgi-bin/"));
        paths.extend(quoted.map(str::to_owned));
    }
    assert!(paths.len() > 50, "{}", paths.len());
    paths
}

/// Bodies that are wrong in many ways, with the fields that most calls share.
fn rubbish() -> Vec<String> {
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(1.5),
        json!("x"),
        json!("\u{0}"),
        json!([]),
        json!([[]]),
        json!([null]),
        json!({}),
        json!({"x": [1]}),
    ];
    let names = "touser open_kfid external_userid userid msgtype text cursor limit offset start_time \
                 end_time tag tag_id group_id chat_id chatid userlist msgid welcome_code code \
                 service_state agentid type scene name id order";
    let mut bodies: Vec<String> = [
        "", " ", "{", "[]", "null", "\"x\"", "{\"a\":", "\u{fffd}", "<xml/>",
    ]
    .map(str::to_owned)
    .to_vec();
    for value in odd {
        let all: serde_json::Map<String, Value> = names
            .split_whitespace()
            .map(|name| (name.to_owned(), value.clone()))
            .collect();
        bodies.push(Value::Object(all).to_string());
    }
    for msgtype in ["text", "news", "template_card", "msgmenu", "location"] {
        for body in [
            json!("x"),
            json!({"articles": [1]}),
            json!({"list": [{"type": "click"}]}),
            json!({"content": 5}),
        ] {
            let message = json!({"touser": "lin.mei", "open_kfid": "wkSAMPLE00000000000000000000001",
                "chat_type": "single", "start_time": i64::MIN, "end_time": i64::MAX,
                "userid": "lin.mei", "external_userid": "wmSAMPLE00000000000000000000001",
                "agentid": 1_000_002, "msgtype": msgtype, msgtype: body});
            bodies.push(message.to_string());
        }
    }
    bodies
}

#[tokio::test]
async fn rubbish_gets_an_official_code() {
    let corp = Corp::start().await;
    let bodies = rubbish();
    let all = json!({"secret": "all", "kind": "app", "agent_id": 1_000_002,
                     "also": ["kf", "contact", "contacts-book"]});
    corp.post("/mock/secrets", &all).await;
    let token = corp.token("all").await;
    for path in paths() {
        let url = corp.url(&format!("{path}?access_token={token}&key=sample-robot-key"));
        for body in &bodies {
            let sent = corp.http.post(&url).body(body.clone()).send().await;
            let response = sent.unwrap_or_else(|error| panic!("{path} with {body}: {error}"));
            assert_eq!(response.status(), 200, "{path} with {body}");
            let answer: Value = response
                .json()
                .await
                .unwrap_or_else(|_| panic!("{path} with {body}"));
            assert!(answer["errcode"].is_i64(), "{path} with {body}: {answer}");
        }
    }
}

#[tokio::test]
async fn unknown_paths_and_verbs() {
    let corp = Corp::start().await;
    assert_eq!(code(&corp.get("/cgi-bin/no/such/call").await), 40066);
    assert_eq!(code(&corp.post("/elsewhere", &json!({})).await), 40066);
    let token = corp.token("kf-secret").await;
    assert_eq!(
        code(
            &corp
                .get(&format!("/cgi-bin/kf/send_msg?access_token={token}"))
                .await
        ),
        40058
    );
    let answer = corp
        .post(
            &format!("/cgi-bin/kf/send_msg?access_token={token}"),
            &json!([1]),
        )
        .await;
    assert!(
        answer["errmsg"]
            .as_str()
            .expect("a text")
            .contains("Warning: wrong json format.")
    );
    let body_token = json!({"access_token": token, "open_kfid": "wkX"});
    assert_eq!(
        code(&corp.post("/cgi-bin/kf/sync_msg", &body_token).await),
        41001
    );
}

#[tokio::test]
async fn broken_uploads_get_an_official_code() {
    let corp = Corp::start().await;
    let token = corp.token("app-secret").await;
    let url = corp.url(&format!(
        "/cgi-bin/media/upload?access_token={token}&type=file"
    ));
    for (kind, body, expected) in [
        ("multipart/form-data", "x", 40058),
        ("multipart/form-data; boundary=b", "no boundary here", 40058),
        ("multipart/form-data; boundary=b", "--b--\r\n", 44001),
        ("application/json", "{}", 44001),
    ] {
        let request = corp.http.post(&url).header("content-type", kind).body(body);
        let answer = request
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        assert_eq!(code(&answer), expected, "{kind} {body}");
    }
}
