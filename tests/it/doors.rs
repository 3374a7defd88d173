//! Where the program listens: TLS of its own, a port for operators, a socket that systemd
//! holds, and the end of all that in good order.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::{
    Agent, AgentBuilder, Callback, MEMBER, binary, eventually, exchange, http, mock, read_answer,
    request, text_message,
};

const LISTEN: &str = "listen = \"127.0.0.1:0\"";

/// A certificate for `localhost` and its key.
struct Pair {
    cert: String,
    key: String,
}

impl Pair {
    fn new() -> Self {
        let names = vec!["localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        Self {
            cert: made.cert.pem(),
            key: made.signing_key.serialize_pem(),
        }
    }

    fn write(&self, folder: &Path) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::write(folder.join("tls.crt"), &self.cert).expect("written");
        let key = folder.join("tls.key");
        std::fs::write(&key, &self.key).expect("written");
        let owner = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(key, owner).expect("set");
    }

    /// A client that trusts this certificate and no other.
    fn client(&self, address: SocketAddr) -> reqwest::Client {
        wecom_agent::gateway::install_crypto();
        let root = reqwest::Certificate::from_pem(self.cert.as_bytes()).expect("PEM");
        let builder = reqwest::Client::builder().tls_certs_only([root]);
        let builder = builder.resolve("localhost", address).no_proxy();
        builder.pool_max_idle_per_host(0).build().expect("a client")
    }
}

/// Pushes a message over TLS; the status, or that there was no handshake.
async fn push(client: &reqwest::Client, port: u16, id: u64) -> Option<u16> {
    let good = Callback::xml("staff", &text_message(MEMBER, "闲聊", id));
    let url = format!("https://localhost:{port}/callback/staff?{}", good.query);
    let answer = client.post(url).body(good.body).send().await;
    answer.ok().map(|answer| answer.status().as_u16())
}

#[tokio::test]
async fn callbacks_over_tls_with_a_certificate_that_sighup_renews() {
    let mock = mock().await;
    let (first, second) = (Pair::new(), Pair::new());
    let tls = format!("{LISTEN}\ntls = {{ cert = \"tls.crt\", key = \"tls.key\" }}");
    let builder = AgentBuilder::new().edit(LISTEN, &tls);
    first.write(builder.folder());
    let agent = builder.start(&mock).await;
    let address: SocketAddr = agent.address().parse().expect("an address");
    let (old, new) = (first.client(address), second.client(address));

    assert_eq!(push(&old, address.port(), 1).await, Some(200));
    assert_eq!(push(&new, address.port(), 2).await, None);
    let plain = Callback::xml("staff", &text_message(MEMBER, "闲聊", 3)).http("");
    assert_ne!(exchange(agent.address(), &plain).await.0.status, 200);

    // What cannot be used changes nothing.
    std::fs::write(agent.folder().join("tls.crt"), "no certificate").expect("written");
    agent.signal("HUP");
    eventually("the operator is told", async || {
        let said = |line: &String| line.contains("the old one stays");
        agent.logs().iter().any(said).then_some(())
    })
    .await;
    assert_eq!(push(&old, address.port(), 4).await, Some(200));

    second.write(agent.folder());
    agent.signal("HUP");
    eventually("the new certificate is in use", async || {
        push(&new, address.port(), 5).await
    })
    .await;
    assert_eq!(push(&old, address.port(), 6).await, None);
    let logs = agent.logs().join("\n");
    assert!(!logs.contains("PRIVATE"), "{logs}");
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_found_before_the_start() {
    let (one, other) = (Pair::new(), Pair::new());
    let mixed = Pair {
        cert: one.cert.clone(),
        key: other.key,
    };
    let swapped = Pair {
        cert: one.key.clone(),
        key: one.cert.clone(),
    };
    for (pair, code) in [
        (Some(mixed), "A030"),
        (Some(swapped), "A030"),
        (None, "A007"),
    ] {
        let tls = format!("{LISTEN}\ntls = {{ cert = \"tls.crt\", key = \"tls.key\" }}");
        let builder = AgentBuilder::new().edit(LISTEN, &tls);
        if let Some(pair) = pair {
            pair.write(builder.folder());
        }
        builder.write("http://127.0.0.1:1");
        for verb in ["check", "serve"] {
            let ran = crate::support::operator::run(builder.folder(), &[verb]).await;
            assert!(ran.all().contains(code), "{}", ran.all());
            assert!(!ran.all().contains("PRIVATE"), "{}", ran.all());
        }
    }
}

#[tokio::test]
async fn pages_for_operators_are_not_beside_the_callbacks_if_they_have_a_port() {
    let mock = mock().await;
    let both = format!("{LISTEN}\nadmin = \"127.0.0.1:0\"");
    let agent = AgentBuilder::new().edit(LISTEN, &both).start(&mock).await;
    let logs = agent.logs();
    let line = logs.iter().find(|line| line.contains("\"listening\""));
    let line: serde_json::Value = serde_json::from_str(line.expect("told")).expect("JSON");
    let admin = line["admin"].as_str().expect("an address").to_owned();
    assert_ne!(admin, agent.address());
    let get = async |address: &str, path: &str| {
        let bytes = request("GET", path, "", b"");
        exchange(address, &bytes).await.0.status
    };
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(get(agent.address(), path).await, 404, "{path}");
        assert_eq!(get(&admin, path).await, 200, "{path}");
    }
    let push = Callback::xml("staff", &text_message(MEMBER, "闲聊", 1));
    assert_eq!(exchange(&admin, &push.http("")).await.0.status, 404);
    assert_eq!(push.send(&agent).await.0, 200);
}

