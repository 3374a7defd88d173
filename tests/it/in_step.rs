//! Customers and customer groups kept in step with WeCom: by a run over all lists, by
//! events, and by the next run for what events missed.

use mock_wecom::{
    Action, ContactAdd, ContactDelete, ContactEdit, Customer, CustomerGroup, Follow, GroupChange,
    GroupCreate, GroupMember, MockWecom, TagEvent,
};
use serde_json::{Value, json};

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, MEMBER, OTHER_CUSTOMER, applied, customers, errcode, eventually,
    faults, http, mock, operator,
};

const GROUP: &str = "wrSAMPLE00000000000000000000001";
const NEWCOMER: &str = "wmNEWCOMER00000000000000000001";

/// An agent that reads contacts by itself.
fn builder() -> AgentBuilder {
    AgentBuilder::new().edit("every = \"off\"", "every = \"24h\"")
}

/// The end of the run that is under way.
async fn in_step(agent: &Agent) -> Value {
    eventually("the run is over", async || {
        let contacts = agent.ready().await["contacts"].clone();
        let over = contacts["last"].is_object() && contacts["running"].is_null();
        (over && contacts["wished"] == false).then(|| contacts["last"].clone())
    })
    .await
}

async fn json_of(agent: &Agent, arguments: &[&str]) -> Value {
    operator::run(agent.folder(), arguments).await.json()
}

fn ids(list: &Value) -> Vec<&str> {
    let list = list.as_array().expect("a list").iter();
    list.filter_map(|one| {
        let person = one["person"].as_object()?;
        person.values().next()?.as_str()
    })
    .collect()
}

async fn list(agent: &Agent, more: &[&str]) -> Value {
    let arguments = [&["contacts", "list", "--format", "json"], more].concat();
    json_of(agent, &arguments).await
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    eventually(what, async || holds().await.then_some(())).await;
}

fn tagged(mock: &MockWecom, userid: &str, tag: &str) -> Follow {
    Follow {
        remark: "老王".to_owned(),
        description: "爱喝乌龙".to_owned(),
        tags: mock.tag_id(tag).into_iter().collect(),
        add_way: 1,
        state: "nj-road".to_owned(),
        ..Follow::new(userid, mock.now() - 86_400)
    }
}

#[tokio::test]
async fn the_first_start_reads_every_customer_and_group() {
    let mock = mock().await;
    customers(&mock, 250);
    let known = Customer {
        external_userid: NEWCOMER.to_owned(),
        name: "王先生".to_owned(),
        followers: vec![
            tagged(&mock, MEMBER, "意向"),
            tagged(&mock, "wang.wei", "展会"),
        ],
        ..Customer::default()
    };
    mock.put_customers(vec![known]).expect("known members");
    let agent = builder().start(&mock).await;
    let last = in_step(&agent).await;
    assert_eq!(
        last["counts"],
        json!({"relations": 255, "groups": 1, "lost": 0})
    );
    assert_eq!(last["problems"], json!([]));

    assert_eq!(ids(&list(&agent, &[]).await).len(), 254);
    assert_eq!(ids(&list(&agent, &["--limit", "7"]).await).len(), 7);
    for filter in [
        &["--tag", "客户等级/意向"][..],
        &["--tag", "展会"],
        &["--source", "nj*"],
        &["--name", "老*"],
        &["--follower", "wang.wei", "--tag", "意向"],
    ] {
        assert_eq!(ids(&list(&agent, filter).await), [NEWCOMER], "{filter:?}");
    }
    assert_eq!(
        ids(&list(&agent, &["--added-since", "2126-01-01"]).await).len(),
        0
    );
    let shown = agent.known("王先生").await;
    let follower = &shown["followers"][0];
    assert_eq!(
        (
            &follower["remark"],
            &follower["description"],
            &follower["add_way"]
        ),
        (&json!("老王"), &json!("爱喝乌龙"), &json!(1))
    );
    assert_eq!(follower["tags"], json!(["客户等级/意向"]));

    let group = agent.known(GROUP).await;
    assert_eq!(group["name"], "示例客户群");
    assert_eq!(group["group"]["owner"], MEMBER);
    assert_eq!(group["group"]["members"][1]["id"], CUSTOMER);
    assert_eq!(group["group"]["members"][1]["customer"], true);
    let with = json_of(&agent, &["contacts", "show", CUSTOMER, "--format", "json"]).await;
    assert_eq!(ids(&with["groups"]), [GROUP]);
    let csv = ["contacts", "list", "--tag", "意向", "--format", "csv"];
    let csv = operator::run(agent.folder(), &csv).await.stdout;
    assert!(
        csv.lines().nth(1).expect("a row").starts_with(NEWCOMER),
        "{csv}"
    );
    // One at a time would have been 254 calls.
    assert_eq!(applied(&mock, "batch/get_by_user").len(), 3);
    assert!(
        agent
            .metrics()
            .await
            .contains("wecom_agent_sync_last_success_seconds")
    );
}

