//! Many strangers with much to say: memory stays flat, and WeCom still gets through.

use std::io::Write as _;
use std::process::{Command, Stdio};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::{Agent, Callback, MEMBER, exchange, mock, read_answer, request, text_message};

/// What an attack may cost beyond what the program holds when idle.
const MOST_KIB: u64 = 50 * 1024;
const CROWD: usize = 400;

fn good(id: u64) -> Callback {
    Callback::xml("staff", &text_message(MEMBER, "闲聊", id))
}

/// Opens connections, sends each the same bytes, and leaves them open.
async fn stalled(agent: &Agent, bytes: &[u8]) -> Vec<TcpStream> {
    let open = (0..CROWD).map(async |_| {
        let mut stream = TcpStream::connect(agent.address()).await.expect("open");
        // Most of it waits in the kernel once the program takes no more.
        let patience = std::time::Duration::from_millis(200);
        drop(tokio::time::timeout(patience, stream.write_all(bytes)).await);
        stream
    });
    futures_util::future::join_all(open).await
}

#[tokio::test]
async fn bodies_that_never_end_fill_no_memory_and_hold_nobody_up() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    assert_eq!(good(1).send(&agent).await.0, 200);
    agent.idle().await;
    let idle = agent.memory_kib();

    let path = format!("/callback/staff?{}", good(1).query);
    let mut bytes = request("POST", &path, "Content-Length: 250000\r\n", b"");
    bytes.extend(vec![b' '; 249_000]);
    let crowd = stalled(&agent, &bytes).await;
    // WeCom's own are small and do not wait for them.
    assert_eq!(good(2).send(&agent).await.0, 200);
    let answers = crowd.into_iter().map(read_answer);
    for answer in futures_util::future::join_all(answers).await {
        assert!([0, 400].contains(&answer.status), "{answer:?}");
    }

    let more = agent.memory_kib().saturating_sub(idle);
    assert!(more < MOST_KIB, "{more} KiB more than when idle");
    assert_eq!(good(3).send(&agent).await.0, 200);
}

#[tokio::test]
async fn headers_that_never_end_fill_no_memory() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    assert_eq!(good(1).send(&agent).await.0, 200);
    agent.idle().await;
    let idle = agent.memory_kib();

    let head = format!("POST /callback/staff HTTP/1.1\r\nX: {}", "x".repeat(15_000));
    let crowd = stalled(&agent, head.as_bytes()).await;
    assert_eq!(good(2).send(&agent).await.0, 200);
    let answers = crowd.into_iter().map(read_answer);
    for answer in futures_util::future::join_all(answers).await {
        assert!([0, 400, 408, 431].contains(&answer.status), "{answer:?}");
    }

    let more = agent.memory_kib().saturating_sub(idle);
    assert!(more < MOST_KIB, "{more} KiB more than when idle");
}

/// Ten megabytes of spaces, packed into ten kilobytes.
fn packed() -> Vec<u8> {
    let mut gzip = Command::new("gzip")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip");
    let mut input = gzip.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || input.write_all(&vec![b' '; 10_000_000]));
    let output = gzip.wait_with_output().expect("packed").stdout;
    writer.join().expect("joined").expect("written");
    output
}

#[tokio::test]
async fn bombs_are_not_unpacked() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    assert_eq!(good(1).send(&agent).await.0, 200);
    agent.idle().await;
    let idle = agent.memory_kib();

    let mut entities = String::from("<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaaaaaaaa\">");
    for (name, before) in ('b'..='z').zip('a'..) {
        let row = format!("&{before};").repeat(16);
        entities.push_str(&format!("<!ENTITY {name} \"{row}\">"));
    }
    entities.push_str("]><xml><Encrypt>&z;</Encrypt></xml>");
    let packed = packed();
    assert!(packed.len() < 20_000);
    let bombs = [
        good(1).with_body(entities.clone()).http(""),
        good(1)
            .with_body(packed.clone())
            .http("Content-Encoding: gzip\r\n"),
        good(1)
            .with_body(packed)
            .http("Content-Encoding: deflate, br\r\n"),
    ];
    let all = bombs.iter().cycle().take(60);
    let all = all.map(|bytes| exchange(agent.address(), bytes));
    for (answer, _) in futures_util::future::join_all(all).await {
        assert_eq!(answer.status, 400);
    }
    // The same inside of a good ciphertext is kept for a person, unread.
    let inside = entities.replace("<Encrypt>&z;</Encrypt>", "<MsgType>&z;</MsgType>");
    assert_eq!(Callback::xml("staff", &inside).send(&agent).await.0, 200);
    assert_eq!(agent.items(&["dead"]).len(), 1);

    let more = agent.memory_kib().saturating_sub(idle);
    assert!(more < MOST_KIB, "{more} KiB more than when idle");
}
