//! Intelligent bots: JSON callbacks, streams and the one active reply.

use mock_wecom::{BotEvent, BotSay, Kind};
use serde_json::{Value, json};

use crate::support::{Corp, Manner, Receiver, code};

fn stream(content: &str, finish: bool) -> Manner {
    Manner::Reply(
        json!({"msgtype": "stream", "stream": {"id": "S1", "finish": finish, "content": content}})
            .to_string(),
    )
}

fn ask(follow: bool) -> BotSay {
    BotSay {
        userid: "lin.mei".into(),
        content: Some("库存".into()),
        follow,
        ..BotSay::default()
    }
}

#[tokio::test]
async fn a_stream_is_followed_to_its_end() {
    let corp = Corp::start().await;
    corp.switch("aibot_poll_ms", json!(1));
    let manners = vec![
        stream("查", false),
        stream("查询", false),
        stream("查询完毕", true),
    ];
    let receiver = Receiver::of(&corp, Kind::Aibot, manners).await;
    let said = corp.mock.bot_say(ask(true)).await.expect("said");
    assert_eq!(
        said.reply.expect("a reply")["stream"]["content"],
        "查询完毕"
    );
    let asked: Vec<Value> = receiver
        .seen()
        .iter()
        .map(|seen| serde_json::from_str(&seen.plain).expect("JSON"))
        .collect();
    assert_eq!(asked[0]["text"]["content"], "库存");
    assert_eq!(asked[0]["chattype"], "single");
    assert_eq!(
        (&asked[1]["msgtype"], &asked[1]["stream"]["id"]),
        (&json!("stream"), &json!("S1"))
    );
    assert_eq!(asked.len(), 3);
    assert_eq!(
        corp.mock.chat("lin.mei").last().expect("a line").text,
        "查询完毕"
    );
}

#[tokio::test]
async fn the_active_reply_works_once_within_the_hour() {
    let corp = Corp::start().await;
    Receiver::of(&corp, Kind::Aibot, vec![Manner::Empty]).await;
    let said = corp.mock.bot_say(ask(false)).await.expect("said");
    let path = said
        .fact("response_url")
        .strip_prefix(&corp.mock.base_url())
        .expect("our own")
        .to_owned();
    let markdown = json!({"msgtype": "markdown", "markdown": {"content": "**12 件**"}});
    assert_eq!(
        code(
            &corp
                .post(&path, &json!({"msgtype": "text", "text": {"content": "x"}}))
                .await
        ),
        40008
    );
    assert_eq!(code(&corp.post(&path, &markdown).await), 0);
    assert_eq!(code(&corp.post(&path, &markdown).await), 60140);
    let late = corp.mock.bot_say(ask(false)).await.expect("said");
    let path = late
        .fact("response_url")
        .strip_prefix(&corp.mock.base_url())
        .expect("our own")
        .to_owned();
    corp.mock.advance_secs(3_600);
    assert_eq!(code(&corp.post(&path, &markdown).await), 60140);
}

#[tokio::test]
async fn an_event_names_its_type_in_a_group() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::Aibot, vec![Manner::Empty]).await;
    let event = BotEvent {
        userid: "lin.mei".into(),
        chatid: Some("chat1".into()),
        eventtype: "feedback_event".into(),
        payload: Some(json!({"id": "F1", "type": 2})),
        ..BotEvent::default()
    };
    corp.mock.bot_event(event).await.expect("happened");
    let plain: Value = serde_json::from_str(&receiver.last().plain).expect("JSON");
    assert_eq!(plain["chattype"], "group");
    assert_eq!(
        plain["event"],
        json!({"eventtype": "feedback_event", "feedback_event": {"id": "F1", "type": 2}})
    );
}
