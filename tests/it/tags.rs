//! `mark_tag`: in order, as often as needed, with the library's own ids.

use mock_wecom::{Action, ContactDelete, MockWecom, TagEvent};

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, MEMBER, OTHER_CUSTOMER, applied, calls, errcode, eventually,
    fault, mock, said_by_bot,
};

const RULES: &str = "\
version: 1
rules:
  - id: put
    when: {any: [贴上]}
    do: [{tag: 客户等级/意向}]
  - id: take
    when: {any: [撕掉]}
    do: [{untag: 客户等级/意向}]
  - id: new
    when: {any: [新的]}
    do: [{tag: 活动/双十一}]
";

async fn start(mock: &MockWecom) -> Agent {
    AgentBuilder::new()
        .file("rules/tags.yaml", RULES)
        .start(mock)
        .await
}

#[tokio::test]
async fn tags_of_one_customer_change_in_the_order_of_the_messages() {
    let mock = mock().await;
    let agent = start(&mock).await;
    // The first call is lost, so everything behind it has to wait.
    fault(&mock, "externalcontact/mark_tag", Action::DropBefore);
    for text in ["贴上", "撕掉", "贴上", "撕掉"] {
        mock.say(CUSTOMER, text).await.expect("push");
    }

    let marked = calls(&mock, "externalcontact/mark_tag", 4).await;
    agent.idle().await;
    let added: Vec<bool> = marked
        .iter()
        .map(|call| call.request["body"]["add_tag"].is_array())
        .collect();
    assert_eq!(added, [true, false, true, false]);
    assert_eq!(mock.tags_of(MEMBER, CUSTOMER), [] as [&str; 0]);
}

#[tokio::test]
async fn a_lost_answer_is_repeated_without_harm() {
    let mock = mock().await;
    let agent = start(&mock).await;
    fault(&mock, "externalcontact/mark_tag", Action::DropAfter);
    mock.say(CUSTOMER, "贴上").await.expect("push");

    calls(&mock, "externalcontact/mark_tag", 2).await;
    agent.idle().await;
    assert_eq!(mock.tags_of(MEMBER, CUSTOMER), ["意向"]);
    assert_eq!(agent.queue("sent").await.len(), 1);
}

#[tokio::test]
async fn a_tag_that_was_made_anew_in_the_console_is_looked_up_again() {
    let mock = mock().await;
    let agent = start(&mock).await;
    mock.say(CUSTOMER, "新的").await.expect("push");
    calls(&mock, "externalcontact/mark_tag", 1).await;
    agent.idle().await;
    let old = mock.tag_id("双十一").expect("created");

    // Deleted behind our back: the id we remember is refused with 40068.
    let deleted = TagEvent {
        change_type: "delete".to_owned(),
        id: old.clone(),
        tag_type: Some("tag".to_owned()),
    };
    mock.tag_event(deleted).await.expect("known");
    mock.say(OTHER_CUSTOMER, "新的").await.expect("push");

    eventually("tagged with the new id", async || {
        (mock.tags_of(MEMBER, OTHER_CUSTOMER) == ["双十一"]).then_some(())
    })
    .await;
    agent.idle().await;
    assert_ne!(mock.tag_id("双十一").expect("created again"), old);
    let refused = mock.calls("externalcontact/mark_tag").into_iter();
    assert_eq!(
        refused.filter(|call| call.errcode == Some(40068)).count(),
        1
    );
}

#[tokio::test]
async fn a_missing_tag_is_created_once() {
    let mock = mock().await;
    let agent = start(&mock).await;
    let (one, other) = tokio::join!(mock.say(CUSTOMER, "新的"), mock.say(OTHER_CUSTOMER, "新的"));
    assert!(one.is_ok() && other.is_ok());
    calls(&mock, "externalcontact/mark_tag", 2).await;
    agent.idle().await;
    assert_eq!(applied(&mock, "add_corp_tag").len(), 1);
}

#[tokio::test]
async fn where_no_tag_may_be_created_the_reason_is_kept() {
    let mock = mock().await;
    let agent = AgentBuilder::new()
        .file("rules/tags.yaml", RULES)
        .config("[contacts]\ncreate_tags = false\n")
        .start(&mock)
        .await;
    mock.say(CUSTOMER, "新的").await.expect("push");
    let failed = agent.queued("failed", 1).await;
    let why = failed[0]["reason"].as_str().expect("a reason");
    assert!(
        why.contains("活动/双十一") && why.contains("create_tags"),
        "{why}"
    );
    assert_eq!(mock.calls("add_corp_tag").len(), 0);
}

#[tokio::test]
async fn a_customer_who_has_left_the_member_is_skipped_with_the_reason() {
    let mock = mock().await;
    let agent = start(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    calls(&mock, "kf/send_msg", 1).await;
    fault(&mock, "externalcontact/mark_tag", errcode(84061));
    mock.say(CUSTOMER, "贴上").await.expect("push");

    let dropped = agent.queued("dropped", 1).await;
    assert_eq!(dropped[0]["what"], "mark_tag");
    assert!(dropped[0]["reason"].to_string().contains("84061"));
    agent.idle().await;
    assert_eq!(mock.calls("externalcontact/mark_tag").len(), 1);
}

#[tokio::test]
async fn a_deleted_contact_is_not_tagged_any_more() {
    let mock = mock().await;
    let agent = start(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    calls(&mock, "kf/send_msg", 1).await;
    let deleted = ContactDelete {
        external_userid: CUSTOMER.to_owned(),
        userid: MEMBER.to_owned(),
        by_customer: true,
    };
    mock.deleted(deleted).await.expect("a contact");
    agent.idle().await;
    mock.say(CUSTOMER, "贴上").await.expect("push");
    mock.say(CUSTOMER, "你好").await.expect("push");
    eventually("the marker", async || {
        (said_by_bot(&mock, CUSTOMER).len() == 2).then_some(())
    })
    .await;
    agent.idle().await;
    assert_eq!(mock.calls("externalcontact/mark_tag").len(), 0);
}
