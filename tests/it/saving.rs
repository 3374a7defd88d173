//! The ways in which editors and tools save: whatever they do, a set is used as a whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, MEMBER, answers, customers, eventually, mock, said_by_bot,
};

const KEPT: &str = "wecom_agent_reloads_total{result=\"kept\"}";
const TAKEN: &str = "wecom_agent_reloads_total{result=\"ok\"}";

fn path(agent: &Agent, path: &str) -> PathBuf {
    agent.folder().join(path)
}

async fn version(agent: &Agent) -> String {
    agent.ready().await["rules"]["version"].to_string()
}

/// The texts of a rule file with one rule whose answer is this template.
fn rule(template: &str) -> String {
    format!(
        "version: 1\nrules:\n  - id: more\n    when: {{any: [地址]}}\n    do: [{{reply: {template}}}]\n"
    )
}

/// Does something to the files and waits until a new set is in force.
async fn changes(agent: &Agent, what: &str, change: impl FnOnce(&Path)) {
    let taken = agent.metric(TAKEN).await;
    change(agent.folder());
    eventually(what, async || {
        (agent.metric(TAKEN).await > taken).then_some(())
    })
    .await;
}

#[tokio::test]
async fn every_way_of_saving_ends_with_the_new_file_in_force() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    // Written in place.
    changes(&agent, "a new file", |home| {
        std::fs::write(home.join("rules/more.yaml"), rule("hello")).expect("written");
    })
    .await;
    // Beside it, then renamed over it.
    changes(&agent, "a rename", |home| {
        std::fs::write(home.join("rules/.more.yaml.tmp"), rule("refund")).expect("written");
        let (from, to) = ("rules/.more.yaml.tmp", "rules/more.yaml");
        std::fs::rename(home.join(from), home.join(to)).expect("renamed");
    })
    .await;
    // vim: the old one becomes the backup, the new one is written, the backup goes.
    changes(&agent, "vim", |home| {
        let (file, backup) = (home.join("rules/more.yaml"), home.join("rules/more.yaml~"));
        std::fs::write(home.join("rules/.more.yaml.swp"), "b0VIM").expect("written");
        std::fs::rename(&file, &backup).expect("renamed");
        std::fs::write(&file, rule("hello")).expect("written");
        std::fs::remove_file(&backup).expect("removed");
    })
    .await;
    // The same size in the same place: the time tells.
    changes(&agent, "the same size", |home| {
        std::fs::write(home.join("templates/hello.txt"), "欢迎").expect("written");
    })
    .await;
    mock.say(CUSTOMER, "地址").await.expect("push");
    assert_eq!(answers(&mock, CUSTOMER, 1).await, ["欢迎"]);
    // A file that is removed takes its rules along.
    changes(&agent, "removed", |home| {
        std::fs::remove_file(home.join("rules/more.yaml")).expect("removed");
    })
    .await;
    mock.say(CUSTOMER, "地址").await.expect("push");
    mock.say(CUSTOMER, "你好").await.expect("push");
    assert_eq!(answers(&mock, CUSTOMER, 2).await, ["欢迎", "欢迎"]);
    assert!(
        agent.metric(KEPT).await < 0.5,
        "no half-written file was looked at"
    );
}

#[tokio::test]
async fn a_file_that_is_empty_for_a_moment_is_waited_for() {
    let mock = mock().await;
    let agent = AgentBuilder::new()
        .file("rules/more.yaml", &rule("hello"))
        .start(&mock)
        .await;
    let writing = Arc::new(AtomicBool::new(true));
    let (file, stop) = (path(&agent, "rules/more.yaml"), Arc::clone(&writing));
    // A slow editor: it truncates, and writes piece by piece for a while.
    let writer = std::thread::spawn(move || {
        let text = rule("refund");
        while stop.load(Ordering::Relaxed) {
            std::fs::write(&file, "").expect("truncated");
            for end in [10, 30, 60] {
                std::thread::sleep(Duration::from_millis(30));
                std::fs::write(&file, &text[..end]).expect("a part");
            }
        }
        std::fs::write(&file, text).expect("written");
    });
    let before = version(&agent).await;
    // Long enough for the files to be looked at while they are half written.
    let began = std::time::Instant::now();
    eventually("several looks", async || {
        (began.elapsed() > Duration::from_secs(3)).then_some(())
    })
    .await;
    assert_eq!(version(&agent).await, before);
    writing.store(false, Ordering::Relaxed);
    writer.join().expect("the writer ends");
    eventually("the whole file", async || {
        (version(&agent).await != before).then_some(())
    })
    .await;
    assert!(agent.metric(KEPT).await < 0.5, "no part of it was judged");
}

