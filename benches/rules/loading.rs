//! Reloading: how long it takes, what it does to messages meanwhile, and how much memory.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use std::{fs, io};

use serde::{Deserialize, Serialize};
use wecom_agent::rules::{self, References, RuleSet};
use wecom_agent::templates::Catalog;

use crate::corpus::{Spread, rule_files};
use crate::deciding::Desk;
use crate::measure::{median, percentile};

/// A folder with rule files and the template they name.
pub(crate) fn write(dir: &Path, spread: Spread) -> io::Result<()> {
    fs::create_dir_all(dir.join("rules"))?;
    fs::create_dir_all(dir.join("templates"))?;
    fs::write(dir.join("templates/好的.txt"), "好的")?;
    for (name, text) in rule_files(spread) {
        fs::write(dir.join("rules").join(name), text)?;
    }
    Ok(())
}

/// Reads, lints, parses, checks and builds everything in such a folder.
pub(crate) fn load(dir: &Path) -> Result<RuleSet, String> {
    let (templates, _) = Catalog::load(&dir.join("templates"));
    let references = References::of(&templates);
    let (set, report) = rules::load(&dir.join("rules"), &references);
    set.ok_or_else(|| report.human(wecom_agent::lang::Lang::En))
}

/// How long a reload takes.
#[derive(Debug, Serialize)]
pub(crate) struct Reload {
    /// By the clock.
    pub(crate) secs: f64,
    /// Of a processor: what it would take if nothing else ran.
    pub(crate) cpu_secs: Option<f64>,
}

/// The medians of several reloads.
pub(crate) fn reload(dir: &Path, rounds: usize) -> Result<Reload, String> {
    let mut clock = Vec::new();
    let mut cpu = Vec::new();
    for _ in 0..rounds {
        let (start, spent) = (Instant::now(), cpu_secs());
        let set = load(dir)?;
        clock.push(start.elapsed().as_secs_f64());
        cpu.extend(cpu_secs().zip(spent).map(|(now, then)| now - then));
        drop(set);
    }
    Ok(Reload {
        secs: median(&clock),
        cpu_secs: (!cpu.is_empty()).then(|| median(&cpu)),
    })
}

/// What this thread has had of a processor, where the system tells.
fn cpu_secs() -> Option<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some(nanos / 1e9)
}

/// Times of single decisions in microseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Latency {
    pub(crate) median: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

/// Decides about all messages again and again while there is a reason to.
fn latency(desk: &Desk, set: &RuleSet, mut more: impl FnMut() -> bool) -> Latency {
    let mut samples = Vec::new();
    while more() {
        for inbound in &desk.inbounds {
            let start = Instant::now();
            std::hint::black_box(desk.decide(set, inbound));
            samples.push(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    Latency {
        median: percentile(&samples, 50),
        p99: percentile(&samples, 99),
        max: samples.iter().copied().fold(0.0, f64::max),
    }
}

/// The times of decisions while nothing else happens, and while the set is read again.
pub(crate) fn beside_a_reload(desk: &Desk, dir: &Path) -> Result<(Latency, Latency), String> {
    let set = load(dir)?;
    let mut rounds = 0..100;
    let quiet = latency(desk, &set, || rounds.next().is_some());
    let done = AtomicBool::new(false);
    let busy = std::thread::scope(|scope| {
        let decisions = scope.spawn(|| latency(desk, &set, || !done.load(Ordering::Relaxed)));
        let reloads = (0..2).try_for_each(|_| load(dir).map(drop));
        done.store(true, Ordering::Relaxed);
        let latency = decisions.join();
        reloads.and(latency.map_err(|_| "a decision failed".to_owned()))
    })?;
    Ok((quiet, busy))
}

/// Memory of a process in MiB.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// Before anything was read.
    pub(crate) empty: f64,
    /// With one set in force.
    pub(crate) loaded: f64,
    /// With a second set read and put in its place.
    pub(crate) reloaded: f64,
    /// The most it ever was.
    pub(crate) peak: f64,
}

/// Measures in a process of its own, so that nothing else is counted.
pub(crate) fn memory(dir: &Path) -> Result<Memory, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(own)
        .arg("--memory-of")
        .arg(dir)
        .output()
        .map_err(|error| error.to_string())?;
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

/// What the process started by [`memory`] does.
pub(crate) fn memory_here(dir: &Path) -> Result<Memory, String> {
    let empty = status("VmRSS:")?;
    let first = load(dir)?;
    let loaded = status("VmRSS:")?;
    let second = load(dir)?;
    drop(first);
    let reloaded = status("VmRSS:")?;
    drop(second);
    Ok(Memory {
        empty,
        loaded,
        reloaded,
        peak: status("VmHWM:")?,
    })
}

fn status(key: &str) -> Result<f64, String> {
    let text = fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.map(|kib| kib / 1024.0)
        .ok_or_else(|| format!("no {key} in /proc/self/status"))
}
