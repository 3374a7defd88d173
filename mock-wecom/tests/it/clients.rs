//! What clients that nobody here wrote send, byte for byte, and what they need to find in the
//! answer. `docs/clients.md` tells which clients were run against the mock.

use mock_wecom::{BotSay, Kind};
use serde_json::{Value, json};

use crate::support::{Corp, Manner, Receiver, code};

/// A call in the exact bytes of a client.
async fn raw(corp: &Corp, secret: &str, verb: &str, path: &str, body: &'static str) -> Value {
    let token = corp.token(secret).await;
    let joint = if path.contains('?') { '&' } else { '?' };
    let url = corp.url(&format!("/cgi-bin/{path}{joint}access_token={token}"));
    let verb = verb.parse().expect("a method");
    let request = corp.http.request(verb, url).body(body);
    let answer = request.send().await.expect("an answer");
    answer.json().await.expect("JSON")
}

/// wechatpy 2.0.0a26 lists the customer-service accounts by GET and without a body.
#[tokio::test]
async fn accounts_are_listed_by_get_too() {
    let corp = Corp::start().await;
    let list = raw(&corp, "kf-secret", "GET", "kf/account/list", "").await;
    assert_eq!(list["account_list"][0]["name"], "示例客服");
    let other = raw(&corp, "kf-secret", "GET", "kf/send_msg", "").await;
    assert_eq!(code(&other), 40058, "other calls want their POST");
}

/// wechat-enterprise-api 0.3.0 asks for members with `fetch_child` and `status`.
#[tokio::test]
async fn members_of_a_department_and_of_those_below() {
    let corp = Corp::start().await;
    let path = "user/list?department_id=1&fetch_child=1&status=0";
    let list = async || raw(&corp, "app-secret", "GET", path, "").await;
    assert_eq!(list().await["userlist"], json!([]));
    corp.switch("fetch_child", json!(true));
    let found = list().await;
    assert_eq!(found["userlist"].as_array().map(Vec::len), Some(3));
    assert_eq!(found["userlist"][0]["main_department"], 2);
    let entry = corp.get("/mock/journal?path=user/list&last=1").await;
    assert_eq!(
        entry[0]["problems"],
        Value::Null,
        "nothing to complain about"
    );
}

/// wechatpy 2.0.0a26: `user.create(...)`, then the calls around it.
#[tokio::test]
async fn the_contact_book_is_written_and_read() {
    let corp = Corp::start().await;
    let person = r#"{"userid": "new.one", "name": "新人", "department": [2], "position": "销售", "mobile": "13800000000", "gender": 1, "email": "n@a.invalid", "enable": 1, "extattr": {"attrs": []}}"#;
    let call = async |secret: &str, verb: &str, path: &str, body: &'static str| {
        raw(&corp, secret, verb, path, body).await
    };
    assert_eq!(
        code(&call("app-secret", "POST", "user/create", person).await),
        48002
    );
    assert_eq!(
        code(&call("book-secret", "POST", "user/create", person).await),
        0
    );
    assert_eq!(
        code(&call("book-secret", "POST", "user/create", person).await),
        60102
    );
    let twin = r#"{"userid": "n2", "name": "二", "department": [2], "mobile": "13800000000"}"#;
    assert_eq!(
        code(&call("book-secret", "POST", "user/create", twin).await),
        60104
    );
    let found = call(
        "app-secret",
        "POST",
        "user/getuserid",
        r#"{"mobile": "13800000000"}"#,
    )
    .await;
    assert_eq!(found["userid"], "new.one");
    let member = call("app-secret", "GET", "user/get?userid=new.one", "").await;
    assert_eq!(member["position"], "销售");
    assert_eq!(member["mobile"], Value::Null, "newer apps do not see it");
    corp.switch("user_details", json!(true));
    let member = call("app-secret", "GET", "user/get?userid=new.one", "").await;
    assert_eq!(
        (&member["mobile"], &member["gender"]),
        (&json!("13800000000"), &json!("1"))
    );
    let change = r#"{"userid": "new.one", "name": "老人", "enable": 0}"#;
    assert_eq!(
        code(&call("book-secret", "POST", "user/update", change).await),
        0
    );
    let member = call("app-secret", "GET", "user/get?userid=new.one", "").await;
    assert_eq!(
        (&member["name"], &member["status"]),
        (&json!("老人"), &json!(2))
    );
    let openid = call(
        "app-secret",
        "POST",
        "user/convert_to_openid",
        r#"{"userid": "new.one"}"#,
    )
    .await;
    assert!(openid["openid"].is_string());
    assert_eq!(
        code(&call("book-secret", "GET", "user/delete?userid=new.one", "").await),
        0
    );
    assert_eq!(
        code(&call("book-secret", "GET", "user/delete?userid=new.one", "").await),
        60111
    );
}

