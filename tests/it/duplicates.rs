//! A repeated push changes nothing; two different ones are never taken for one.

use mock_wecom::{Action, AppSay, Fault, Member};
use serde_json::json;

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, Callback, ENCODING_AES_KEY, MEMBER, OTHER_CUSTOMER, answers,
    applied, calls, event, eventually, http, mock, said_by_bot, text_message,
};

const ACCEPTED: &str = r#"wecom_agent_callbacks_total{app="staff",result="accepted"}"#;
const DUPLICATE: &str = r#"wecom_agent_callbacks_total{app="staff",result="duplicate"}"#;

#[tokio::test]
async fn all_32_pad_lengths_are_accepted() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    for n in 0..32 {
        let text = format!("闲聊{}", "x".repeat(n));
        let push = Callback::xml("staff", &text_message(MEMBER, &text, n as u64));
        assert_eq!(push.send(&agent).await.0, 200, "{n}");
    }
    agent.idle().await;
    assert_eq!(agent.items(&["done"]).len(), 32);
}

#[tokio::test]
async fn two_different_system_events_in_one_second_are_both_handled() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    for customer in [CUSTOMER, OTHER_CUSTOMER] {
        let elements = format!(
            "<ChangeType>add_external_contact</ChangeType><UserID>{MEMBER}</UserID>\
             <ExternalUserID>{customer}</ExternalUserID>"
        );
        let plain = event("sys", 1_760_000_000, "change_external_contact", &elements);
        assert_eq!(Callback::xml("contact", &plain).send(&agent).await.0, 200);
    }
    calls(&mock, "externalcontact/mark_tag", 2).await;
    for customer in [CUSTOMER, OTHER_CUSTOMER] {
        assert_eq!(mock.tags_of(MEMBER, customer), ["新客"]);
    }
}

#[tokio::test]
async fn two_different_events_of_one_member_in_one_second_are_both_handled() {
    let mock = mock().await;
    let rules = "version: 1\nrules:\n  - id: menu\n    on: clicked\n    do: [{reply: hello}]\n";
    let agent = AgentBuilder::new()
        .file("rules/rules.yaml", rules)
        .start(&mock)
        .await;
    for key in ["A", "B"] {
        let plain = event(
            MEMBER,
            1_760_000_000,
            "click",
            &format!("<EventKey>{key}</EventKey>"),
        );
        assert_eq!(Callback::xml("staff", &plain).send(&agent).await.0, 200);
    }
    agent.idle().await;
    assert_eq!(agent.items(&["done"]).len(), 2);
}

#[tokio::test]
async fn the_same_msgid_from_different_senders_is_answered_to_each() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    for member in [MEMBER, "wang.wei", "zhao.min"] {
        let push = Callback::xml("staff", &text_message(member, "你好", 7));
        assert_eq!(push.send(&agent).await.0, 200);
    }
    for member in [MEMBER, "wang.wei", "zhao.min"] {
        assert_eq!(answers(&mock, member, 1).await, ["您好"]);
    }
}

#[tokio::test]
async fn fifteen_people_shouting_together_are_all_answered() {
    let mock = mock().await;
    let people: Vec<String> = (0..15).map(|n| format!("member.{n}")).collect();
    mock.put_members(people.iter().map(|id| Member::new(id, id)).collect());
    let agent = Agent::start(&mock).await;
    let pushes: Vec<Callback> = people
        .iter()
        .map(|member| Callback::xml("staff", &text_message(member, "你好", 7)))
        .collect();
    let all = futures_util::future::join_all(pushes.iter().map(|push| push.send(&agent))).await;
    assert!(all.iter().all(|(status, _)| *status == 200));
    for member in &people {
        assert_eq!(answers(&mock, member, 1).await, ["您好"]);
    }
}

#[tokio::test]
async fn a_slow_platform_does_not_delay_the_acknowledgement_and_a_repeat_is_not_answered_again() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    mock.fault(Fault {
        path: "user/get".to_owned(),
        times: 1,
        skip: 0,
        action: Action::DelayMs { ms: 1500 },
    });
    let push = Callback::xml("staff", &text_message(MEMBER, "你好", 1));
    assert_eq!(push.send(&agent).await.0, 200);
    assert_eq!(
        said_by_bot(&mock, MEMBER).len(),
        0,
        "acknowledged after the answer"
    );
    for _ in 0..3 {
        assert_eq!(push.send(&agent).await.0, 200);
    }
    answers(&mock, MEMBER, 1).await;
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, MEMBER), ["您好"]);
}

#[tokio::test]
async fn a_thousand_times_the_same_push_is_one_record() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let url = format!("{}/callback/staff", agent.url());
    let push = Callback::xml("staff", &text_message(MEMBER, "你好", 1));
    let client = http();
    let one_client = async || {
        for _ in 0..50 {
            let request = client
                .post(format!("{url}?{}", push.query))
                .body(push.body.clone());
            assert_eq!(request.send().await.expect("an answer").status(), 200);
        }
    };
    futures_util::future::join_all((0..20).map(|_| one_client())).await;

    assert_eq!(answers(&mock, MEMBER, 1).await, ["您好"]);
    agent.idle().await;
    assert_eq!(agent.metric(ACCEPTED).await, 1.0);
    assert_eq!(agent.metric(DUPLICATE).await, 999.0);
    assert_eq!(agent.items(&["done"]).len(), 1);
    assert_eq!(applied(&mock, "message/send").len(), 1);
}

