//! How many callbacks a second: the framework alone, opening them, keeping them, and peers.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::callbacks::requests;
use crate::load::{self, Outcome};
use crate::servers::{Server, child, free_address, start, write_config};
use crate::{peers, say};

/// More than the fastest can answer in one turn; later ones come round again where that harms
/// nobody.
const DISTINCT: usize = 60_000;

/// A contestant over all rounds.
struct Contestant {
    name: &'static str,
    start: fn(&Path) -> Result<Server, String>,
    /// Repetitions would be found out.
    once: bool,
    rates: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    memory: f64,
    why_not: Option<String>,
}

impl Contestant {
    fn new(name: &'static str, start: fn(&Path) -> Result<Server, String>) -> Self {
        Self {
            name,
            start,
            once: false,
            rates: Vec::new(),
            p50: Vec::new(),
            p99: Vec::new(),
            memory: f64::NAN,
            why_not: None,
        }
    }

    fn note(&mut self, outcome: &Outcome, memory: f64) {
        if outcome.bad > 0 {
            self.why_not = Some(format!("{} answers were not 200", outcome.bad));
        }
        self.rates.push(outcome.per_second());
        self.p50.push(outcome.percentile(50.0));
        self.p99.push(outcome.percentile(99.0));
        self.memory = memory;
    }
}

/// Rounds in which everybody has a turn, with a server and data of its own each time.
pub(crate) async fn measure(rounds: usize, time: Duration, with_peers: bool) -> Json {
    let mut all = contestants(with_peers);
    let mut next = 0;
    for _ in 0..rounds {
        for one in all.iter_mut().filter(|one| one.why_not.is_none()) {
            let folder = tempfile::tempdir().expect("a folder");
            let server = match (one.start)(folder.path()) {
                Ok(server) => server,
                Err(why) => {
                    say(&format!("{}: {why}", one.name));
                    one.why_not = Some(why);
                    continue;
                }
            };
            let requests = requests(next..next + DISTINCT, 0, "你好，请问在吗");
            next += DISTINCT;
            let outcome = load::run(server.address, requests, time, !one.once).await;
            one.note(&outcome, server.memory());
        }
    }
    all.iter()
        .map(|one| {
            json!({
                "name": one.name,
                "per_second": median(&one.rates),
                "p50_ms": median(&one.p50),
                "p99_ms": median(&one.p99),
                "memory_mib": one.memory,
                "rounds": one.rates,
                "why_not": one.why_not,
            })
        })
        .collect()
}

fn contestants(with_peers: bool) -> Vec<Contestant> {
    let mut all = vec![
        Contestant::new("bare axum", |folder| start(child("bare", folder))),
        Contestant::new("verified, decrypted, parsed", |folder| {
            start(child("opens", folder))
        }),
        Contestant::new("appended to a plain log", |folder| {
            start(child("log", folder))
        }),
        Contestant::new("durable, redb", |folder| keeping(folder, "redb")),
        Contestant::new("durable, sled", |folder| keeping(folder, "sled")),
    ];
    for one in &mut all[3..] {
        one.once = true;
    }
    if with_peers {
        all.push(Contestant::new("fastify + @wecom/crypto", |_| {
            peers::fastify()
        }));
        all.push(Contestant::new("Flask + wechatpy", |_| {
            peers::flask(free_address())
        }));
    }
    all
}

fn keeping(folder: &Path, engine: &str) -> Result<Server, String> {
    write_config(folder, free_address(), "http://127.0.0.1:9", engine);
    start(child("durable", folder))
}

/// The middle one.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
