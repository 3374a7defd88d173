//! More callbacks than the disk can take: they wait, and whoever waits too long is cut off and
//! comes again. Memory does not grow with them.

use std::io;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wecom_agent::desk::Desk;
use wecom_agent::domain::clock::{SystemClock, UnixMillis};
use wecom_agent::domain::ids::{CorpId, RecordId};
use wecom_agent::receive::accept::Acceptor;
use wecom_agent::receive::routes;
use wecom_agent::service::Shutdown;
use wecom_agent::store::embedded::EmbeddedStore;
use wecom_agent::store::{RecordQuery, Store};

use crate::shop::{self, Push};

const CHILD: &str = "WECOM_FAULTS_CHILD";
/// Different callbacks, all at once.
const CALLBACKS: usize = 1400;
/// WeCom waits so long for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The agent may hold so much more than before the storm; the other end of each connection
/// is in the same process.
const MOST_KIB: u64 = 96 * 1024;

/// A disk of which each sync takes a while.
#[derive(Debug)]
struct SlowDisk {
    inner: redb::backends::InMemoryBackend,
    sync_millis: Arc<AtomicU64>,
}

impl redb::StorageBackend for SlowDisk {
    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.inner.read(offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.inner.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        let wait = Duration::from_millis(self.sync_millis.load(Ordering::SeqCst));
        std::thread::sleep(wait);
        self.inner.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.inner.write(offset, data)
    }
}

/// The memory of this process, in KiB: `VmRSS` now, `VmHWM` at most so far.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find_map(|found| found.strip_prefix(line));
    let number = line.and_then(|line| line.trim_start_matches(':').trim().split(' ').next());
    number
        .and_then(|number| number.parse().ok())
        .expect("a number of kB")
}

/// The status of a push: 0 if the connection ended, or patience did, without an answer.
async fn push(address: &str, bytes: &[u8]) -> u16 {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(bytes).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        io::Result::Ok(answer)
    };
    let answer = tokio::time::timeout(PATIENCE, exchange).await;
    let answer = answer.ok().and_then(Result::ok).unwrap_or_default();
    let status = answer
        .get(9..12)
        .and_then(|status| std::str::from_utf8(status).ok());
    status.and_then(|status| status.parse().ok()).unwrap_or(0)
}

fn callback(number: usize) -> Vec<u8> {
    let text = format!("第 {number} {}", "x".repeat(200));
    Push::member_writes("crew0", &text, number, 1_760_000_000).http()
}

/// Pushes all of them at once; which were not acknowledged.
async fn storm(address: &str, numbers: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let pushes = numbers.into_iter().map(|number| async move {
        let status = push(address, &callback(number)).await;
        assert!(matches!(status, 0 | 200), "{status} is no answer");
        (number, status == 200)
    });
    let pushes: FuturesUnordered<_> = pushes.collect();
    let refused = pushes.filter(|(_, taken)| std::future::ready(!taken));
    refused.map(|(number, _)| number).collect().await
}

async fn live_through_it() {
    let config = shop::config();
    let sync_millis = Arc::new(AtomicU64::new(0));
    let disk = SlowDisk {
        inner: redb::backends::InMemoryBackend::new(),
        sync_millis: Arc::clone(&sync_millis),
    };
    let store = EmbeddedStore::open_redb_on(disk, &CorpId::from("ww1")).expect("a store");
    let store: Arc<dyn Store> = Arc::new(store);
    let acceptor = Acceptor::new(
        &config,
        Arc::clone(&store),
        Arc::new(SystemClock),
        Desk::default(),
    );
    let router = routes::router(Arc::new(acceptor.expect("callback keys")));
    let any = "127.0.0.1:0".parse().expect("an address");
    let listener = wecom_agent::http::Listener::bind(any)
        .await
        .expect("a port");
    let address = listener.address().expect("an address").to_string();
    let (trigger, shutdown) = Shutdown::pair();
    let serving = tokio::spawn(wecom_agent::http::serve(listener, router, shutdown));

    assert_eq!(storm(&address, 0..50).await, [0; 0], "warm");
    let before = memory("VmRSS");
    sync_millis.store(2500, Ordering::SeqCst);
    let mut refused = storm(&address, 0..CALLBACKS).await;
    let grown = memory("VmHWM").saturating_sub(before);
    eprintln!(
        "{} of {CALLBACKS} were not acknowledged in time, {grown} KiB more",
        refused.len()
    );
    assert!(!refused.is_empty(), "the disk was quick enough: no storm");
    assert!(grown < MOST_KIB, "{grown} KiB more than before");

    sync_millis.store(1, Ordering::SeqCst);
    let began = Instant::now();
    while !refused.is_empty() {
        refused = storm(&address, refused).await;
    }
    eprintln!("all of them were acknowledged {:?} later", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(60), "it recovers");
    let query = RecordQuery {
        since: UnixMillis(0),
        after: RecordId(0),
        limit: 2 * CALLBACKS,
    };
    let records = store.records(query).await.expect("records");
    assert_eq!(records.len(), CALLBACKS, "each is there once");
    trigger.begin();
    serving.await.expect("it stops");
}

/// Memory is the process's own, so the storm has one to itself.
#[test]
fn a_storm_is_held_back_without_growth() {
    if std::env::var_os(CHILD).is_some() {
        return;
    }
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program)
        .args([
            "--exact",
            "overload::in_a_process_of_its_own",
            "--nocapture",
        ])
        .env(CHILD, "1")
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout);
    let more = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{told}\n{more}"
    );
    eprintln!("{more}");
}

#[test]
fn in_a_process_of_its_own() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(live_through_it());
}
