//! `serve`: the main job.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use super::output::Terminal;
use super::{ConfigArg, Ended, environment};
use crate::app::{self, Parts, Server, load_playbook};
use crate::config::Config;
use crate::domain::clock::SystemClock;
use crate::telemetry::{self, LogFormat, Metrics};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[command(flatten)]
    pub(super) log: LogArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct LogArgs {
    #[arg(long, value_enum, default_value_t)]
    log_format: LogFormat,
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
}

impl LogArgs {
    pub(super) fn start(&self, default: &str) {
        telemetry::start_logs(
            self.log_format,
            self.log_level.as_deref().unwrap_or(default),
        );
    }
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    args.log.start("info");
    let Some(parts) = read(&args.config.config, terminal) else {
        return Ok(Ended::CouldNotRun);
    };
    // Before anything is told to the world, so that an early signal is not lost.
    let mut signals = Signals::new().context("signals")?;
    let apps: Vec<String> = parts
        .config
        .apps
        .iter()
        .map(|app| app.name.0.clone())
        .collect();
    let mut server = app::start(parts).await?;
    let address = server.address.to_string();
    terminal.say("serve.listening", &[("address", &address)]);
    for name in apps {
        terminal.say("serve.callback", &[("name", &name)]);
    }
    let ended = wait(&mut server, &mut signals).await;
    tracing::info!("stopping: what is under way is finished first");
    server.stop().await;
    terminal.say("serve.stopped", &[]);
    Ok(ended)
}

/// Everything that `serve` starts with; nothing if any of it is wrong.
pub(super) fn read(path: &Path, terminal: &Terminal) -> Option<Parts> {
    let (config, report) = match Config::load(path, &environment) {
        Ok(read) => read,
        Err(report) => {
            terminal.report(&report);
            terminal.warn("serve.not_started", &[]);
            return None;
        }
    };
    let (playbook, more) = load_playbook(&config);
    let mut report = report;
    report.merge(more);
    if !report.is_empty() {
        terminal.report(&report);
    }
    let Some(playbook) = playbook else {
        terminal.warn("serve.not_started", &[]);
        return None;
    };
    Some(Parts {
        config,
        playbook,
        clock: Arc::new(SystemClock),
        metrics: Metrics::start(),
    })
}

/// The signals that a service manager sends.
pub(super) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Signals {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }
}

/// Waits until somebody wants the server to stop, or a part of it ends by itself.
pub(super) async fn wait(server: &mut Server, signals: &mut Signals) -> Ended {
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => return Ended::Good,
            _ = signals.interrupt.recv() => return Ended::Good,
            _ = signals.hangup.recv() => server.reload.wish(),
            () = server.ended() => {
                tracing::error!("a part of the server ended by itself");
                return Ended::CouldNotRun;
            }
        }
    }
}
