//! The server under load, beside the bare framework and what others use, in one run.
//! `docs/performance.md` says how to read it.
//!
//! `cargo bench --bench server`, with `-- --json` for scripts, `--quick` for a first look,
//! `--no-peers`, `--only ingest|opening|whole|reopen|demo`, `--chart FILE.svg`; or
//! `-- --soak MINUTES`, with `--rate MESSAGES_A_SECOND`.

mod callbacks;
mod child;
mod ingest;
mod load;
mod micro;
mod peers;
mod reopen;
mod report;
mod servers;
mod soak;
mod soak_wecom;
mod whole;

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value as Json, json};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    wecom_agent::gateway::install_crypto();
    if let Some(at) = arguments.iter().position(|one| one == "--child") {
        let what = arguments.get(at + 1).ok_or("--child wants a name")?;
        let folder = arguments.get(at + 2).ok_or("--child wants a folder")?;
        runtime.block_on(child::run(what, Path::new(folder)));
        return Ok(());
    }
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let after = |name: &str| {
        let at = arguments.iter().position(|one| one == name)?;
        arguments.get(at + 1).cloned()
    };
    if let Some(minutes) = after("--soak") {
        let minutes = minutes.parse().map_err(|_| "--soak wants minutes")?;
        let rate = after("--rate").and_then(|rate| rate.parse().ok());
        let soaked = runtime.block_on(soak::measure(minutes, rate))?;
        say(&report::soak(&soaked));
        return Ok(());
    }
    let only = after("--only");
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    let (rounds, time) = match has("--quick") {
        true => (1, Duration::from_secs(1)),
        false => (5, Duration::from_secs(2)),
    };
    let mut all = json!({});
    if wanted("opening") {
        all["opening"] = micro::measure();
    }
    if wanted("ingest") {
        let measured = ingest::measure(rounds, time, !has("--no-peers"));
        all["ingest"] = runtime.block_on(measured);
    }
    if wanted("whole") {
        all["whole_path"] = said(runtime.block_on(whole::measure()));
    }
    if wanted("reopen") {
        all["reopen"] = said(reopen::measure());
    }
    if wanted("demo") {
        all["demo"] = said(runtime.block_on(reopen::demo()));
    }
    if let Some(file) = after("--chart") {
        std::fs::write(file, report::chart(&all)).map_err(|error| error.to_string())?;
    }
    match has("--json") {
        true => say(&all.to_string()),
        false => say(&report::table(&all)),
    }
    Ok(())
}

/// What could not be measured says why.
fn said(result: Result<Json, String>) -> Json {
    result.unwrap_or_else(|why| json!({ "why_not": why }))
}

/// To standard output, at once.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", text.trim_end())
        .and_then(|()| out.flush())
        .expect("standard output");
}
