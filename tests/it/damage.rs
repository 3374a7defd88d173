//! Data that cannot be opened, and a process that may open nothing more: it says so, tells the
//! way out, and goes on when it can.

use std::fs;
use std::path::Path;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::{
    Agent, AgentBuilder, CUSTOMER, Callback, MEMBER, answers, eventually, exchange, mock, operator,
    text_message,
};

/// The agent's data after a good run and a clean end.
async fn data(store: &'static str) -> Agent {
    let mock = mock().await;
    let mut agent = AgentBuilder::new().store(store).start(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    agent.idle().await;
    assert_eq!(agent.terminate().await, Some(0));
    agent
}

/// What `serve` says in both languages when it does not start.
async fn refusals(folder: &Path) -> [String; 2] {
    let mut said = [String::new(), String::new()];
    for (index, lang) in ["zh", "en"].into_iter().enumerate() {
        let ran = operator::run(folder, &["--lang", lang, "serve"]).await;
        assert_eq!(ran.code, Some(2), "{}", ran.all());
        said[index] = ran.stderr;
    }
    said
}

async fn damaged_file_is_refused(store: &'static str, file: &str) {
    let agent = data(store).await;
    let path = agent.folder().join(file);
    let good = fs::read(&path).expect("the file");
    // The beginning is gone: what a wrong `dd` or a dying disk leaves.
    let mut bad = good.clone();
    bad[..good.len().min(4096)].fill(0x5a);
    fs::write(&path, bad).expect("the file");

    let [zh, en] = refusals(agent.folder()).await;
    let named = path.parent().and_then(Path::file_name).expect("a folder");
    let named = named.to_string_lossy();
    assert!(
        zh.contains(&*named) && zh.contains("已损坏") && zh.contains("备份"),
        "{zh}"
    );
    assert!(en.contains("damaged") && en.contains("backup"), "{en}");

    // The way out: the file as it was.
    fs::write(&path, good).expect("the file");
    let mock = mock().await;
    let mut agent = agent;
    agent.restart(&mock).await;
    assert_eq!(
        agent.queue("done").await.len(),
        1,
        "everything is there again"
    );
}

#[tokio::test]
async fn a_damaged_redb_file_is_refused_by_name_with_the_way_out() {
    damaged_file_is_refused("redb", "data/store.redb").await;
}

#[tokio::test]
async fn a_damaged_sled_folder_is_refused_by_name_with_the_way_out() {
    damaged_file_is_refused("sled", "data/sled/conf").await;
}

/// Wherever a byte was turned: it starts or says why not, and never both panics and hangs.
#[tokio::test]
async fn a_turned_byte_anywhere_ends_in_words() {
    let agent = data("redb").await;
    let path = agent.folder().join("data/store.redb");
    let good = fs::read(&path).expect("the file");
    for part in 0..12 {
        let mut bad = good.clone();
        let at = part * bad.len() / 12;
        let end = (at + 64).min(bad.len());
        bad[at..end].iter_mut().for_each(|byte| *byte = !*byte);
        fs::write(&path, bad).expect("the file");
        let ran = operator::run(agent.folder(), &["queue", "list"]).await;
        assert!(matches!(ran.code, Some(0 | 2)), "{at}: {}", ran.all());
        assert!(!ran.stderr.contains("panicked"), "{at}: {}", ran.all());
    }
}

#[tokio::test]
async fn data_that_may_not_be_opened_are_refused_with_the_reason() {
    let folder = AgentBuilder::new();
    let path = folder.write("http://127.0.0.1:1");
    let folder = path.parent().expect("a folder");
    // A file where the folder belongs: not even root can open what is below it.
    fs::write(folder.join("data"), "").expect("a file");
    let [zh, en] = refusals(folder).await;
    assert!(zh.contains("data/lock") && zh.contains("磁盘"), "{zh}");
    assert!(en.contains("data/lock") && en.contains("read-only"), "{en}");
}

#[tokio::test]
async fn without_descriptors_nothing_is_lost_and_all_goes_on_afterwards() {
    let mock = mock().await;
    let agent = AgentBuilder::new().start(&mock).await;
    mock.say(CUSTOMER, "你好").await.expect("push");
    answers(&mock, CUSTOMER, 1).await;
    agent.limit("--nofile=48:");

    // Idle connections take all that there are.
    let mut held = Vec::new();
    for _ in 0..80 {
        let mut stream = TcpStream::connect(agent.address())
            .await
            .expect("the backlog");
        stream
            .write_all(b"POST /callback/staff HTTP/1.1\r\n")
            .await
            .ok();
        held.push(stream);
    }
    eventually("no descriptor is left", async || {
        let logs = agent.logs();
        logs.iter()
            .any(|line| line.contains("cannot accept"))
            .then_some(())
    })
    .await;
    drop(held);

    let hello = Callback::xml("staff", &text_message(MEMBER, "你好", 77));
    eventually("a push is taken", async || {
        let (answer, _) = exchange(agent.address(), &hello.http("")).await;
        (answer.status == 200).then_some(())
    })
    .await;
    assert_eq!(answers(&mock, MEMBER, 1).await, ["您好"]);
    agent.idle().await;
}
