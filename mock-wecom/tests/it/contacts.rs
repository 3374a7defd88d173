//! Customers, tags, greetings, groups and mass tasks.

use mock_wecom::{ContactAdd, ContactDelete, GroupChange, GroupCreate, Kind, MassConfirm};
use serde_json::{Value, json};

use crate::support::{CUSTOMER, Corp, Manner, Receiver, between, code};

const SECRET: &str = "contact-secret";

async fn call(corp: &Corp, path: &str, body: Value) -> Value {
    corp.call(SECRET, &format!("externalcontact/{path}"), &body)
        .await
}

#[tokio::test]
async fn marks_belong_to_a_member_and_a_customer() {
    let corp = Corp::start().await;
    let tag = corp.mock.tag_id("意向").expect("a sample tag");
    let mark = |user: &str, who: &str, tag: &str| json!({"userid": user, "external_userid": who, "add_tag": [tag]});
    for _ in 0..2 {
        assert_eq!(
            code(&call(&corp, "mark_tag", mark("lin.mei", CUSTOMER, &tag)).await),
            0
        );
    }
    assert_eq!(corp.mock.tags_of("lin.mei", CUSTOMER), ["意向"]);
    assert_eq!(
        code(&call(&corp, "mark_tag", mark("wang.wei", CUSTOMER, &tag)).await),
        84061
    );
    assert_eq!(
        code(&call(&corp, "mark_tag", mark("lin.mei", CUSTOMER, "etNONE")).await),
        40068
    );
    assert_eq!(
        code(&call(&corp, "mark_tag", mark("lin.mei", "wmNONE", &tag)).await),
        40096
    );
    assert_eq!(
        code(&call(&corp, "mark_tag", mark("ghost", CUSTOMER, &tag)).await),
        40003
    );

    let seen = corp
        .read(
            SECRET,
            "externalcontact/get",
            &format!("&external_userid={CUSTOMER}"),
        )
        .await;
    assert_eq!(seen["follow_user"][0]["tags"][0]["tag_name"], "意向");
    let batch = call(
        &corp,
        "batch/get_by_user",
        json!({"userid_list": ["lin.mei"], "limit": 1}),
    )
    .await;
    assert_eq!(
        batch["external_contact_list"][0]["follow_info"]["tag_id"],
        json!([tag])
    );
    let next = batch["next_cursor"].as_str().expect("a cursor");
    let rest = call(
        &corp,
        "batch/get_by_user",
        json!({"userid_list": ["lin.mei"], "cursor": next}),
    )
    .await;
    assert_eq!(
        rest["external_contact_list"]
            .as_array()
            .expect("a list")
            .len(),
        1
    );
    assert_eq!(rest["next_cursor"], "");
}

#[tokio::test]
async fn the_tag_library_grows_and_shrinks() {
    let corp = Corp::start().await;
    let added = call(&corp, "add_corp_tag", json!({"group_name": "行业", "tag": [{"name": "教育"}, {"name": "教育"}, {"name": "医疗"}]})).await;
    let tags = added["tag_group"]["tag"].as_array().expect("tags").clone();
    assert_eq!(tags.len(), 2, "the same name twice is one tag");
    let again = call(
        &corp,
        "add_corp_tag",
        json!({"group_name": "行业", "tag": [{"name": "零售"}]}),
    )
    .await;
    assert_eq!(
        again["tag_group"]["group_id"],
        added["tag_group"]["group_id"]
    );
    let rename = |name: &str| json!({"id": tags[0]["id"], "name": name});
    assert_eq!(code(&call(&corp, "edit_corp_tag", rename("培训")).await), 0);
    assert_eq!(
        code(&call(&corp, "edit_corp_tag", rename("医疗")).await),
        40071
    );
    let group = added["tag_group"]["group_id"].clone();
    let list = call(&corp, "get_corp_tag_list", json!({"group_id": [group]})).await;
    let names: Vec<_> = list["tag_group"][0]["tag"]
        .as_array()
        .expect("tags")
        .iter()
        .map(|tag| tag["name"].clone())
        .collect();
    assert_eq!(names, ["培训", "医疗", "零售"]);
    assert_eq!(
        code(&call(&corp, "del_corp_tag", json!({"group_id": [group]})).await),
        0
    );
    let list = call(&corp, "get_corp_tag_list", json!({"group_id": [group]})).await;
    assert_eq!(list["tag_group"], json!([]));
}

#[tokio::test]
async fn a_remark_changes_what_it_names_and_nothing_else() {
    let corp = Corp::start().await;
    let body = json!({"userid": "lin.mei", "external_userid": CUSTOMER, "remark": "张总", "remark_mobiles": ["13800000000"]});
    assert_eq!(code(&call(&corp, "remark", body).await), 0);
    let body = json!({"userid": "lin.mei", "external_userid": CUSTOMER, "description": "展会"});
    assert_eq!(code(&call(&corp, "remark", body).await), 0);
    let seen = corp
        .read(
            SECRET,
            "externalcontact/get",
            &format!("&external_userid={CUSTOMER}"),
        )
        .await;
    let follow = &seen["follow_user"][0];
    assert_eq!(
        (&follow["remark"], &follow["description"]),
        (&json!("张总"), &json!("展会"))
    );
    assert_eq!(follow["remark_mobiles"], json!(["13800000000"]));
    let long = "长".repeat(21);
    let body = json!({"userid": "lin.mei", "external_userid": CUSTOMER, "remark": long});
    assert_eq!(code(&call(&corp, "remark", body).await), 40058);
}

