//! How long a store takes to open after its process was killed, and how long `demo` takes to
//! show its first page.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use wecom_agent::domain::clock::UnixMillis;
use wecom_agent::domain::ids::{ConversationKey, CorpId, DedupeKey, OpenKfId, Person};
use wecom_agent::domain::inbound::{Author, Channel, Inbound, Message, ReplyPath, Trigger};
use wecom_agent::store::embedded::EmbeddedStore;
use wecom_agent::store::{NewRecord, RecordBody, Store};

use crate::say;
use crate::servers::{child, free_address};

/// So many records are in the store.
const ROWS: u64 = 1_000_000;
/// So many of them wait in the usual case; the others are done.
const WAITING: u64 = 10_000;
const BATCH: u64 = 5_000;

/// After so long without work a store has made its checkpoint.
const REST: Duration = Duration::from_secs(2);

/// Fills a store and waits to be killed, at once or when it rests. `all` of the records wait,
/// or few of them.
pub(crate) async fn fill(folder: &Path, all: bool, rests: bool) {
    let store = EmbeddedStore::open_redb(folder, &CorpId::from("ww1")).expect("a store");
    let store: Arc<dyn Store> = Arc::new(store);
    for from in (0..ROWS).step_by(BATCH as usize) {
        let waits = |number: u64| all || number >= ROWS - WAITING;
        let records = (from..from + BATCH).map(|number| record(number, waits(number)));
        let records = records.collect();
        store.accept(records).await.expect("kept");
    }
    if rests {
        tokio::time::sleep(REST).await;
    }
    say("filled");
    std::future::pending::<()>().await;
}

fn record(number: u64, waits: bool) -> NewRecord {
    let customer = format!("wm{number:06}");
    let inbound = Inbound {
        channel: Channel::Kf,
        app: "kf".into(),
        at: UnixMillis(0),
        person: Some(Person::External(customer.as_str().into())),
        author: Author::Person,
        conversation: ConversationKey::from(customer.as_str()),
        trigger: Trigger::Message(Message::text("你好，请问在吗")),
        reply_path: ReplyPath::Kf {
            open_kfid: OpenKfId::from("wk1"),
            external_userid: customer.as_str().into(),
        },
    };
    let raw = format!("{{\"msgid\":\"{number}\"}}");
    NewRecord {
        dedupe: DedupeKey(format!("kf/{number}")),
        received_at: UnixMillis(0),
        urgent: false,
        body: if waits {
            RecordBody::Inbound { inbound, raw }
        } else {
            let reason = "nothing to do".to_owned();
            RecordBody::Skipped { inbound, reason }
        },
    }
}

/// Opens it and says how long that took.
pub(crate) async fn open(folder: &Path) {
    let began = Instant::now();
    let store = EmbeddedStore::open_redb(folder, &CorpId::from("ww1")).expect("a store");
    store.depths(UnixMillis(0)).await.expect("depths");
    let secs = began.elapsed().as_secs_f64();
    say(&secs.to_string());
}

pub(crate) fn measure() -> Result<Json, String> {
    Ok(json!({
        "at_rest": opened("fill-resting")?,
        "few_wait": opened("fill")?,
        "all_wait": opened("fill-waiting")?,
    }))
}

fn opened(fill: &str) -> Result<Json, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut command = child(fill, folder.path());
    command.stdout(Stdio::piped());
    let mut filling = command.spawn().map_err(|error| error.to_string())?;
    let output = filling.stdout.take().ok_or("no output")?;
    let filled = BufReader::new(output).lines().next();
    filling.kill().map_err(|error| error.to_string())?;
    filling.wait().map_err(|error| error.to_string())?;
    if !matches!(filled, Some(Ok(line)) if line == "filled") {
        return Err("the store could not be filled".to_owned());
    }
    let opened = child("reopen", folder.path())
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&opened.stdout);
    let secs: f64 = text.trim().parse().map_err(|_| "it did not open")?;
    let bytes = std::fs::metadata(folder.path().join("store.redb"));
    Ok(json!({
        "rows": ROWS,
        "secs": secs,
        "mib": bytes.map_or(0, |meta| meta.len()) / 1024 / 1024,
    }))
}

/// From the command to the page.
pub(crate) async fn demo() -> Result<Json, String> {
    let address: SocketAddr = free_address();
    let began = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wecom-agent"));
    command.args([
        "demo",
        "--exit-after",
        "20",
        "--listen",
        &address.to_string(),
    ]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut demo = command.spawn().map_err(|error| error.to_string())?;
    let output = demo.stdout.take().ok_or("no output")?;
    let url = BufReader::new(output)
        .lines()
        .map_while(Result::ok)
        .find_map(|line| {
            let at = line.find("http://")?;
            Some(line[at..].split_whitespace().next()?.to_owned())
        });
    let url = url.ok_or("demo names no page")?;
    let page = reqwest::get(&url).await;
    let secs = began.elapsed().as_secs_f64();
    drop(demo.kill());
    drop(demo.wait());
    let status = page.map_err(|error| error.to_string())?.status();
    match status.is_success() {
        true => Ok(json!({ "secs": secs })),
        false => Err(format!("the page of the demo says {status}")),
    }
}
