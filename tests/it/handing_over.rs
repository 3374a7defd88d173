//! One process ends and the next begins under load: whoever was answered is kept, nobody
//! else was, and with a socket of the service manager nobody notices.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::{
    Agent, AgentBuilder, Callback, MEMBER, binary, eventually, exchange, mock, read_answer,
    request, text_message,
};

const CALLERS: usize = 64;
const EACH: usize = 30;
/// More than the program serves at once.
const IDLERS: usize = 2_500;

fn push(caller: usize, n: usize) -> Vec<u8> {
    let id = (caller * EACH + n) as u64 + 1;
    Callback::xml("staff", &text_message(MEMBER, "闲聊", id)).http("")
}

/// Everybody speaks without a pause; the numbers of who was answered with 200.
async fn load(address: &str, again: bool, answered: &AtomicUsize) -> Vec<(usize, usize)> {
    let callers = (0..CALLERS).map(async |caller| {
        let mut good = Vec::new();
        for n in 0..EACH {
            let bytes = push(caller, n);
            let mut status = exchange(address, &bytes).await.0.status;
            while again && status != 200 {
                status = exchange(address, &bytes).await.0.status;
            }
            assert!([0, 200].contains(&status), "{status}");
            if status == 200 {
                answered.fetch_add(1, Ordering::SeqCst);
                good.push((caller, n));
            }
        }
        good
    });
    let all = futures_util::future::join_all(callers).await;
    all.into_iter().flatten().collect()
}

/// Lets this process and those it starts have enough descriptors.
fn enough_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = 2 * IDLERS as u64;
    if limit.current.is_some_and(|current| current < wanted) {
        let current = Some(limit.maximum.map_or(wanted, |most| most.min(wanted)));
        let more = Rlimit { current, ..limit };
        setrlimit(Resource::Nofile, more).expect("the soft limit");
    }
}

/// Waits until a third of them was answered.
async fn a_third(answered: &AtomicUsize) {
    eventually("the load is under way", async || {
        let third = CALLERS * EACH / 3;
        (answered.load(Ordering::SeqCst) >= third).then_some(())
    })
    .await;
}

#[tokio::test]
async fn whoever_was_answered_before_sigterm_is_kept_and_nobody_else() {
    let mock = mock().await;
    let mut agent = Agent::start(&mock).await;
    let address = agent.address().to_owned();
    let answered = AtomicUsize::new(0);
    let (good, ended) = tokio::join!(load(&address, false, &answered), async {
        a_third(&answered).await;
        agent.terminate().await
    });
    assert_eq!(ended, Some(0));
    assert!(good.len() < CALLERS * EACH, "it ended under load");

    agent.restart(&mock).await;
    agent.idle().await;
    let kept = agent.items(&["ready", "done"]).len();
    assert_eq!(kept, good.len());
}

/// `serve` on a socket that somebody else holds.
fn serve_on(socket: &std::net::TcpListener, config: &Path) -> Child {
    let script =
        "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" serve --config \"$1\"";
    let socket = OwnedFd::from(socket.try_clone().expect("another handle"));
    Command::new("bash")
        .args(["-c", script, binary()])
        .arg(config)
        .stdin(Stdio::from(socket))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("bash")
}

async fn end(child: &mut Child) -> Option<i32> {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(sent.expect("kill").success());
    let ended = async || child.try_wait().expect("wait");
    eventually("it ends", ended).await.code()
}

#[tokio::test]
async fn with_a_socket_of_the_service_manager_every_caller_is_served_by_one_or_the_next() {
    let mock = mock().await;
    let builder = AgentBuilder::new();
    let config = builder.write(&mock.base_url());
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address").to_string();
    let mut first = serve_on(&socket, &config);
    let answered = AtomicUsize::new(0);
    let (good, mut second) = tokio::join!(load(&address, true, &answered), async {
        a_third(&answered).await;
        assert_eq!(end(&mut first).await, Some(0));
        // Nothing listens for a moment, and nobody is turned away: they wait in the queue.
        let waiting = TcpStream::connect(&address).await;
        assert!(waiting.is_ok(), "{waiting:?}");
        serve_on(&socket, &config)
    });
    assert_eq!(good.len(), CALLERS * EACH);

    let health = exchange(&address, &request("GET", "/readyz", "", b"")).await;
    assert_eq!(health.0.status, 200);
    assert_eq!(end(&mut second).await, Some(0));
    let listed = crate::support::operator::run(
        builder.folder(),
        &[
            "queue", "list", "--format", "json", "--limit", "5000", "--state", "ready", "--state",
            "done",
        ],
    )
    .await;
    let items: Vec<serde_json::Value> = serde_json::from_str(&listed.stdout).expect("JSON");
    assert_eq!(items.len(), CALLERS * EACH, "once each");
}

#[tokio::test]
async fn thousands_who_say_nothing_keep_wecom_out_for_seconds_at_most() {
    enough_descriptors();
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let mut idle = Vec::new();
    for _ in 0..IDLERS {
        idle.push(TcpStream::connect(agent.address()).await.expect("open"));
    }
    // Those who are in are shown out after ten seconds; then it is the turn of who waits.
    let good = Callback::xml("staff", &text_message(MEMBER, "闲聊", 1)).http("");
    let mut stream = TcpStream::connect(agent.address()).await.expect("open");
    stream.write_all(&good).await.expect("written");
    assert_eq!(read_answer(stream).await.status, 200);
    drop(idle);
    agent.idle().await;
    assert_eq!(agent.items(&["ready", "done"]).len(), 1);
}
