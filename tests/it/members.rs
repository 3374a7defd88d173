//! Members who write to a self-built app.

use mock_wecom::{AppEvent, AppSay};

use crate::support::{
    Agent, AgentBuilder, Callback, MEMBER, answers, applied, calls, event, mock, said_by_bot,
    text_message,
};

fn say(text: &str) -> AppSay {
    AppSay {
        userid: MEMBER.to_owned(),
        content: Some(text.to_owned()),
        ..AppSay::default()
    }
}

#[tokio::test]
async fn a_members_message_is_answered_by_a_message_of_the_app() {
    let mock = mock().await;
    let _agent = Agent::start(&mock).await;
    let pushed = mock.app_say(say("我要退款")).await.expect("said");

    assert_eq!((pushed.http_status, pushed.attempts), (Some(200), 1));
    assert_eq!(pushed.reply, None);
    assert_eq!(answers(&mock, MEMBER, 1).await, ["退款请提供订单号"]);
    let sent = calls(&mock, "message/send", 1).await;
    assert_eq!(sent[0].request["body"]["touser"], MEMBER);
    assert_eq!(sent[0].request["body"]["agentid"], 1_000_002);
    assert!(sent[0].problems.is_empty(), "{:?}", sent[0].problems);
}

#[tokio::test]
async fn with_passive_reply_the_answer_is_in_the_callbacks_own_response() {
    let mock = mock().await;
    let agent = AgentBuilder::new()
        .staff("passive_reply = true\n")
        .start(&mock)
        .await;
    let pushed = mock.app_say(say("我要退款")).await.expect("said");

    let reply = pushed.reply.expect("a passive reply");
    assert_eq!(reply["Content"], "退款请提供订单号");
    assert_eq!(reply["ToUserName"], MEMBER);
    assert_eq!(pushed.pushes[0].problems, Vec::<String>::new());
    agent.idle().await;
    assert_eq!(applied(&mock, "message/send").len(), 0);
}

#[tokio::test]
async fn with_passive_reply_a_message_without_a_rule_is_closed_empty() {
    let mock = mock().await;
    let _agent = AgentBuilder::new()
        .staff("passive_reply = true\n")
        .start(&mock)
        .await;
    let began = std::time::Instant::now();
    let pushed = mock.app_say(say("没有这样的规则")).await.expect("said");
    assert_eq!((pushed.http_status, pushed.attempts), (Some(200), 1));
    assert_eq!(pushed.reply, None);
    // WeCom need not wait out the time that an answer might have taken.
    assert!(began.elapsed().as_secs() < 3, "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_a_passive_reply_cannot_hold_follows_as_messages() {
    let mock = mock().await;
    let long = "茶叶一两，".repeat(250);
    let agent = AgentBuilder::new()
        .staff("passive_reply = true\n")
        .file("templates/refund.txt", &long)
        .start(&mock)
        .await;
    let pushed = mock.app_say(say("退款")).await.expect("said");
    let first = pushed.reply.expect("a passive reply")["Content"].clone();
    let first = first.as_str().expect("text").to_owned();
    assert!(first.len() <= 2048);

    agent.idle().await;
    let rest = applied(&mock, "message/send");
    assert!(!rest.is_empty());
    let parts = rest
        .iter()
        .map(|call| call.request["body"]["text"]["content"].as_str());
    let all: String = std::iter::once(Some(first.as_str()))
        .chain(parts)
        .flatten()
        .collect();
    assert_eq!(all, long);
}

#[tokio::test]
async fn a_notice_to_a_colleague_is_never_the_answer_to_the_sender() {
    let mock = mock().await;
    let rules = "\
version: 1
rules:
  - id: expenses
    when: {any: [报销]}
    do: [{notify: {to: zhao.min, text: 有人要报销}}, {reply: hello}]
";
    let agent = AgentBuilder::new()
        .staff("passive_reply = true\n")
        .file("rules/rules.yaml", rules)
        .start(&mock)
        .await;
    let pushed = mock.app_say(say("报销")).await.expect("said");
    assert_eq!(pushed.reply.expect("a passive reply")["Content"], "您好");
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, "zhao.min"), ["有人要报销"]);
    assert_eq!(said_by_bot(&mock, MEMBER), ["您好"]);
}

#[tokio::test]
async fn opening_the_app_is_welcomed() {
    let mock = mock().await;
    let _agent = Agent::start(&mock).await;
    let enter = AppEvent {
        userid: MEMBER.to_owned(),
        event: "enter_agent".to_owned(),
        ..AppEvent::default()
    };
    mock.app_event(enter).await.expect("entered");
    assert_eq!(answers(&mock, MEMBER, 1).await, ["您好"]);
}