#[tokio::test]
async fn a_new_customer_is_welcomed_once_within_20_seconds() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::Contact, vec![Manner::Empty]).await;
    let add = |who: &str| ContactAdd {
        external_userid: who.into(),
        userid: "lin.mei".into(),
        state: Some("qr-expo".into()),
        ..ContactAdd::default()
    };
    let greet = |code: &str| json!({"welcome_code": code, "text": {"content": "欢迎"}});
    let added = corp.mock.added(add("wmNEW1")).await.expect("added");
    let plain = receiver.last().plain;
    assert_eq!(
        between(&plain, "<ChangeType><![CDATA[", "]]>"),
        "add_external_contact"
    );
    assert_eq!(between(&plain, "<State><![CDATA[", "]]>"), "qr-expo");
    let welcome = between(&plain, "<WelcomeCode><![CDATA[", "]]>");
    assert_eq!(welcome, added.fact("welcome_code"));
    assert_eq!(
        code(&call(&corp, "send_welcome_msg", greet(welcome)).await),
        0
    );
    assert_eq!(
        code(&call(&corp, "send_welcome_msg", greet(welcome)).await),
        41051
    );
    assert_eq!(corp.mock.chat("wmNEW1")[0].text, "欢迎");

    let late = corp.mock.added(add("wmNEW2")).await.expect("added");
    corp.mock.advance_secs(20);
    assert_eq!(
        code(&call(&corp, "send_welcome_msg", greet(late.fact("welcome_code"))).await),
        41050
    );
    assert_eq!(
        code(&call(&corp, "send_welcome_msg", greet("")).await),
        41049
    );
}

#[tokio::test]
async fn another_app_has_taken_the_welcome() {
    let corp = Corp::start().await;
    corp.post(
        "/mock/secrets",
        &json!({"secret": "other", "kind": "contact"}),
    )
    .await;
    let request = ContactAdd {
        external_userid: "wmNEW1".into(),
        userid: "lin.mei".into(),
        ..ContactAdd::default()
    };
    let added = corp.mock.added(request).await.expect("added");
    let greet = json!({"welcome_code": added.fact("welcome_code"), "text": {"content": "欢迎"}});
    let path = "externalcontact/send_welcome_msg";
    assert_eq!(code(&corp.call("other", path, &greet).await), 0);
    assert_eq!(code(&corp.call(SECRET, path, &greet).await), 41096);
}

#[tokio::test]
async fn a_removed_customer_is_no_relation_any_more() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::Contact, vec![Manner::Empty]).await;
    let request = ContactDelete {
        external_userid: CUSTOMER.into(),
        userid: "lin.mei".into(),
        by_customer: true,
    };
    corp.mock.deleted(request).await.expect("deleted");
    assert_eq!(
        between(&receiver.last().plain, "<ChangeType><![CDATA[", "]]>"),
        "del_follow_user"
    );
    let seen = corp
        .read(
            SECRET,
            "externalcontact/get",
            &format!("&external_userid={CUSTOMER}"),
        )
        .await;
    assert_eq!(code(&seen), 84061);
}

#[tokio::test]
async fn groups_change_with_versions() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::Contact, vec![Manner::Empty]).await;
    let request = GroupCreate {
        name: "老客户".into(),
        owner: "lin.mei".into(),
        ..GroupCreate::default()
    };
    let made = corp.mock.group_created(request).await.expect("made");
    let get = json!({"chat_id": made.fact("chat_id"), "need_name": 1});
    let before = call(&corp, "groupchat/get", get.clone()).await;
    let request = GroupChange {
        chat_id: made.fact("chat_id").into(),
        members: vec![CUSTOMER.into()],
        scene: 3,
        ..GroupChange::default()
    };
    corp.mock.group_joined(request).await.expect("joined");
    let plain = receiver.last().plain;
    assert_eq!(
        between(&plain, "<MemChangeList><Item><![CDATA[", "]]>"),
        CUSTOMER
    );
    assert_eq!(
        between(&plain, "<LastMemVer><![CDATA[", "]]>"),
        before["group_chat"]["member_version"]
    );
    let after = call(&corp, "groupchat/get", get).await;
    assert_eq!(
        between(&plain, "<CurMemVer><![CDATA[", "]]>"),
        after["group_chat"]["member_version"]
    );
    let member = &after["group_chat"]["member_list"][1];
    assert_eq!(
        (&member["type"], &member["join_scene"], &member["name"]),
        (&json!(2), &json!(3), &json!("张晓"))
    );
    let list = call(&corp, "groupchat/list", json!({"limit": 1})).await;
    assert!(list["next_cursor"].is_string());
    assert_eq!(code(&call(&corp, "groupchat/list", json!({})).await), 40058);
}

