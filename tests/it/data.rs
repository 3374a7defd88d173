//! The data is the company's: backed up while serving, restored without doing anything twice,
//! taken out, forgotten, moved to another store. And whoever does it leaves a trace.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use mock_wecom::ContactAdd;

use crate::support::operator;
use crate::support::{
    Agent, AgentBuilder, CUSTOMER, MEMBER, OTHER_CUSTOMER, answers, errcode, eventually, faults,
    mock, said_by_bot,
};

/// Whether any file below the folder has these bytes.
fn is_on_disk(folder: &Path, needle: &str) -> bool {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry").path())
        .any(|path| {
            if path.is_dir() {
                return is_on_disk(&path, needle);
            }
            // The control socket is no file.
            let bytes = std::fs::read(&path).unwrap_or_default();
            bytes
                .windows(needle.len())
                .any(|window| window == needle.as_bytes())
        })
}

/// A backup that is not whole, or not ours, is refused before anything is written.
async fn broken_ones_are_refused(folder: &Path, file: &Path) {
    let text = std::fs::read_to_string(file).expect("a backup");
    for (broken, said) in [
        (text.replace("你好", "您好"), "已损坏"),
        (text[..text.len() - 20].to_owned(), "不完整"),
        (
            text.replace("ww0000000000000001", "ww0000000000000002"),
            "另一家企业",
        ),
        (
            text.replace("\"wecom_agent_backup\":1", "\"wecom_agent_backup\":9"),
            "更新的版本",
        ),
    ] {
        std::fs::write(folder.join("broken.jsonl"), broken).expect("a file");
        let refused = operator::run(folder, &["restore", "broken.jsonl"]).await;
        assert_eq!(refused.code, Some(1), "{}", refused.all());
        assert!(refused.all().contains(said), "{said}: {}", refused.all());
        assert!(!folder.join("data").exists(), "nothing is written");
    }
}

#[tokio::test]
async fn a_backup_is_made_while_serving_and_a_restore_says_nothing_twice() {
    let mock = mock().await;
    let mut agent = Agent::start(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    agent.idle().await;
    // Something waits when the backup is made.
    faults(&mock, "kf/send_msg", 1, errcode(45009));
    mock.say(OTHER_CUSTOMER, "你好").await.expect("push");
    eventually("the answer waits", async || {
        let waits = agent.queue("ready").await;
        (!waits.is_empty()).then_some(())
    })
    .await;
    let made = operator::run(agent.folder(), &["backup", "old.jsonl", "--format", "json"]).await;
    assert_eq!(made.code, Some(0), "{}", made.all());
    assert_eq!(made.json()["rows"]["record"], 2, "{}", made.stdout);
    let file = agent.folder().join("old.jsonl");
    let mode = std::fs::metadata(&file)
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let whole = operator::run(agent.folder(), &["backup", "--verify", "old.jsonl"]).await;
    assert_eq!(whole.code, Some(0), "{}", whole.all());

    // Life goes on after the backup; WeCom's pause is over.
    agent.ahead(&mock, 61);
    answers(&mock, OTHER_CUSTOMER, 1).await;
    mock.say(CUSTOMER, "退款").await.expect("push");
    answers(&mock, CUSTOMER, 2).await;
    agent.idle().await;
    let busy = operator::run(agent.folder(), &["restore", "old.jsonl"]).await;
    assert_eq!(busy.code, Some(2), "{}", busy.all());
    agent.kill();
    let full = operator::run(agent.folder(), &["restore", "old.jsonl"]).await;
    assert_eq!(full.code, Some(1), "{}", full.all());
    std::fs::rename(
        agent.folder().join("data"),
        agent.folder().join("data.lost"),
    )
    .expect("moved");

    broken_ones_are_refused(agent.folder(), &file).await;
    let mut restore = operator::command(agent.folder(), &["restore", "old.jsonl"]);
    restore.env("WECOM_AGENT_TEST_CLOCK_FILE", agent.folder().join("clock"));
    let restored = operator::end(restore).await;
    assert_eq!(restored.code, Some(0), "{}", restored.all());
    agent.restart(&mock).await;
    // Beyond the second of the restore, which WeCom's whole seconds cannot tell from it.
    agent.ahead(&mock, 5);
    mock.say(CUSTOMER, "我要退款").await.expect("push");
    answers(&mock, CUSTOMER, 3).await;
    agent.idle().await;
    assert_eq!(
        said_by_bot(&mock, CUSTOMER),
        ["您好", "退款请提供订单号", "退款请提供订单号"]
    );
    assert_eq!(said_by_bot(&mock, OTHER_CUSTOMER), ["您好"]);
    // What waited in the backup waits for a person; who puts it back says it once all the same.
    let held = agent.queue("unknown").await;
    assert_eq!(held.len(), 1, "{held:?}");
    let id = held[0]["id"].as_str().expect("an id");
    let again = operator::run(agent.folder(), &["queue", "redrive", id]).await;
    assert_eq!(again.code, Some(0), "{}", again.all());
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, OTHER_CUSTOMER), ["您好"]);
    let told = operator::run(agent.folder(), &["audit"]).await;
    for part in ["restore old.jsonl", "queue redrive", "已完成"] {
        assert!(told.stdout.contains(part), "{part}: {}", told.all());
    }
}