/// wechatpy 2.0.0a26: `department.create/update/delete`, `tag.*`.
#[tokio::test]
async fn departments_and_tags_are_written_and_read() {
    let corp = Corp::start().await;
    let call = async |verb: &str, path: &str, body: &'static str| {
        raw(&corp, "book-secret", verb, path, body).await
    };
    let made = call(
        "POST",
        "department/create",
        r#"{"name": "新部门", "parentid": 1, "order": 5, "id": 9}"#,
    )
    .await;
    assert_eq!(made["id"], 9);
    let twin = call(
        "POST",
        "department/create",
        r#"{"name": "新部门", "parentid": 1}"#,
    )
    .await;
    assert_eq!(code(&twin), 60008);
    let circle = call("POST", "department/update", r#"{"id": 9, "parentid": 9}"#).await;
    assert_eq!(code(&circle), 60004);
    assert_eq!(
        code(&call("GET", "department/delete?id=2", "").await),
        60005
    );
    assert_eq!(
        code(&call("GET", "department/delete?id=1", "").await),
        60006
    );
    assert_eq!(code(&call("GET", "department/delete?id=9", "").await), 0);

    let tag = call("POST", "tag/create", r#"{"tagname": "标签"}"#).await;
    assert_eq!(tag["tagid"], 1);
    let added = call(
        "POST",
        "tag/addtagusers",
        r#"{"tagid": 1, "userlist": ["lin.mei", "nobody"], "partylist": [2, 99]}"#,
    )
    .await;
    assert_eq!(
        (&added["invalidlist"], &added["invalidparty"]),
        (&json!("nobody"), &json!([99]))
    );
    let none = call(
        "POST",
        "tag/addtagusers",
        r#"{"tagid": 1, "userlist": ["nobody"]}"#,
    )
    .await;
    assert_eq!(code(&none), 40070);
    let got = call("GET", "tag/get?tagid=1", "").await;
    assert_eq!(
        got["userlist"],
        json!([{"userid": "lin.mei", "name": "林梅"}])
    );
    assert_eq!(code(&call("GET", "tag/delete?tagid=1", "").await), 0);
    assert_eq!(code(&call("GET", "tag/get?tagid=1", "").await), 40068);
}

/// wechat-enterprise-api 0.3.0: `createMenu`, `getMenu`, `removeMenu`, `getAgent`.
#[tokio::test]
async fn an_app_has_a_menu_and_says_who_it_is() {
    let corp = Corp::start().await;
    let call = async |verb: &str, path: &str, body: &'static str| {
        raw(&corp, "app-secret", verb, path, body).await
    };
    assert_eq!(
        code(&call("GET", "menu/get?agentid=1000002", "").await),
        46003
    );
    let menu = r#"{"button": [{"type": "click", "name": "菜单", "key": "M"}]}"#;
    assert_eq!(
        code(&call("POST", "menu/create?agentid=1000002", menu).await),
        0
    );
    let four = r#"{"button": [{"name": "1"}, {"name": "2"}, {"name": "3"}, {"name": "4"}]}"#;
    assert_eq!(
        code(&call("POST", "menu/create?agentid=1000002", four).await),
        40016
    );
    assert_eq!(
        code(&call("POST", "menu/create?agentid=7", menu).await),
        301002
    );
    let got = call("GET", "menu/get?agentid=1000002", "").await;
    assert_eq!(got["button"][0]["key"], "M");
    assert_eq!(
        code(&call("GET", "menu/delete?agentid=1000002", "").await),
        0
    );
    let set = r#"{"agentid": 1000002, "name": "助手"}"#;
    assert_eq!(code(&call("POST", "agent/set", set).await), 0);
    let agent = call("GET", "agent/get?agentid=1000002", "").await;
    assert_eq!(
        (&agent["name"], &agent["allow_partys"]["partyid"]),
        (&json!("助手"), &json!([1]))
    );
}

