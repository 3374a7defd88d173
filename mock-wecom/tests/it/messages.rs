//! App messages, cards, internal groups, robots and files.

use mock_wecom::{AppEvent, Kind};
use serde_json::{Value, json};

use crate::support::{Corp, Manner, Receiver, between, code};

const AGENT: i64 = 1_000_002;

async fn send(corp: &Corp, more: Value) -> Value {
    let mut body = json!({"touser": "lin.mei", "msgtype": "text", "agentid": AGENT, "text": {"content": "晨会"}});
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    corp.call("app-secret", "message/send", &body).await
}

/// The first bytes of a PNG, and ten more.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n0123456789";

#[tokio::test]
async fn partial_failure_is_success_and_total_failure_is_81013() {
    let corp = Corp::start().await;
    let sent = send(
        &corp,
        json!({"touser": "LIN.MEI|ghost", "toparty": "99", "agentid": AGENT.to_string()}),
    )
    .await;
    assert_eq!(
        (code(&sent), &sent["invaliduser"], &sent["invalidparty"]),
        (0, &json!("ghost"), &json!("99"))
    );
    assert_eq!(corp.mock.chat("lin.mei")[0].text, "晨会");
    assert_eq!(code(&send(&corp, json!({"touser": "ghost"})).await), 81013);
    assert_eq!(code(&send(&corp, json!({"touser": ""})).await), 82001);
    assert_eq!(code(&send(&corp, json!({"agentid": 7})).await), 301002);
    assert_eq!(code(&send(&corp, json!({"agentid": null})).await), 41011);
    assert_eq!(code(&send(&corp, json!({"msgtype": "fax"})).await), 40008);
    assert_eq!(
        code(&send(&corp, json!({"text": {"content": ""}})).await),
        44004
    );
    let everyone = send(&corp, json!({"touser": "@all"})).await;
    assert_eq!(code(&everyone), 0);
    assert_eq!(corp.mock.chat("zhao.min").len(), 1);
}

#[tokio::test]
async fn thirty_a_minute_arrive_and_the_rest_vanishes() {
    let corp = Corp::start().await;
    for n in 0..32 {
        assert_eq!(
            code(&send(&corp, json!({"text": {"content": n.to_string()}})).await),
            0
        );
    }
    assert_eq!(corp.mock.chat("lin.mei").len(), 30);
    let problems = corp
        .mock
        .calls("message/send")
        .pop()
        .expect("a call")
        .problems;
    assert!(problems[0].starts_with("dropped silently for lin.mei"));
    corp.mock.advance_secs(61);
    send(&corp, json!({})).await;
    assert_eq!(corp.mock.chat("lin.mei").len(), 31);
}

#[tokio::test]
async fn the_duplicate_check_swallows_the_same_request_for_its_interval() {
    let corp = Corp::start().await;
    let check = json!({"enable_duplicate_check": 1, "duplicate_check_interval": 60});
    let first = send(&corp, check.clone()).await;
    assert_eq!(send(&corp, check.clone()).await["msgid"], first["msgid"]);
    corp.switch("suppressed_send", json!("nothing"));
    assert_eq!(send(&corp, check.clone()).await.get("msgid"), None);
    assert_eq!(corp.mock.chat("lin.mei").len(), 1);
    corp.mock.advance_secs(61);
    send(&corp, check).await;
    assert_eq!(corp.mock.chat("lin.mei").len(), 2);
    assert_eq!(
        code(
            &send(
                &corp,
                json!({"enable_duplicate_check": 1, "duplicate_check_interval": 99999})
            )
            .await
        ),
        40058
    );
}

#[tokio::test]
async fn long_texts_are_cut_at_whole_characters_or_refused() {
    let corp = Corp::start().await;
    let long = json!({"text": {"content": "长".repeat(700)}});
    assert_eq!(code(&send(&corp, long.clone()).await), 0);
    assert_eq!(corp.mock.chat("lin.mei")[0].text.len(), 2046);
    corp.switch("oversize_text", json!("refuse"));
    assert_eq!(code(&send(&corp, long).await), 45002);
}

#[tokio::test]
async fn a_card_can_be_changed_once_for_each_code() {
    let corp = Corp::start().await;
    let card = json!({"msgtype": "template_card", "template_card": {"card_type": "button_interaction",
        "main_title": {"title": "审批"}, "task_id": "t-1", "button_list": [{"text": "同意", "key": "ok"}]}});
    assert_eq!(
        code(&send(&corp, card.clone()).await),
        43012,
        "no callback URL yet"
    );
    let receiver = Receiver::of(&corp, Kind::App, vec![Manner::Empty]).await;
    let sent = send(&corp, card.clone()).await;
    assert_eq!(
        code(&send(&corp, card).await),
        42014,
        "the task id is taken"
    );

    let click = AppEvent {
        userid: "lin.mei".into(),
        agent_id: Some(AGENT),
        event: "template_card_event".into(),
        event_key: Some("ok".into()),
        msgid: Some(sent["msgid"].as_str().expect("an id").into()),
        ..AppEvent::default()
    };
    corp.mock.app_event(click).await.expect("clicked");
    let plain = receiver.last().plain;
    assert_eq!(between(&plain, "<TaskId><![CDATA[", "]]>"), "t-1");
    let from_click = between(&plain, "<ResponseCode><![CDATA[", "]]>").to_owned();
    let update = |code: &Value| {
        json!({"userids": ["lin.mei"], "agentid": AGENT, "response_code": code,
                                       "button": {"replace_name": "已同意"}})
    };
    for response_code in [sent["response_code"].clone(), json!(from_click)] {
        let path = "message/update_template_card";
        assert_eq!(
            code(&corp.call("app-secret", path, &update(&response_code)).await),
            0
        );
        assert_eq!(
            code(&corp.call("app-secret", path, &update(&response_code)).await),
            60140
        );
    }
    let incomplete =
        json!({"msgtype": "template_card", "template_card": {"card_type": "vote_interaction"}});
    assert_ne!(code(&send(&corp, incomplete).await), 0);
}