#[tokio::test]
async fn a_customer_is_forgotten_while_serving() {
    for store in ["redb", "sled"] {
        let mock = mock().await;
        let agent = AgentBuilder::new().store(store).start(&mock).await;
        let secret = "电话 13912345678 退款";
        mock.say(CUSTOMER, secret).await.expect("push");
        mock.say(OTHER_CUSTOMER, "你好").await.expect("push");
        answers(&mock, CUSTOMER, 1).await;
        answers(&mock, OTHER_CUSTOMER, 1).await;
        agent.idle().await;
        let data = agent.folder().join("data");
        assert!(is_on_disk(&data, "13912345678"));
        let export = ["export", "--contact", CUSTOMER];
        let taken = operator::run(agent.folder(), &export).await;
        let kinds = [
            "\"contact\"",
            "\"received\"",
            "\"sent\"",
            "13912345678",
            "意向/退款",
        ];
        for part in kinds {
            assert!(taken.stdout.contains(part), "{part}: {}", taken.all());
        }
        assert!(!taken.stdout.contains(OTHER_CUSTOMER));

        let preview = operator::run(agent.folder(), &["erase", CUSTOMER]).await;
        assert_eq!(preview.code, Some(0), "{}", preview.all());
        assert!(
            is_on_disk(&data, "13912345678"),
            "a preview changes nothing"
        );
        let done = operator::run(agent.folder(), &["erase", CUSTOMER, "--yes"]).await;
        assert_eq!(done.code, Some(0), "{}", done.all());
        assert!(!is_on_disk(&data, "13912345678"));
        assert!(!is_on_disk(&data, CUSTOMER));
        let gone = operator::run(agent.folder(), &export).await;
        assert_eq!(gone.code, Some(1), "{}", gone.all());
        let told = operator::run(agent.folder(), &["audit", "--format", "json"]).await;
        let entry = &told.json()[0];
        assert!(
            entry["what"]
                .as_str()
                .expect("words")
                .starts_with("erase erased-"),
            "{entry}"
        );

        // It goes on with everybody else.
        mock.say(OTHER_CUSTOMER, "退款").await.expect("push");
        answers(&mock, OTHER_CUSTOMER, 2).await;
    }
}

/// The whole content of the store, without what operators did.
async fn content(agent: &Agent) -> String {
    let taken = operator::run(agent.folder(), &["export"]).await;
    assert_eq!(taken.code, Some(0), "{}", taken.all());
    taken.stdout
}