#[tokio::test]
async fn a_menu_click_sets_its_rule_off() {
    let mock = mock().await;
    let rules = "version: 1\nrules:\n  - id: menu\n    on: clicked\n    do: [{reply: hello}]\n";
    let _agent = AgentBuilder::new()
        .file("rules/rules.yaml", rules)
        .start(&mock)
        .await;
    let click = AppEvent {
        userid: MEMBER.to_owned(),
        event: "click".to_owned(),
        event_key: Some("MENU_PRICE".to_owned()),
        ..AppEvent::default()
    };
    mock.app_event(click).await.expect("clicked");
    assert_eq!(answers(&mock, MEMBER, 1).await, ["您好"]);
}

#[tokio::test]
async fn a_members_own_braces_come_back_as_they_are() {
    let mock = mock().await;
    let agent = AgentBuilder::new()
        .file("templates/hello.txt", "您说：{{ message.text }}")
        .start(&mock)
        .await;
    let text = "你好 {{ 7*7 }} {% include 'x' %} ]]> & <b>";
    mock.app_say(say(text)).await.expect("said");
    assert_eq!(answers(&mock, MEMBER, 1).await, [format!("您说：{text}")]);
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, MEMBER).len(), 1);
}

/// Every event of an app, by name and with what comes with it.
const EVENTS: [(&str, &str); 14] = [
    ("subscribe", "<EventKey/>"),
    ("unsubscribe", ""),
    (
        "LOCATION",
        "<Latitude>1.5</Latitude><Longitude>x</Longitude>",
    ),
    ("view", "<EventKey><![CDATA[https://x.example]]></EventKey>"),
    (
        "scancode_push",
        "<ScanCodeInfo><ScanType>qrcode</ScanType></ScanCodeInfo>",
    ),
    (
        "pic_weixin",
        "<SendPicsInfo><Count>many</Count></SendPicsInfo>",
    ),
    ("location_select", "<SendLocationInfo/>"),
    ("batch_job_result", "<BatchJob><JobId>1</JobId></BatchJob>"),
    (
        "open_approval_change",
        "<ApprovalInfo><ThirdNo>1</ThirdNo></ApprovalInfo>",
    ),
    (
        "template_card_event",
        "<EventKey>k</EventKey><TaskId>t</TaskId>",
    ),
    (
        "taskcard_click",
        "<EventKey>k</EventKey><AgentId>7</AgentId>",
    ),
    ("switch_workbench_mode", "<Mode>1</Mode>"),
    (
        "a_new_event_of_next_year",
        "<Deep><Deeper><Deepest>1</Deepest></Deeper></Deep>",
    ),
    ("", ""),
];

#[tokio::test]
async fn every_event_and_unknown_ones_are_kept_and_acknowledged() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    for (name, elements) in EVENTS {
        let plain = event(MEMBER, 1_760_000_000, name, elements);
        let (status, body) = Callback::xml("staff", &plain).send(&agent).await;
        assert_eq!((status, body.len()), (200, 0), "{name}");
    }
    for (n, kind) in [
        "image", "voice", "video", "location", "link", "file", "hologram",
    ]
    .into_iter()
    .enumerate()
    {
        let plain = text_message(MEMBER, "", n as u64).replace("[text]", &format!("[{kind}]"));
        let (status, _) = Callback::xml("staff", &plain).send(&agent).await;
        assert_eq!(status, 200, "{kind}");
    }
    agent.idle().await;
    let done = agent.items(&["done"]);
    assert_eq!(done.len(), EVENTS.len() + 7);
    let unknown = done.iter().find(|item| {
        item["what"]
            .as_str()
            .is_some_and(|what| what.contains("a_new_event"))
    });
    let shown = agent.show(unknown.expect("listed by its name"));
    let raw = shown["record"]["raw"].as_str().expect("the original");
    assert!(raw.contains("<Deepest>1</Deepest>"), "{raw}");
}

#[tokio::test]
async fn odd_values_are_no_reason_to_refuse_or_to_stumble() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let good = |n: u64| text_message(MEMBER, "闲聊", n);
    let odd = [
        good(1).replace("1760000000", "9223372036854775807"),
        good(2).replace("1760000000", "-9223372036854775808"),
        good(3).replace("1760000000", "soon"),
        good(4).replace("<MsgId>4<", "<MsgId>18446744073709551615<"),
        good(5).replace("<MsgId>5</MsgId>", ""),
        good(6).replace("<MsgId>6<", "<MsgId>six<"),
        good(7).replace("<AgentID>1000002</AgentID>", ""),
        good(8).replace(MEMBER, ""),
        good(9).replace("闲聊", "\u{1F600}\u{200b}\u{202e}"),
        good(10).replace("<xml>", "\u{feff}<?xml version=\"1.0\"?>\n<xml>\n"),
    ];
    for plain in &odd {
        let (status, _) = Callback::xml("staff", plain).send(&agent).await;
        assert_eq!(status, 200, "{plain}");
    }
    agent.idle().await;
    let kept = agent.items(&["done", "dead"]);
    assert_eq!(kept.len(), odd.len(), "{kept:#?}");
    assert!(kept.iter().all(|item| item["state"] == "done"), "{kept:#?}");
}