#[tokio::test]
async fn a_socket_of_the_service_manager_is_used_and_loses_nobody() {
    let mock = mock().await;
    let builder = AgentBuilder::new();
    let config = builder.write(&mock.base_url());
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address").to_string();
    // Whoever comes before the program waits in the socket's queue.
    let early = Callback::xml("staff", &text_message(MEMBER, "闲聊", 1)).http("");
    let mut stream = TcpStream::connect(&address).await.expect("open");
    stream.write_all(&early).await.expect("written");

    let script =
        "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" serve --config \"$1\"";
    let mut agent = tokio::process::Command::new("bash")
        .args(["-c", script, binary()])
        .arg(&config)
        .stdin(Stdio::from(OwnedFd::from(socket)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("bash");
    assert_eq!(read_answer(stream).await.status, 200);
    let health = http().get(format!("http://{address}/healthz")).send().await;
    assert!(health.is_ok_and(|answer| answer.status().is_success()));
    agent.kill().await.expect("killed");
}

#[tokio::test]
async fn sigterm_ends_the_listening_and_not_the_request_under_way() {
    let mock = mock().await;
    let mut agent = Agent::start(&mock).await;
    let bytes = Callback::xml("staff", &text_message(MEMBER, "闲聊", 1)).http("");
    let (first, rest) = bytes.split_at(bytes.len() - 20);
    let mut stream = TcpStream::connect(agent.address()).await.expect("open");
    stream.write_all(first).await.expect("written");
    eventually("the request is under way", async || {
        let got = stream.try_write(b"").is_ok();
        let health = exchange(agent.address(), &request("GET", "/healthz", "", b"")).await;
        (got && health.0.status == 200).then_some(())
    })
    .await;

    agent.signal("TERM");
    eventually("nobody new is let in", async || {
        TcpStream::connect(agent.address())
            .await
            .is_err()
            .then_some(())
    })
    .await;
    stream.write_all(rest).await.expect("written");
    assert_eq!(read_answer(stream).await.status, 200);
    assert_eq!(agent.terminate().await, Some(0));
    agent.restart(&mock).await;
    agent.idle().await;
    assert_eq!(agent.items(&["ready", "done"]).len(), 1);
}