#[tokio::test]
async fn a_mass_task_sends_nothing_until_the_member_confirms() {
    let corp = Corp::start().await;
    let body = json!({"chat_type": "single", "external_userid": [CUSTOMER, "wmNONE"], "text": {"content": "新品"}});
    let made = call(&corp, "add_msg_template", body.clone()).await;
    assert_eq!(made["fail_list"], json!(["wmNONE"]));
    let task = json!({"msgid": made["msgid"]});
    let status = call(&corp, "get_groupmsg_task", task.clone()).await;
    assert_eq!(
        status["task_list"],
        json!([{"userid": "lin.mei", "status": 0}])
    );
    assert!(corp.mock.chat(CUSTOMER).is_empty());
    for expected in [0, 0, 0, 41094] {
        assert_eq!(
            code(&call(&corp, "remind_groupmsg_send", task.clone()).await),
            expected
        );
    }
    let msgid = made["msgid"].as_str().expect("an id").to_owned();
    corp.mock
        .confirm_mass(MassConfirm {
            msgid: msgid.clone(),
            userid: "lin.mei".into(),
            ..MassConfirm::default()
        })
        .expect("confirmed");
    assert_eq!(corp.mock.chat(CUSTOMER)[0].text, "新品");
    let result = call(
        &corp,
        "get_groupmsg_send_result",
        json!({"msgid": msgid, "userid": "lin.mei"}),
    )
    .await;
    assert_eq!(result["send_list"][0]["status"], 1);
    assert_eq!(
        code(&call(&corp, "cancel_groupmsg_send", task.clone()).await),
        0
    );
    assert_eq!(
        code(&call(&corp, "remind_groupmsg_send", task).await),
        41093
    );
    let now = corp.mock.now();
    let list = call(
        &corp,
        "get_groupmsg_list_v2",
        json!({"chat_type": "single", "start_time": now - 60, "end_time": now}),
    )
    .await;
    assert_eq!(list["group_msg_list"][0]["msgid"], msgid);
    let nobody = json!({"external_userid": ["wmNONE"], "text": {"content": "新品"}});
    assert_eq!(code(&call(&corp, "add_msg_template", nobody).await), 41048);
}

#[tokio::test]
async fn contact_ways_and_group_templates_are_kept() {
    let corp = Corp::start().await;
    let made = call(
        &corp,
        "add_contact_way",
        json!({"type": 1, "scene": 2, "user": ["lin.mei"], "state": "expo"}),
    )
    .await;
    assert!(made["qr_code"].is_string());
    let id = json!({"config_id": made["config_id"]});
    assert_eq!(
        call(&corp, "get_contact_way", id.clone()).await["contact_way"]["state"],
        "expo"
    );
    let change = json!({"config_id": made["config_id"], "state": "web"});
    assert_eq!(code(&call(&corp, "update_contact_way", change).await), 0);
    assert_eq!(
        call(&corp, "get_contact_way", id.clone()).await["contact_way"]["state"],
        "web"
    );
    assert_eq!(
        call(&corp, "list_contact_way", json!({})).await["contact_way"],
        json!([id])
    );
    assert_eq!(code(&call(&corp, "del_contact_way", id.clone()).await), 0);
    assert_eq!(code(&call(&corp, "get_contact_way", id).await), 41044);
    assert_eq!(
        code(&call(&corp, "add_contact_way", json!({"scene": 2})).await),
        41037
    );

    let made = call(
        &corp,
        "group_welcome_template/add",
        json!({"text": {"content": "%NICKNAME% 您好"}}),
    )
    .await;
    let id = json!({"template_id": made["template_id"]});
    let kept = call(&corp, "group_welcome_template/get", id.clone()).await;
    assert_eq!(kept["text"]["content"], "%NICKNAME% 您好");
    assert_eq!(
        code(&call(&corp, "group_welcome_template/del", id.clone()).await),
        0
    );
    assert_eq!(
        code(&call(&corp, "group_welcome_template/get", id).await),
        41058
    );
}

#[tokio::test]
async fn a_customer_of_wecom_has_a_company() {
    let corp = Corp::start().await;
    let customer =
        json!({"external_userid": "woOTHER", "name": "对方", "followers": [{"userid": "lin.mei"}]});
    corp.post("/mock/contacts", &customer).await;
    let read = async |id: &str| {
        let query = format!("&external_userid={id}");
        let path = "externalcontact/get";
        corp.read("contact-secret", path, &query).await["external_contact"].clone()
    };
    let other = read("woOTHER").await;
    assert_eq!(
        (&other["type"], other["corp_name"].is_string()),
        (&json!(2), true)
    );
    let plain = read(CUSTOMER).await;
    assert_eq!(
        (&plain["type"], &plain["corp_name"]),
        (&json!(1), &Value::Null)
    );
}
