//! Customer service: the round with cursors, limits, states and one-time codes.

use mock_wecom::{KfEnter, KfFail, KfSay, KfSession, Kind};
use serde_json::{Value, json};

use crate::support::{CUSTOMER, Corp, KF, Manner, Receiver, between, code};

async fn sync(corp: &Corp, cursor: &str, more: Value) -> Value {
    let mut body = json!({"open_kfid": KF, "cursor": cursor});
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    corp.call("kf-secret", "kf/sync_msg", &body).await
}

#[tokio::test]
async fn a_customer_writes_and_the_bot_answers() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::Kf, vec![Manner::Empty]).await;
    let said = corp.mock.say(CUSTOMER, "价格表").await.expect("said");
    assert_eq!((said.http_status, said.attempts), (Some(200), 1));

    let hint = receiver.last().plain;
    assert_eq!(between(&hint, "<Event><![CDATA[", "]]>"), "kf_msg_or_event");
    assert_eq!(between(&hint, "<OpenKfId><![CDATA[", "]]>"), KF);
    let token = between(&hint, "<Token><![CDATA[", "]]>");
    let page = sync(&corp, "", json!({"token": token})).await;
    assert_eq!(page["has_more"], 0);
    assert_eq!(page["msg_list"][0]["msgid"], said.fact("msgid"));
    assert_eq!(page["msg_list"][0]["origin"], 3);
    assert_eq!(page["msg_list"][0]["text"]["content"], "价格表");

    assert_eq!(
        corp.kf_send(json!({"msgid": "out-1"})).await["msgid"],
        "out-1"
    );
    let chat = corp.mock.chat(CUSTOMER);
    let lines: Vec<(&str, &str)> = chat
        .iter()
        .map(|line| (line.from.as_str(), line.text.as_str()))
        .collect();
    assert_eq!(lines, [("customer", "价格表"), ("bot", "您好")]);
    // What the bot sent never comes back.
    let next = page["next_cursor"].as_str().expect("a cursor");
    assert_eq!(sync(&corp, next, json!({})).await["msg_list"], json!([]));
}

#[tokio::test]
async fn pages_follow_the_cursor_and_empty_pages_do_not_end_the_list() {
    let corp = Corp::start().await;
    corp.switch("kf_page_limit", json!(2));
    corp.switch("kf_empty_pages", json!(1));
    let request = KfSay {
        external_userid: CUSTOMER.to_owned(),
        content: Some("在吗".to_owned()),
        count: Some(5),
        ..KfSay::default()
    };
    let said = corp.mock.kf_say(request).await.expect("said");
    let (mut cursor, mut seen, mut sizes) = (String::new(), Vec::new(), Vec::new());
    loop {
        let page = sync(&corp, &cursor, json!({})).await;
        let items = page["msg_list"].as_array().expect("a list");
        sizes.push(items.len());
        seen.extend(items.iter().map(|item| item["msgid"].clone()));
        cursor = page["next_cursor"].as_str().expect("a cursor").to_owned();
        if page["has_more"] == 0 {
            break;
        }
    }
    assert_eq!(sizes, [0, 2, 2, 1]);
    assert_eq!(Value::Array(seen), said.facts["msgids"]);
}

#[tokio::test]
async fn a_pull_token_lives_ten_minutes() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::Kf, vec![Manner::Empty]).await;
    corp.mock.say(CUSTOMER, "1").await.expect("said");
    let hint = receiver.last().plain;
    let token = between(&hint, "<Token><![CDATA[", "]]>").to_owned();
    assert_eq!(code(&sync(&corp, "", json!({"token": token})).await), 0);
    corp.mock.advance_secs(601);
    assert_eq!(code(&sync(&corp, "", json!({"token": token})).await), 95007);
    assert_eq!(code(&sync(&corp, "", json!({})).await), 0);
    corp.switch("kf_tokenless_per_min", json!(1));
    assert_eq!(code(&sync(&corp, "", json!({})).await), 0);
    assert_eq!(code(&sync(&corp, "", json!({})).await), 45009);
}

