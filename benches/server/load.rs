//! Load: so many connections that are kept, each with one request under way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// As many as WeCom's servers might keep open.
pub(crate) const CONNECTIONS: usize = 64;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Answered with 200.
    pub(crate) good: usize,
    /// Anything else.
    pub(crate) bad: usize,
    pub(crate) secs: f64,
    /// Microseconds, in order.
    latencies: Vec<u32>,
}

impl Outcome {
    pub(crate) fn per_second(&self) -> f64 {
        self.good as f64 / self.secs
    }

    /// In milliseconds.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * percent / 100.0).round() as usize;
        self.latencies
            .get(at)
            .map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
    }
}

/// Sends requests for so long, each of them once; a list that may `repeat` begins anew.
pub(crate) async fn run(
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    time: Duration,
    repeat: bool,
) -> Outcome {
    let requests = Arc::new(requests);
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    let began = Instant::now();
    for _ in 0..CONNECTIONS {
        let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
        tasks.spawn(async move {
            let mut part = Outcome::default();
            let mut open = Connection::open(address).await;
            while began.elapsed() < time {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let request = match requests.get(at) {
                    Some(request) => request,
                    None if repeat => &requests[at % requests.len()],
                    None => break,
                };
                let asked = Instant::now();
                let answer = match &mut open {
                    Some(connection) => connection.ask(request).await,
                    None => None,
                };
                match answer {
                    Some(200) => {
                        part.good += 1;
                        let micros = asked.elapsed().as_micros();
                        part.latencies
                            .push(u32::try_from(micros).unwrap_or(u32::MAX));
                    }
                    Some(_) => part.bad += 1,
                    None => {
                        part.bad += 1;
                        open = Connection::open(address).await;
                    }
                }
            }
            part
        });
    }
    let mut all = Outcome::default();
    while let Some(part) = tasks.join_next().await {
        let part = part.expect("a connection ends well");
        all.good += part.good;
        all.bad += part.bad;
        all.latencies.extend(part.latencies);
    }
    all.secs = began.elapsed().as_secs_f64();
    all.latencies.sort_unstable();
    all
}

/// One connection that is kept.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// `None` if nobody listens.
    pub(crate) async fn open(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        Some(Self {
            stream,
            buffer: Vec::with_capacity(4096),
        })
    }

    /// The status of the answer; `None` if the connection ended.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Option<u16> {
        self.stream.write_all(request).await.ok()?;
        self.buffer.clear();
        loop {
            if let Some((status, length)) = head(&self.buffer)
                && self.buffer.len() >= length
            {
                return Some(status);
            }
            if self.stream.read_buf(&mut self.buffer).await.ok()? == 0 {
                return None;
            }
        }
    }
}

/// The status, and how long the whole answer is.
fn head(bytes: &[u8]) -> Option<(u16, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let ours = name.eq_ignore_ascii_case("content-length");
        ours.then(|| value.trim().parse::<usize>().ok()).flatten()
    });
    Some((status, end + 4 + length.unwrap_or(0)))
}
