//! Nobody but the operator says whom the program calls.

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, Callback, Ear, answers, eventually, mock, operator,
};

const RULES: &str = "\
version: 1
rules:
  - id: order
    when: {any: [订单]}
    do: [{webhook: {to: 系统, body: {said: '{{ message.text }}'}}}, {reply: hello}]
";

#[tokio::test]
async fn a_webhook_that_redirects_is_not_followed() {
    let mock = mock().await;
    let inner = Ear::open().await;
    let outer = Ear::redirecting(&format!("{}/latest/meta-data", inner.url())).await;
    let hook = format!("[webhooks.\"系统\"]\nurl = \"{}/hook\"\n", outer.url());
    let agent = AgentBuilder::new()
        .file("rules/order.yaml", RULES)
        .config(&hook)
        .start(&mock)
        .await;
    mock.say(CUSTOMER, "订单").await.expect("push");

    let tried = eventually("the webhook says where it went wrong", async || {
        let items = [agent.queue("ready").await, agent.queue("failed").await].concat();
        items
            .into_iter()
            .find(|item| item["reason"].to_string().contains("307"))
    })
    .await;
    assert_eq!(tried["whom"], "系统");
    assert!(outer.heard()[0].starts_with("POST /hook"));
    assert!(inner.heard().is_empty(), "{:?}", inner.heard());
}

#[tokio::test]
async fn wecom_itself_cannot_send_our_tokens_elsewhere() {
    let inner = Ear::open().await;
    let outer = Ear::redirecting(&inner.url()).await;
    let builder = AgentBuilder::new();
    builder.write(&outer.url());
    let ran = operator::run(builder.folder(), &["doctor"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    assert!(outer.heard().iter().any(|heard| heard.contains("gettoken")));
    assert!(inner.heard().is_empty(), "{:?}", inner.heard());
}

#[tokio::test]
async fn rules_name_their_targets_and_give_no_addresses() {
    let targets = [
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://localtest.me/",
        "{{ message.text }}",
        "系统/../x",
    ];
    for to in targets {
        for action in [
            "webhook: {to: TO, body: {a: b}}",
            "robot: {to: TO, text: a}",
        ] {
            let action = action.replace("TO", &format!("'{to}'"));
            let rules = format!(
                "version: 1\nrules:\n  - id: a\n    when: {{any: [订单]}}\n    do: [{{{action}}}]\n"
            );
            let builder = AgentBuilder::new().file("rules/a.yaml", &rules);
            let builder = builder.config("[webhooks.\"系统\"]\nurl = \"http://127.0.0.1:1/\"\n");
            builder.write("http://127.0.0.1:1");
            let ran = operator::run(builder.folder(), &["check", "--no-tests"]).await;
            assert_eq!(ran.code, Some(1), "{action}: {}", ran.all());
            assert!(ran.all().contains("a.yaml:5"), "{action}: {}", ran.all());
        }
    }
}

#[tokio::test]
async fn an_address_in_a_message_is_never_called() {
    let mock = mock().await;
    let ear = Ear::open().await;
    let agent = Agent::start(&mock).await;
    mock.say(CUSTOMER, &format!("你好 {}/x.png", ear.url()))
        .await
        .expect("push");
    answers(&mock, CUSTOMER, 1).await;

    // Pictures, links and the address for late answers, as a member or a bot brings them.
    let url = ear.url();
    let picture = format!(
        "<xml><FromUserName><![CDATA[lin.mei]]></FromUserName><CreateTime>1760000000</CreateTime>\
         <MsgType><![CDATA[image]]></MsgType><PicUrl><![CDATA[{url}/p.png]]></PicUrl>\
         <MediaId><![CDATA[M]]></MediaId><MsgId>9</MsgId><AgentID>1000002</AgentID></xml>"
    );
    assert_eq!(Callback::xml("staff", &picture).send(&agent).await.0, 200);
    let bot = serde_json::json!({
        "msgid": "M9", "aibotid": "B", "chattype": "single", "from": {"userid": "lin.mei"},
        "response_url": format!("{url}/cgi-bin/aibot/response?response_code=RC"),
        "msgtype": "image", "image": {"url": format!("{url}/q.png")},
    });
    let bot = Callback::json("bot", &bot.to_string());
    assert_eq!(bot.send(&agent).await.0, 200);
    agent.idle().await;
    assert!(ear.heard().is_empty(), "{:?}", ear.heard());
}
