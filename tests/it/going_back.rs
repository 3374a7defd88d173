//! `rules rollback` dies between any two of its changes on the disk: whoever reads the files
//! next finds all of the old version or all of the new one.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::{Agent, eventually, mock, operator};

/// What reaches the disk, by the system call that does it.
const CALLS: [&str; 4] = ["fsync", RENAME, "renameat2,linkat", "unlink,unlinkat"];
const RENAME: &str = "rename,renameat";
/// More of one call than going back takes.
const MOST: usize = 40;
const JOURNAL: &str = "rules/.wecom-agent-going-back";

type Files = BTreeMap<&'static str, String>;

/// The files of each version: two change, one is only in the first, one only in the second.
fn files(version: &str) -> Files {
    let rule = |id: &str| {
        format!(
            "version: 1\nrules:\n  - id: {id}-{version}\n    when: {{any: [{id}]}}\n    do: [{{reply: 答}}]\n"
        )
    };
    let own = match version {
        "甲" => "rules/first.yaml",
        _ => "rules/second.yaml",
    };
    BTreeMap::from([
        ("rules/a.yaml", rule("一")),
        (own, rule("二")),
        ("templates/答.txt", version.to_owned()),
    ])
}

const ALL: [&str; 4] = [
    "rules/a.yaml",
    "rules/first.yaml",
    "rules/second.yaml",
    "templates/答.txt",
];

fn write(folder: &Path, files: &Files) {
    for path in ALL {
        let place = folder.join(path);
        match files.get(path) {
            Some(text) => std::fs::write(place, text).expect("written"),
            None => drop(std::fs::remove_file(place)),
        }
    }
}

fn read(folder: &Path) -> Files {
    let there = ALL.into_iter().filter_map(|path| {
        let text = std::fs::read_to_string(folder.join(path)).ok()?;
        Some((path, text))
    });
    there.collect()
}

async fn in_force(agent: &Agent, number: u64) {
    eventually(&format!("version {number} is in force"), async || {
        let ready = agent.ready().await;
        (ready["rules"]["number"] == number).then_some(())
    })
    .await;
}

/// Two versions are kept: the files of 甲 as number 2, those of 乙, which are there, as 3.
async fn office(mock: &mock_wecom::MockWecom) -> Agent {
    let agent = Agent::start(mock).await;
    in_force(&agent, 1).await;
    for (version, number) in [("甲", 2), ("乙", 3)] {
        write(agent.folder(), &files(version));
        in_force(&agent, number).await;
    }
    agent
}

/// Whether going back to version 2 came to its end before the `nth` call of its kind.
fn goes_back(folder: &Path, call: &str, nth: usize) -> bool {
    operator::ends_before(call, nth, folder, &["rules", "rollback", "2"])
}

#[tokio::test]
async fn whenever_it_dies_the_next_verb_finds_one_version_whole() {
    let mock = mock().await;
    let mut agent = office(&mock).await;
    agent.terminate().await;
    let folder = agent.folder();
    let [then, now] = ["甲", "乙"].map(files);
    let (mut halves, mut backs) = (0, 0);
    for call in CALLS {
        for nth in 1.. {
            assert!(nth < MOST, "{call} never ends");
            write(folder, &now);
            if goes_back(folder, call, nth) {
                assert_eq!(read(folder), then);
                break;
            }
            let left = read(folder);
            halves += usize::from(left != now && left != then);
            let ran = operator::run(folder, &["check", "--no-tests"]).await;
            assert_eq!(ran.code, Some(0), "{call} {nth}: {}", ran.all());
            let found = read(folder);
            assert!(found == now || found == then, "{call} {nth}: {found:?}");
            backs += usize::from(found == then);
            assert!(!folder.join(JOURNAL).exists(), "{call} {nth}");
        }
    }
    assert!(
        halves > 2 && backs > halves,
        "{halves} halves, {backs} ends"
    );
}

#[tokio::test]
async fn a_running_server_finishes_it_and_never_uses_half() {
    let mock = mock().await;
    let agent = office(&mock).await;
    let [then, now] = ["甲", "乙"].map(files);
    // The second file is not in place yet.
    assert!(!goes_back(agent.folder(), RENAME, 2));
    eventually("the files are those of one version", async || {
        let whole = read(agent.folder()) == then && !agent.folder().join(JOURNAL).exists();
        whole.then_some(())
    })
    .await;
    in_force(&agent, 4).await;
    let history = agent.run(&["rules", "history", "--format", "json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&history.stdout).expect("JSON");
    assert_eq!(rows.len(), 4, "no half was ever in force: {rows:?}");
    assert_eq!(rows[0]["hash"], rows[2]["hash"]);
    assert_ne!(then, now);
}

#[tokio::test]
async fn a_way_back_that_cannot_be_finished_is_told_and_no_half_is_used() {
    let mock = mock().await;
    let mut agent = office(&mock).await;
    agent.terminate().await;
    let folder = agent.folder();
    std::fs::write(folder.join(JOURNAL), "no steps").expect("written");
    for verb in ["check", "serve"] {
        for (lang, told) in [("zh", "接着做完"), ("en", "which finishes it")] {
            let ran = operator::run(folder, &["--lang", lang, verb]).await;
            assert_ne!(ran.code, Some(0), "{}", ran.all());
            assert!(ran.all().contains("Y044"), "{}", ran.all());
            assert!(ran.all().contains(told), "{}", ran.all());
        }
    }
    // The way out that it names.
    std::fs::remove_file(folder.join(JOURNAL)).expect("removed");
    let ran = operator::run(folder, &["check", "--no-tests"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.all());
}
