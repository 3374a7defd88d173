//! Open points of the official pages: each answer can be chosen.

use mock_wecom::{AppSay, BotEvent, KfEnter, Kind, PlatformEvent};
use serde_json::{Value, json};

use crate::support::{CORP, CUSTOMER, Corp, KF, Manner, Receiver, between, code};

fn event(name: &str, fields: Value) -> PlatformEvent {
    PlatformEvent {
        event: name.into(),
        userid: Some("lin.mei".into()),
        fields: fields.as_object().expect("an object").clone(),
        ..PlatformEvent::default()
    }
}

#[tokio::test]
async fn calendar_events_are_from_sys_or_from_the_member() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::App, vec![Manner::Empty]).await;
    for (chosen, from) in [("sys", "sys"), ("member", "lin.mei")] {
        corp.switch("calendar_event_from", json!(chosen));
        let deleted = event("delete_calendar", json!({"CalId": "c1"}));
        corp.mock.event(deleted).await.expect("sent");
        let plain = receiver.last().plain;
        assert_eq!(between(&plain, "<FromUserName><![CDATA[", "]]>"), from);
    }
}

#[tokio::test]
async fn job_types_and_living_states_can_be_extended() {
    let corp = Corp::start().await;
    let job = || {
        event(
            "batch_job_result",
            json!({"BatchJob": {"JobId": "1", "JobType": "export_all"}}),
        )
    };
    assert!(corp.mock.event(job()).await.is_err());
    corp.switch("export_job_types", json!(["export_all"]));
    assert!(corp.mock.event(job()).await.is_ok());
    let living = || {
        event(
            "living_status_change",
            json!({"LivingId": "1", "Status": 9}),
        )
    };
    assert!(corp.mock.event(living()).await.is_err());
    corp.switch("living_statuses", json!([9]));
    assert!(corp.mock.event(living()).await.is_ok());
}

#[tokio::test]
async fn a_file_may_or_may_not_reach_an_app() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::App, vec![Manner::Empty]).await;
    let file = || AppSay {
        userid: "lin.mei".into(),
        msgtype: Some("file".into()),
        payload: json!({"MediaId": "M1"})
            .as_object()
            .expect("an object")
            .clone(),
        ..AppSay::default()
    };
    corp.mock.app_say(file()).await.expect("said");
    assert!(receiver.seen().is_empty());
    corp.switch("app_file_messages", json!(true));
    corp.mock.app_say(file()).await.expect("said");
    assert_eq!(
        between(&receiver.last().plain, "<MediaId><![CDATA[", "]]>"),
        "M1"
    );
}

#[tokio::test]
async fn a_reply_to_a_card_event_may_be_ignored() {
    let corp = Corp::start().await;
    let reply = format!(
        "<xml><ToUserName><![CDATA[lin.mei]]></ToUserName><FromUserName><![CDATA[{CORP}]]></FromUserName>\
         <CreateTime>1</CreateTime><MsgType><![CDATA[update_button]]></MsgType>\
         <Button><ReplaceName><![CDATA[好]]></ReplaceName></Button></xml>"
    );
    let _receiver = Receiver::of(&corp, Kind::App, vec![Manner::Reply(reply)]).await;
    let click = || {
        event(
            "template_card_event",
            json!({"EventKey": "k", "TaskId": "t"}),
        )
    };
    let pushed = corp.mock.event(click()).await.expect("sent");
    assert!(
        pushed.pushes[0].problems.is_empty(),
        "{:?}",
        pushed.pushes[0].problems
    );
    corp.switch("card_event_reply", json!(false));
    let pushed = corp.mock.event(click()).await.expect("sent");
    assert_eq!(
        pushed.pushes[0].problems,
        ["the reply to template_card_event was ignored"]
    );
    let entered = event("enter_agent", json!({"EventKey": ""}));
    let pushed = corp.mock.event(entered).await.expect("sent");
    assert_eq!(
        pushed.pushes[0].problems,
        ["update_button only answers template_card_event"]
    );
}

