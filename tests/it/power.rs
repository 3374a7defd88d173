//! The power goes under the real program. Its system calls are watched by strace; from them the
//! disk is rebuilt as a cut could leave it: what a sync had covered, and any part of what came
//! after. Everything that was answered with 200 by then must be in the store that opens there.
//!
//! Names of files are taken as lasting once they are there; the folders are synced at the start.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use futures_util::stream::{self, StreamExt as _};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use wecom_agent::domain::clock::UnixMillis;
use wecom_agent::domain::ids::{CorpId, RecordId};
use wecom_agent::domain::inbound::Trigger;
use wecom_agent::store::embedded::EmbeddedStore;
use wecom_agent::store::{RecordQuery, Store};

use crate::support::{
    Agent, AgentBuilder, CORP, Callback, members, mock, read_answer, text_message,
};

/// Callbacks under the watch, and cuts of the power; `WECOM_POWER_CUTS` asks for more cuts.
const LOAD: usize = 60;
const CUTS: usize = 25;
const SECTOR: usize = 512;

/// A file as programs see it is never needed: only what is safe, and what came since.
#[derive(Default)]
struct Plate {
    safe: Vec<u8>,
    since: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

fn put(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if file.len() < at + bytes.len() {
        file.resize(at + bytes.len(), 0);
    }
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

impl Plate {
    /// The first so many changes have reached the plate.
    fn sync(&mut self, covered: usize) {
        for change in self.since.drain(..covered) {
            match change {
                Change::Write(at, bytes) => put(&mut self.safe, at, &bytes),
                Change::Length(length) => self.safe.resize(length, 0),
            }
        }
    }

    fn cut(&self, dice: &mut StdRng) -> Vec<u8> {
        let mut found = self.safe.clone();

        for change in &self.since {
            match change {
                Change::Length(length) if dice.random_bool(0.5) => found.resize(*length, 0),
                Change::Length(_) => {}
                Change::Write(at, bytes) => {
                    for (index, sector) in bytes.chunks(SECTOR).enumerate() {
                        if dice.random_bool(0.5) {
                            put(&mut found, at + index * SECTOR, sector);
                        }
                    }
                }
            }
        }
        found
    }
}

/// One line of the trace, as far as it matters here.
enum Event {
    Change(PathBuf, Change),
    SyncBegins(String, PathBuf),
    SyncEnds(String),
    /// 200 to the client with this port.
    Answer(u16),
}

/// `\x2f\x74` as bytes.
fn unhex(text: &str) -> Vec<u8> {
    let bytes = text.split("\\x").skip(1);
    bytes
        .map(|byte| u8::from_str_radix(&byte[..2], 16).expect("hex"))
        .collect()
}

/// What stands between `<` and `>` behind a descriptor.
fn target(call: &str) -> Option<String> {
    let (_, rest) = call.split_once('<')?;
    let (name, _) = rest
        .split_once(">,")
        .or_else(|| rest.split_once(">)"))
        .or_else(|| rest.split_once("> <unfinished"))?;
    let escaped = name.contains("\\x");
    Some(match escaped {
        true => String::from_utf8_lossy(&unhex(name)).into_owned(),
        false => name.to_owned(),
    })
}

fn content(call: &str) -> Vec<u8> {
    call.split('"').nth(1).map(unhex).unwrap_or_default()
}

/// The whole numbers behind the content, up to the end of the call.
fn numbers(call: &str) -> Vec<usize> {
    let behind = call.rsplit_once('"').map_or(call, |(_, behind)| behind);
    let arguments = behind.split(&[')', '<'][..]).next().unwrap_or_default();
    arguments
        .split(',')
        .filter_map(|number| number.trim().parse().ok())
        .collect()
}

/// Reads a trace of `strace -f -y -xx`.
struct Reader {
    data: PathBuf,
    /// Calls that other threads' lines stand between the two halves of.
    halves: BTreeMap<String, String>,
}

impl Reader {
    fn read(&mut self, line: &str) -> Vec<Event> {
        let Some((pid, call)) = line.split_once(' ') else {
            return Vec::new();
        };
        let (pid, call) = (pid.to_owned(), call.trim());
        if let Some(begun) = call.strip_suffix("<unfinished ...>") {
            self.halves.insert(pid.clone(), begun.to_owned());
            return self.begins(pid, call).into_iter().collect();
        }
        if call.starts_with("<...") {
            let begun = self.halves.remove(&pid).unwrap_or_default();
            return self.ends(pid, &begun, call).into_iter().collect();
        }
        let begins = self.begins(pid.clone(), call);
        begins
            .into_iter()
            .chain(self.ends(pid, call, call))
            .collect()
    }

    fn file(&self, call: &str) -> Option<PathBuf> {
        let path = PathBuf::from(target(call)?);
        path.starts_with(&self.data).then_some(path)
    }

    fn begins(&self, pid: String, call: &str) -> Option<Event> {
        let sync = call.starts_with("fdatasync(") || call.starts_with("fsync(");
        let file = self.file(call).filter(|_| sync)?;
        Some(Event::SyncBegins(pid, file))
    }

    fn ends(&self, pid: String, call: &str, end: &str) -> Option<Event> {
        let failed = end.contains(") = -1");
        let (name, _) = call.split_once('(')?;
        match name {
            "fdatasync" | "fsync" => (!failed).then_some(Event::SyncEnds(pid)),
            "pwrite64" => {
                let at = *numbers(call).get(1)?;
                Some(Event::Change(
                    self.file(call)?,
                    Change::Write(at, content(call)),
                ))
            }
            "ftruncate" | "fallocate" => {
                let length = call
                    .rsplit_once(", ")?
                    .1
                    .split(')')
                    .next()?
                    .trim()
                    .parse()
                    .ok()?;
                Some(Event::Change(self.file(call)?, Change::Length(length)))
            }
            "write" | "pwritev" | "pwritev2" => {
                assert!(
                    self.file(call).is_none(),
                    "a write that nobody follows: {name} {:?}",
                    target(call)
                );
                answer(call)
            }
            "sendto" | "writev" | "sendmsg" => answer(call),
            _ => None,
        }
    }
}

fn answer(call: &str) -> Option<Event> {
    content(call).starts_with(b"HTTP/1.1 200").then_some(())?;
    let peer = target(call)?;
    let port = peer
        .rsplit_once(':')?
        .1
        .trim_end_matches(']')
        .parse()
        .ok()?;
    Some(Event::Answer(port))
}

fn watch(agent: &Agent, trace: &Path) -> Child {
    let calls =
        "pwrite64,pwritev,pwritev2,write,writev,sendto,sendmsg,fdatasync,fsync,ftruncate,fallocate";
    let mut strace = Command::new("strace")
        .args([
            "-f",
            "-yy",
            "-xx",
            "-s",
            "4194304",
            "-e",
            &format!("trace={calls}"),
            "-o",
        ])
        .arg(trace)
        .args(["-p", &agent.pid().to_string()])
        .stderr(Stdio::piped())
        .spawn()
        .expect("strace is installed");
    let stderr = strace.stderr.take().expect("stderr");
    let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
    let attached = lines.any(|line| line.contains("attached"));
    assert!(attached, "strace may watch its own processes here");
    // strace must not meet a closed pipe.
    std::thread::spawn(move || lines.for_each(drop));
    strace
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let kind = entry.file_type().expect("a type");
        if kind.is_dir() {
            found.extend(files(&entry.path()));
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    found
}

fn contents(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).expect("a file");
        (path, bytes)
    };
    files(data).into_iter().map(read).collect()
}

/// Begins to watch at a moment when nothing is written: what the files hold then is safe.
fn watch_from_rest(agent: &Agent, data: &Path, trace: &Path) -> (Child, BTreeMap<PathBuf, Plate>) {
    loop {
        let before = contents(data);
        let mut strace = watch(agent, trace);
        if contents(data) == before {
            let plate = |safe| Plate {
                safe,
                since: Vec::new(),
            };
            let plates = before.into_iter();
            return (
                strace,
                plates.map(|(path, safe)| (path, plate(safe))).collect(),
            );
        }
        strace.kill().expect("strace ends");
        strace.wait().expect("strace ends");
    }
}

/// Pushes the load; the port that each callback came from.
async fn push(agent: &Agent, who: &[String]) -> BTreeMap<u16, String> {
    let pushes = stream::iter(0..LOAD).map(|n| async move {
        let text = format!("闲聊 {n} {}", "x".repeat(n * 97 % 3000));
        let callback = Callback::xml("staff", &text_message(&who[n % who.len()], &text, n as u64));
        let mut stream = TcpStream::connect(agent.address())
            .await
            .expect("a connection");
        let port = stream.local_addr().expect("an address").port();
        stream.write_all(&callback.http("")).await.expect("sent");
        assert_eq!(read_answer(stream).await.status, 200);
        (port, text)
    });
    pushes.buffer_unordered(6).collect().await
}

/// The texts in the store of a folder.
async fn texts(folder: &Path, store: &'static str) -> Vec<String> {
    let corp = CorpId::from(CORP);
    let opened = match store {
        "redb" => EmbeddedStore::open_redb(folder, &corp),
        _ => EmbeddedStore::open_sled(folder, &corp),
    };
    let opened = opened.unwrap_or_else(|error| panic!("{store} does not open: {error:?}"));
    let query = RecordQuery {
        since: UnixMillis(0),
        after: RecordId(0),
        limit: 10 * LOAD,
    };
    let records = opened.records(query).await.expect("records");
    let text = |trigger: Trigger| match trigger {
        Trigger::Message(message) => message.text,
        _ => String::new(),
    };
    records
        .into_iter()
        .map(|record| text(record.inbound.trigger))
        .collect()
}

async fn cut_again_and_again(store: &'static str) {
    let mock = mock().await;
    let who = members(&mock, 4);
    let mut agent = AgentBuilder::new().store(store).start(&mock).await;
    agent.idle().await;
    let data = agent
        .folder()
        .join("data")
        .canonicalize()
        .expect("the data");
    let traces = tempfile::tempdir().expect("a folder");
    let trace = traces.path().join("trace");
    let (mut strace, mut plates) = watch_from_rest(&agent, &data, &trace);
    let ports = push(&agent, &who).await;
    agent.idle().await;
    agent.kill();
    strace.wait().expect("strace ends with what it watches");

    let trace = fs::read_to_string(&trace).expect("a trace");
    let lines: Vec<&str> = trace.lines().collect();
    let cuts = std::env::var("WECOM_POWER_CUTS").ok();
    let cuts = cuts.map_or(CUTS, |cuts| cuts.parse().expect("a number"));
    let mut reader = Reader {
        data: data.clone(),
        halves: BTreeMap::new(),
    };
    let (mut answered, mut syncs) = (Vec::new(), 0);
    let mut covered: BTreeMap<String, (PathBuf, usize)> = BTreeMap::new();
    let mut dice = StdRng::seed_from_u64(7);
    for (index, line) in lines.iter().enumerate() {
        for event in reader.read(line) {
            match event {
                Event::Change(path, change) => plates.entry(path).or_default().since.push(change),
                Event::SyncBegins(pid, path) => {
                    let so_far = plates.entry(path.clone()).or_default().since.len();
                    covered.insert(pid, (path, so_far));
                }
                Event::SyncEnds(pid) => {
                    if let Some((path, so_far)) = covered.remove(&pid) {
                        let plate = plates.entry(path).or_default();
                        plate.sync(so_far.min(plate.since.len()));
                        syncs += 1;
                    }
                }
                Event::Answer(port) => answered.extend(ports.get(&port).cloned()),
            }
        }
        if index % lines.len().div_ceil(cuts) == 0 || index + 1 == lines.len() {
            let found = after_the_cut(&plates, &data, &mut dice, store).await;
            for text in &answered {
                assert!(
                    found.contains(text),
                    "{store}: cut at line {index}: lost {text:.20}"
                );
            }
        }
    }
    assert_eq!(answered.len(), LOAD, "every answer was seen");
    assert!(syncs > LOAD / 8, "{syncs} syncs were seen");
}

/// What a store finds that opens what the cut has left.
async fn after_the_cut(
    plates: &BTreeMap<PathBuf, Plate>,
    data: &Path,
    dice: &mut StdRng,
    store: &'static str,
) -> Vec<String> {
    let home = tempfile::tempdir().expect("a folder");
    for (path, plate) in plates {
        let path = home
            .path()
            .join(path.strip_prefix(data).expect("below the data"));
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, plate.cut(dice)).expect("a file");
    }
    texts(home.path(), store).await
}

#[tokio::test]
async fn a_power_cut_under_the_program_loses_nothing_on_redb() {
    cut_again_and_again("redb").await;
}

#[tokio::test]
async fn a_power_cut_under_the_program_loses_nothing_on_sled() {
    cut_again_and_again("sled").await;
}
