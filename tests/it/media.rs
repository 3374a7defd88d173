//! Files of templates: uploaded once, kept across restarts, renewed in time.

use std::time::Duration;

use mock_wecom::{Action, MockWecom};
use sha1::{Digest as _, Sha1};
use wecom_agent::domain::ids::CorpId;
use wecom_agent::store::Store as _;
use wecom_agent::store::embedded::EmbeddedStore;

use crate::support::{Agent, AgentBuilder, CORP, CUSTOMER, applied, calls, customers, fault, mock};

const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\nno real picture, long enough";
const RULES: &str = "\
version: 1
rules:
  - id: menu
    when: {any: [茶单]}
    do: [{reply: menu}]
";

async fn start(mock: &MockWecom) -> Agent {
    AgentBuilder::new()
        .file("rules/media.yaml", RULES)
        .file("templates/menu.yaml", "image: menu.png\n")
        .bytes("templates/menu.png", PICTURE)
        .start(mock)
        .await
}

async fn shown(mock: &MockWecom, count: usize) {
    let sent = calls(mock, "kf/send_msg", count).await;
    assert!(
        sent.iter()
            .all(|call| call.request["body"]["msgtype"] == "image")
    );
}

#[tokio::test]
async fn a_file_is_uploaded_once_for_many_and_kept_across_a_restart() {
    let mock = mock().await;
    let mut agent = start(&mock).await;
    for id in customers(&mock, 6) {
        mock.say(&id, "茶单").await.expect("push");
    }
    shown(&mock, 6).await;
    assert_eq!(mock.calls("media/upload").len(), 1);

    agent.idle().await;
    assert_eq!(agent.terminate().await, Some(0));
    agent.restart(&mock).await;
    mock.say(CUSTOMER, "茶单").await.expect("push");
    shown(&mock, 7).await;
    assert_eq!(mock.calls("media/upload").len(), 1);
}

#[tokio::test]
async fn what_wecom_has_forgotten_is_uploaded_again() {
    let mock = mock().await;
    let agent = start(&mock).await;
    mock.say(CUSTOMER, "茶单").await.expect("push");
    shown(&mock, 1).await;
    agent.idle().await;

    // Three days at WeCom's, none at ours: 40007.
    mock.advance_secs(4 * 86_400);
    mock.say(CUSTOMER, "茶单").await.expect("push");

    shown(&mock, 2).await;
    agent.idle().await;
    assert_eq!(applied(&mock, "media/upload").len(), 2);
    let refused = mock.calls("kf/send_msg").into_iter();
    assert_eq!(
        refused.filter(|call| call.errcode == Some(40007)).count(),
        1
    );
    assert!(agent.queue("dropped").await.is_empty());
}

#[tokio::test]
async fn an_upload_is_renewed_before_its_three_days_are_over() {
    let mock = mock().await;
    let mut agent = start(&mock).await;
    mock.say(CUSTOMER, "茶单").await.expect("push");
    shown(&mock, 1).await;
    agent.idle().await;
    assert_eq!(agent.terminate().await, Some(0));
    age_upload(&agent, Duration::from_secs(61 * 3600)).await;
    agent.restart(&mock).await;

    mock.say(CUSTOMER, "茶单").await.expect("push");

    shown(&mock, 2).await;
    assert_eq!(mock.calls("media/upload").len(), 2);
    assert!(
        mock.calls("kf/send_msg")
            .iter()
            .all(|call| call.errcode == Some(0))
    );
}

/// Makes the remembered upload older.
async fn age_upload(agent: &Agent, by: Duration) {
    let data = agent.folder().join("data");
    let store = EmbeddedStore::open_redb(&data, &CorpId::from(CORP)).expect("the store");
    let digest = Sha1::digest(PICTURE);
    let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let name = format!("media/corp/image/{hash}/menu.png");
    let mut fact = store.fact(&name).await.expect("read").expect("an upload");
    let at = fact["at"].as_i64().expect("a time") - i64::try_from(by.as_millis()).expect("short");
    fact["at"] = at.into();
    store.put_facts(vec![(name, fact)]).await.expect("written");
}

#[tokio::test]
async fn a_failed_upload_leaves_no_doubt_about_the_message() {
    let mock = mock().await;
    let agent = start(&mock).await;
    fault(&mock, "media/upload", Action::DropAfter);
    mock.say(CUSTOMER, "茶单").await.expect("push");
    shown(&mock, 1).await;
    agent.idle().await;
    assert_eq!(mock.calls("media/upload").len(), 2);
    assert_eq!(mock.calls("kf/send_msg").len(), 1);
    assert!(agent.queue("unknown").await.is_empty());
}

#[tokio::test]
async fn changed_content_is_a_new_upload() {
    let mock = mock().await;
    let agent = start(&mock).await;
    mock.say(CUSTOMER, "茶单").await.expect("push");
    shown(&mock, 1).await;
    let changed = [PICTURE, b"!".as_slice()].concat();
    std::fs::write(agent.folder().join("templates/menu.png"), changed).expect("written");
    mock.say(CUSTOMER, "茶单").await.expect("push");
    shown(&mock, 2).await;
    assert_eq!(mock.calls("media/upload").len(), 2);
}
