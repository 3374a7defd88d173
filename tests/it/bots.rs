//! Members who talk to an intelligent bot, alone or in a group.

use mock_wecom::{Action, BotEvent, BotSay, Fault};
use serde_json::{Value, json};

use crate::support::{
    Agent, AgentBuilder, Callback, MEMBER, answers, applied, calls, codec, mock, said_by_bot,
};

const RULES: &str = "\
version: 1
rules:
  - id: stock
    when: {match: exact, any: [查询库存]}
    do: [{reply: stock}]
";

fn say(text: &str) -> BotSay {
    BotSay {
        userid: MEMBER.to_owned(),
        content: Some(text.to_owned()),
        ..BotSay::default()
    }
}

/// A message in the bot's JSON, with an answer elsewhere impossible.
fn message(msgid: &str, text: &str) -> Callback {
    let plain = json!({
        "msgid": msgid, "aibotid": "BOT", "chattype": "single", "from": {"userid": MEMBER},
        "msgtype": "text", "text": {"content": text},
    });
    Callback::json("bot", &plain.to_string())
}

/// Checks and opens the encrypted answer of a callback.
fn opened(body: &[u8]) -> Value {
    let envelope: Value = serde_json::from_slice(body).expect("a JSON answer");
    let text = |name: &str| envelope[name].as_str().expect("text").to_owned();
    let timestamp = envelope["timestamp"]
        .as_i64()
        .expect("a number")
        .to_string();
    let plain = codec("")
        .open(
            &text("msgsignature"),
            &timestamp,
            &text("nonce"),
            &text("encrypt"),
        )
        .expect("a good answer");
    serde_json::from_str(&plain).expect("JSON")
}

#[tokio::test]
async fn a_message_is_answered_by_a_finished_stream_in_the_callback() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let pushed = mock.bot_say(say("我要退款")).await.expect("said");

    assert_eq!(pushed.pushes[0].problems, Vec::<String>::new());
    let reply = pushed.reply.expect("a reply");
    assert_eq!(reply["msgtype"], "stream");
    assert_eq!(reply["stream"]["finish"], true);
    assert_eq!(reply["stream"]["content"], "退款请提供订单号");
    assert!(!reply["stream"]["id"].as_str().expect("an id").is_empty());
    agent.idle().await;
    assert_eq!(applied(&mock, "aibot/response").len(), 0);
}

#[tokio::test]
async fn a_refresh_of_a_finished_stream_shows_the_same_text() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let pushed = mock.bot_say(say("我要退款")).await.expect("said");
    let first = pushed.reply.expect("a reply");

    let plain = json!({
        "msgid": "M8", "aibotid": "BOT", "chattype": "single", "from": {"userid": MEMBER},
        "msgtype": "stream", "stream": {"id": first["stream"]["id"]},
    });
    let (status, body) = Callback::json("bot", &plain.to_string()).send(&agent).await;

    assert_eq!((status, opened(&body)), (200, first));
}

#[tokio::test]
async fn in_a_group_the_mention_is_not_part_of_what_was_said() {
    let mock = mock().await;
    let _agent = AgentBuilder::new()
        .file("rules/rules.yaml", RULES)
        .file("templates/stock.txt", "还有三件")
        .start(&mock)
        .await;
    for text in ["@小助手 查询库存", "@小助手\u{2005}查询库存"] {
        let group = BotSay {
            chatid: Some("CHAT_1".to_owned()),
            ..say(text)
        };
        let reply = mock
            .bot_say(group)
            .await
            .expect("said")
            .reply
            .expect("a reply");
        assert_eq!(reply["stream"]["content"], "还有三件", "{text}");
    }
}

#[tokio::test]
async fn entering_the_chat_is_welcomed_by_a_text() {
    let mock = mock().await;
    let _agent = Agent::start(&mock).await;
    let enter = BotEvent {
        userid: MEMBER.to_owned(),
        eventtype: "enter_chat".to_owned(),
        ..BotEvent::default()
    };
    let pushed = mock.bot_event(enter).await.expect("entered");
    assert_eq!(pushed.pushes[0].problems, Vec::<String>::new());
    let reply = pushed.reply.expect("a welcome");
    assert_eq!(
        reply,
        json!({"msgtype": "text", "text": {"content": "您好"}})
    );
}

