//! Many at once, good and bad together.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::{
    Agent, Callback, MEMBER, answers, eventually, exchange, mock, read_answer, text_message,
};

const CROWD: usize = 200;

fn push(n: usize) -> Callback {
    Callback::xml("staff", &text_message(MEMBER, "闲聊", 1000 + n as u64))
}

#[tokio::test]
async fn two_hundred_connections_at_once_are_all_served() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let mut open = Vec::new();
    for n in 0..CROWD {
        let stream = TcpStream::connect(agent.address())
            .await
            .expect("a connection");
        open.push((stream, push(n).http("")));
    }
    // All are open; now all speak.
    let all = open.into_iter().map(async |(mut stream, bytes)| {
        stream.write_all(&bytes).await.expect("written");
        read_answer(stream).await.status
    });
    let statuses = futures_util::future::join_all(all).await;
    assert_eq!(statuses, [200; CROWD]);
    agent.idle().await;
    assert_eq!(agent.items(&["done"]).len(), CROWD);
}

#[tokio::test]
async fn bad_callbacks_never_disturb_good_ones() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let bad = [
        push(0)
            .with_query("msg_signature=0&timestamp=1&nonce=2")
            .http(""),
        push(0).with_body("<!DOCTYPE x>").http(""),
        push(0).with_body(vec![b'x'; 300_000]).http(""),
        push(0).with_body(vec![0xff; 1000]).http(""),
        b"nonsense\r\n\r\n".to_vec(),
    ];
    // Some hold their connection and never finish; the rest is refused at once.
    let mut idle = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(agent.address())
            .await
            .expect("a connection");
        stream
            .write_all(b"POST /callback/staff HTTP/1.1\r\n")
            .await
            .expect("written");
        idle.push(stream);
    }
    let refused = futures_util::future::join_all((0..100).map(async |n| {
        exchange(agent.address(), &bad[n % bad.len()])
            .await
            .0
            .status
    }));
    let served =
        futures_util::future::join_all((0..50).map(async |n| push(n).send(&agent).await.0));
    let hello = Callback::xml("staff", &text_message(MEMBER, "你好", 1));
    let (refused, served, hello) = tokio::join!(refused, served, hello.send(&agent));

    assert_eq!(refused, [400; 100]);
    assert_eq!(served, [200; 50]);
    assert_eq!(hello.0, 200);
    assert_eq!(answers(&mock, MEMBER, 1).await, ["您好"]);
    eventually("all are processed", async || {
        (agent.items(&["done"]).len() == 51).then_some(())
    })
    .await;
    drop(idle);
}
