//! What belongs to customers beside chats: transfers, moments, links, ways, statistics, rules.

use mock_wecom::{
    ContactAdd, Kind, MemberLeave, MomentPublish, MomentRemark, PlatformEvent, TransferOutcome,
    TransferSettle,
};
use serde_json::{Value, json};

use crate::support::{CUSTOMER, Corp, KF, Manner, Receiver, between, code};

const GROUP: &str = "wrSAMPLE00000000000000000000001";

async fn call(corp: &Corp, path: &str, body: Value) -> Value {
    corp.call("contact-secret", &format!("externalcontact/{path}"), &body)
        .await
}

fn codes(rows: &Value) -> Vec<i64> {
    let rows = rows.as_array().expect("rows").iter();
    rows.map(|row| row["errcode"].as_i64().expect("a code"))
        .collect()
}

#[tokio::test]
async fn a_transfer_waits_a_day_and_is_limited() {
    let corp = Corp::start().await;
    let tag = corp.mock.tag_id("意向").expect("a tag");
    let mark = json!({"userid": "lin.mei", "external_userid": CUSTOMER, "add_tag": [tag]});
    call(&corp, "mark_tag", mark).await;
    let pass = |from: &str, to: &str| {
        json!({"handover_userid": from, "takeover_userid": to,
               "external_userid": [CUSTOMER, "wmNONE"]})
    };
    let started = call(&corp, "transfer_customer", pass("lin.mei", "wang.wei")).await;
    assert_eq!(codes(&started["customer"]), [0, 40096]);
    let again = call(&corp, "transfer_customer", pass("lin.mei", "zhao.min")).await;
    assert_eq!(codes(&again["customer"]), [40100, 40096]);
    let result = json!({"handover_userid": "lin.mei", "takeover_userid": "wang.wei"});
    let waiting = call(&corp, "transfer_result", result.clone()).await;
    assert_eq!(waiting["customer"][0]["status"], 2);
    corp.mock.advance_secs(86_400);
    let done = call(&corp, "transfer_result", result).await;
    assert_eq!(done["customer"][0]["status"], 1);
    assert_eq!(
        corp.mock.tags_of("wang.wei", CUSTOMER),
        ["意向"],
        "tags move along"
    );
    assert!(corp.mock.tags_of("lin.mei", CUSTOMER).is_empty());
    let back = call(&corp, "transfer_customer", pass("wang.wei", "lin.mei")).await;
    assert_eq!(codes(&back["customer"])[0], 0);
    corp.mock.advance_secs(86_400);
    let third = call(&corp, "transfer_customer", pass("lin.mei", "wang.wei")).await;
    assert_eq!(codes(&third["customer"])[0], 40128, "two in 90 days");
    let same = call(&corp, "transfer_customer", pass("lin.mei", "LIN.MEI")).await;
    assert_eq!(code(&same), 40130);
}

#[tokio::test]
async fn a_refused_transfer_is_told_by_an_event() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::Contact, vec![Manner::Empty]).await;
    let pass = json!({"handover_userid": "lin.mei", "takeover_userid": "wang.wei",
                      "external_userid": [CUSTOMER]});
    call(&corp, "transfer_customer", pass).await;
    let settle = TransferSettle {
        external_userid: CUSTOMER.into(),
        outcome: TransferOutcome::Refused,
    };
    corp.mock.transfer_settled(settle).await.expect("settled");
    let plain = receiver.last().plain;
    assert_eq!(
        between(&plain, "<FailReason><![CDATA[", "]]>"),
        "customer_refused"
    );
    assert_eq!(between(&plain, "<UserID><![CDATA[", "]]>"), "wang.wei");
}

#[tokio::test]
async fn customers_and_groups_of_one_who_left_are_inherited() {
    let corp = Corp::start().await;
    let pass = json!({"handover_userid": "lin.mei", "takeover_userid": "wang.wei",
                      "external_userid": [CUSTOMER]});
    let path = "resigned/transfer_customer";
    assert_eq!(code(&call(&corp, path, pass.clone()).await), 40097);
    let groups = json!({"chat_id_list": [GROUP, "wrNONE"], "new_owner": "wang.wei"});
    let early = call(&corp, "groupchat/transfer", groups.clone()).await;
    assert_eq!(codes(&early["failed_chat_list"]), [90500, 90501]);
    let leave = MemberLeave {
        userid: "lin.mei".into(),
    };
    corp.mock.member_left(leave).await.expect("left");
    let list = call(&corp, "get_unassigned_list", json!({"page_size": 1})).await;
    assert_eq!(
        (&list["info"][0]["external_userid"], &list["is_last"]),
        (&json!(CUSTOMER), &json!(false))
    );
    assert_eq!(code(&call(&corp, path, pass).await), 0);
    let moved = call(&corp, "groupchat/transfer", groups).await;
    assert_eq!(codes(&moved["failed_chat_list"]), [90501]);
    let group = call(&corp, "groupchat/get", json!({"chat_id": GROUP})).await;
    assert_eq!(group["group_chat"]["owner"], "wang.wei");
    let on = json!({"chat_id_list": [GROUP], "new_owner": "zhao.min"});
    let on = call(&corp, "groupchat/onjob_transfer", on).await;
    assert_eq!(on["failed_chat_list"], json!([]));
}

