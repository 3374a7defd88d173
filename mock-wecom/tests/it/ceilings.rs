//! Ceilings: internal groups, contact ways, mass messages.

use std::time::Duration;

use mock_wecom::MassConfirm;
use serde_json::{Value, json};

use crate::support::{CUSTOMER, Corp, code};

async fn new_chat(corp: &Corp) -> Value {
    let body = json!({"userlist": ["lin.mei", "wang.wei", "zhao.min"]});
    corp.call("app-secret", "appchat/create", &body).await
}

#[tokio::test]
async fn internal_groups_are_made_and_changed_so_often() {
    let corp = Corp::start().await;
    corp.switch("appchats_per_day", json!(1));
    corp.switch("appchat_changes_per_hour", json!(1));
    let made = new_chat(&corp).await;
    assert_eq!(code(&new_chat(&corp).await), 45009);
    let change = json!({"chatid": made["chatid"], "name": "新名"});
    let update = async || code(&corp.call("app-secret", "appchat/update", &change).await);
    assert_eq!(update().await, 0);
    assert_eq!(update().await, 45009);
    corp.mock.advance_secs(3_601);
    assert_eq!(update().await, 0);
    corp.mock.advance_secs(86_400);
    assert_eq!(code(&new_chat(&corp).await), 0);
}

#[tokio::test]
async fn an_internal_group_counts_each_member_of_it() {
    let corp = Corp::start().await;
    let chat = new_chat(&corp).await["chatid"].clone();
    let message = json!({"chatid": chat, "msgtype": "text", "text": {"content": "x"}});
    let send = async || code(&corp.call("app-secret", "appchat/send", &message).await);
    corp.mock.set_time(1_760_000_040);
    corp.switch("appchat_person_messages_per_min", json!(5));
    assert_eq!(send().await, 0, "three people");
    assert_eq!(send().await, 45009, "six people in this minute");
    corp.mock.advance_secs(60);
    assert_eq!(send().await, 0);
}

#[tokio::test]
async fn contact_ways_and_join_ways_share_a_ceiling() {
    let corp = Corp::start().await;
    corp.switch("ways_per_corp", json!(2));
    corp.switch("temp_ways_per_day", json!(1));
    let call = async |path: &str, body: Value| {
        let path = format!("externalcontact/{path}");
        corp.call("contact-secret", &path, &body).await
    };
    let temporary = json!({"type": 1, "scene": 2, "user": ["lin.mei"], "is_temp": true});
    let first = call("add_contact_way", temporary.clone()).await;
    assert_eq!(code(&first), 0);
    assert_eq!(
        code(&call("add_contact_way", temporary).await),
        45009,
        "temporary ones a day"
    );
    let join = json!({"scene": 2, "chat_id_list": ["wrSAMPLE00000000000000000000001"]});
    assert_eq!(code(&call("groupchat/add_join_way", join.clone()).await), 0);
    assert_eq!(
        code(&call("groupchat/add_join_way", join.clone()).await),
        41045
    );
    let gone = json!({"config_id": first["config_id"]});
    assert_eq!(code(&call("del_contact_way", gone).await), 0);
    assert_eq!(code(&call("groupchat/add_join_way", join).await), 0);
}

/// Sends a mass message to the sample customer; answers the status of it.
async fn mass(corp: &Corp) -> i64 {
    let body = json!({"external_userid": [CUSTOMER], "text": {"content": "新品"}});
    let path = "externalcontact/add_msg_template";
    let made = corp.call("contact-secret", path, &body).await;
    let msgid = made["msgid"].as_str().expect("a task").to_owned();
    let confirm = MassConfirm {
        msgid: msgid.clone(),
        userid: "lin.mei".into(),
        ..MassConfirm::default()
    };
    corp.mock.confirm_mass(confirm).expect("confirmed");
    let path = "externalcontact/get_groupmsg_send_result";
    let which = json!({"msgid": msgid, "userid": "lin.mei"});
    let result = corp.call("contact-secret", path, &which).await;
    result["send_list"][0]["status"].as_i64().expect("a status")
}

