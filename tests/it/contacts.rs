//! Customers and customer groups, as WeCom reports them.

use mock_wecom::{ContactAdd, ContactDelete, GroupChange};

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, Callback, MEMBER, OTHER_CUSTOMER, answers, applied, calls,
    event, mock,
};

const GROUP: &str = "wrSAMPLE00000000000000000000001";
const ROBOT: &str = "sample-robot-key";

fn add(external_userid: &str) -> ContactAdd {
    ContactAdd {
        external_userid: external_userid.to_owned(),
        userid: MEMBER.to_owned(),
        state: Some("expo".to_owned()),
        ..ContactAdd::default()
    }
}

#[tokio::test]
async fn a_new_customer_is_welcomed_within_twenty_seconds_and_tagged() {
    let mock = mock().await;
    let _agent = Agent::start(&mock).await;
    let began = mock.now();
    let added = mock.added(add(CUSTOMER)).await.expect("added");
    assert_eq!(added.http_status, Some(200));

    let sent = calls(&mock, "externalcontact/send_welcome_msg", 1).await;
    assert!(mock.now() - began < 20);
    assert_eq!(
        sent[0].request["body"]["welcome_code"],
        added.fact("welcome_code")
    );
    assert_eq!(sent[0].request["body"]["text"]["content"], "您好");
    calls(&mock, "externalcontact/mark_tag", 1).await;
    assert_eq!(mock.tags_of(MEMBER, CUSTOMER), ["新客"]);
}

#[tokio::test]
async fn a_late_welcome_is_dropped_with_a_reason_and_the_tag_is_set() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    mock.advance_secs(-60);
    mock.added(add(CUSTOMER)).await.expect("added");
    calls(&mock, "externalcontact/mark_tag", 1).await;
    agent.idle().await;

    let dropped = agent.items(&["dropped"]);
    assert_eq!(dropped.len(), 1, "{dropped:#?}");
    let reason = dropped[0]["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("too late by"), "{reason}");
    assert_eq!(mock.calls("externalcontact/send_welcome_msg").len(), 0);
}

#[tokio::test]
async fn without_a_welcome_code_the_trace_says_why_nobody_was_welcomed() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let quiet = ContactAdd {
        without_welcome: true,
        ..add(CUSTOMER)
    };
    mock.added(quiet).await.expect("added");
    calls(&mock, "externalcontact/mark_tag", 1).await;
    agent.idle().await;

    let record = agent.items(&["done"]).pop().expect("a record");
    let trace = agent.show(&record)["trace"].to_string();
    assert!(trace.contains("WeCom gave no welcome code"), "{trace}");
    assert_eq!(mock.calls("externalcontact/send_welcome_msg").len(), 0);
}

#[tokio::test]
async fn a_removed_contact_and_changes_of_a_group_set_their_rules_off() {
    let rules = "\
version: 1
rules:
  - id: gone
    on: deleted
    do: [{robot: {to: 值班群, text: 客户离开}}]
  - id: joined
    on: joined
    do: [{robot: {to: 值班群, text: 有人进群}}]
  - id: left
    on: left
    do: [{robot: {to: 值班群, text: 有人退群}}]
  - id: renamed
    on: event:change_external_chat/update
    do: [{robot: {to: 值班群, text: 群有变化}}]
";
    let mock = mock().await;
    let agent = AgentBuilder::new()
        .file("rules/rules.yaml", rules)
        .start(&mock)
        .await;
    let gone = ContactDelete {
        external_userid: CUSTOMER.to_owned(),
        userid: MEMBER.to_owned(),
        by_customer: true,
    };
    mock.deleted(gone).await.expect("deleted");
    assert_eq!(answers(&mock, ROBOT, 1).await, ["客户离开"]);
    let change = GroupChange {
        chat_id: GROUP.to_owned(),
        members: vec![OTHER_CUSTOMER.to_owned()],
        ..GroupChange::default()
    };
    mock.group_joined(change.clone()).await.expect("joined");
    assert_eq!(answers(&mock, ROBOT, 2).await[1], "有人进群");
    mock.group_left(change).await.expect("left");
    assert_eq!(answers(&mock, ROBOT, 3).await[2], "有人退群");

    let named = format!(
        "<ChangeType>update</ChangeType><ChatId>{GROUP}</ChatId><UpdateDetail>change_name</UpdateDetail>"
    );
    let plain = event("sys", 1_760_000_000, "change_external_chat", &named);
    assert_eq!(Callback::xml("contact", &plain).send(&agent).await.0, 200);
    assert_eq!(answers(&mock, ROBOT, 4).await[3], "群有变化");
}

/// The other events that a contact callback brings.
const EVENTS: [(&str, &str); 14] = [
    (
        "change_external_contact",
        "<ChangeType>edit_external_contact</ChangeType><UserID>a</UserID><ExternalUserID>b</ExternalUserID>",
    ),
    (
        "change_external_contact",
        "<ChangeType>transfer_fail</ChangeType><FailReason>customer_refused</FailReason><UserID>a</UserID><ExternalUserID>b</ExternalUserID>",
    ),
    (
        "change_external_contact",
        "<ChangeType>msg_audit_approved</ChangeType><UserID>a</UserID>",
    ),
    (
        "change_external_contact",
        "<ChangeType>next_year</ChangeType>",
    ),
    ("change_external_contact", ""),
    (
        "change_external_chat",
        "<ChangeType>create</ChangeType><ChatId>wr1</ChatId>",
    ),
    (
        "change_external_chat",
        "<ChangeType>dismiss</ChangeType><ChatId>wr1</ChatId>",
    ),
    (
        "change_external_chat",
        "<ChangeType>update</ChangeType><ChatId>wr1</ChatId><UpdateDetail>new</UpdateDetail>",
    ),
    (
        "change_external_tag",
        "<ChangeType>shuffle</ChangeType><Id/>",
    ),
    (
        "change_contact",
        "<ChangeType>create_user</ChangeType><UserID>a</UserID>",
    ),
    (
        "customer_acquisition",
        "<ChangeType>balance_low</ChangeType>",
    ),
    ("msgaudit_notify", "<AgentID>2000004</AgentID>"),
    (
        "doc_change",
        "<ChangeType>delete_doc</ChangeType><DocId>1</DocId><DocId>2</DocId>",
    ),
    (
        "kf_account_auth_change",
        "<AuthAddOpenKfId>wk1</AuthAddOpenKfId>",
    ),
];

#[tokio::test]
async fn every_other_event_is_kept_and_acknowledged() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    for (name, elements) in EVENTS {
        let plain = event("sys", 1_760_000_000, name, elements);
        let (status, body) = Callback::xml("contact", &plain).send(&agent).await;
        assert_eq!((status, body.len()), (200, 0), "{name} {elements}");
    }
    agent.idle().await;
    assert_eq!(agent.items(&["done"]).len(), EVENTS.len());
    assert_eq!(applied(&mock, "externalcontact/mark_tag").len(), 0);
}