/// A moment with one picture.
fn moment(media_id: &str) -> Value {
    json!({"text": {"content": "上新"}, "attachments":
            [{"msgtype": "image", "image": {"media_id": media_id}}],
           "visible_range": {"sender_list": {"user_list": ["lin.mei", "ghost"]}}})
}

#[tokio::test]
async fn a_moment_is_shown_when_a_member_publishes_it() {
    let corp = Corp::start().await;
    corp.switch("moment_job_secs", json!(30));
    let picture = json!({"kind": "image", "media_id": "M1", "attachment_type": 1, "text": "x"});
    corp.post("/mock/media", &picture).await;
    corp.post(
        "/mock/media",
        &json!({"kind": "image", "media_id": "M2", "text": "x"}),
    )
    .await;
    assert_eq!(
        code(&call(&corp, "add_moment_task", moment("M2")).await),
        41072
    );
    assert_eq!(
        code(&call(&corp, "add_moment_task", json!({})).await),
        41089
    );
    let made = call(&corp, "add_moment_task", moment("M1")).await;
    let query = format!("&jobid={}", made["jobid"].as_str().expect("a job"));
    let result = async || {
        corp.read(
            "contact-secret",
            "externalcontact/get_moment_task_result",
            &query,
        )
        .await
    };
    assert_eq!(result().await["status"], 2);
    corp.mock.advance_secs(30);
    let done = result().await;
    assert_eq!(
        done["result"]["invalid_sender_list"]["user_list"],
        json!(["ghost"])
    );
    let id = done["result"]["moment_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let of = json!({"moment_id": id, "userid": "lin.mei"});
    let shown =
        async || call(&corp, "get_moment_send_result", of.clone()).await["customer_list"].clone();
    assert_eq!(shown().await, json!([]));
    let publish = MomentPublish {
        moment_id: id.clone(),
        userid: "lin.mei".into(),
    };
    corp.mock.publish_moment(publish).expect("published");
    assert_eq!(shown().await.as_array().map(Vec::len), Some(2));
    let remark = MomentRemark {
        moment_id: id.clone(),
        userid: "lin.mei".into(),
        from: CUSTOMER.into(),
        like: false,
    };
    corp.mock.remark_moment(remark).expect("said");
    let comments = call(&corp, "get_moment_comments", of).await;
    assert_eq!(comments["comment_list"][0]["external_userid"], CUSTOMER);
    let foreign = json!({"moment_id": id, "userid": "wang.wei"});
    assert_eq!(
        code(&call(&corp, "get_moment_send_result", foreign).await),
        41061
    );
    let tasks = call(&corp, "get_moment_task", json!({"moment_id": id})).await;
    assert_eq!(
        tasks["task_list"],
        json!([{"userid": "lin.mei", "publish_status": 1}])
    );
    corp.mock.advance_secs(86_400);
    assert_eq!(code(&result().await), 40088, "a job lives a day");
}

#[tokio::test]
async fn ten_moments_a_minute() {
    let corp = Corp::start().await;
    let task = json!({"text": {"content": "上新"}});
    let mut codes = Vec::new();
    for _ in 0..11 {
        codes.push(code(&call(&corp, "add_moment_task", task.clone()).await));
    }
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 10);
    assert_eq!(codes[10], 45009);
}