#[tokio::test]
async fn a_customer_takes_as_many_mass_messages_as_the_console_allows() {
    let corp = Corp::start().await;
    // Noon of Monday 2025-10-13 in China.
    corp.mock.set_time(1_760_328_000);
    corp.switch("mass_ceiling", json!("day"));
    assert_eq!(mass(&corp).await, 1);
    assert_eq!(mass(&corp).await, 3, "the second of the day");
    corp.mock.advance_secs(86_400);
    assert_eq!(mass(&corp).await, 1);
    corp.switch("mass_ceiling", json!("week"));
    for _ in 0..5 {
        assert_eq!(mass(&corp).await, 1);
    }
    assert_eq!(mass(&corp).await, 3, "the eighth of the week");
}

#[tokio::test]
async fn a_member_may_send_to_some_now_and_to_the_rest_later() {
    let corp = Corp::start().await;
    let other = "wmSAMPLE00000000000000000000002";
    let body = json!({"external_userid": [CUSTOMER, other], "text": {"content": "新品"}});
    let path = "externalcontact/add_msg_template";
    let made = corp.call("contact-secret", path, &body).await;
    let confirm = |only: Vec<String>| MassConfirm {
        msgid: made["msgid"].as_str().expect("a task").into(),
        userid: "lin.mei".into(),
        only,
    };
    corp.mock
        .confirm_mass(confirm(vec![CUSTOMER.into()]))
        .expect("confirmed");
    assert_eq!(
        (corp.mock.chat(CUSTOMER).len(), corp.mock.chat(other).len()),
        (1, 0)
    );
    corp.mock
        .confirm_mass(confirm(Vec::new()))
        .expect("confirmed");
    assert_eq!(
        (corp.mock.chat(CUSTOMER).len(), corp.mock.chat(other).len()),
        (1, 1)
    );
}

#[tokio::test]
async fn a_group_that_is_gone_gets_no_mass_message() {
    let corp = Corp::start().await;
    let group = "wrSAMPLE00000000000000000000001";
    let body = json!({"chat_type": "group", "sender": "lin.mei", "text": {"content": "直播"}});
    let path = "externalcontact/add_msg_template";
    let made = corp.call("contact-secret", path, &body).await;
    corp.post("/mock/group/dismiss", &json!({"chat_id": group}))
        .await;
    let confirm = MassConfirm {
        msgid: made["msgid"].as_str().expect("a task").into(),
        userid: "lin.mei".into(),
        ..MassConfirm::default()
    };
    let done = corp.mock.confirm_mass(confirm).expect("confirmed");
    assert_eq!(done["sent"], 0);
    let path = "externalcontact/get_groupmsg_send_result";
    let which = json!({"msgid": made["msgid"], "userid": "lin.mei"});
    let result = corp.call("contact-secret", path, &which).await;
    assert_eq!(result["send_list"], json!([]));
}

#[tokio::test]
async fn the_journal_says_how_long_an_exchange_took() {
    let corp = Corp::start().await;
    let slow = json!({"path": "gettoken", "action": "delay_ms", "ms": 30});
    corp.post("/mock/faults", &slow).await;
    let call = corp.http.get(corp.url("/cgi-bin/gettoken"));
    let call = call.header("user-agent", "somebody/1.0");
    call.send().await.expect("an answer");
    let har = corp.get("/mock/journal.har").await;
    let entry = &har["log"]["entries"][0];
    let took = entry["time"].as_u64().expect("a number");
    assert!(
        Duration::from_millis(took) >= Duration::from_millis(30),
        "{took}"
    );
    assert_eq!(entry["timings"]["wait"], took);
    let agent = json!([{"name": "user-agent", "value": "somebody/1.0"}]);
    assert_eq!(entry["request"]["headers"], agent);
}

#[tokio::test]
async fn a_snapshot_is_kept_as_a_file() {
    let corp = Corp::start().await;
    let answer = corp
        .http
        .get(corp.url("/mock/snapshot"))
        .send()
        .await
        .expect("an answer");
    let headers = answer.headers();
    assert_eq!(
        headers["content-disposition"],
        "attachment; filename=\"mock-wecom.snapshot.json\""
    );
    assert_eq!(headers["cache-control"], "no-store");
}