#[tokio::test]
async fn only_one_known_customer_is_forgotten_or_taken_out() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    for (id, name) in [
        ("wmNAMED1", "陈新"),
        ("wmNAMED2", "同名"),
        ("wmNAMED3", "同名"),
    ] {
        let added = ContactAdd {
            external_userid: id.to_owned(),
            userid: MEMBER.to_owned(),
            name: Some(name.to_owned()),
            without_welcome: true,
            ..ContactAdd::default()
        };
        mock.added(added).await.expect("a member");
        eventually("they are known", async || {
            (agent.known(id).await["name"] == name).then_some(())
        })
        .await;
    }
    mock.say(CUSTOMER, "退款").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    agent.idle().await;

    // Words that stand in the data, a member, and a name that two have.
    let before = content(&agent).await;
    for (who, said) in [
        ("text", "没有找到"),
        ("退款", "没有找到"),
        ("意向", "没有找到"),
        (MEMBER, "成员不是客户"),
        ("同名", "wmNAMED2"),
    ] {
        for arguments in [
            &["erase", who][..],
            &["erase", who, "--yes"],
            &["export", "--contact", who],
        ] {
            let refused = operator::run(agent.folder(), arguments).await;
            assert_eq!(refused.code, Some(1), "{arguments:?}: {}", refused.all());
            assert!(refused.all().contains(said), "{said}: {}", refused.all());
        }
    }
    assert_eq!(content(&agent).await, before, "nothing was changed");

    let taken = operator::run(agent.folder(), &["export", "--contact", "陈新"]).await;
    assert_eq!(taken.code, Some(0), "{}", taken.all());
    assert!(taken.stdout.contains("wmNAMED1"), "{}", taken.all());
    assert!(!taken.stdout.contains("wmNAMED2"), "{}", taken.all());
    let done = operator::run(agent.folder(), &["erase", "陈新", "--yes"]).await;
    assert_eq!(done.code, Some(0), "{}", done.all());
    assert!(
        done.all().contains("客户：陈新 (wmNAMED1)"),
        "{}",
        done.all()
    );
    let after = content(&agent).await;
    assert!(!after.contains("wmNAMED1"), "{after}");
    assert!(!after.contains("陈新"), "{after}");
    assert!(after.contains(MEMBER), "{after}");
}

