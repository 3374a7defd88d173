//! `mock-wecom`: the mock as a program of its own.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use mock_wecom::{Chaos, Config, ControlClient, Fault, MockWecom, record};
use serde_json::{Map, Value};
use tracing_subscriber::EnvFilter;

/// A stateful stand-in for the WeCom (企业微信) server API.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Serves until interrupted. Example: `mock-wecom serve --listen 127.0.0.1:8090`
    Serve(Serve),
    /// Injects faults into a running mock. Example: `mock-wecom fault kf/send_msg=errcode:45009,times=3`
    Fault {
        /// `PATH=ACTION[:ARGUMENT][,times=N][,skip=N][,applied]`; `callback/NAME` for callbacks.
        #[arg(required = true)]
        faults: Vec<Fault>,
        #[command(flatten)]
        at: At,
    },
    /// Calls the control API of a running mock. Example: `mock-wecom ask clock '{"advance_secs":60}'`
    Ask {
        /// The path under `/mock`.
        path: String,
        /// A JSON body makes it a POST.
        body: Option<String>,
        #[command(flatten)]
        at: At,
    },
    /// Stands between a client and a real WeCom and writes what passes, secrets masked.
    /// Example: `mock-wecom record --to https://qyapi.weixin.qq.com exchanges.jsonl`
    Record {
        /// The file to append to, one exchange on each line.
        file: PathBuf,
        /// The base URL to pass requests on to.
        #[arg(long, default_value = "https://qyapi.weixin.qq.com")]
        to: String,
        /// Where to listen; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:8090")]
        listen: SocketAddr,
    },
    /// Serves a recording. Example: `mock-wecom replay exchanges.jsonl`
    Replay {
        /// The file that `record` wrote.
        file: PathBuf,
        /// Answer a request that was not recorded with another answer of the same path.
        #[arg(long)]
        loose: bool,
        /// Where to listen; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:8090")]
        listen: SocketAddr,
    },
    /// Prints the tables of endpoints, switches and events as Markdown.
    Coverage,
}

#[derive(Args)]
struct At {
    /// Where the mock runs.
    #[arg(long, default_value = "http://127.0.0.1:8090", env = "MOCK_WECOM_URL")]
    at: String,
}

#[derive(Args)]
struct Serve {
    /// Where to listen; port 0 takes a free one.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// How others reach the mock, where that is not the bound address (containers).
    #[arg(long)]
    public_url: Option<String>,
    /// A JSON file with the start configuration.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Seed of every generated id.
    #[arg(long)]
    seed: Option<u64>,
    /// A fault to begin with, as `fault` takes it; may be given several times.
    #[arg(long)]
    fault: Vec<Fault>,
    /// Faults at random, as SEED:PERCENT.
    #[arg(long, value_parser = chaos)]
    chaos: Option<Chaos>,
    /// A JSON file with a scenario to play.
    #[arg(long)]
    scenario: Option<PathBuf>,
    /// A snapshot to begin with, as `GET /mock/snapshot` answered it.
    #[arg(long)]
    snapshot: Option<PathBuf>,
    /// A switch that differs from its default, as NAME=JSON; may be given several times.
    #[arg(long = "switch", value_parser = switch)]
    switches: Vec<(String, Value)>,
}

fn chaos(text: &str) -> Result<Chaos, String> {
    let parts = text.split_once(':');
    let numbers =
        parts.and_then(|(seed, percent)| Some((seed.parse().ok()?, percent.parse().ok()?)));
    let (seed, percent) = numbers.ok_or("SEED:PERCENT, such as 7:20")?;
    Ok(Chaos {
        seed,
        percent,
        paths: Vec::new(),
        actions: Vec::new(),
    })
}

fn switch(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE")?;
    // A bare word is a text.
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((name.to_owned(), value))
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
    let done = match Cli::parse().verb {
        Verb::Serve(options) => serve(options).await,
        Verb::Fault { faults, at } => inject(&faults, &at).await,
        Verb::Ask { path, body, at } => ask(&path, body, &at).await,
        Verb::Record { file, to, listen } => stand(record::record(listen, &to, &file).await).await,
        Verb::Replay {
            file,
            loose,
            listen,
        } => stand(record::replay(listen, &file, loose).await).await,
        Verb::Coverage => coverage(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::from(2)
        }
    }
}

async fn serve(options: Serve) -> io::Result<()> {
    let mut config = match options.config {
        None => Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 8090)),
            ..Config::sample()
        },
        Some(path) => serde_json::from_slice(&tokio::fs::read(path).await?)?,
    };
    config.listen = options.listen.unwrap_or(config.listen);
    config.public_url = options.public_url.or(config.public_url);
    config.seed = options.seed.unwrap_or(config.seed);
    config.switches.extend(Map::from_iter(options.switches));
    let scenario = match options.scenario {
        Some(path) => Some(serde_json::from_slice(&tokio::fs::read(path).await?)?),
        None => None,
    };
    let mock = MockWecom::start(config).await?;
    if let Some(path) = options.snapshot {
        let snapshot = serde_json::from_slice(&tokio::fs::read(path).await?)?;
        mock.restore(snapshot).map_err(io::Error::other)?;
    }
    for fault in options.fault {
        mock.fault(fault);
    }
    if let Some(chaos) = options.chaos {
        mock.chaos(chaos).map_err(io::Error::other)?;
    }
    announce(&mock.base_url())?;
    if let Some(scenario) = scenario {
        mock.play(scenario).map_err(io::Error::other)?;
    }
    stopped().await?;
    mock.shutdown().await;
    Ok(())
}

/// Scripts read the port from this line, so it must not wait in a buffer.
fn announce(base_url: &str) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "mock-wecom listening on {base_url}")?;
    out.flush()
}

/// Keeps a recorder or a replayer running until interrupted.
async fn stand(started: io::Result<record::Stand>) -> io::Result<()> {
    let stand = started?;
    announce(&stand.base_url())?;
    stopped().await
}

async fn inject(faults: &[Fault], at: &At) -> io::Result<()> {
    let client = ControlClient::new(&at.at)?;
    for fault in faults {
        let body = serde_json::to_string(fault)?;
        client.call("faults", Some(body)).await?;
    }
    Ok(())
}

async fn ask(path: &str, body: Option<String>, at: &At) -> io::Result<()> {
    let answer = ControlClient::new(&at.at)?.call(path, body).await?;
    writeln!(io::stdout(), "{answer:#}")
}

fn coverage() -> io::Result<()> {
    let mut out = io::stdout();
    for (name, table) in mock_wecom::coverage_tables() {
        writeln!(out, "## {name}\n\n{table}")?;
    }
    Ok(())
}

/// Waits for Ctrl-C or, on Unix, for SIGTERM.
async fn stopped() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut term = signal(SignalKind::terminate())?;
        tokio::select! {
            done = tokio::signal::ctrl_c() => done,
            _ = term.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