#[tokio::test]
async fn links_are_seen_by_their_app_and_by_those_who_come() {
    let corp = Corp::start().await;
    let path = |name: &str| format!("customer_acquisition/{name}");
    let link =
        json!({"link_name": "官网", "range": {"user_list": ["lin.mei"]}, "skip_verify": true});
    let made = call(&corp, &path("create_link"), link).await;
    let id = made["link"]["link_id"].clone();
    let other = json!({"secret": "other", "kind": "contact"});
    corp.post("/mock/secrets", &other).await;
    let foreign = corp
        .call(
            "other",
            "externalcontact/customer_acquisition/list_link",
            &json!({}),
        )
        .await;
    assert_eq!(foreign["link_id_list"], json!([]));
    let change = json!({"link_id": id, "link_name": "新官网"});
    assert_eq!(code(&call(&corp, &path("update_link"), change).await), 0);
    let add = ContactAdd {
        external_userid: "wmNEW".into(),
        userid: "lin.mei".into(),
        link_id: id.as_str().map(str::to_owned),
        state: Some("expo".into()),
        ..ContactAdd::default()
    };
    corp.mock.added(add).await.expect("added");
    let seen = call(&corp, &path("get"), json!({"link_id": id})).await;
    assert_eq!(seen["link"]["link_name"], "新官网");
    let came = call(&corp, &path("customer"), json!({"link_id": id})).await;
    assert_eq!(came["customer_list"][0]["external_userid"], "wmNEW");
    let get = corp
        .read(
            "contact-secret",
            "externalcontact/get",
            "&external_userid=wmNEW",
        )
        .await;
    assert_eq!(get["follow_user"][0]["add_way"], 16);
    let quota = corp
        .read(
            "contact-secret",
            "externalcontact/customer_acquisition_quota",
            "",
        )
        .await;
    assert_eq!(quota["balance"], 999);
    assert_eq!(
        code(&call(&corp, &path("delete_link"), json!({"link_id": id})).await),
        0
    );
    assert_eq!(
        code(&call(&corp, &path("get"), json!({"link_id": id})).await),
        40058
    );
}

#[tokio::test]
async fn join_ways_replace_what_they_were() {
    let corp = Corp::start().await;
    let way = json!({"scene": 2, "remark": "门店", "chat_id_list": [GROUP], "state": "s1"});
    let made = call(&corp, "groupchat/add_join_way", way).await;
    let id = json!({"config_id": made["config_id"]});
    let seen = call(&corp, "groupchat/get_join_way", id.clone()).await;
    assert_eq!(seen["join_way"]["state"], "s1");
    let code_before = seen["join_way"]["qr_code"].clone();
    let change = json!({"config_id": made["config_id"], "scene": 2, "chat_id_list": [GROUP]});
    assert_eq!(
        code(&call(&corp, "groupchat/update_join_way", change).await),
        0
    );
    let seen = call(&corp, "groupchat/get_join_way", id.clone()).await;
    assert_eq!(seen["join_way"]["state"], Value::Null);
    assert_eq!(seen["join_way"]["qr_code"], code_before);
    let six = json!({"scene": 2, "chat_id_list": vec![GROUP; 6]});
    assert_eq!(
        code(&call(&corp, "groupchat/add_join_way", six).await),
        41091
    );
    assert_eq!(
        code(&call(&corp, "groupchat/del_join_way", id.clone()).await),
        0
    );
    assert_eq!(
        code(&call(&corp, "groupchat/get_join_way", id).await),
        41044
    );
}

#[tokio::test]
async fn statistics_count_what_happened() {
    let corp = Corp::start().await;
    let now = corp.mock.now();
    let ask = json!({"userid": ["lin.mei"], "start_time": now, "end_time": now});
    let data = call(&corp, "get_user_behavior_data", ask).await;
    assert_eq!(data["behavior_data"][0]["new_contact_cnt"], 2);
    let long = json!({"userid": "lin.mei", "start_time": now - 40 * 86_400, "end_time": now});
    assert_eq!(
        code(&call(&corp, "get_user_behavior_data", long).await),
        40058
    );
    let ask = json!({"day_begin_time": now, "owner_filter": {"userid_list": ["lin.mei", "ghost"]}});
    let data = call(&corp, "groupchat/statistic", ask.clone()).await;
    assert_eq!(data["items"][0]["data"]["member_total"], 2);
    assert_eq!(
        (&data["total"], &data["next_offset"]),
        (&json!(2), &json!(2))
    );
    let data = call(&corp, "groupchat/statistic_group_by_day", ask).await;
    assert_eq!(data["items"][0]["data"]["chat_total"], 1);
    corp.mock.say(CUSTOMER, "在吗").await.expect("said");
    let ask = json!({"open_kfid": KF, "start_time": now, "end_time": now});
    let data = corp.call("kf-secret", "kf/get_corp_statistic", &ask).await;
    assert_eq!(
        data["statistic_list"][0]["statistic"]["customer_msg_cnt"],
        1
    );
}