#[tokio::test]
async fn the_data_moves_to_another_store_and_back_to_work() {
    let mock = mock().await;
    let mut agent = Agent::start(&mock).await;
    for who in [CUSTOMER, OTHER_CUSTOMER] {
        mock.say(who, "退款").await.expect("push");
        answers(&mock, who, 1).await;
    }
    agent.idle().await;
    let arguments = ["store", "migrate", "--from", "data", "--to", "sled:moved"];
    let busy = operator::run(agent.folder(), &arguments).await;
    assert_eq!(busy.code, Some(2), "{}", busy.all());
    assert_eq!(agent.terminate().await, Some(0));

    // Killed as soon as there is something, then once more to its end.
    let mut killed = operator::command(agent.folder(), &arguments)
        .spawn()
        .expect("a process");
    let target = agent.folder().join("moved/sled");
    eventually("it has begun", async || target.exists().then_some(())).await;
    killed.kill().await.expect("killed");
    let moved = operator::run(agent.folder(), &arguments).await;
    let finished_before = moved.code == Some(1) && moved.all().contains("已有别的数据");
    assert!(moved.code == Some(0) || finished_before, "{}", moved.all());

    let old = operator::run(agent.folder(), &["export"]).await;
    let config = agent.folder().join("agent.toml");
    let text = std::fs::read_to_string(&config).expect("agent.toml");
    let text = text.replace(
        "kind = \"redb\"\npath = \"data\"",
        "kind = \"sled\"\npath = \"moved\"",
    );
    std::fs::write(&config, text).expect("agent.toml");
    let new = operator::run(agent.folder(), &["export"]).await;
    assert_eq!(old.stdout, new.stdout);
    assert!(new.stdout.contains(CUSTOMER), "{}", new.all());

    agent.restart(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    answers(&mock, CUSTOMER, 2).await;
    assert_eq!(said_by_bot(&mock, CUSTOMER), ["退款请提供订单号", "您好"]);
}

/// Killed while the files of the new store are made, at whatever place.
async fn a_store_that_was_not_finished_being_made_is_made_anew(store: &str) {
    let mock = mock().await;
    let mut agent = Agent::start(&mock).await;
    agent.idle().await;
    assert_eq!(agent.terminate().await, Some(0));
    let made = format!("{store}:made");
    let verb = ["store", "migrate", "--from", "data", "--to", &made];
    let made = agent.folder().join("made");
    let mut kills = 0;
    for call in ["ftruncate", "pwrite64", "fdatasync,fsync", "rename"] {
        for nth in 1..=6 {
            drop(std::fs::remove_dir_all(&made));
            if operator::ends_before(call, nth, agent.folder(), &verb) {
                break;
            }
            kills += 1;
            let again = operator::run(agent.folder(), &verb).await;
            // It may have died behind its last row.
            let was_whole = again.code == Some(1) && again.all().contains("已有别的数据");
            assert!(
                again.code == Some(0) || was_whole,
                "{call} {nth}: {}",
                again.all()
            );
        }
    }
    assert!(kills > 8, "{kills}");
}

#[tokio::test]
async fn a_redb_file_that_was_not_finished_being_made_is_made_anew() {
    a_store_that_was_not_finished_being_made_is_made_anew("redb").await;
}

#[tokio::test]
async fn a_sled_folder_that_was_not_finished_being_made_is_made_anew() {
    a_store_that_was_not_finished_being_made_is_made_anew("sled").await;
}

#[tokio::test]
async fn a_store_that_is_not_whole_is_not_served() {
    let mock = mock().await;
    let mut agent = Agent::start(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    agent.idle().await;
    assert_eq!(agent.terminate().await, Some(0));
    let folder = agent.folder();
    let data = folder.join("data");
    // A move whose end is wanting: the filling began, and that is all.
    {
        use wecom_agent::domain::ids::CorpId;
        use wecom_agent::store::Filling;
        use wecom_agent::store::Store as _;
        use wecom_agent::store::embedded::EmbeddedStore;
        std::fs::rename(&data, folder.join("whole")).expect("moved");
        let corp = CorpId::from(crate::support::CORP);
        let store = EmbeddedStore::open_redb(&data, &corp).expect("a store");
        let filling = Filling {
            source: "store elsewhere".to_owned(),
            place: "numbers ".to_owned(),
        };
        store.fill(Vec::new(), filling).await.expect("begun");
    }
    let refused = operator::run(folder, &["serve", "--config", "agent.toml"]).await;
    assert_eq!(refused.code, Some(2), "{}", refused.all());
    assert!(refused.all().contains("restore"), "{}", refused.all());
}

#[tokio::test]
async fn what_was_exported_can_be_imported() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let line = format!(
        "{{\"id\":\"1\",\"customer\":\"{CUSTOMER}\",\"set\":{{\"城市\":\"上海\",\"等级\":3}}}}\n"
    );
    std::fs::write(agent.folder().join("told.jsonl"), line).expect("a file");
    let told = operator::run(agent.folder(), &["import", "told.jsonl"]).await;
    assert_eq!(told.code, Some(0), "{}", told.all());
    agent.idle().await;
    let taken = operator::run(agent.folder(), &["export", "--output", "all.jsonl"]).await;
    assert_eq!(taken.code, Some(0), "{}", taken.all());

    let other = AgentBuilder::new().start(&mock).await;
    let file = agent.folder().join("all.jsonl");
    let file = file.to_str().expect("a path");
    let told = operator::run(other.folder(), &["import", file]).await;
    assert_eq!(told.code, Some(0), "{}", told.all());
    eventually("the attributes are there", async || {
        let known = other.known(CUSTOMER).await;
        (known["attributes"]["城市"] == "上海" && known["attributes"]["等级"] == 3.0).then_some(())
    })
    .await;
}
