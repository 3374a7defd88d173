//! Whatever is not a good callback gets one and the same answer, at once, and changes nothing.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::{
    Agent, Callback, MEMBER, RawAnswer, answers, encrypt_frame, exchange, mock, query, request,
    seal, text_message,
};

/// A request and what is wrong with it.
type Bad = (&'static str, Vec<u8>);

/// Reading a body may take five seconds; nothing else takes time.
const AT_ONCE: Duration = Duration::from_secs(4);

fn good() -> Callback {
    Callback::xml("staff", &text_message(MEMBER, "你好", 1))
}

fn good_json() -> Callback {
    let plain = r#"{"msgid":"M1","aibotid":"B","chattype":"single","from":{"userid":"lin.mei"},"msgtype":"text","text":{"content":"你好"}}"#;
    Callback::json("bot", plain)
}

fn bad_queries() -> Vec<Bad> {
    let query = good().query;
    let with = |what, query: String| (what, good().with_query(query).http(""));
    vec![
        with("no query", String::new()),
        with(
            "no signature",
            query.split_once('&').expect("three").1.to_owned(),
        ),
        with(
            "empty signature",
            query.replace("msg_signature=", "msg_signature=&x="),
        ),
        with(
            "wrong signature",
            query.replace("msg_signature=", "msg_signature=f"),
        ),
        with("no timestamp", query.replace("timestamp", "time")),
        with(
            "another timestamp",
            query.replace("timestamp=1", "timestamp=2"),
        ),
        with(
            "a timestamp that is no number",
            query.replace("timestamp=1", "timestamp=x"),
        ),
        with("no nonce", query.replace("nonce=nonce01", "")),
        with(
            "another nonce",
            query.replace("nonce=nonce01", "nonce=nonce02"),
        ),
        with("repeated nonce", format!("{query}&nonce=nonce01")),
        with("repeated signature", format!("msg_signature=00&{query}")),
        with("array nonce", query.replace("nonce=", "nonce[]=")),
        with("array beside it", format!("{query}&nonce%5B0%5D=nonce01")),
        with("NUL", query.replace("nonce01", "nonce01%00")),
        with("invalid UTF-8", query.replace("nonce01", "%ff%fe")),
        with("half an escape", query.replace("nonce01", "nonce01%4")),
        with("a long query", format!("{query}&x={}", "y".repeat(8000))),
    ]
}

fn bad_bodies() -> Vec<Bad> {
    let body = String::from_utf8(good().body).expect("UTF-8");
    let with = |what, body: String| (what, good().with_body(body).http(""));
    let deep = format!("{}{body}{}", "<a>".repeat(5000), "</a>".repeat(5000));
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">\
                <!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]><xml><Encrypt>&c;</Encrypt></xml>";
    let external = "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>\
                    <xml><Encrypt>&e;</Encrypt></xml>";
    let mut invalid = body.clone().into_bytes();
    invalid[20] = 0xff;
    vec![
        with("empty", String::new()),
        with("no XML", "hello".to_owned()),
        with("JSON", "{\"encrypt\":\"AAAA\"}".to_owned()),
        with("cut short", body[..body.len() / 2].to_owned()),
        with("no Encrypt", body.replace("Encrypt", "Decrypt")),
        with(
            "two Encrypts",
            body.replace("</xml>", "<Encrypt>AAAA</Encrypt></xml>"),
        ),
        with("another root", body.replace("xml>", "html>")),
        with("something behind it", format!("{body}<xml/>")),
        with("DOCTYPE", format!("<!DOCTYPE xml>{body}")),
        with("entity bomb", bomb.to_owned()),
        with("external entity", external.to_owned()),
        with(
            "unknown entity",
            body.replace("<Encrypt>", "<Encrypt>&nbsp;"),
        ),
        with("processing instruction", format!("<?php x?>{body}")),
        with("deep nesting", deep),
        with("NUL", body.replace("<xml>", "<xml>\0")),
        ("invalid UTF-8", good().with_body(invalid).http("")),
        with("UTF-16", format!("\u{fffe}{body}")),
        with(
            "256 KiB and a byte",
            format!("{body}{}", " ".repeat(256 * 1024 + 1 - body.len())),
        ),
        with("10 MB", format!("{body}{}", " ".repeat(10_000_000))),
        ("gzip", good().http("Content-Encoding: gzip\r\n")),
        ("chunks without an end", too_many_chunks()),
    ]
}

fn too_many_chunks() -> Vec<u8> {
    let path = format!("/callback/staff?{}", good().query);
    let mut bytes = request("POST", &path, "Transfer-Encoding: chunked\r\n", b"");
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    bytes.extend(chunk.repeat(20).into_bytes());
    bytes.extend(b"0\r\n\r\n");
    bytes
}

fn bad_ciphertexts() -> Vec<Bad> {
    let cipher = seal(&text_message(MEMBER, "你好", 1), crate::support::CORP);
    let signed = |what, cipher: &str| (what, Callback::signed("staff", cipher).http(""));
    let framed = |what, frame: &[u8]| signed(what, &encrypt_frame(frame));
    let frame = |length: u32, rest: &str| {
        let mut frame = b"0123456789abcdef".to_vec();
        frame.extend(length.to_be_bytes());
        frame.extend(rest.as_bytes());
        frame
    };
    let other = Callback::xml_for(
        "staff",
        &text_message(MEMBER, "你好", 1),
        "ww00000000000000ff",
    );
    vec![
        signed("not Base64", "%%%%"),
        signed("no padding", cipher.trim_end_matches('=')),
        signed("cut by a block", &cipher[..cipher.len() - 64]),
        signed("not whole blocks", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        signed("one block of nothing", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ("another receive id", other.http("")),
        framed("length overflow", &frame(u32::MAX, "<xml/>")),
        framed("length beyond the end", &frame(1000, "<xml/>")),
        framed("no length", b"0123456789abcdef"),
        framed("nothing", b""),
        framed("no receive id", &frame(6, "<xml/>")),
    ]
}

fn bad_json() -> Vec<Bad> {
    let with = |what, body: &str| (what, good_json().with_body(body).http(""));
    let nested = format!(
        "{{\"a\":{}{},\"encrypt\":\"AAAA\"}}",
        "[".repeat(3000),
        "]".repeat(3000)
    );
    let twice = String::from_utf8(good_json().body).expect("UTF-8");
    let twice = twice.replace('}', ",\"encrypt\":\"AAAA\"}");
    vec![
        with("empty", ""),
        with("XML for a bot", "<xml><Encrypt>AAAA</Encrypt></xml>"),
        with("an array", "[\"AAAA\"]"),
        with("a number", "{\"encrypt\":1}"),
        with("no encrypt", "{}"),
        with("null", "{\"encrypt\":null}"),
        with("deep nesting", &nested),
        with("encrypt twice", &twice),
        with("something behind it", "{\"encrypt\":\"AAAA\"}{}"),
        (
            "a corp's receive id",
            Callback::signed_json("bot", &seal("{}", "ww1")).http(""),
        ),
    ]
}

fn bad_methods() -> Vec<Bad> {
    let path = format!("/callback/staff?{}", good().query);
    let methods = ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"];
    methods
        .into_iter()
        .map(|method| (method, request(method, &path, "", b"")))
        .collect()
}

/// Every byte of the ciphertext changed in turn, under the signature of the original.
fn flips() -> Vec<Bad> {
    let body = good().body;
    let start = String::from_utf8_lossy(&body)
        .find("<Encrypt>")
        .expect("there");
    let flip = |at: usize| {
        let mut body = body.clone();
        body[at] = if body[at] == b'A' { b'B' } else { b'A' };
        ("a changed byte", good().with_body(body).http(""))
    };
    let from = start + "<Encrypt><![CDATA[".len();
    let to = body.len() - "]]></Encrypt></xml>".len();
    (from..to).step_by(3).map(flip).collect()
}

#[tokio::test]
async fn everything_that_is_not_a_good_callback_gets_one_and_the_same_answer() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let all = [
        bad_queries(),
        bad_bodies(),
        bad_ciphertexts(),
        bad_json(),
        bad_methods(),
        flips(),
    ];
    let mut first: Option<RawAnswer> = None;
    for (what, bytes) in all.concat() {
        let (answer, took) = exchange(agent.address(), &bytes).await;
        assert_eq!(answer.status, 400, "{what}: {answer:?}");
        assert_eq!(
            &answer,
            first.get_or_insert_with(|| answer.clone()),
            "{what}"
        );
        assert!(took < AT_ONCE, "{what} took {took:?}");
    }
    // Nothing of it was taken in, and the way is free for good ones.
    assert_eq!(agent.items(&["ready", "done", "dead"]).len(), 0);
    assert_eq!(good().send(&agent).await.0, 200);
    assert_eq!(answers(&mock, MEMBER, 1).await, ["您好"]);
}

#[tokio::test]
async fn head_is_refused_as_everything_else() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let path = format!("/callback/staff?{}", good().query);
    let (answer, _) = exchange(agent.address(), &request("HEAD", &path, "", b"")).await;
    assert_eq!((answer.status, answer.body.len()), (400, 0));
}

#[tokio::test]
async fn nonsense_below_the_callbacks_is_never_our_fault() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let nonsense: Vec<Vec<u8>> = vec![
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"\r\n\r\n\r\n".to_vec(),
        vec![b'A'; 200_000],
        request("POST", "/callback/%ff%fe", "", b""),
        request("POST", "/callback/..%2f..%2fetc%2fpasswd", "", b""),
        request("POST", "/callback/kf", "Content-Length: -1\r\n", b""),
        request(
            "POST",
            "/callback/kf",
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            b"hello!",
        ),
        request(
            "POST",
            "/callback/kf",
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
            b"0\r\n\r\n",
        ),
        request(
            "POST",
            "/callback/kf",
            "Transfer-Encoding: chunked\r\n",
            b"zz\r\n",
        ),
        request(
            "GET",
            "/callback/kf",
            &format!("X: {}\r\n", "x".repeat(300_000)),
            b"",
        ),
        request("GET", "/callback/kf", &"X: y\r\n".repeat(5000), b""),
        request(
            "GET",
            &format!("/callback/kf?{}", "x".repeat(100_000)),
            "",
            b"",
        ),
    ];
    let all = nonsense.iter().map(async |bytes| {
        let (answer, took) = exchange(agent.address(), bytes).await;
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
        // Closed without a word, or refused.
        assert!(
            answer.status == 0 || (400..500).contains(&answer.status),
            "{start:?}: {answer:?}"
        );
        assert!(took < Duration::from_secs(14), "{start:?} took {took:?}");
    });
    futures_util::future::join_all(all).await;
    assert_eq!(good().send(&agent).await.0, 200);
}

