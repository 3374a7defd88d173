//! The page at `/` in a real browser, as a person plays with it.

use std::time::Duration;

use mock_wecom::{Expect, Kind};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::support::{CUSTOMER, Corp, KF, Manner, Receiver, code};

const WIDE: (u32, u32) = (1440, 900);
const GROUP: &str = "wrSAMPLE00000000000000000000001";
const PHONE: (u32, u32) = (390, 844);

async fn open(corp: &Corp, (width, height): (u32, u32), language: &str) -> Browser {
    Browser::open(&corp.url(&format!("/?lang={language}")), width, height).await
}

fn soon(expect: Expect) -> Expect {
    expect.within(Duration::from_secs(60))
}

#[tokio::test]
async fn a_customer_talks_and_is_looked_after() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::Kf, vec![Manner::Empty]).await;
    let page = open(&corp, WIDE, "zh").await;

    page.fill("#say [name=text]", "价格表在哪里").await;
    page.click("#say button").await;
    page.read("chat", "价格表在哪里").await;
    corp.mock
        .expect(soon(Expect::callback("test")))
        .await
        .expect("a callback");
    assert!(receiver.last().plain.contains("kf_msg_or_event"));
    page.see("[data-session][data-state='0']").await;

    let menu = json!({"msgtype": "msgmenu", "msgmenu": {"head_content": "您要哪一份？", "list": [
        {"type": "click", "click": {"id": "m2", "content": "零售价"}}]}});
    assert_eq!(code(&corp.kf_send(menu).await), 0);
    page.click("[data-menu=m2]").await;
    page.read("chat", "零售价").await;
    let lines = corp.mock.chat(CUSTOMER);
    assert_eq!(
        lines.last().expect("a line").content,
        json!({"content": "零售价", "menu_id": "m2"})
    );

    page.click(".tags button:first-child").await;
    page.see(".tags button:first-child[aria-pressed=true]")
        .await;
    assert_eq!(corp.mock.tags_of("lin.mei", CUSTOMER), ["普通"]);
    page.fill(".box [name=remark]", "张老板").await;
    page.click(".box [name=remark] + button").await;
    page.see("input[name=remark][value=张老板]").await;
    page.picture("customer").await;

    page.click("[data-session] button").await;
    page.see("[data-session][data-state='3']").await;
    page.choose("#say [name=via]", &format!("servicer:{KF}/zhao.min"))
        .await;
    page.fill("#say [name=text]", "我是赵敏").await;
    page.click("#say button").await;
    page.read("chat", "我是赵敏").await;
    let lines = corp.mock.chat(CUSTOMER);
    assert_eq!(lines.last().expect("a line").from, "servicer");
    page.close().await;
}

#[tokio::test]
async fn a_customer_scans_a_channel_code_and_joins_a_group() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::Contact, vec![Manner::Empty]).await;
    let way = json!({"type": 1, "scene": 2, "state": "expo", "user": ["wang.wei"]});
    let way = corp
        .call("contact-secret", "externalcontact/add_contact_way", &way)
        .await;
    let way_in = json!({"scene": 2, "state": "poster", "chat_id_list": [GROUP]});
    let way_in = corp
        .call(
            "contact-secret",
            "externalcontact/groupchat/add_join_way",
            &way_in,
        )
        .await;
    assert_eq!(code(&way_in), 0);
    let page = open(&corp, WIDE, "en").await;

    page.fill("#new input", "赵新").await;
    page.click("#new button").await;
    page.read("who", "赵新").await;
    page.click(&format!(
        "[data-way='{}'] button",
        way["config_id"].as_str().expect("an id")
    ))
    .await;
    page.see("[data-follower='wang.wei']").await;
    assert!(
        receiver
            .last()
            .plain
            .contains("<State><![CDATA[expo]]></State>")
    );

    page.click("[data-join] button").await;
    page.see(&format!("[data-group={GROUP}]")).await;
    corp.mock
        .expect(soon(Expect::callback("test").times(2)))
        .await
        .expect("two callbacks");
    assert!(receiver.last().plain.contains("add_member"));
    let members = corp.mock.state()["groups"][GROUP]["members"].clone();
    let newcomer = members
        .as_array()
        .and_then(|members| members.last().cloned());
    assert_eq!(newcomer.expect("somebody")["state"], "poster");
    page.close().await;
}