#[tokio::test]
async fn a_run_that_is_killed_goes_on_where_it_was() {
    let mock = mock().await;
    customers(&mock, 250);
    let mut agent = builder()
        .edit("every = \"24h\"", "every = \"24h\"\ncalls_per_minute = 4")
        .start(&mock)
        .await;
    // Two calls to begin with, two pages; then the minute is used up.
    eventually("two pages", async || {
        let running = &agent.ready().await["contacts"]["running"];
        (running["counts"]["relations"] == 200).then_some(())
    })
    .await;
    agent.kill();
    agent.ahead(&mock, 120);
    agent.restart(&mock).await;
    let last = in_step(&agent).await;
    assert_eq!(last["counts"]["relations"], 253);
    assert_eq!(applied(&mock, "get_follow_user_list").len(), 1);
    assert_eq!(applied(&mock, "batch/get_by_user").len(), 3);
    assert_eq!(ids(&list(&agent, &[]).await).len(), 253);
}

#[tokio::test]
async fn one_missing_permission_does_not_stop_the_rest() {
    let mock = mock().await;
    faults(&mock, "batch/get_by_user", 1, errcode(48002));
    let agent = builder().start(&mock).await;
    let last = in_step(&agent).await;
    assert_eq!(last["counts"]["groups"], 1);
    assert_eq!(last["problems"][0]["phase"], "customers");
    let told = operator::run(agent.folder(), &["sync"]).await;
    assert_eq!(told.code, Some(1));
    assert!(told.stdout.contains("48002"), "{}", told.all());
}

#[tokio::test]
async fn what_could_not_be_read_for_a_moment_is_no_problem_in_the_end() {
    let mock = mock().await;
    faults(&mock, "groupchat/list", 1, errcode(-1));
    let agent = builder().start(&mock).await;
    until("the failure is told", async || {
        agent.ready().await["contacts"]["problem"].is_string()
    })
    .await;
    agent.ahead(&mock, 60);
    let last = in_step(&agent).await;
    assert_eq!(
        (&last["counts"]["groups"], &last["problems"]),
        (&json!(1), &json!([]))
    );
    let told = operator::run(agent.folder(), &["sync"]).await;
    assert_eq!(told.code, Some(0), "{}", told.all());
}

#[tokio::test]
async fn a_member_who_spoils_a_batch_costs_nobody_else() {
    let mock = mock().await;
    // The batch of all is refused, and the first member alone too.
    faults(&mock, "batch/get_by_user", 2, errcode(40003));
    let agent = builder().start(&mock).await;
    let last = in_step(&agent).await;
    assert_eq!(last["problems"].as_array().map(Vec::len), Some(1));
    // What the list did not tell of was asked one by one, if it was known before; two of the
    // three members could be read.
    let relations = last["counts"]["relations"].as_u64().expect("a number");
    assert!((1..=2).contains(&relations), "{last}");
}

