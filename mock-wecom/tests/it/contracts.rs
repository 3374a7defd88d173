//! Requests as the platform takes them: loose where real clients are loose, strict elsewhere.

use serde_json::{Value, json};

use crate::support::{CORP, CUSTOMER, Corp, KF, Receiver, code};
use mock_wecom::Kind;

async fn send(corp: &Corp, body: Value) -> Value {
    corp.call("app-secret", "message/send", &body).await
}

fn text(extra: Value) -> Value {
    let mut body = json!({"touser": "lin.mei", "msgtype": "text", "agentid": 1_000_002,
                          "text": {"content": "您好"}});
    let (Some(body_map), Value::Object(extra)) = (body.as_object_mut(), extra) else {
        return body;
    };
    body_map.extend(extra);
    body
}

#[tokio::test]
async fn loose_requests_are_taken() {
    let corp = Corp::start().await;
    for extra in [
        json!({"agentid": "1000002"}),
        json!({"safe": null, "toparty": "", "totag": null}),
        json!({"image": {}, "news": {"articles": []}}),
        json!({"image": {"media_id": ""}}),
        json!({"colour": {"deep": [1, {"er": 2}]}}),
        json!({"enable_id_trans": "0", "enable_duplicate_check": false}),
    ] {
        assert_eq!(code(&send(&corp, text(extra.clone())).await), 0, "{extra}");
    }
    let token = corp.token("contact-secret").await;
    let url = corp.url(&format!(
        "/cgi-bin/externalcontact/list?access_token={token}&userid=lin.mei"
    ));
    let with_body = corp.http.get(url).body("no json at all").send().await;
    let answer: Value = with_body.expect("an answer").json().await.expect("JSON");
    assert_eq!(code(&answer), 0, "the body of a GET is not read");
    let url = corp.url(&format!(
        "/cgi-bin/externalcontact/get_corp_tag_list?access_token={token}"
    ));
    let by_get = corp.http.get(url).body("{\"tag_id\": []}").send().await;
    let answer: Value = by_get.expect("an answer").json().await.expect("JSON");
    assert_eq!(
        code(&answer),
        0,
        "a GET with a JSON body is as good as a POST"
    );
}

#[tokio::test]
async fn old_field_names_work_and_are_noted() {
    let corp = Corp::start().await;
    let old = json!({"userid": "lin.mei"});
    let answer = corp
        .call("contact-secret", "externalcontact/batch/get_by_user", &old)
        .await;
    assert_eq!(
        answer["external_contact_list"].as_array().map(Vec::len),
        Some(2)
    );
    let old = json!({"sender": "lin.mei", "text": {"content": "新品"},
        "link": {"title": "看看", "url": "https://example.com"}});
    let answer = corp
        .call("contact-secret", "externalcontact/add_msg_template", &old)
        .await;
    assert_eq!(code(&answer), 0);
    let calls = corp.mock.calls("batch/get_by_user");
    assert_eq!(calls[0].problems, ["userid is the old name of userid_list"]);
    let now = corp.mock.now();
    let list = json!({"chat_type": "single", "start_time": now - 9, "end_time": now});
    let list = corp
        .call(
            "contact-secret",
            "externalcontact/get_groupmsg_list_v2",
            &list,
        )
        .await;
    assert_eq!(
        list["group_msg_list"][0]["attachments"][0]["link"]["title"],
        "看看"
    );
}

