//! Half of the load that the whole path bears, for long: rules change, WeCom fails, the
//! process is killed and stopped. Every message is to be answered once, the memory flat, the
//! store no larger than what is kept in it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use crate::load::{CONNECTIONS, Connection};
use crate::servers::{CLOCK, Server, child, free_address, moved_agent, start, write_config};
use crate::soak_wecom::{MEMBERS, TALLY};
use crate::{callbacks, whole};

/// Rows of the report.
const ROWS: u32 = 10;
/// In the first half of the time the process ends so often, killed and asked to in turn.
const LIVES: u32 = 5;
const RELOAD_EVERY: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Until everything that was accepted is answered.
const PATIENCE: Duration = Duration::from_secs(300);
const DAY_MILLIS: u64 = 86_400_000;

/// What the load has done so far.
#[derive(Default)]
struct Load {
    next: AtomicUsize,
    accepted: AtomicUsize,
    ends: AtomicBool,
}

/// What was seen since the last row.
#[derive(Default, Clone)]
struct Seen {
    age: f64,
    depth: f64,
    memory: f64,
}

/// A run of so long.
pub(crate) async fn measure(minutes: u32, rate: Option<f64>) -> Result<Json, String> {
    let rate = match rate {
        Some(rate) => rate,
        None => whole::measure().await?["sent_per_second"]
            .as_f64()
            .map(|full| full / 2.0)
            .ok_or("no rate")?,
    };
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let folder = folder.path();
    let wecom = start(child("soak-wecom", folder))?;
    let address = free_address();
    let api = format!("http://{}", wecom.address);
    write_config(folder, address, &api, "redb");
    append(folder, "agent.toml", "[guard]\nanswers = 0\n")?;
    append(
        folder,
        "agent.toml",
        "[retention]\nhistory = \"7d\"\ntraces = \"7d\"\n",
    )?;
    write(folder, "templates/好的.txt", "收到：{{ message.text }}\n")?;
    let load = Arc::new(Load::default());
    let reloading = tokio::spawn(reload(folder.to_owned()));
    let mut run = Run {
        folder,
        address,
        rate,
        load: &load,
        server: Some(moved_agent(folder, address)?),
        rows: Vec::new(),
        ends: Vec::new(),
    };
    let time = Duration::from_secs(u64::from(minutes) * 60);
    let ends = |row| (row < LIVES).then_some(["killed", "stopped"][row as usize % 2]);
    let ends: Vec<_> = (0..ROWS).map(ends).collect();
    let tally = run.under_load(time / ROWS, &ends).await?;
    // Days later all that is forgotten while more comes in, and then the file is written anew.
    run.days_later()?;
    let tally_later = run.under_load(time / ROWS, &[None]).await?;
    let rewritten = run.rewritten().await?;
    reloading.abort();
    Ok(json!({
        "minutes": minutes,
        "rate": rate,
        "rows": run.rows,
        "ends": run.ends,
        "accepted": load.accepted.load(Ordering::Relaxed),
        "tally": tally,
        "tally_later": tally_later,
        "rewritten_mib": rewritten,
    }))
}

/// A run that is under way.
struct Run<'a> {
    folder: &'a Path,
    address: SocketAddr,
    rate: f64,
    load: &'a Arc<Load>,
    server: Option<Server>,
    rows: Vec<Json>,
    /// How often the process ended, and how.
    ends: Vec<&'static str>,
}

impl Run<'_> {
    /// One row after the other, each of so long; then until everything has its answer.
    async fn under_load(
        &mut self,
        each: Duration,
        ends: &[Option<&'static str>],
    ) -> Result<Json, String> {
        self.load.ends.store(false, Ordering::Relaxed);
        let mut senders = senders(self.address, self.rate, self.load);
        for how in ends {
            self.row(each, *how).await?;
        }
        self.load.ends.store(true, Ordering::Relaxed);
        while senders.join_next().await.is_some() {}
        Ok(self.settled().await)
    }

    /// Looks on for so long; then the process may end, and begins again.
    async fn row(&mut self, time: Duration, ends: Option<&'static str>) -> Result<(), String> {
        let began = Instant::now();
        let before = self.load.accepted.load(Ordering::Relaxed);
        let mut seen = Seen::default();
        while began.elapsed() < time {
            sleep(LOOK_EVERY).await;
            self.look(&mut seen).await;
        }
        let accepted = self.load.accepted.load(Ordering::Relaxed);
        let store = size(&self.folder.join("data"));
        let row = json!({
            "accepted_per_second": (accepted - before) as f64 / began.elapsed().as_secs_f64(),
            "accepted": accepted,
            "answered": tally(self.folder)["once"],
            "age_secs": seen.age,
            "depth": seen.depth,
            "memory_mib": seen.memory,
            "store_mib": store,
            "store_kib_a_message": store * 1024.0 / accepted as f64,
        });
        crate::say(&row.to_string());
        self.rows.push(row);
        if let Some(how) = ends {
            self.again(how)?;
        }
        Ok(())
    }

    /// The process ends and another one begins.
    fn again(&mut self, how: &'static str) -> Result<(), String> {
        let server = self.server.take().ok_or("no server")?;
        match how {
            "killed" => drop(server),
            _ => server.stop()?,
        }
        self.ends.push(how);
        self.server = Some(moved_agent(self.folder, self.address)?);
        Ok(())
    }

    fn days_later(&mut self) -> Result<(), String> {
        write(self.folder, CLOCK, &(8 * DAY_MILLIS).to_string())?;
        self.again("stopped")
    }

    /// One more day later the file is written anew: how large it is then, in MiB.
    async fn rewritten(&self) -> Result<f64, String> {
        write(
            self.folder,
            CLOCK,
            &(9 * DAY_MILLIS + DAY_MILLIS / 2).to_string(),
        )?;
        let began = Instant::now();
        let before = size(&self.folder.join("data"));
        let mut now = before;
        while now > before / 2.0 && began.elapsed() < 2 * PATIENCE {
            sleep(LOOK_EVERY).await;
            now = size(&self.folder.join("data"));
        }
        Ok(now)
    }

    async fn look(&self, seen: &mut Seen) {
        let text = metrics(self.address).await.unwrap_or_default();
        seen.age = seen.age.max(most(&text, "wecom_agent_queue_age_seconds"));
        seen.depth = seen.depth.max(most(&text, "wecom_agent_queue_depth"));
        let memory = self.server.as_ref().map_or(f64::NAN, Server::memory);
        seen.memory = seen.memory.max(memory);
    }

    /// Until everything that was accepted has its answer, or for as long as one waits.
    async fn settled(&self) -> Json {
        let accepted = self.load.accepted.load(Ordering::Relaxed);
        let began = Instant::now();
        loop {
            let tally = tally(self.folder);
            let all = tally["once"].as_u64() == u64::try_from(accepted).ok();
            if all || began.elapsed() > PATIENCE {
                return tally;
            }
            sleep(LOOK_EVERY).await;
        }
    }
}