#[tokio::test]
async fn a_member_presses_a_card_and_confirms_a_task() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::App, vec![Manner::Empty]).await;
    let card = json!({"touser": "lin.mei", "agentid": 1_000_002, "msgtype": "template_card", "template_card": {
        "card_type": "button_interaction", "task_id": "t-1", "main_title": {"title": "客户升级"},
        "button_list": [{"text": "接手", "key": "take"}, {"text": "稍后", "key": "later"}]}});
    assert_eq!(
        code(&corp.call("app-secret", "message/send", &card).await),
        0
    );
    let task = json!({"sender": "lin.mei", "text": {"content": "新品到了"}});
    assert_eq!(
        code(
            &corp
                .call("contact-secret", "externalcontact/add_msg_template", &task)
                .await
        ),
        0
    );
    let page = open(&corp, WIDE, "zh").await;

    page.click("#kinds [data-kind=member]").await;
    page.click("#people [data-id='lin.mei']").await;
    page.picture("member").await;
    page.click(".card [data-key=take]").await;
    corp.mock
        .expect(soon(Expect::callback("test")))
        .await
        .expect("a callback");
    let plain = receiver.last().plain;
    assert!(
        plain.contains("<EventKey><![CDATA[take]]></EventKey>"),
        "{plain}"
    );
    let code_of = plain
        .split("<ResponseCode><![CDATA[")
        .nth(1)
        .expect("a code");
    let code_of = code_of.split("]]>").next().expect("a code");
    let update = json!({"agentid": 1_000_002, "response_code": code_of, "button": {"replace_name": "已接手"}});
    assert_eq!(
        code(
            &corp
                .call("app-secret", "message/update_template_card", &update)
                .await
        ),
        0
    );
    page.read("chat", "已接手").await;
    page.see(".card [data-key=take]:disabled").await;

    page.click("#tabs [data-tab=tasks]").await;
    page.click("[data-member='lin.mei'] button").await;
    page.read("tasks", "已送 2/2").await;
    let lines = corp.mock.chat(CUSTOMER);
    assert_eq!(lines.last().expect("a line").text, "新品到了");
    page.close().await;
}

#[tokio::test]
async fn a_member_of_an_internal_group_writes_to_the_bot() {
    let corp = Corp::start().await;
    let stream = json!({"msgtype": "stream",
                        "stream": {"id": "s1", "finish": true, "content": "还有 3 件"}});
    let manners = vec![Manner::Reply(stream.to_string())];
    let receiver = Receiver::of(&corp, Kind::Aibot, manners).await;
    let page = open(&corp, PHONE, "zh").await;

    page.click("#tabs [data-tab=people]").await;
    page.click("#kinds [data-kind=group]").await;
    page.click("#people [data-id=SAMPLECHAT1]").await;
    page.choose("#say [name=via]", "groupbot:test/wang.wei")
        .await;
    page.fill("#say [name=text]", "库存").await;
    page.click("#say button").await;
    page.read("chat", "还有 3 件").await;
    page.picture("group-bot").await;
    let message: Value = serde_json::from_str(&receiver.last().plain).expect("JSON");
    assert_eq!(message["chattype"], "group");
    assert_eq!(message["chatid"], "SAMPLECHAT1");
    assert_eq!(message["from"]["userid"], "wang.wei");
    assert_eq!(message["text"]["content"], "@test 库存");
    page.close().await;
}

#[tokio::test]
async fn calls_faults_and_the_clock() {
    let corp = Corp::start().await;
    let _receiver = Receiver::of(&corp, Kind::Kf, vec![Manner::Empty]).await;
    let page = open(&corp, WIDE, "en").await;

    page.click("#tabs [data-tab=calls]").await;
    corp.mock.say(CUSTOMER, "看得到吗").await.expect("said");
    page.click("#calls details[data-kind=callback] summary")
        .await;
    page.read("calls", "kf_msg_or_event").await;
    page.picture("calls").await;

    page.click("#tabs [data-tab=faults]").await;
    page.fill("#fault [name=path]", "kf/send_msg").await;
    page.choose("#fault [name=action]", "errcode").await;
    page.fill("#fault [name=code]", "45009").await;
    page.click("#fault button:not([type])").await;
    page.read("faults", "kf/send_msg").await;
    page.picture("faults").await;
    assert_eq!(code(&corp.kf_send(json!({})).await), 45_009);
    assert_eq!(code(&corp.kf_send(json!({})).await), 0);

    let before = corp.mock.now();
    page.click("#tabs [data-tab=clock]").await;
    page.click("[data-secs='86400']").await;
    page.read("clock-offset", "ahead").await;
    assert!((86_400..86_500).contains(&(corp.mock.now() - before)));
    corp.mock.advance_secs(-86_400);
    page.close().await;
}

#[tokio::test]
async fn two_languages_on_the_width_of_a_phone() {
    let corp = Corp::start().await;
    corp.mock.say(CUSTOMER, "在吗").await.expect("said");
    let page = open(&corp, PHONE, "zh").await;
    page.read("chat", "在吗").await;
    for tab in [
        "people", "chat", "profile", "tasks", "calls", "faults", "clock",
    ] {
        page.click(&format!("#tabs [data-tab={tab}]")).await;
        page.see(&format!(".panel.front[data-panel={tab}]")).await;
        let script = "const shown = [...document.querySelectorAll('.panel')].filter(p => p.offsetWidth > 0);\
             return [shown.length, document.documentElement.scrollWidth <= innerWidth,\
             shown[0].scrollWidth <= shown[0].clientWidth + 1]";
        assert_eq!(page.run(script).await, json!([1, true, true]), "{tab}");
        page.picture(&format!("phone-{tab}")).await;
    }
    page.click("#language").await;
    page.see("html[lang='en-GB']").await;
    // Every visible word is in the other language; names and what was said stay as they are.
    let script = "const words = [...document.querySelectorAll('[data-t]')].map(n => n.textContent);\
         return words.filter(word => /[\\u4e00-\\u9fff]/.test(word))";
    assert_eq!(page.run(script).await, json!([]));
    page.close().await;
}