#[tokio::test]
async fn breaches_get_their_codes() {
    let corp = Corp::start().await;
    for (extra, expected) in [
        (json!({"msgtype": ""}), 40008),
        (json!({"msgtype": "hologram"}), 40008),
        (json!({"agentid": null}), 41011),
        (json!({"agentid": "x"}), 40056),
        (json!({"agentid": 7}), 301_002),
        (json!({"text": {"content": ""}}), 44004),
        (json!({"text": "x"}), 40058),
        (json!({"safe": 9}), 40058),
        (json!({"touser": "", "toparty": null}), 82001),
        (json!({"touser": "ghost"}), 81013),
        (
            json!({"msgtype": "image", "image": {"media_id": "none"}}),
            40007,
        ),
        (
            json!({"msgtype": "textcard", "textcard": {"title": "a", "description": "b", "url": "c"}}),
            45034,
        ),
        (json!({"msgtype": "news", "news": {"articles": []}}), 45008),
    ] {
        assert_eq!(
            code(&send(&corp, text(extra.clone())).await),
            expected,
            "{extra}"
        );
    }
}

fn notice(extra: Value) -> Value {
    let mut card = json!({"card_type": "text_notice", "main_title": {"title": "a"},
        "card_action": {"type": 1, "url": "https://example.com"}});
    card.as_object_mut()
        .expect("an object")
        .extend(extra.as_object().expect("an object").clone());
    card
}

/// Notices with the code that each earns.
fn notices() -> Vec<(Value, i64)> {
    let rows = |row: Value, count: usize| json!({"horizontal_content_list": vec![row; count]});
    let menu = json!({"task_id": "t9", "action_menu": {"action_list":
        [{"text": "a", "key": "k"}, {"text": "b", "key": "k"}]}});
    [
        (json!({}), 0),
        (json!({"card_type": "poster"}), 42031),
        (json!({"card_type": "news_notice"}), 42044),
        (json!({"main_title": {}}), 42033),
        (json!({"card_action": {"type": 1}}), 42028),
        (json!({"card_action": {"type": 2}}), 42030),
        (json!({"card_action": {"type": 5}}), 42045),
        (rows(json!({"value": "x"}), 1), 42027),
        (rows(json!({"keyname": "x", "type": 3}), 1), 42050),
        (rows(json!({"keyname": "x"}), 7), 42035),
        (json!({"jump_list": vec![json!({"title": "x"}); 4]}), 42042),
        (menu, 42051),
    ]
    .map(|(extra, expected)| (notice(extra), expected))
    .to_vec()
}

/// Cards that people answer on, with the code that each earns.
fn interactive() -> Vec<(Value, i64)> {
    let vote = |extra: Value| {
        let mut card = notice(json!({"card_type": "vote_interaction", "task_id": "t",
            "submit_button": {"text": "好", "key": "k"}}));
        card["checkbox"] = extra;
        card
    };
    let question = |options: Value| json!({"question_key": "q", "option_list": options});
    let good = question(json!([{"id": "1", "text": "一"}]));
    let mut silent = vote(good);
    silent["submit_button"] = json!({"text": "好"});
    let buttons = |extra: Value| {
        let mut card = notice(extra);
        card["card_type"] = json!("button_interaction");
        card
    };
    vec![
        (vote(json!({})), 42043),
        (vote(question(json!([]))), 42037),
        (vote(question(json!([{"id": "1"}]))), 42041),
        (silent, 42046),
        (
            buttons(json!({"task_id": "t1", "button_list": [{"key": "k"}]})),
            42038,
        ),
        (
            buttons(json!({"task_id": "t2", "button_list": [{"text": "a"}]})),
            42039,
        ),
        (
            buttons(json!({"button_list": [{"text": "a", "key": "k"}]})),
            42014,
        ),
    ]
}

#[tokio::test]
async fn each_card_field_has_its_code() {
    let corp = Corp::start().await;
    let _receiver = Receiver::of(&corp, Kind::App, vec![crate::support::Manner::Empty]).await;
    for (card, expected) in notices().into_iter().chain(interactive()) {
        let body = text(json!({"msgtype": "template_card", "template_card": card}));
        assert_eq!(code(&send(&corp, body).await), expected, "{card}");
    }
}