#[tokio::test]
async fn a_config_map_is_swapped_as_a_whole() {
    let mock = mock().await;
    let builder = AgentBuilder::new();
    let rules = builder.folder().join("rules");
    // Kubernetes: each file is a link through `..data`, which is itself renamed over.
    let release = |name: &str, template: &str| {
        let folder = rules.join(name);
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("more.yaml"), rule(template)).expect("written");
        let next = rules.join("..data_tmp");
        std::os::unix::fs::symlink(name, &next).expect("linked");
        std::fs::rename(next, rules.join("..data")).expect("swapped");
    };
    release("..2026_1", "hello");
    std::os::unix::fs::symlink("..data/more.yaml", rules.join("more.yaml")).expect("linked");
    let agent = builder.start(&mock).await;
    mock.say(CUSTOMER, "地址").await.expect("push");
    assert_eq!(answers(&mock, CUSTOMER, 1).await, ["您好"]);
    changes(&agent, "the new release", |_| release("..2026_2", "refund")).await;
    mock.say(CUSTOMER, "地址").await.expect("push");
    assert_eq!(answers(&mock, CUSTOMER, 2).await[1], "退款请提供订单号");
}

#[tokio::test]
async fn under_load_no_message_is_answered_by_a_half_loaded_set() {
    const ROUNDS: usize = 4;
    let mock = mock().await;
    let pair = |n: usize| {
        let rules = format!(
            "version: 1\nrules:\n  - id: a\n    when: {{any: [地址]}}\n    do: [{{reply: one}}, {{reply: two}}]\n  - id: b\n    when: {{any: [地址]}}\n    do: [{{reply: three}}]\n# {n}\n"
        );
        (rules, format!("套{n}"))
    };
    let write = |home: &Path, n: usize| {
        let (rules, text) = pair(n);
        std::fs::write(home.join("rules/more.yaml"), rules).expect("written");
        for name in ["one", "two", "three"] {
            std::fs::write(home.join(format!("templates/{name}.txt")), &text).expect("written");
        }
    };
    let builder = AgentBuilder::new();
    write(builder.folder(), 0);
    let agent = builder.start(&mock).await;
    let people = customers(&mock, 60);
    for round in 1..=ROUNDS {
        let before = version(&agent).await;
        for (at, who) in people
            .iter()
            .enumerate()
            .filter(|(at, _)| at % ROUNDS == round - 1)
        {
            if at == people.len() / 2 {
                tokio::task::yield_now().await;
            }
            mock.say(who, "地址").await.expect("push");
            if at % 7 == 0 {
                write(agent.folder(), round);
            }
        }
        eventually("the new set", async || {
            (version(&agent).await != before).then_some(())
        })
        .await;
    }
    for who in &people {
        answers(&mock, who, 3).await;
        let said = said_by_bot(&mock, who);
        assert!(said.iter().all(|text| *text == said[0]), "{who}: {said:?}");
    }
}

#[tokio::test]
async fn operators_are_told_in_wecom_once_and_once_more_when_it_is_good_again() {
    let mock = mock().await;
    let agent = AgentBuilder::new()
        .config("[alerts]\napp = \"staff\"\nto = [\"lin.mei\"]\n")
        .start(&mock)
        .await;
    let file = path(&agent, "rules/broken.yaml");
    std::fs::write(
        &file,
        "rules:\n  - id: x\n    wenn: {any: [a]}\n    do: [{reply: hello}]\n",
    )
    .expect("written");
    let told = async |count: usize| {
        eventually(&format!("{count} notices"), async || {
            let said = said_by_bot(&mock, MEMBER);
            (said.len() >= count).then_some(said)
        })
        .await
    };
    let first = told(1).await;
    for part in ["规则没有更新", "broken.yaml:3", "wenn", "wecom-agent check"] {
        assert!(first[0].contains(part), "{part}: {first:?}");
    }
    // The same mistake once more is not told once more.
    let kept = agent.metric(KEPT).await;
    agent.signal("HUP");
    eventually("looked at again", async || {
        (agent.metric(KEPT).await > kept).then_some(())
    })
    .await;
    std::fs::remove_file(&file).expect("removed");
    let said = told(2).await;
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[1].contains("已经改好"), "{said:?}");
}