#[tokio::test]
async fn five_messages_then_95001_and_after_two_days_95002() {
    let corp = Corp::start().await;
    assert_eq!(
        code(&corp.kf_send(json!({})).await),
        95002,
        "the customer has never written"
    );
    corp.mock.say(CUSTOMER, "1").await.expect("said");
    for n in 0..5 {
        assert_eq!(code(&corp.kf_send(json!({})).await), 0, "message {n}");
    }
    assert_eq!(code(&corp.kf_send(json!({})).await), 95001);
    corp.mock.say(CUSTOMER, "2").await.expect("said");
    assert_eq!(code(&corp.kf_send(json!({})).await), 0);
    corp.mock.advance_secs(48 * 3_600);
    assert_eq!(code(&corp.kf_send(json!({})).await), 95002);
}

#[tokio::test]
async fn a_message_id_is_accepted_once() {
    let corp = Corp::start().await;
    corp.mock.say(CUSTOMER, "1").await.expect("said");
    assert_eq!(code(&corp.kf_send(json!({"msgid": "a-1"})).await), 0);
    assert_eq!(code(&corp.kf_send(json!({"msgid": "a-1"})).await), 95033);
    corp.switch("kf_duplicate_msgid_code", json!(40058));
    assert_eq!(code(&corp.kf_send(json!({"msgid": "a-1"})).await), 40058);
    assert_eq!(
        code(&corp.kf_send(json!({"msgid": "no spaces"})).await),
        40058
    );
    let bots = corp
        .mock
        .chat(CUSTOMER)
        .iter()
        .filter(|line| line.from == "bot")
        .count();
    assert_eq!(bots, 1);
}

async fn trans(corp: &Corp, state: u8, servicer: &str) -> Value {
    let body = json!({"open_kfid": KF, "external_userid": CUSTOMER, "service_state": state,
                      "servicer_userid": servicer});
    corp.call("kf-secret", "kf/service_state/trans", &body)
        .await
}

#[tokio::test]
async fn the_bot_may_not_speak_while_a_human_has_the_session() {
    let corp = Corp::start().await;
    corp.mock.say(CUSTOMER, "找人工").await.expect("said");
    assert_eq!(code(&trans(&corp, 3, "lin.mei").await), 95014);
    let moved = trans(&corp, 3, "zhao.min").await;
    assert_eq!(code(&moved), 0);
    assert!(moved["msg_code"].is_string());
    let pair = json!({"open_kfid": KF, "external_userid": CUSTOMER});
    let state = corp.call("kf-secret", "kf/service_state/get", &pair).await;
    assert_eq!(state["service_state"], 3);
    assert_eq!(state["servicer_userid"], "zhao.min");
    assert_eq!(code(&corp.kf_send(json!({})).await), 95018);
    assert_eq!(code(&trans(&corp, 1, "").await), 95016);
}

#[tokio::test]
async fn an_ended_session_allows_one_farewell() {
    let corp = Corp::start().await;
    corp.mock.say(CUSTOMER, "找人工").await.expect("said");
    let end = KfSession {
        external_userid: CUSTOMER.into(),
        change_type: 3,
        ..KfSession::default()
    };
    let ended = corp.mock.kf_session(end).await.expect("ended");
    let farewell =
        json!({"code": ended.fact("msg_code"), "msgtype": "text", "text": {"content": "再见"}});
    for expected in [0, 40058] {
        let sent = corp
            .call("kf-secret", "kf/send_msg_on_event", &farewell)
            .await;
        assert_eq!(code(&sent), expected);
    }
    assert_eq!(code(&trans(&corp, 1, "").await), 95013);
    let event = sync(&corp, "", json!({})).await["msg_list"][1]["event"].clone();
    assert_eq!(event["event_type"], "session_status_change");
    assert_eq!(event["change_type"], 3);
}

