//! `serve`: the main job.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use super::output::Terminal;
use super::{ConfigArg, Ended, environment, moved_clock};
use crate::app::{
    self, Ending, Folders, HALF_DONE, Inherited, Parts, Server, last_good, load_playbook,
};
use crate::config::Config;
use crate::diagnostic::Report;
use crate::process::playbook::{CurrentPlaybook, Playbook};
use crate::telemetry::{self, LogFormat, Metrics};

/// Pauses before the store is opened anew after a failure.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

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
    let Some(mut parts) = read(&args.config.config, terminal).await else {
        return Ok(Ended::CouldNotRun);
    };
    if rustix::process::geteuid().is_root() {
        terminal.warn("serve.root", &[]);
    }
    parts.inherited = Inherited::take().context("LISTEN_FDS")?;
    // Before anything is told to the world, so that an early signal is not lost.
    let mut signals = Signals::new().context("signals")?;
    let apps: Vec<String> = parts
        .config
        .apps
        .iter()
        .map(|app| app.name.0.clone())
        .collect();
    let mut spare = parts.clone();
    let mut server = app::start(parts).await?;
    spare.config.listen = server.address;
    spare.config.admin = server.admin;
    let scheme = spare.config.tls.as_ref().map_or("http", |_| "https");
    let url = format!("{scheme}://{}", server.address);
    terminal.say("serve.listening", &[("url", &url)]);
    if let Some(admin) = server.admin {
        terminal.say("serve.admin", &[("url", &format!("http://{admin}"))]);
    }
    for name in apps {
        terminal.say("serve.callback", &[("name", &name)]);
    }
    let mut woken = wait(&mut server, &mut signals).await;
    while woken == Woken::Cannot(Ending::StoreFailed) {
        tracing::error!("nothing is taken in until the store has been opened anew");
        server.stop().await;
        server = tokio::select! {
            server = again(&spare) => server,
            () = signals.asked() => {
                terminal.say("serve.stopped", &[]);
                return Ok(Ended::Good);
            }
        };
        woken = wait(&mut server, &mut signals).await;
    }
    tracing::info!("stopping: what is under way is finished first");
    server.stop().await;
    terminal.say("serve.stopped", &[]);
    Ok(match woken {
        Woken::Asked => Ended::Good,
        Woken::Cannot(_) => Ended::CouldNotRun,
    })
}

/// Starts once more after the store has failed, as often as it takes.
async fn again(parts: &Parts) -> Server {
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        match app::start(parts.clone()).await {
            Ok(server) => {
                // Files may have changed while nobody looked.
                server.reload.wish();
                return server;
            }
            Err(error) => {
                let error = format!("{:#}", anyhow::Error::from(error));
                tracing::error!(error, "the store still cannot be used");
            }
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Everything that `serve` starts with; nothing if any of it is wrong. Files with errors do not
/// keep a bot down that has been in service: it goes on with what was in force.
pub(super) async fn read(path: &Path, terminal: &Terminal) -> Option<Parts> {
    let (config, report) = match Config::load(path, &environment) {
        Ok(read) => read,
        Err(report) => {
            terminal.report(&report);
            terminal.warn("serve.not_started", &[]);
            return None;
        }
    };
    let exposed = Config::exposed(path);
    if exposed.has_errors() {
        terminal.report(&exposed);
        terminal.warn("serve.not_started", &[]);
        return None;
    }
    let seen = Folders::of(&config).fingerprint();
    let (playbook, more) = load_playbook(&config);
    let mut report = report;
    report.merge(more);
    if !report.is_empty() {
        terminal.report(&report);
    }
    let playbook = match playbook {
        None if !half_done(&report) => before(&config, terminal).await,
        playbook => playbook,
    };
    let Some(playbook) = playbook else {
        terminal.warn("serve.not_started", &[]);
        return None;
    };
    let Some(clock) = moved_clock::choose(&config.api_base, &environment) else {
        terminal.warn("serve.clock_refused", &[("name", moved_clock::VARIABLE)]);
        return None;
    };
    Some(Parts {
        config,
        playbook: CurrentPlaybook::new(playbook),
        seen,
        clock,
        metrics: Metrics::start(),
        inherited: Inherited::default(),
    })
}

/// Whether a way back to a version has stopped halfway.
fn half_done(report: &Report) -> bool {
    report.items().iter().any(|item| item.code == HALF_DONE)
}

/// What was in force when the last process ended.
async fn before(config: &Config, terminal: &Terminal) -> Option<Playbook> {
    match last_good(config).await {
        Ok(found) => {
            let (playbook, version) = found?;
            let number = version.number.to_string();
            terminal.warn("serve.last_good", &[("number", &number)]);
            Some(playbook)
        }
        Err(error) => {
            tracing::warn!(%error, "what was in force before cannot be read");
            None
        }
    }
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

    /// Returns when somebody wants the program to stop.
    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Why [`wait`] returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Woken {
    /// Somebody wants it to stop.
    Asked,
    /// It cannot go on.
    Cannot(Ending),
}

/// Waits until somebody wants the server to stop, or it cannot go on.
pub(super) async fn wait(server: &mut Server, signals: &mut Signals) -> Woken {
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => return Woken::Asked,
            _ = signals.interrupt.recv() => return Woken::Asked,
            _ = signals.hangup.recv() => {
                server.reload.wish();
                server.renewal.wish();
            }
            ending = server.ended() => {
                tracing::error!(?ending, "the server cannot go on");
                return Woken::Cannot(ending);
            }
        }
    }
}
