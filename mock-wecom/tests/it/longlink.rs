//! The long connection of intelligent bots, spoken by a plain WebSocket client.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use mock_wecom::{BotEvent, BotSay};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::Corp;

/// A bot's end of the connection.
struct Bot(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Bot {
    async fn connect(corp: &Corp, path: &str) -> Self {
        let url = corp.url(path).replace("http://", "ws://");
        let (socket, _) = connect_async(url).await.expect("a connection");
        Self(socket)
    }

    async fn subscribed(corp: &Corp) -> Self {
        let mut bot = Self::connect(corp, "/").await;
        let body = json!({"bot_id": "sample-bot", "secret": "sample-bot-secret"});
        assert_eq!(bot.ask("aibot_subscribe", "r1", body).await["errcode"], 0);
        bot
    }

    async fn send(&mut self, cmd: &str, req_id: &str, body: Value) {
        let frame = json!({"cmd": cmd, "headers": {"req_id": req_id}, "body": body});
        let frame = Message::Text(frame.to_string().into());
        self.0.send(frame).await.expect("sent");
    }

    /// The next frame; `None` when the connection is closed.
    async fn next(&mut self) -> Option<Value> {
        loop {
            match self.0.next().await?.ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text).expect("JSON")),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    async fn ask(&mut self, cmd: &str, req_id: &str, body: Value) -> Value {
        self.send(cmd, req_id, body).await;
        let answer = self.next().await.expect("an acknowledgement");
        assert_eq!(answer["headers"]["req_id"], req_id);
        assert_eq!(answer.get("cmd"), None, "acknowledgements have no cmd");
        answer
    }
}

fn say(content: &str) -> BotSay {
    BotSay {
        userid: "lin.mei".into(),
        content: Some(content.into()),
        ..BotSay::default()
    }
}

fn stream(id: &str, finish: bool, content: &str) -> Value {
    json!({"msgtype": "stream", "stream": {"id": id, "finish": finish, "content": content}})
}

/// Somebody writes; answers the frame the bot gets and what the control call reports later.
async fn spoken(
    corp: &Arc<Corp>,
    bot: &mut Bot,
    request: BotSay,
) -> (Value, tokio::task::JoinHandle<mock_wecom::Pushed>) {
    let mock = Arc::clone(corp);
    let said = tokio::spawn(async move { mock.mock.bot_say(request).await.expect("said") });
    (bot.next().await.expect("a callback"), said)
}

#[tokio::test]
async fn a_stream_is_pushed_until_it_is_finished() {
    let corp = Arc::new(Corp::start().await);
    let mut bot = Bot::subscribed(&corp).await;
    assert_eq!(bot.ask("ping", "p1", Value::Null).await["errcode"], 0);
    let request = BotSay {
        follow: true,
        ..say("查库存")
    };
    let (frame, said) = spoken(&corp, &mut bot, request).await;
    assert_eq!(frame["cmd"], "aibot_msg_callback");
    assert_eq!(frame["body"]["text"]["content"], "查库存");
    assert_eq!(frame["body"]["response_url"], Value::Null);
    let req_id = frame["headers"]["req_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let cmd = "aibot_respond_msg";
    assert_eq!(
        bot.ask(cmd, &req_id, stream("s1", false, "正在查")).await["errcode"],
        0
    );
    assert_eq!(
        bot.ask(cmd, &req_id, stream("s2", false, "换了")).await["errcode"],
        846_605
    );
    assert_eq!(
        bot.ask(cmd, &req_id, stream("s1", true, "还有 3 件")).await["errcode"],
        0
    );
    assert_eq!(
        bot.ask(cmd, &req_id, stream("s1", true, "又来")).await["errcode"],
        846_605
    );
    let pushed = said.await.expect("no panic");
    assert_eq!(
        pushed.reply.expect("a reply")["stream"]["content"],
        "还有 3 件"
    );
    let texts: Vec<String> = corp
        .mock
        .chat("lin.mei")
        .into_iter()
        .map(|line| line.text)
        .collect();
    assert_eq!(texts, ["查库存", "正在查", "还有 3 件"]);
}

#[tokio::test]
async fn the_wrong_command_secret_or_moment_is_refused() {
    let corp = Arc::new(Corp::start().await);
    let mut bot = Bot::connect(&corp, "/aibot/ws").await;
    let early = bot.ask("aibot_send_msg", "x", json!({})).await;
    assert_ne!(early["errcode"], 0, "nothing goes before the subscription");
    let wrong = json!({"bot_id": "sample-bot", "secret": "wrong"});
    assert_eq!(
        bot.ask("aibot_subscribe", "r1", wrong).await["errcode"],
        40001
    );
    let mut bot = Bot::subscribed(&corp).await;
    let event = BotEvent {
        userid: "lin.mei".into(),
        eventtype: "enter_chat".into(),
        ..BotEvent::default()
    };
    let mock = Arc::clone(&corp);
    let entered = tokio::spawn(async move { mock.mock.bot_event(event).await.expect("sent") });
    let frame = bot.next().await.expect("a callback");
    assert_eq!(frame["body"]["event"]["eventtype"], "enter_chat");
    let req_id = frame["headers"]["req_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let hello = json!({"msgtype": "text", "text": {"content": "您好"}});
    let wrong = bot
        .ask("aibot_respond_msg", &req_id, stream("s", true, "x"))
        .await;
    assert_eq!(wrong["errcode"], 846_605);
    let late = corp.mock.now() + 6;
    corp.mock.set_time(late);
    let cmd = "aibot_respond_welcome_msg";
    assert_eq!(
        bot.ask(cmd, &req_id, hello.clone()).await["errcode"],
        846_605
    );
    corp.mock.set_time(late - 5);
    assert_eq!(bot.ask(cmd, &req_id, hello).await["errcode"], 0);
    assert!(entered.await.expect("no panic").reply.is_some());
}

#[tokio::test]
async fn pushes_need_a_conversation_and_keep_the_limits() {
    let corp = Arc::new(Corp::start().await);
    let mut bot = Bot::subscribed(&corp).await;
    let push = json!({"chatid": "lin.mei", "msgtype": "markdown", "markdown": {"content": "提醒"}});
    let first = bot.ask("aibot_send_msg", "a", push.clone()).await;
    assert_eq!(first["errcode"], 40058, "nobody has written yet");
    corp.switch("control_wait_ms", json!(1));
    let (_, said) = spoken(&corp, &mut bot, say("在")).await;
    said.await.expect("no panic");
    let text = json!({"chatid": "lin.mei", "msgtype": "text", "text": {"content": "x"}});
    assert_eq!(bot.ask("aibot_send_msg", "b", text).await["errcode"], 40008);
    let mut codes = Vec::new();
    for n in 0..31 {
        let answer = bot
            .ask("aibot_send_msg", &format!("c{n}"), push.clone())
            .await;
        codes.push(answer["errcode"].as_i64().expect("a code"));
    }
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 30);
    assert_eq!(codes[30], 45009);
}

#[tokio::test]
async fn the_newest_connection_takes_over() {
    let corp = Corp::start().await;
    let mut old = Bot::subscribed(&corp).await;
    let mut new = Bot::subscribed(&corp).await;
    let goodbye = old.next().await.expect("an event");
    assert_eq!(goodbye["body"]["event"]["eventtype"], "disconnected_event");
    assert_eq!(old.next().await, None, "then it is closed");
    assert_eq!(new.ask("ping", "p", Value::Null).await["errcode"], 0);
}

#[tokio::test]
async fn a_file_comes_in_parts() {
    let corp = Arc::new(Corp::start().await);
    let mut bot = Bot::subscribed(&corp).await;
    let init = json!({"type": "file", "filename": "价格.txt", "total_size": 10, "total_chunks": 2,
                      "md5": "e807f1fcf82d132f9bb018ca6738a19f"});
    let begun = bot.ask("aibot_upload_media_init", "i", init).await;
    let id = begun["body"]["upload_id"].clone();
    let chunk = |at: usize, text: &str| json!({"upload_id": id, "chunk_index": at, "base64_data": STANDARD.encode(text)});
    let cmd = "aibot_upload_media_chunk";
    assert_eq!(bot.ask(cmd, "c1", chunk(1, "67890")).await["errcode"], 0);
    let finish = json!({"upload_id": id});
    let early = bot
        .ask("aibot_upload_media_finish", "f", finish.clone())
        .await;
    assert_eq!(early["errcode"], 40058, "a part is missing");
    assert_eq!(bot.ask(cmd, "c0", chunk(0, "12345")).await["errcode"], 0);
    let done = bot.ask("aibot_upload_media_finish", "f", finish).await;
    let media_id = done["body"]["media_id"].as_str().expect("an id");
    let token = corp.token("app-secret").await;
    let url = corp.url(&format!(
        "/cgi-bin/media/get?access_token={token}&media_id={media_id}"
    ));
    let file = corp.http.get(url).send().await.expect("an answer");
    assert_eq!(file.text().await.expect("a text"), "1234567890");
}

#[tokio::test]
async fn faults_strike_commands_too() {
    let corp = Corp::start().await;
    let mut bot = Bot::subscribed(&corp).await;
    corp.mock
        .fault("aibot/ws/ping=errcode:-1".parse().expect("a fault"));
    assert_eq!(bot.ask("ping", "p", Value::Null).await["errcode"], -1);
    corp.mock
        .fault("aibot/ws/ping=drop_before".parse().expect("a fault"));
    bot.send("ping", "p", Value::Null).await;
    assert_eq!(bot.next().await, None);
    let calls = corp.mock.calls("aibot/ws/aibot_subscribe");
    assert_eq!(calls[0].request["body"]["secret"], "(left out)");
}

/// Whatever a bot sends, it is answered with a code, and the connection lives on.
#[tokio::test]
async fn rubbish_over_the_connection_is_answered_and_survived() {
    let corp = Corp::start().await;
    let mut bot = Bot::connect(&corp, "/aibot/ws").await;
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for text in [
        "",
        "x",
        "[]",
        "{",
        "null",
        "\"x\"",
        "{\"cmd\":",
        deep.as_str(),
    ] {
        let frame = Message::Text(text.to_owned().into());
        bot.0.send(frame).await.expect("sent");
        let answer = bot.next().await.expect("an answer");
        assert_eq!(answer["errcode"], 40058, "{text:.20}");
    }
    bot.0
        .send(Message::Binary(vec![0xff, 0, 1].into()))
        .await
        .expect("sent");
    let commands = "aibot_subscribe aibot_respond_msg aibot_respond_welcome_msg \
        aibot_respond_update_msg aibot_send_msg aibot_upload_media_init aibot_upload_media_chunk \
        aibot_upload_media_finish nothing_of_the_kind";
    let bodies = [
        json!(null),
        json!(7),
        json!([{}]),
        json!({}),
        json!({"msgtype": {}, "stream": 1, "template_card": [], "chatid": [1], "type": -1}),
        json!({"bot_id": {}, "secret": 1, "upload_id": [], "chunk_index": u64::MAX,
               "total_size": -1, "total_chunks": 1e300, "base64_data": "\u{0}"}),
        json!({"msgtype": "stream", "stream": {"id": "长".repeat(9_000), "finish": "x"}}),
    ];
    for subscribed in [false, true] {
        if subscribed {
            bot = Bot::subscribed(&corp).await;
        }
        for command in commands.split_whitespace() {
            for body in &bodies {
                let answer = bot.ask(command, "r1", body.clone()).await;
                let code = answer["errcode"].as_i64().expect("a code");
                assert_ne!(code, 0, "{command} {body}");
            }
        }
    }
    let odd = json!({"cmd": "ping", "headers": "x", "body": []}).to_string();
    bot.0.send(Message::Text(odd.into())).await.expect("sent");
    assert_eq!(bot.next().await.expect("an answer")["errcode"], 0);
    assert_eq!(bot.ask("ping", "r2", json!(null)).await["errcode"], 0);
}