#[tokio::test]
async fn without_a_rule_the_callback_is_closed_empty_and_soon() {
    let mock = mock().await;
    let _agent = Agent::start(&mock).await;
    let began = std::time::Instant::now();
    let pushed = mock.bot_say(say("没有这样的规则")).await.expect("said");
    assert_eq!((pushed.http_status, pushed.attempts), (Some(200), 1));
    assert_eq!(pushed.reply, None);
    assert!(began.elapsed().as_secs() < 3, "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_answer_that_comes_too_late_for_the_callback_goes_by_response_url() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let hurry = json!({"callback_timeout_ms": 300, "callback_repeats": 0});
    mock.set_switches(hurry.as_object().expect("an object").clone())
        .expect("switches");
    // Who the member is takes longer to find out than the mock waits.
    mock.fault(Fault {
        path: "user/get".to_owned(),
        times: 1,
        skip: 0,
        action: Action::DelayMs { ms: 1200 },
    });
    let pushed = mock.bot_say(say("我要退款")).await.expect("said");
    assert_eq!(pushed.http_status, None);

    let sent = calls(&mock, "aibot/response", 1).await;
    assert_eq!(
        sent[0].request["body"]["markdown"]["content"],
        "退款请提供订单号"
    );
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, MEMBER).len(), 1);
}

#[tokio::test]
async fn a_repeated_push_is_answered_again_with_the_same_answer() {
    let mock = mock().await;
    let mut agent = Agent::start(&mock).await;
    let (status, first) = message("MSG_R", "我要退款").send(&agent).await;
    assert_eq!(status, 200);
    let first = opened(&first);
    assert_eq!(first["stream"]["content"], "退款请提供订单号");

    agent.idle().await;
    let (_, again) = message("MSG_R", "我要退款").send(&agent).await;
    assert_eq!(opened(&again), first);

    agent.kill();
    agent.restart(&mock).await;
    let (_, again) = message("MSG_R", "我要退款").send(&agent).await;
    assert_eq!(opened(&again), first);
    assert_eq!(agent.items(&["done"]).len(), 1);
    assert_eq!(agent.items(&["sent"]).len(), 1);
}

#[tokio::test]
async fn a_question_about_a_finished_stream_ends_it() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let plain = json!({
        "msgid": "M9", "aibotid": "BOT", "chattype": "single", "from": {"userid": MEMBER},
        "msgtype": "stream", "stream": {"id": "S1"},
    });
    let (status, body) = Callback::json("bot", &plain.to_string()).send(&agent).await;
    assert_eq!(status, 200);
    let reply = opened(&body);
    assert_eq!(
        (&reply["stream"]["id"], &reply["stream"]["finish"]),
        (&json!("S1"), &json!(true))
    );
}

#[tokio::test]
async fn what_takes_no_answer_and_what_is_unknown_is_kept_and_closed_empty() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let base = |more: Value| {
        let mut plain = json!({"aibotid": "BOT", "chattype": "single", "from": {"userid": MEMBER}});
        plain
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        plain.to_string()
    };
    let event = |body: Value| json!({"msgtype": "event", "event": body});
    let all = [
        event(json!({"eventtype": "feedback_event", "feedback_event": {"id": "F", "type": 2}})),
        event(
            json!({"eventtype": "template_card_event", "template_card_event": {"event_key": "k"}}),
        ),
        event(json!({"eventtype": "template_card_event"})),
        event(json!({"eventtype": "moon_phase", "moon_phase": {"full": true}})),
        event(json!("odd")),
        json!({"msgtype": "image", "image": {"url": "https://x.example/1"}}),
        json!({"msgtype": "mixed", "mixed": {"msg_item": [{"msgtype": "text"}, 5]}}),
        json!({"msgtype": "hologram", "hologram": [1, 2]}),
        json!({"msgtype": "text"}),
        json!({"msgtype": "text", "text": {"content": 5}}),
    ];
    for more in &all {
        let (status, body) = Callback::json("bot", &base(more.clone()))
            .send(&agent)
            .await;
        assert_eq!((status, body.len()), (200, 0), "{more}");
    }
    agent.idle().await;
    assert_eq!(agent.items(&["done"]).len(), all.len());
    let reply = mock.bot_say(say("我要退款")).await.expect("said").reply;
    assert!(reply.is_some());
    assert_eq!(answers(&mock, MEMBER, 1).await.len(), 1);
}