#[tokio::test]
async fn a_welcome_code_is_good_once_within_20_seconds() {
    let corp = Corp::start().await;
    let enter = || KfEnter {
        external_userid: "wmNEW1".into(),
        scene: "ad".into(),
        ..KfEnter::default()
    };
    let welcome =
        |code: &str| json!({"code": code, "msgtype": "text", "text": {"content": "欢迎"}});
    let path = "kf/send_msg_on_event";
    let first = corp.mock.kf_enter(enter()).await.expect("entered");
    corp.mock.advance_secs(20);
    assert_eq!(
        code(
            &corp
                .call("kf-secret", path, &welcome(first.fact("welcome_code")))
                .await
        ),
        40058
    );
    let second = corp.mock.kf_enter(enter()).await.expect("entered");
    assert_eq!(
        code(
            &corp
                .call("kf-secret", path, &welcome(second.fact("welcome_code")))
                .await
        ),
        0
    );
    let third = corp.mock.kf_enter(enter()).await.expect("entered");
    assert_eq!(third.fact("welcome_code"), "", "welcomed within 48 hours");
}

#[tokio::test]
async fn an_accepted_message_may_fail_later() {
    let corp = Corp::start().await;
    corp.mock.say(CUSTOMER, "1").await.expect("said");
    corp.kf_send(json!({"msgid": "out-9"})).await;
    corp.mock
        .kf_fail(KfFail {
            msgid: "out-9".into(),
            fail_type: 10,
        })
        .await
        .expect("failed");
    let items = sync(&corp, "", json!({})).await["msg_list"].clone();
    assert_eq!(items[1]["event"]["fail_msgid"], "out-9");
    assert_eq!(items[1]["event"]["fail_type"], 10);
    assert_eq!(corp.mock.chat(CUSTOMER)[1].status, "failed");
}

#[tokio::test]
async fn accounts_servicers_and_customers() {
    let corp = Corp::start().await;
    let call = async |path: &str, body: Value| corp.call("kf-secret", path, &body).await;
    let list = call("kf/account/list", json!({})).await;
    assert_eq!(list["account_list"][0]["open_kfid"], KF);
    let added = call(
        "kf/servicer/add",
        json!({"open_kfid": KF, "userid_list": ["lin.mei", "zhao.min", "ghost"]}),
    )
    .await;
    let codes: Vec<_> = added["result_list"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|r| r["errmsg"].clone())
        .collect();
    assert_eq!(codes, ["success", "ignored", "invalid userid"]);
    let batch = json!({"external_userid_list": [CUSTOMER, "wmNOBODY"]});
    let silent = call("kf/customer/batchget", batch.clone()).await;
    assert_eq!(
        silent["invalid_external_userid"],
        json!([CUSTOMER, "wmNOBODY"])
    );
    corp.mock.say(CUSTOMER, "1").await.expect("said");
    let active = call("kf/customer/batchget", batch).await;
    assert_eq!(active["customer_list"][0]["nickname"], "张晓");
    assert_eq!(
        code(&call("kf/account/list", json!({"limit": []})).await),
        40058
    );
    assert_eq!(
        code(&corp.call("app-secret", "kf/account/list", &json!({})).await),
        48002
    );
}

#[tokio::test]
async fn servicers_and_other_events_are_in_the_log_too() {
    let corp = Corp::start().await;
    let spoken = KfSay {
        external_userid: CUSTOMER.into(),
        servicer_userid: Some("zhao.min".into()),
        content: Some("我来处理".into()),
        ..KfSay::default()
    };
    corp.mock.kf_say(spoken).await.expect("said");
    assert_eq!(
        code(&corp.kf_send(json!({})).await),
        95002,
        "a servicer opens no session"
    );
    let recalled = KfSay {
        external_userid: CUSTOMER.into(),
        msgtype: Some("event".into()),
        payload: Some(json!({"event_type": "user_recall_msg", "recall_msgid": "m1"})),
        ..KfSay::default()
    };
    corp.mock.kf_say(recalled).await.expect("happened");
    let items = sync(&corp, "", json!({})).await["msg_list"].clone();
    assert_eq!(items[0]["origin"], 5);
    assert_eq!(items[0]["servicer_userid"], "zhao.min");
    assert_eq!(items[1]["origin"], 4);
    assert_eq!(items[1]["event"]["recall_msgid"], "m1");
    assert_eq!(items[1].get("external_userid"), None);
}