/// wechatpy 2.0.0a26 reads the calendar's id from the answer to `calendar.update` as well.
#[tokio::test]
async fn a_changed_calendar_is_named_in_the_answer() {
    let corp = Corp::start().await;
    let new = r##"{"calendar": {"organizer": "lin.mei", "summary": "日历", "color": "#FF3030", "description": "d", "shares": [{"userid": "wang.wei"}]}}"##;
    let made = raw(&corp, "app-secret", "POST", "oa/calendar/add", new).await;
    let change =
        json!({"calendar": {"cal_id": made["cal_id"], "summary": "二", "color": "#FF3030"}});
    let answer = corp.call("app-secret", "oa/calendar/update", &change).await;
    assert!(answer["cal_id"].is_string());
    assert_eq!(answer["cal_id"], made["cal_id"]);
}

/// `@wecom/aibot-node-sdk` 1.0.7 fetches the picture of a message and decrypts it: AES-256-CBC,
/// padded to 32, the key's first half as IV, no frame. In URL mode the callback key opens it.
#[tokio::test]
async fn a_bot_fetches_a_picture_within_five_minutes() {
    use aes::Aes256;
    use aes::cipher::{Block, BlockModeDecrypt, KeyIvInit};

    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::Aibot, vec![Manner::Empty]).await;
    let picture = json!({"kind": "image", "media_id": "IN_1", "filename": "in.png", "text": "hello, picture"});
    corp.post("/mock/media", &picture).await;
    let said = BotSay {
        userid: "lin.mei".into(),
        msgtype: Some("image".into()),
        payload: Some(json!({"media_id": "IN_1"})),
        ..BotSay::default()
    };
    corp.mock.bot_say(said).await.expect("said");
    let message: Value = serde_json::from_str(&receiver.last().plain).expect("JSON");
    let image = &message["image"];
    assert_eq!(
        image["aeskey"],
        Value::Null,
        "only the long connection has keys of its own"
    );
    let url = image["url"].as_str().expect("an address");
    let fetch = async || corp.http.get(url).send().await.expect("an answer");
    let answer = fetch().await;
    assert_eq!(
        answer.headers()["content-disposition"],
        "attachment; filename=\"in.png\""
    );
    let mut bytes = answer.bytes().await.expect("bytes").to_vec();
    // The test key is the bytes 0 to 31.
    let key: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).expect("small"));
    let iv: [u8; 16] = std::array::from_fn(|at| key[at]);
    let mut cipher = cbc::Decryptor::<Aes256>::new(&key.into(), &iv.into());
    for chunk in bytes.chunks_exact_mut(16) {
        let mut block = Block::<Aes256>::default();
        block.copy_from_slice(chunk);
        cipher.decrypt_block(&mut block);
        chunk.copy_from_slice(&block);
    }
    assert_eq!(bytes.len(), 32);
    assert_eq!(&bytes[..14], b"hello, picture");
    assert_eq!(bytes[14..], [18; 18]);
    corp.mock.advance_secs(300);
    assert_eq!(fetch().await.status(), 403);
}