#[tokio::test]
async fn a_slow_body_is_refused_and_slow_headers_are_cut_off() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let (plain, _) = exchange(agent.address(), &bad_bodies()[0].1).await;

    let request = good().http("");
    let half = request.len() - 40;
    let (slow_body, slow_head) = tokio::join!(
        drip(agent.address(), &request[..half], &request[half..]),
        drip(
            agent.address(),
            b"POST /callback/staff HTTP/1.1\r\n",
            b"Host: example\r\n"
        ),
    );

    assert_eq!(slow_body, plain);
    assert!([0, 408].contains(&slow_head.status), "{slow_head:?}");
    assert_eq!(agent.items(&["ready", "done", "dead"]).len(), 0);
}

/// Sends the first part at once and of the second one byte a second, while it is wanted.
async fn drip(address: &str, first: &[u8], second: &[u8]) -> RawAnswer {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(first).await.expect("written");
    let (read, mut write) = stream.into_split();
    let dripping = async {
        for byte in second.iter().cycle().take(25) {
            if write.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        std::future::pending::<RawAnswer>().await
    };
    tokio::select! {
        answer = crate::support::read_answer(read) => answer,
        never = dripping => never,
    }
}

#[tokio::test]
async fn a_hundred_huge_bodies_cost_no_memory() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let before = agent.memory_kib();
    let huge = good().with_body(vec![b' '; 10_000_000]).http("");
    for _ in 0..5 {
        let all = (0..20).map(|_| exchange(agent.address(), &huge));
        for (answer, _) in futures_util::future::join_all(all).await {
            assert_eq!(answer.status, 400);
        }
    }
    let more = agent.memory_kib().saturating_sub(before);
    assert!(more < 50 * 1024, "{more} KiB more than before");
}

#[tokio::test]
async fn a_query_of_another_callback_does_not_open_this_one() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let other = seal("<xml/>", crate::support::CORP);
    let mixed = good().with_query(query(&other));
    assert_eq!(mixed.send(&agent).await.0, 400);
    assert_eq!(good().send(&agent).await.0, 200);
}
