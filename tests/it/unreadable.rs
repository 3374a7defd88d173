//! What verifies and decrypts but cannot be understood is kept for a person.

use serde_json::Value;

use crate::support::{Agent, CORP, Callback, MEMBER, answers, encrypt_frame, mock, text_message};

/// A frame for a corp's callback around bytes that need not be text.
fn around(bytes: &[u8]) -> String {
    let mut frame = b"0123456789abcdef".to_vec();
    frame.extend(u32::try_from(bytes.len()).expect("short").to_be_bytes());
    frame.extend(bytes);
    frame.extend(CORP.as_bytes());
    encrypt_frame(&frame)
}

fn dead(agent: &Agent) -> Vec<Value> {
    agent.items(&["dead"])
}

#[tokio::test]
async fn unreadable_xml_is_acknowledged_and_kept_as_a_dead_letter() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
    let all = [
        "这不是 XML",
        "",
        "<xml>",
        "<xml></xml>",
        "<xml><MsgType/></xml>",
        "<!DOCTYPE x><xml><MsgType>text</MsgType></xml>",
        "<xml><MsgType>&boom;</MsgType></xml>",
        "<xml><MsgType>te\0xt</MsgType></xml>",
        deep.as_str(),
    ];
    for plain in all {
        let (status, body) = Callback::xml("staff", plain).send(&agent).await;
        assert_eq!((status, body.len()), (200, 0), "{plain}");
    }
    let bytes = Callback::signed("staff", &around(b"<xml>\xff\xfe</xml>"));
    assert_eq!(bytes.send(&agent).await.0, 200);

    let dead = dead(&agent);
    assert_eq!(dead.len(), all.len() + 1, "{dead:#?}");
    assert!(
        dead.iter()
            .all(|item| item["reason"].as_str().is_some_and(|r| !r.is_empty()))
    );
    let shown = agent.show(&dead[0]).to_string();
    assert!(shown.contains("这不是 XML"), "{shown}");
    // A person sees them without knowing any option.
    let listed = agent.run(&["queue", "list"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("死信"), "{listed}");

    let good = Callback::xml("staff", &text_message(MEMBER, "你好", 1));
    assert_eq!(good.send(&agent).await.0, 200);
    assert_eq!(answers(&mock, MEMBER, 1).await, ["您好"]);
}

#[tokio::test]
async fn unreadable_json_is_acknowledged_and_kept_as_a_dead_letter() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let deep = format!("{{\"msgtype\":{}{}}}", "[".repeat(2000), "]".repeat(2000));
    let all = ["{", "[]", "null", "{}", "<xml/>", deep.as_str()];
    for plain in all {
        let (status, body) = Callback::json("bot", plain).send(&agent).await;
        assert_eq!((status, body.len()), (200, 0), "{plain}");
    }
    assert_eq!(dead(&agent).len(), all.len());
}

#[tokio::test]
async fn the_same_unreadable_push_is_kept_once() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    for _ in 0..3 {
        assert_eq!(Callback::xml("staff", "<xml>").send(&agent).await.0, 200);
    }
    assert_eq!(dead(&agent).len(), 1);
    let metrics = agent.metrics().await;
    assert!(
        metrics.contains("wecom_agent_queue_depth{queue=\"dead\"} 1"),
        "{metrics}"
    );
}