#[tokio::test]
async fn events_keep_customers_current() {
    let mock = mock().await;
    let agent = builder().start(&mock).await;
    in_step(&agent).await;
    let edit = ContactEdit {
        external_userid: CUSTOMER.to_owned(),
        userid: MEMBER.to_owned(),
        remark: Some("张姐".to_owned()),
        add_tag: vec![mock.tag_id("成交").expect("a tag")],
        remove_tag: Vec::new(),
    };
    // The contact was read a moment ago: the event is newer.
    agent.ahead(&mock, 10);
    mock.edited(edit).await.expect("a pair");
    until("the remark is known", async || {
        let contact = agent.known(CUSTOMER).await;
        contact["followers"][0]["remark"] == "张姐"
            && contact["tags"].get("客户等级/成交").is_some()
    })
    .await;

    let gone = ContactDelete {
        external_userid: OTHER_CUSTOMER.to_owned(),
        userid: MEMBER.to_owned(),
        by_customer: true,
    };
    mock.deleted(gone).await.expect("a pair");
    until("the customer is lost", async || {
        agent.known(OTHER_CUSTOMER).await["lost_at"].is_number()
    })
    .await;
    assert_eq!(ids(&list(&agent, &["--lost"]).await), [OTHER_CUSTOMER]);
    let back = ContactAdd {
        external_userid: OTHER_CUSTOMER.to_owned(),
        userid: MEMBER.to_owned(),
        ..ContactAdd::default()
    };
    mock.added(back).await.expect("a member");
    until("the customer is back", async || {
        agent.known(OTHER_CUSTOMER).await["lost_at"].is_null()
    })
    .await;
}

#[tokio::test]
async fn events_keep_groups_current() {
    let mock = mock().await;
    let agent = builder().start(&mock).await;
    in_step(&agent).await;
    let made = GroupCreate {
        chat_id: None,
        name: "南京路茶友群".to_owned(),
        owner: MEMBER.to_owned(),
        members: vec![CUSTOMER.to_owned()],
    };
    let made = mock.group_created(made).await.expect("a group");
    let chat = made.fact("chat_id").to_owned();
    until("the group is known", async || {
        agent.known(&chat).await["name"] == "南京路茶友群"
    })
    .await;
    assert!(agent.known(&chat).await["added_at"].is_number());

    let join = GroupChange {
        chat_id: chat.clone(),
        members: vec![OTHER_CUSTOMER.to_owned()],
        scene: 3,
        state: Some("poster".to_owned()),
        ..GroupChange::default()
    };
    mock.group_joined(join).await.expect("a group");
    let members = async || {
        agent.known(&chat).await["group"]["members"]
            .as_array()
            .map_or(0, Vec::len)
    };
    until("the newcomer is in it", async || members().await == 3).await;
    // The event does not name the join way; WeCom tells when it is asked once more.
    agent.ahead(&mock, 10);
    until("the join way is known", async || {
        agent.known(&chat).await["group"]["members"][2]["source"] == "poster"
    })
    .await;
    let left = GroupChange {
        chat_id: chat.clone(),
        members: vec![CUSTOMER.to_owned()],
        ..GroupChange::default()
    };
    mock.group_left(left).await.expect("a group");
    until("one left", async || members().await == 2).await;

    agent.ahead(&mock, 10);
    control(
        &mock,
        "group/update",
        json!({"chat_id": chat, "name": "老茶友", "owner": "wang.wei"}),
    )
    .await;
    until("name and owner are new", async || {
        let group = agent.known(&chat).await;
        group["name"] == "老茶友" && group["group"]["owner"] == "wang.wei"
    })
    .await;
    control(&mock, "group/dismiss", json!({"chat_id": chat})).await;
    until("it is dissolved", async || {
        agent.known(&chat).await["group"]["dissolved_at"].is_number()
    })
    .await;
    let dissolved = json_of(
        &agent,
        &["groups", "list", "--dissolved", "--format", "json"],
    )
    .await;
    assert_eq!(ids(&dissolved), [chat.as_str()]);
}

async fn control(mock: &MockWecom, path: &str, body: Value) {
    let url = format!("{}/mock/{path}", mock.base_url());
    let answer = http()
        .post(url)
        .json(&body)
        .send()
        .await
        .expect("an answer");
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
}