/// As many connections as WeCom might keep, with so many messages a second among them. What
/// is not answered with 200 is said again until it is, as WeCom would.
fn senders(address: SocketAddr, rate: f64, load: &Arc<Load>) -> JoinSet<()> {
    let tickets = Arc::new(Semaphore::new(0));
    let mut tasks = JoinSet::new();
    let (paced, ends) = (Arc::clone(&tickets), Arc::clone(load));
    tasks.spawn(async move {
        let began = Instant::now();
        let mut given = 0;
        let mut tick = interval(Duration::from_millis(10));
        while !ends.ends.load(Ordering::Relaxed) {
            tick.tick().await;
            let due = (began.elapsed().as_secs_f64() * rate) as usize;
            paced.add_permits(due - given);
            given = due;
        }
        paced.close();
    });
    for _ in 0..CONNECTIONS {
        let (tickets, load) = (Arc::clone(&tickets), Arc::clone(load));
        tasks.spawn(async move {
            let mut open = None;
            while let Ok(ticket) = tickets.acquire().await {
                ticket.forget();
                let number = load.next.fetch_add(1, Ordering::Relaxed);
                say(address, number, &mut open).await;
                load.accepted.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    tasks
}

async fn say(address: SocketAddr, number: usize, open: &mut Option<Connection>) {
    let member = number % MEMBERS;
    let text = format!("退款 #{number}.");
    let request = callbacks::requests(member..member + 1, number - member, &text);
    loop {
        if open.is_none() {
            *open = Connection::open(address).await;
        }
        let answer = match open {
            Some(connection) => connection.ask(&request[0]).await,
            None => None,
        };
        match answer {
            Some(200) => return,
            Some(_) => {}
            None => *open = None,
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// Every twenty seconds an operator saves the rules, every third time with a mistake.
async fn reload(folder: std::path::PathBuf) {
    let good = "rules:\n  - id: 退款\n    when: {any: [退款]}\n    do: [{reply: 好的}]\n";
    let mut tick = interval(RELOAD_EVERY);
    for number in 0.. {
        tick.tick().await;
        let wrong = if number % 3 == 2 { "  - id: [\n" } else { "" };
        let text = format!(
            "# {number}\n{good}  - {{id: 其他{number}, when: {{any: [别的{number}]}}, do: [{{reply: 好的}}]}}\n{wrong}"
        );
        write(&folder, "rules/rules.yaml", &text).expect("the rules are saved");
    }
}

async fn metrics(address: SocketAddr) -> Result<String, reqwest::Error> {
    let answer = reqwest::get(format!("http://{address}/metrics")).await?;
    answer.text().await
}

/// The greatest of a metric's values.
fn most(text: &str, name: &str) -> f64 {
    let lines = text.lines().filter(|line| line.starts_with(name));
    lines
        .filter_map(|line| line.rsplit(' ').next()?.parse().ok())
        .fold(0.0, f64::max)
}

/// What WeCom says of the answers.
fn tally(folder: &Path) -> Json {
    let text = std::fs::read_to_string(folder.join(TALLY)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// What the files in a folder take on the disk, in MiB.
fn size(folder: &Path) -> f64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes: u64 = files
        .filter_map(|file| Some(file.metadata().ok()?.len()))
        .sum();
    bytes as f64 / 1024.0 / 1024.0
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    let (whole, part) = (folder.join(name), folder.join("part"));
    std::fs::write(&part, text).map_err(|error| error.to_string())?;
    std::fs::rename(part, whole).map_err(|error| error.to_string())
}

fn append(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    let before = std::fs::read_to_string(folder.join(name)).map_err(|error| error.to_string())?;
    std::fs::write(folder.join(name), before + text).map_err(|error| error.to_string())
}