#[tokio::test]
async fn rules_products_and_strategies_are_kept() {
    let corp = Corp::start().await;
    let rule = json!({"rule_name": "禁语", "word_list": ["返点"], "intercept_type": 1,
                      "applicable_range": {"user_list": ["lin.mei"]}});
    let made = call(&corp, "add_intercept_rule", rule.clone()).await;
    assert_eq!(code(&call(&corp, "add_intercept_rule", rule).await), 41077);
    let change = json!({"rule_id": made["rule_id"], "word_list": ["回扣"],
        "add_applicable_range": {"user_list": ["wang.wei"]},
        "remove_applicable_range": {"user_list": ["lin.mei"]}});
    assert_eq!(code(&call(&corp, "update_intercept_rule", change).await), 0);
    let id = json!({"rule_id": made["rule_id"]});
    let seen = call(&corp, "get_intercept_rule", id.clone()).await;
    assert_eq!(
        seen["rule"]["applicable_range"]["user_list"],
        json!(["wang.wei"])
    );
    assert_eq!(seen["rule"]["word_list"], json!(["回扣"]));
    assert_eq!(
        code(&call(&corp, "del_intercept_rule", id.clone()).await),
        0
    );
    assert_eq!(code(&call(&corp, "get_intercept_rule", id).await), 41070);

    corp.post(
        "/mock/media",
        &json!({"kind": "image", "media_id": "M1", "text": "x"}),
    )
    .await;
    let product = json!({"description": "茶", "price": 3_000,
        "attachments": [{"type": "image", "image": {"media_id": "M1"}}]});
    let made = call(&corp, "add_product_album", product).await;
    let change = json!({"product_id": made["product_id"], "price": 2_000});
    assert_eq!(code(&call(&corp, "update_product_album", change).await), 0);
    let list = call(&corp, "get_product_album_list", json!({})).await;
    assert_eq!(list["product_list"][0]["price"], 2_000);

    let strategy = json!({"strategy_name": "华东", "admin_list": ["lin.mei"],
                          "range": [{"type": 1, "userid": "lin.mei"}]});
    let made = call(&corp, "customer_strategy/create", strategy).await;
    let id = made["strategy_id"].clone();
    let tag = json!({"strategy_id": id, "group_name": "区域", "tag": [{"name": "上海"}]});
    assert_eq!(code(&call(&corp, "add_strategy_tag", tag).await), 0);
    let tags = call(&corp, "get_strategy_tag_list", json!({"strategy_id": id})).await;
    assert_eq!(tags["tag_group"][0]["tag"][0]["name"], "上海");
    assert_eq!(tags["tag_group"][0]["strategy_id"], id);
}

#[tokio::test]
async fn customers_have_other_names_too() {
    let corp = Corp::start().await;
    let someone = json!({"external_userid": "wmU", "unionid": "uX",
                         "followers": [{"userid": "lin.mei"}]});
    corp.post("/mock/contacts", &someone).await;
    let found = call(
        &corp,
        "unionid_to_external_userid",
        json!({"unionid": "uX"}),
    )
    .await;
    assert_eq!(found["external_userid"], "wmU");
    let openid = call(
        &corp,
        "convert_to_openid",
        json!({"external_userid": "wmU"}),
    )
    .await;
    assert_eq!(openid["openid"], "oOPENU");
    let served = call(&corp, "contact_list", json!({})).await;
    assert_eq!(served["info_list"].as_array().map(Vec::len), Some(4));
    corp.switch("contact_list_served", json!(false));
    assert_eq!(code(&call(&corp, "contact_list", json!({})).await), 48002);
}

#[tokio::test]
async fn any_event_of_the_official_list_can_happen() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::Contact, vec![Manner::Empty]).await;
    let event = |event: &str, change: &str, fields: Value| PlatformEvent {
        event: event.into(),
        change_type: Some(change.into()),
        fields: fields.as_object().expect("an object").clone(),
        ..PlatformEvent::default()
    };
    let gone = event(
        "customer_acquisition",
        "link_unavailable",
        json!({"LinkId": "L1"}),
    );
    corp.mock.event(gone).await.expect("sent");
    let plain = receiver.last().plain;
    assert_eq!(between(&plain, "<FromUserName><![CDATA[", "]]>"), "sys");
    assert_eq!(between(&plain, "<LinkId><![CDATA[", "]]>"), "L1");
    for bad in [
        event("customer_acquisition", "link_stolen", json!({})),
        event(
            "customer_acquisition",
            "link_unavailable",
            json!({"Colour": 1}),
        ),
    ] {
        assert!(corp.mock.event(bad).await.is_err());
    }
}
