//! HTTP in plain bytes, for requests that no client library would send.

use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Nobody waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came back, byte for byte but for the date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawAnswer {
    /// The status; 0 if there was no connection, or it was closed without an answer.
    pub status: u16,
    /// Header lines except `date`, as sent.
    pub headers: Vec<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// An HTTP/1.1 request that is to be the last on its connection.
pub fn request(method: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: agent.example\r\nConnection: close\r\n{headers}\r\n"
    );
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Sends bytes, reads until the connection ends, and says how long that took.
pub async fn exchange(address: &str, bytes: &[u8]) -> (RawAnswer, Duration) {
    let began = Instant::now();
    let Ok(mut stream) = TcpStream::connect(address).await else {
        return (parse(b""), began.elapsed());
    };
    // The other side may answer and close before it has read everything.
    drop(stream.write_all(bytes).await);
    (read_answer(stream).await, began.elapsed())
}

/// Reads until the connection ends.
pub async fn read_answer(mut stream: impl AsyncRead + Unpin) -> RawAnswer {
    let mut bytes = Vec::new();
    let all = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes));
    drop(all.await.expect("the connection is closed in time"));
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> RawAnswer {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let head = String::from_utf8_lossy(&bytes[..end.unwrap_or(0)]).into_owned();
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok());
    RawAnswer {
        status: status.unwrap_or(0),
        headers: lines
            .filter(|line| !line.to_lowercase().starts_with("date:"))
            .map(str::to_owned)
            .collect(),
        body: end.map_or_else(Vec::new, |end| bytes[end + 4..].to_vec()),
    }
}