#[tokio::test]
async fn while_wecom_cannot_be_asked_a_change_is_not_forgotten() {
    let mock = mock().await;
    let agent = builder().start(&mock).await;
    in_step(&agent).await;
    agent.ahead(&mock, 10);
    faults(&mock, "externalcontact/get", 100, Action::DropBefore);
    let edit = ContactEdit {
        external_userid: CUSTOMER.to_owned(),
        userid: MEMBER.to_owned(),
        remark: Some("张姐".to_owned()),
        ..ContactEdit::default()
    };
    mock.edited(edit).await.expect("a pair");
    agent.timers(1).await;
    mock.clear_faults();
    agent.ahead(&mock, 90);
    until("the remark is known", async || {
        agent.known(CUSTOMER).await["followers"][0]["remark"] == "张姐"
    })
    .await;
}

#[tokio::test]
async fn the_next_run_finds_what_no_event_told() {
    let mock = mock().await;
    let agent = builder()
        .file(
            "rules/groups.yaml",
            "version: 1\nrules:\n  - id: new group\n    on: event:change_external_chat/create\n    \
             do: [{robot: {to: 值班群, text: 有新群}}]\n",
        )
        .start(&mock)
        .await;
    in_step(&agent).await;
    agent.ahead(&mock, 60);
    let deserted = Customer {
        external_userid: CUSTOMER.to_owned(),
        name: "张晓".to_owned(),
        ..Customer::default()
    };
    let silent = Customer {
        external_userid: NEWCOMER.to_owned(),
        name: "王先生".to_owned(),
        followers: vec![Follow::new(MEMBER, mock.now())],
        ..Customer::default()
    };
    mock.put_customers(vec![deserted, silent])
        .expect("customers");
    let made = CustomerGroup {
        chat_id: String::new(),
        name: "没人说过的群".to_owned(),
        owner: MEMBER.to_owned(),
        create_time: mock.now(),
        notice: String::new(),
        members: vec![GroupMember {
            userid: MEMBER.to_owned(),
            join_time: mock.now(),
            join_scene: 1,
            state: String::new(),
        }],
        admins: Vec::new(),
        version: 1,
    };
    mock.put_groups(vec![made]);
    // An event would have come by now.
    agent.ahead(&mock, 120);
    let began = in_step(&agent).await["began_at"].clone();
    let wished = operator::run(agent.folder(), &["sync", "--full"]).await;
    assert_eq!(wished.code, Some(0), "{}", wished.all());
    eventually("a second run", async || {
        (in_step(&agent).await["began_at"] != began).then_some(())
    })
    .await;
    assert!(agent.known(CUSTOMER).await["lost_at"].is_number());
    assert_eq!(agent.known("没人说过的群").await["group"]["owner"], MEMBER);
    // What the lost event would have set off, once.
    crate::support::calls(&mock, "webhook/send", 1).await;
    agent.idle().await;
    assert_eq!(applied(&mock, "webhook/send").len(), 1);
    // Too late to be greeted, but not to be tagged.
    assert_eq!(mock.tags_of(MEMBER, NEWCOMER), ["新客"]);
    assert_eq!(mock.calls("send_welcome_msg").len(), 0);
}

#[tokio::test]
async fn a_tag_that_is_no_more_leaves_the_customers() {
    let mock = mock().await;
    let known = Customer {
        external_userid: NEWCOMER.to_owned(),
        name: "王先生".to_owned(),
        followers: vec![tagged(&mock, MEMBER, "意向")],
        ..Customer::default()
    };
    mock.put_customers(vec![known]).expect("known members");
    let agent = builder().start(&mock).await;
    in_step(&agent).await;
    assert_eq!(ids(&list(&agent, &["--tag", "意向"]).await), [NEWCOMER]);
    agent.ahead(&mock, 10);
    let gone = TagEvent {
        change_type: "delete".to_owned(),
        id: mock.tag_id("意向").expect("a tag"),
        tag_type: Some("tag".to_owned()),
    };
    mock.tag_event(gone).await.expect("a tag");
    until("nobody carries it", async || {
        ids(&list(&agent, &["--tag", "意向"]).await).is_empty()
    })
    .await;
}
