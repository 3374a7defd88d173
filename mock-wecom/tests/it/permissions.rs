//! Who may call what: the kind of a secret, and what an app sees.

use mock_wecom::{Config, VisibleRange};
use serde_json::{Value, json};

use crate::support::{CUSTOMER, Corp, code};

#[tokio::test]
async fn each_endpoint_refuses_the_secrets_of_other_kinds() {
    let corp = Corp::start().await;
    let rows = corp.get("/mock/endpoints").await;
    let secrets = [
        ("app", "app-secret"),
        ("kf", "kf-secret"),
        ("contact", "contact-secret"),
        ("contacts-book", "book-secret"),
    ];
    let mut tokens = Vec::new();
    for (kind, secret) in secrets {
        tokens.push((kind, corp.token(secret).await));
    }
    let mut guarded = 0;
    for row in rows.as_array().expect("a list") {
        let (path, wanted) = (row["path"].as_str().expect("a path"), &row["token"]);
        if wanted == "none" {
            continue;
        }
        let bare = corp.post(path, &json!({})).await;
        assert_eq!(code(&bare), 41001, "{path} without a token");
        let wrong = corp
            .post(&format!("{path}?access_token=x"), &json!({}))
            .await;
        assert_eq!(code(&wrong), 40014, "{path} with a wrong token");
        if wanted == "any" {
            continue;
        }
        guarded += 1;
        for (kind, token) in &tokens {
            let answer = corp
                .post(&format!("{path}?access_token={token}"), &json!({}))
                .await;
            let forbidden = answer["errcode"] == 48002;
            assert_eq!(
                forbidden,
                wanted != kind,
                "{path} with a {kind} secret: {answer}"
            );
        }
    }
    assert!(
        guarded > 90,
        "only {guarded} endpoints want a certain secret"
    );
}

/// The sales department holds lin.mei and wang.wei; zhao.min is in another.
async fn sales_only(secret: &str) -> Corp {
    let config = Config {
        visible: vec![VisibleRange {
            secret: secret.into(),
            users: Vec::new(),
            parties: vec![2],
        }],
        ..Config::sample()
    };
    Corp::with(config).await
}

fn text(receivers: Value) -> Value {
    let mut body = json!({"agentid": 1_000_002, "msgtype": "text", "text": {"content": "x"}});
    if let (Some(body), Value::Object(receivers)) = (body.as_object_mut(), receivers) {
        body.extend(receivers);
    }
    body
}

#[tokio::test]
async fn an_app_sends_only_to_whom_it_sees() {
    let corp = sales_only("app-secret").await;
    let send = async |receivers: Value| {
        let answer = corp
            .call("app-secret", "message/send", &text(receivers))
            .await;
        (code(&answer), answer)
    };
    let (ok, mixed) = send(json!({"touser": "lin.mei|zhao.min"})).await;
    assert_eq!((ok, &mixed["invaliduser"]), (0, &json!("zhao.min")));
    assert_eq!(send(json!({"touser": "zhao.min"})).await.0, 81013);
    let (ok, parties) = send(json!({"toparty": "2|3"})).await;
    assert_eq!((ok, &parties["invalidparty"]), (0, &json!("3")));
    assert_eq!(send(json!({"touser": "@all"})).await.0, 0);
    assert!(corp.mock.chat("zhao.min").is_empty());
    assert_eq!(corp.mock.chat("wang.wei").len(), 2);
}

#[tokio::test]
async fn the_contact_book_ends_where_the_range_ends() {
    let corp = sales_only("app-secret").await;
    let read = async |path: &str, query: &str| corp.read("app-secret", path, query).await;
    assert_eq!(code(&read("user/get", "&userid=lin.mei").await), 0);
    assert_eq!(code(&read("user/get", "&userid=zhao.min").await), 60011);
    assert_eq!(
        code(&read("user/simplelist", "&department_id=3").await),
        60011
    );
    let seen = read("department/list", "").await;
    let ids: Vec<&Value> = seen["department"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| &row["id"])
        .collect();
    assert_eq!(ids, [2]);
    let chat = json!({"userlist": ["lin.mei", "wang.wei"]});
    let refused = corp.call("app-secret", "appchat/create", &chat).await;
    assert_eq!(code(&refused), 48002, "internal groups need the whole corp");
    // Everything is visible again.
    corp.post("/mock/visible", &json!({"secret": "app-secret"}))
        .await;
    assert_eq!(code(&read("user/get", "&userid=zhao.min").await), 0);
}

#[tokio::test]
async fn customers_of_members_out_of_range_are_out_of_range() {
    let corp = sales_only("contact-secret").await;
    let nobody = json!({"secret": "contact-secret", "users": ["wang.wei"]});
    corp.post("/mock/visible", &nobody).await;
    let read = async |path: &str, query: &str| corp.read("contact-secret", path, query).await;
    let follow = read("externalcontact/get_follow_user_list", "").await;
    assert_eq!(follow["follow_user"], json!(["wang.wei"]));
    let list = read("externalcontact/list", "&userid=lin.mei").await;
    assert_eq!(code(&list), 60011);
    let get = read(
        "externalcontact/get",
        &format!("&external_userid={CUSTOMER}"),
    )
    .await;
    assert_eq!(code(&get), 40096, "no follower of this customer is visible");
    for (path, body) in [
        (
            "remark",
            json!({"userid": "lin.mei", "external_userid": CUSTOMER, "remark": "x"}),
        ),
        (
            "add_msg_template",
            json!({"sender": "lin.mei", "text": {"content": "x"}}),
        ),
        (
            "add_contact_way",
            json!({"type": 1, "scene": 2, "user": ["lin.mei"]}),
        ),
        ("batch/get_by_user", json!({"userid_list": ["lin.mei"]})),
    ] {
        let path = format!("externalcontact/{path}");
        let answer = corp.call("contact-secret", &path, &body).await;
        assert_eq!(code(&answer), 60011, "{path}");
    }
}