#[tokio::test]
async fn card_events_of_bots_are_spelled_either_way() {
    let corp = Corp::start().await;
    let receiver = Receiver::of(&corp, Kind::Aibot, vec![Manner::Empty]).await;
    let click = || BotEvent {
        userid: "lin.mei".into(),
        eventtype: "template_card_event".into(),
        payload: Some(json!({"card_type": "vote_interaction", "task_id": "t",
            "selected_items": {"selected_item": [{"option_ids": {"option_id": ["1"]}}]}})),
        ..BotEvent::default()
    };
    corp.mock.bot_event(click()).await.expect("sent");
    assert!(receiver.last().plain.contains("\"card_type\""));
    corp.switch("aibot_event_spelling", json!("joined"));
    corp.mock.bot_event(click()).await.expect("sent");
    let plain = receiver.last().plain;
    assert!(
        plain.contains("\"cardtype\"") && plain.contains("\"optionids\""),
        "{plain}"
    );
    assert!(plain.contains("\"task_id\""), "{plain}");
}

#[tokio::test]
async fn a_robot_counts_its_minute_either_way() {
    let corp = Corp::start().await;
    let minute = (corp.mock.now() / 60 + 1) * 60;
    let send = async || {
        let message = json!({"msgtype": "text", "text": {"content": "x"}});
        code(
            &corp
                .post("/cgi-bin/webhook/send?key=sample-robot-key", &message)
                .await,
        )
    };
    for (window, after_the_minute) in [("sliding", 45009), ("fixed", 0)] {
        corp.mock.reset().expect("reset");
        corp.switch("robot_window", json!(window));
        corp.mock.set_time(minute + 30);
        for _ in 0..20 {
            assert_eq!(send().await, 0);
        }
        assert_eq!(send().await, 45009);
        corp.mock.set_time(minute + 61);
        assert_eq!(send().await, after_the_minute, "{window}");
    }
}

#[tokio::test]
async fn messages_on_events_may_use_up_the_five() {
    for (counts, expected) in [(false, 0), (true, 95001)] {
        let corp = Corp::start().await;
        corp.switch("kf_event_sends_count", json!(counts));
        let enter = KfEnter {
            external_userid: CUSTOMER.into(),
            ..KfEnter::default()
        };
        let entered = corp.mock.kf_enter(enter).await.expect("entered");
        corp.mock.say(CUSTOMER, "1").await.expect("said");
        let greeting = json!({"code": entered.fact("welcome_code"), "msgtype": "text",
                              "text": {"content": "欢迎"}});
        let greeted = corp
            .call("kf-secret", "kf/send_msg_on_event", &greeting)
            .await;
        assert_eq!(code(&greeted), 0);
        for _ in 0..4 {
            assert_eq!(code(&corp.kf_send(json!({"open_kfid": KF})).await), 0);
        }
        assert_eq!(
            code(&corp.kf_send(json!({})).await),
            expected,
            "counts: {counts}"
        );
    }
}

#[tokio::test]
async fn the_receive_id_of_a_verification_can_be_another() {
    let corp = Corp::start().await;
    let _receiver = Receiver::of(&corp, Kind::Kf, vec![Manner::Empty]).await;
    let verify = async || {
        corp.post("/mock/receivers/verify", &json!({"name": "test"}))
            .await["ok"]
            .clone()
    };
    assert_eq!(verify().await, true);
    corp.switch("verify_receive_id", json!("suite1"));
    assert_eq!(verify().await, false, "the receiver expects the corp id");
}

#[tokio::test]
async fn attachments_of_moments_do_not_greet() {
    let corp = Corp::start().await;
    let picture = json!({"kind": "image", "media_id": "M1", "attachment_type": 1, "text": "x"});
    corp.post("/mock/media", &picture).await;
    let task = json!({"sender": "lin.mei", "attachments":
        [{"msgtype": "image", "image": {"media_id": "M1"}}]});
    let path = "externalcontact/add_msg_template";
    assert_eq!(code(&corp.call("contact-secret", path, &task).await), 41072);
}