#[tokio::test]
async fn the_general_limits_block_as_long_as_they_count() {
    let corp = Corp::start().await;
    corp.switch("calls_per_min", json!(3));
    let token = corp.token("kf-secret").await;
    let path = format!("/cgi-bin/kf/servicer/list?access_token={token}&open_kfid={KF}");
    let list = async || code(&corp.get(&path).await);
    corp.mock.set_time(corp.mock.now() / 60 * 60 + 60);
    let codes = [list().await, list().await, list().await, list().await];
    assert_eq!(codes, [0, 0, 0, 45009]);
    corp.mock.advance_secs(50);
    assert_eq!(
        list().await,
        45009,
        "the block lasts a minute from the breach"
    );
    corp.mock.advance_secs(12);
    assert_eq!(list().await, 0);
    let path = format!("/cgi-bin/kf/send_msg?access_token={token}");
    let message =
        json!({"touser": "wmX", "open_kfid": KF, "msgtype": "text", "text": {"content": "x"}});
    for _ in 0..5 {
        let answer = corp.post(&path, &message).await;
        assert_eq!(code(&answer), 40096, "sending does not count");
    }
}

#[tokio::test]
async fn debug_wrong_secrets_and_strange_addresses() {
    let corp = Corp::start().await;
    let token = corp.token("kf-secret").await;
    let debug = format!("/cgi-bin/getcallbackip?access_token={token}&debug=1");
    for expected in [0, 0, 0, 0, 0, 45009] {
        assert_eq!(code(&corp.get(&debug).await), expected);
    }
    corp.switch("bad_secret_block_after", json!(2));
    let wrong = format!("/cgi-bin/gettoken?corpid={CORP}&corpsecret=wrong");
    let right = format!("/cgi-bin/gettoken?corpid={CORP}&corpsecret=kf-secret");
    for expected in [40001, 40001, 45009] {
        assert_eq!(code(&corp.get(&wrong).await), expected);
    }
    assert_eq!(
        code(&corp.get(&right).await),
        45009,
        "the address is blocked, not the secret"
    );
    corp.mock.advance_secs(3_601);
    assert_eq!(code(&corp.get(&right).await), 0);
    corp.switch("trusted_ips", json!(["192.0.2.1"]));
    let refused = corp.get(&debug).await;
    assert_eq!(code(&refused), 60020);
    let errmsg = refused["errmsg"].as_str().expect("a text");
    assert!(errmsg.contains("from ip: 127.0.0.1"), "{errmsg}");
    assert!(errmsg.contains("hint: ["), "{errmsg}");
}

#[tokio::test]
async fn tags_belong_to_the_app_that_made_them() {
    let corp = Corp::start().await;
    let made = json!({"group_name": "自建", "tag": [{"name": "甲"}]});
    let made = corp
        .call("contact-secret", "externalcontact/add_corp_tag", &made)
        .await;
    let own = made["tag_group"]["tag"][0]["id"].clone();
    assert!(!made.to_string().contains("contact-secret"));
    let console = corp.mock.tag_id("意向").expect("a sample tag");
    let path = "externalcontact/edit_corp_tag";
    for (id, expected) in [(own, 0), (json!(console), 81011)] {
        let body = json!({"id": id, "name": "乙"});
        assert_eq!(
            code(&corp.call("contact-secret", path, &body).await),
            expected
        );
    }
}

#[tokio::test]
async fn tags_of_the_contact_book_name_receivers() {
    let corp = Corp::start().await;
    let tag = json!({"tagid": 5, "userlist": ["zhao.min"], "partylist": [2]});
    corp.post("/mock/book-tags", &tag).await;
    let body = json!({"totag": "5|9", "msgtype": "text", "agentid": 1_000_002,
                      "text": {"content": "开会"}});
    let answer = send(&corp, body).await;
    assert_eq!(answer["invalidtag"], "9");
    for userid in ["zhao.min", "lin.mei", "wang.wei"] {
        assert_eq!(corp.mock.chat(userid).len(), 1, "{userid}");
    }
    assert!(corp.mock.chat(CUSTOMER).is_empty());
}