#[tokio::test]
async fn a_message_can_be_recalled_for_a_day() {
    let corp = Corp::start().await;
    let sent = send(&corp, json!({})).await;
    let recall = json!({"msgid": sent["msgid"]});
    assert_eq!(
        code(&corp.call("app-secret", "message/recall", &recall).await),
        0
    );
    assert_eq!(corp.mock.chat("lin.mei")[0].status, "recalled");
    corp.mock.advance_secs(86_401);
    assert_eq!(
        code(&corp.call("app-secret", "message/recall", &recall).await),
        42052
    );
    assert_eq!(
        code(
            &corp
                .call("app-secret", "message/recall", &json!({"msgid": "x"}))
                .await
        ),
        40058
    );
}

#[tokio::test]
async fn internal_groups_belong_to_their_app() {
    let corp = Corp::start().await;
    let call = async |path: &str, body: Value| corp.call("app-secret", path, &body).await;
    let group = json!({"chatid": "g1", "name": "值班", "owner": "lin.mei", "userlist": ["lin.mei", "wang.wei"]});
    assert_eq!(call("appchat/create", group.clone()).await["chatid"], "g1");
    assert_eq!(code(&call("appchat/create", group).await), 86215);
    assert_eq!(
        code(&call("appchat/create", json!({"userlist": ["lin.mei"]})).await),
        86006
    );
    let text = json!({"chatid": "g1", "msgtype": "text", "text": {"content": "开会"}});
    assert_eq!(code(&call("appchat/send", text.clone()).await), 0);
    assert_eq!(corp.mock.chat("g1")[0].text, "开会");
    assert_eq!(code(&call("appchat/update", json!({"chatid": "g1", "add_user_list": ["zhao.min"], "del_user_list": ["wang.wei"]})).await), 0);
    let seen = corp.read("app-secret", "appchat/get", "&chatid=g1").await;
    assert_eq!(
        seen["chat_info"]["userlist"],
        json!(["lin.mei", "zhao.min"])
    );
    corp.post(
        "/mock/secrets",
        &json!({"secret": "s2", "kind": "app", "agent_id": 7}),
    )
    .await;
    assert_eq!(code(&corp.call("s2", "appchat/send", &text).await), 86008);
}

#[tokio::test]
async fn a_robot_sends_twenty_a_minute() {
    let corp = Corp::start().await;
    let path = "/cgi-bin/webhook/send?key=sample-robot-key";
    let text = json!({"msgtype": "text", "text": {"content": "告警", "mentioned_list": ["@all"]}});
    for _ in 0..20 {
        assert_eq!(code(&corp.post(path, &text).await), 0);
    }
    assert_eq!(code(&corp.post(path, &text).await), 45009);
    corp.mock.advance_secs(60);
    assert_eq!(code(&corp.post(path, &text).await), 0);
    assert_eq!(
        code(&corp.post("/cgi-bin/webhook/send?key=wrong", &text).await),
        93000
    );
    corp.post(
        "/mock/robots",
        &json!({"key": "sample-robot-key", "stopped": true}),
    )
    .await;
    assert_eq!(code(&corp.post(path, &text).await), 93004);
}

#[tokio::test]
async fn files_live_three_days_and_are_read_in_ranges() {
    let corp = Corp::start().await;
    let token = corp.token("app-secret").await;
    let upload = async |kind: &str, name: &'static str, bytes: &'static [u8]| -> Value {
        let part = reqwest::multipart::Part::bytes(bytes).file_name(name);
        let form = reqwest::multipart::Form::new().part("media", part);
        let url = corp.url(&format!(
            "/cgi-bin/media/upload?access_token={token}&type={kind}"
        ));
        corp.http
            .post(url)
            .multipart(form)
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON")
    };
    assert_eq!(code(&upload("image", "a.png", b"0123456789").await), 40123);
    assert_eq!(code(&upload("voice", "a.amr", b"0123456789").await), 40004);
    assert_eq!(code(&upload("image", "a.png", b"01").await), 44001);
    let kept = upload("image", "a.png", PICTURE).await;
    assert!(kept["created_at"].is_string());
    let media_id = kept["media_id"].as_str().expect("an id");
    assert_eq!(
        code(
            &send(
                &corp,
                json!({"msgtype": "image", "image": {"media_id": media_id}})
            )
            .await
        ),
        0
    );
    assert_eq!(
        code(
            &send(
                &corp,
                json!({"msgtype": "file", "file": {"media_id": media_id}})
            )
            .await
        ),
        40007
    );
    let url = corp.url(&format!(
        "/cgi-bin/media/get?access_token={token}&media_id={media_id}"
    ));
    let part = corp
        .http
        .get(&url)
        .header("range", "bytes=10-12")
        .send()
        .await
        .expect("an answer");
    assert_eq!(part.status(), 206);
    assert_eq!(part.text().await.expect("a body"), "234");
    corp.mock.advance_secs(3 * 86_400);
    let late = corp
        .read("app-secret", "media/get", &format!("&media_id={media_id}"))
        .await;
    assert_eq!(code(&late), 40007);
}
