//! Callbacks that go wrong, chaos by seed, and scenarios.

use std::time::Duration;

use mock_wecom::{Chaos, Fault, KfSay, Kind, Scenario};
use serde_json::{Value, json};

use crate::support::{CUSTOMER, Corp, Manner, Receiver, code};

fn fault(text: &str) -> Fault {
    text.parse().expect("a fault")
}

fn created(plain: &str) -> &str {
    crate::support::between(plain, "<Token><![CDATA[", "]]>")
}

async fn until(mut done: impl FnMut() -> bool) {
    for _ in 0..500 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came");
}

#[tokio::test]
async fn a_callback_comes_twice_or_never() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::Kf, vec![Manner::Empty]).await;
    corp.mock.fault(fault("callback/test=duplicate:2"));
    corp.mock.say(CUSTOMER, "一").await.expect("said");
    assert_eq!(receiver.seen().len(), 3);
    corp.mock.fault(fault("callback/*=lose"));
    let lost = corp.mock.say(CUSTOMER, "二").await.expect("said");
    assert_eq!((receiver.seen().len(), lost.attempts), (3, 0));
    corp.mock.say(CUSTOMER, "三").await.expect("said");
    assert_eq!(receiver.seen().len(), 4, "a fault strikes once");
    let entries = corp.get("/mock/journal?kind=callback").await;
    let faults: Vec<bool> = entries
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| entry["fault"].is_string())
        .collect();
    assert_eq!(faults, [true, true, false]);
}

#[tokio::test]
async fn a_callback_is_overtaken_by_the_next() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::Kf, vec![Manner::Empty]).await;
    corp.mock.fault(fault("callback/test=reorder:60000"));
    let first = corp.mock.say(CUSTOMER, "一").await.expect("said");
    assert!(first.pushes[0].pending);
    corp.mock.say(CUSTOMER, "二").await.expect("said");
    until(|| receiver.seen().len() == 2).await;
    let seen = receiver.seen();
    let entries = corp.get("/mock/journal?kind=callback").await;
    let held = entries
        .as_array()
        .expect("entries")
        .iter()
        .find(|entry| entry["fault"].is_string())
        .expect("the held one");
    let held = held["request"]["plain"].as_str().expect("a plaintext");
    assert_eq!(
        created(&seen[1].plain),
        created(held),
        "the first came second"
    );
}

#[tokio::test]
async fn a_fault_that_can_never_strike_is_refused() {
    let corp = Corp::start().await;
    for bad in [
        json!({"path": "callback/kf", "action": "hang"}),
        json!({"path": "kf/send_msg", "action": "lose"}),
    ] {
        assert!(
            corp.post("/mock/faults", &bad).await["error"].is_string(),
            "{bad}"
        );
    }
}

#[tokio::test]
async fn another_instance_takes_the_token() {
    let corp = Corp::start().await;
    let before = corp.token("kf-secret").await;
    corp.mock.fault(fault("kf/account/list=revoke_token"));
    let list = async || code(&corp.call("kf-secret", "kf/account/list", &json!({})).await);
    assert_eq!(list().await, 40014);
    assert_ne!(corp.token("kf-secret").await, before);
    assert_eq!(list().await, 0);
}

#[tokio::test]
async fn chaos_is_the_same_for_the_same_seed() {
    let run = async |seed: u64| -> Vec<Option<i64>> {
        let corp = Corp::start().await;
        corp.token("kf-secret").await;
        let token = corp.token("kf-secret").await;
        let chaos: Chaos = serde_json::from_value(json!({"seed": seed, "percent": 40,
            "paths": ["kf/account/list"], "actions": [{"action": "errcode", "code": -1},
            {"action": "errcode", "code": 45009}]}))
        .expect("a chaos");
        corp.mock.chaos(chaos).expect("begun");
        let path = format!("/cgi-bin/kf/account/list?access_token={token}");
        let mut codes = Vec::new();
        for _ in 0..30 {
            codes.push(corp.post(&path, &json!({})).await["errcode"].as_i64());
        }
        codes
    };
    let (first, second, other) = (run(5).await, run(5).await, run(6).await);
    assert_eq!(first, second);
    assert_ne!(first, other);
    for wanted in [0, -1, 45009] {
        assert!(first.contains(&Some(wanted)), "{wanted} in {first:?}");
    }
}

#[tokio::test]
async fn a_scenario_changes_conditions_between_two_calls() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::Kf, vec![Manner::Empty]).await;
    let scenario: Scenario = serde_json::from_value(json!({"name": "a bad day", "steps": [
        {"do": {"switches": {"kf_page_limit": 7}}},
        {"after": {"calls": {"path": "kf/account/list", "count": 2}},
         "do": {"fault": {"path": "kf/account/list", "action": "errcode", "code": 45009}}},
        {"after": {"calls": {"path": "kf/account/list", "count": 3}},
         "do": {"kf_say": {"external_userid": CUSTOMER, "content": "在吗"}}},
        {"after": {"secs": 3600}, "do": {"revoke_tokens": {}}}
    ]}))
    .expect("a scenario");
    corp.mock.play(scenario).expect("played");
    assert_eq!(corp.get("/mock/switches").await["kf_page_limit"], 7);
    let list = async || code(&corp.call("kf-secret", "kf/account/list", &json!({})).await);
    let codes = [list().await, list().await, list().await, list().await];
    assert_eq!(codes, [0, 0, 45009, 0]);
    until(|| receiver.seen().len() == 1).await;
    assert_eq!(corp.mock.chat(CUSTOMER)[0].text, "在吗");
    let before = corp.token("kf-secret").await;
    corp.mock.advance_secs(3_600);
    while corp.get("/mock/scenario").await["left"] != json!([]) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_ne!(corp.token("kf-secret").await, before);
}

#[tokio::test]
async fn a_scenario_with_a_bad_step_does_not_begin() {
    let corp = Corp::start().await;
    let refused = json!({"steps": [{"do": {"clear_faults": {}}}, {"do": {"fly": {}}}]});
    let refused = corp.post("/mock/scenario", &refused).await;
    let why = refused["error"].as_str().expect("a reason");
    assert!(why.starts_with("step 2"), "{why}");
}

#[tokio::test]
async fn lost_and_late_callbacks_leave_the_log_whole() {
    let corp = Corp::start().await;
    let _receiver = Receiver::of(&corp, Kind::Kf, vec![Manner::Empty]).await;
    corp.mock.fault(fault("callback/*=lose,times=2"));
    for content in ["一", "二", "三"] {
        let say = KfSay {
            external_userid: CUSTOMER.into(),
            content: Some(content.into()),
            ..KfSay::default()
        };
        corp.mock.kf_say(say).await.expect("said");
    }
    let body = json!({"open_kfid": crate::support::KF});
    let page: Value = corp.call("kf-secret", "kf/sync_msg", &body).await;
    assert_eq!(page["msg_list"].as_array().map(Vec::len), Some(3));
}