#[tokio::test]
async fn a_repeat_with_a_new_envelope_is_still_a_repeat() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let request = mock_wecom::RawCallback {
        receiver: "staff".to_owned(),
        body: text_message(MEMBER, "你好", 1),
        repeat: 3,
        reencrypt: Some(true),
    };
    let pushed = mock.callback(request).await.expect("pushed");
    assert_eq!(pushed.attempts, 4);
    answers(&mock, MEMBER, 1).await;
    agent.idle().await;
    assert_eq!(agent.metric(ACCEPTED).await, 1.0);
    assert_eq!(said_by_bot(&mock, MEMBER).len(), 1);
}

#[tokio::test]
async fn a_repeat_after_a_restart_changes_nothing() {
    a_repeat_after_a_restart("redb").await;
}

#[tokio::test]
async fn a_repeat_after_a_restart_changes_nothing_on_sled() {
    a_repeat_after_a_restart("sled").await;
}

async fn a_repeat_after_a_restart(store: &'static str) {
    let mock = mock().await;
    let mut agent = AgentBuilder::new().store(store).start(&mock).await;
    let message = Callback::xml("staff", &text_message(MEMBER, "你好", 1));
    let elements = format!(
        "<ChangeType>del_follow_user</ChangeType><UserID>{MEMBER}</UserID><ExternalUserID>{CUSTOMER}</ExternalUserID>"
    );
    let event = event("sys", 1_760_000_000, "change_external_contact", &elements);
    let event = Callback::xml("contact", &event);
    let json = json!({"msgid": "B1", "aibotid": "B", "chattype": "single", "from": {"userid": "wang.wei"}, "msgtype": "text", "text": {"content": "闲聊"}});
    let bot = Callback::json("bot", &json.to_string());
    let pushes = [&message, &event, &bot];
    for push in pushes {
        assert_eq!(push.send(&agent).await.0, 200);
    }
    answers(&mock, MEMBER, 1).await;
    agent.idle().await;
    assert_eq!(agent.terminate().await, Some(0));

    agent.restart(&mock).await;
    for push in pushes {
        assert_eq!(push.send(&agent).await.0, 200);
    }
    agent.idle().await;
    assert_eq!(agent.items(&["done"]).len(), 3);
    assert_eq!(said_by_bot(&mock, MEMBER), ["您好"]);
}

#[tokio::test]
async fn every_accepted_record_ends_and_none_vanishes() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let servicer = mock_wecom::KfSay {
        external_userid: CUSTOMER.to_owned(),
        content: Some("我来处理".to_owned()),
        servicer_userid: Some("zhao.min".to_owned()),
        ..mock_wecom::KfSay::default()
    };
    mock.kf_say(servicer).await.expect("said");
    mock.say(CUSTOMER, "没有这样的规则").await.expect("said");
    let said = AppSay {
        userid: MEMBER.to_owned(),
        content: Some("你好".to_owned()),
        ..AppSay::default()
    };
    mock.app_say(said).await.expect("said");
    assert_eq!(Callback::xml("staff", "<xml>").send(&agent).await.0, 200);

    // Two kf items, one message, one dead letter: each is accounted for.
    eventually("four records end", async || {
        let ended = agent.items(&["done", "dead"]);
        let id = |item: &serde_json::Value| item["id"].as_str().expect("an id").to_owned();
        let records = ended.iter().filter(|item| id(item).starts_with("in-"));
        (records.count() == 4).then_some(())
    })
    .await;
    let logs = agent.logs().join("\n");
    for word in ["\"accepted\"", "\"decided\"", "\"skipped\"", "dead letter"] {
        assert!(logs.contains(word), "no {word} in the log");
    }
}

#[tokio::test]
async fn a_key_that_is_not_the_consoles_is_named_in_the_log() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let other_key = ENCODING_AES_KEY.replace("AAEC", "ZZEC");
    let spec = mock_wecom::ReceiverSpec {
        name: "staff".to_owned(),
        kind: mock_wecom::Kind::App,
        url: format!("{}/callback/staff", agent.url()),
        token: crate::support::CALLBACK_TOKEN.to_owned(),
        encoding_aes_key: other_key,
        receive_id: None,
        agent_id: None,
    };
    mock.set_receiver(spec).expect("receiver");
    let said = AppSay {
        userid: MEMBER.to_owned(),
        content: Some("你好".to_owned()),
        ..AppSay::default()
    };
    assert_eq!(
        mock.app_say(said).await.expect("said").http_status,
        Some(400)
    );

    let line = eventually("a warning", async || {
        let mut lines = agent.logs().into_iter();
        lines.find(|line| line.contains("WARN") && line.contains("receive"))
    })
    .await;
    assert!(line.contains("encoding_aes_key"), "{line}");
    assert!(line.contains("staff"), "{line}");
}
