//! Channel codes: made in WeCom as the file says, and what they do for who comes.

use mock_wecom::{Action, ContactAdd, ContactScan, GroupChange, GroupCreate, MockWecom};
use serde_json::Value;

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, MEMBER, OTHER_CUSTOMER, applied, calls, eventually, fault, mock,
    operator, said_by_bot,
};

const NEWCOMER: &str = "wmNEWCOMER00000000000000000001";
const ADD: &str = "externalcontact/add_contact_way";
const ADD_GROUP: &str = "groupchat/add_join_way";

const CHANNELS: &str = "\
version: 1
channels:
  - id: 茶博会
    members: [lin.mei, wang.wei]
    remark: 展台
    tags: [来源/展会]
    welcome: night
    welcome_by_hours: {上班: day}
";

const GROUPS: &str = "\
groups:
  - {id: 茶友, state: poster, groups: [示例客户群], new_group: {name: 茶友群, from: 2}}
";

const CALENDAR: &str = "\
version: 1
hours:
  上班: {days: 每天, from: \"09:00\", to: \"18:00\"}
";

fn builder(channels: &str) -> AgentBuilder {
    AgentBuilder::new()
        .edit("every = \"off\"", "every = \"24h\"")
        .file("rules/calendar.yaml", CALENDAR)
        .file("templates/day.txt", "白天好")
        .file("templates/night.txt", "晚上好")
        .file("channels.yaml", channels)
}

async fn start(mock: &MockWecom, channels: &str) -> Agent {
    let agent = builder(channels).start(mock).await;
    eventually("the groups are known", async || {
        agent.ready().await["contacts"]["last"]
            .is_object()
            .then_some(())
    })
    .await;
    agent
}

/// What the verb says of each code, and how it ended.
async fn run(agent: &Agent, arguments: &[&str]) -> (Vec<Value>, Option<i32>) {
    let arguments = [&["channels"], arguments, &["--format", "json"]].concat();
    let ran = operator::run(agent.folder(), &arguments).await;
    let rows = serde_json::from_str(&ran.stdout);
    (rows.unwrap_or_else(|_| panic!("{}", ran.all())), ran.code)
}

fn steps(rows: &[Value]) -> Vec<&str> {
    rows.iter().filter_map(|row| row["step"].as_str()).collect()
}

#[tokio::test]
async fn codes_are_made_once_and_changed_when_the_file_changes() {
    let mock = mock().await;
    let agent = start(&mock, &format!("{CHANNELS}{GROUPS}")).await;
    let (rows, code) = run(&agent, &["plan"]).await;
    assert_eq!((steps(&rows), code), (vec!["create", "create"], Some(0)));
    run(&agent, &["apply"]).await;
    assert_eq!(mock.calls(ADD).len(), 0, "nothing without --yes");

    let (rows, code) = run(&agent, &["apply", "--yes"]).await;
    assert_eq!((steps(&rows), code), (vec!["same", "same"], Some(0)));
    for row in &rows {
        assert!(
            row["qr_code"]
                .as_str()
                .expect("a picture")
                .starts_with("https://")
        );
    }
    let made = &applied(&mock, ADD)[0].request["body"];
    assert_eq!(
        (&made["type"], &made["state"]),
        (&2.into(), &"茶博会".into())
    );
    let made = &applied(&mock, ADD_GROUP)[0].request["body"];
    assert_eq!(
        (&made["room_base_name"], &made["room_base_id"]),
        (&"茶友群".into(), &2.into())
    );
    assert_eq!(made["chat_id_list"][0], "wrSAMPLE00000000000000000000001");

    let (rows, _) = run(&agent, &["apply", "--yes"]).await;
    assert_eq!(steps(&rows), ["same", "same"]);
    assert_eq!((mock.calls(ADD).len(), mock.calls(ADD_GROUP).len()), (1, 1));

    let changed = format!("{CHANNELS}{GROUPS}").replace("[lin.mei, wang.wei]", "[zhao.min]");
    std::fs::write(agent.folder().join("channels.yaml"), changed).expect("a file");
    let (rows, _) = run(&agent, &["plan"]).await;
    assert_eq!(steps(&rows), ["update", "same"]);
    assert_eq!(rows[0]["changes"], serde_json::json!(["members"]));
    run(&agent, &["apply", "--yes"]).await;
    let update = applied(&mock, "update_contact_way");
    assert_eq!(
        update[0].request["body"]["user"],
        serde_json::json!(["zhao.min"])
    );
    let (rows, _) = run(&agent, &["plan"]).await;
    assert_eq!(steps(&rows), ["same", "same"]);
}

#[tokio::test]
async fn a_code_whose_making_broke_off_is_looked_for_before_another_is_made() {
    let mock = mock().await;
    let agent = start(&mock, CHANNELS).await;
    fault(&mock, ADD, Action::DropAfter);
    let (rows, code) = run(&agent, &["apply", "--yes"]).await;
    assert_eq!((steps(&rows), code), (vec!["failed"], Some(1)));
    let (rows, code) = run(&agent, &["plan"]).await;
    assert_eq!((steps(&rows), code), (vec!["adopt"], Some(0)));
    let (rows, _) = run(&agent, &["apply", "--yes"]).await;
    assert_eq!(steps(&rows), ["same"]);
    assert_eq!(mock.calls(ADD).len(), 1);
}

#[tokio::test]
async fn without_a_list_to_look_in_a_person_has_to_say() {
    let mock = mock().await;
    let agent = start(&mock, &format!("version: 1\n{GROUPS}")).await;
    fault(&mock, ADD_GROUP, Action::DropAfter);
    run(&agent, &["apply", "--yes"]).await;
    let (rows, code) = run(&agent, &["apply", "--yes"]).await;
    assert_eq!((steps(&rows), code), (vec!["unclear"], Some(1)));
    assert_eq!(mock.calls(ADD_GROUP).len(), 1);
    let (rows, _) = run(&agent, &["apply", "--yes", "--again", "茶友"]).await;
    assert_eq!(steps(&rows), ["same"]);
    assert_eq!(mock.calls(ADD_GROUP).len(), 2);
}

#[tokio::test]
async fn who_scans_a_code_is_tagged_and_welcomed_by_the_channel_alone() {
    let mock = mock().await;
    let agent = start(&mock, CHANNELS).await;
    let (rows, _) = run(&agent, &["apply", "--yes"]).await;
    let config_id = rows[0]["config_id"].as_str().expect("an id").to_owned();
    for (at, who, wanted) in [
        ("2026-11-23 10:00", NEWCOMER, "白天好"),
        (
            "2026-11-23 20:00",
            "wmNEWCOMER00000000000000000002",
            "晚上好",
        ),
    ] {
        agent.move_to(&mock, at);
        let scan = ContactScan {
            config_id: config_id.clone(),
            external_userid: who.to_owned(),
            ..ContactScan::default()
        };
        mock.scanned(scan).await.expect("a code");
        eventually("the welcome", async || {
            (!said_by_bot(&mock, who).is_empty()).then_some(())
        })
        .await;
        agent.idle().await;
        // The rule `welcome` of these tests would have said something else.
        assert_eq!(said_by_bot(&mock, who), [wanted]);
        let mut tags = mock.tags_of(MEMBER, who);
        tags.sort();
        assert_eq!(tags, ["展会", "新客"]);
    }
    let told = operator::run(agent.folder(), &["trace", NEWCOMER])
        .await
        .all();
    assert!(told.contains("来源/展会"), "{told}");
    assert!(told.contains("渠道 茶博会 有自己的欢迎语"), "{told}");
    let done = agent.queue("done").await;
    let added = done.iter().find(|item| item["what"] == "contact added");
    let id = added.expect("a record")["id"].as_str().expect("an id");
    let told = operator::run(agent.folder(), &["trace", id]).await.all();
    assert!(told.contains("渠道 茶博会 有自己的欢迎语"), "{told}");
}

#[tokio::test]
async fn a_code_that_nobody_uses_says_why() {
    let mock = mock().await;
    let agent = AgentBuilder::new()
        .file(
            "rules/rules.yaml",
            "version: 1\nrules:\n  - {id: tag, on: added, do: [{tag: 来源/新客}]}\n",
        )
        .start(&mock)
        .await;
    let add = ContactAdd {
        external_userid: NEWCOMER.to_owned(),
        userid: MEMBER.to_owned(),
        ..ContactAdd::default()
    };
    mock.added(add).await.expect("a member");
    calls(&mock, "mark_tag", 1).await;
    let done = agent.queue("done").await;
    let added = done.iter().find(|item| item["what"] == "contact added");
    let id = added.expect("a record")["id"].as_str().expect("an id");
    let told = operator::run(agent.folder(), &["trace", id]).await.all();
    assert!(told.contains("没有人欢迎"), "{told}");
}

#[tokio::test]
async fn a_broken_file_of_channels_leaves_the_last_good_one_in_force() {
    let mock = mock().await;
    let agent = start(&mock, CHANNELS).await;
    let checked = operator::run(agent.folder(), &["check"]).await;
    assert_eq!(checked.code, Some(0), "{}", checked.all());
    std::fs::write(
        agent.folder().join("channels.yaml"),
        "channels:\n  - {id: a}\n",
    )
    .expect("file");
    eventually("the fault is told", async || {
        (agent.ready().await["rules"]["errors"] == 1).then_some(())
    })
    .await;
    let told = operator::run(agent.folder(), &["check"]).await.all();
    assert!(told.contains("H005"), "{told}");
}

#[tokio::test]
async fn who_joins_a_group_by_a_code_is_tagged_once_by_it_and_nobody_else_is() {
    let mock = mock().await;
    let channels = "version: 1\ngroups:\n  - {id: 茶友, groups: [wrTEA], tags: [来源/茶友群]}\n";
    let agent = start(&mock, channels).await;
    agent.move_to(&mock, "2026-11-23 10:00");
    let created = GroupCreate {
        chat_id: Some("wrTEA".to_owned()),
        name: "茶友群".to_owned(),
        owner: MEMBER.to_owned(),
        members: Vec::new(),
    };
    mock.group_created(created).await.expect("a member");
    eventually("the group is known", async || {
        (agent.known("wrTEA").await["name"] == *"茶友群").then_some(())
    })
    .await;
    let [by_code, invited] = [CUSTOMER, OTHER_CUSTOMER];
    for (who, state) in [(by_code, Some("茶友")), (invited, None)] {
        let joined = GroupChange {
            chat_id: "wrTEA".to_owned(),
            members: vec![who.to_owned()],
            state: state.map(str::to_owned),
            ..GroupChange::default()
        };
        mock.group_joined(joined).await.expect("a group");
    }
    // WeCom is asked once more a few seconds later.
    agent.idle().await;
    agent.move_to(&mock, "2026-11-23 10:01");
    eventually("tagged", async || {
        let tags = mock.tags_of(MEMBER, by_code);
        tags.contains(&"茶友群".to_owned()).then_some(())
    })
    .await;
    agent.idle().await;
    agent.move_to(&mock, "2026-11-23 10:10");
    agent.idle().await;
    let marked = applied(&mock, "externalcontact/mark_tag");
    assert_eq!(marked.len(), 1, "{marked:?}");
    let told = operator::run(agent.folder(), &["trace", by_code])
        .await
        .all();
    assert!(told.contains("从进群活码 茶友 进了群"), "{told}");
}

#[tokio::test]
async fn what_was_just_made_is_not_called_unchanged() {
    let mock = mock().await;
    let agent = start(&mock, CHANNELS).await;
    let apply = ["channels", "apply", "--yes"];
    let made = operator::run(agent.folder(), &apply).await;
    assert!(made.stdout.contains("已新建"), "{}", made.all());
    let again = operator::run(agent.folder(), &apply).await;
    assert!(
        again.stdout.contains("一致") && !again.stdout.contains("已新建"),
        "{}",
        again.all()
    );
}
