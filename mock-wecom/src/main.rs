//! `mock-wecom serve`: the mock as a program of its own.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mock_wecom::{Config, MockWecom};
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
    Serve {
        /// Where to listen; port 0 takes a free one.
        #[arg(long)]
        listen: Option<SocketAddr>,
        /// A JSON file with the start configuration.
        #[arg(long)]
        config: Option<PathBuf>,
        /// Seed of every generated id.
        #[arg(long)]
        seed: Option<u64>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let Verb::Serve {
        listen,
        config,
        seed,
    } = Cli::parse().verb;
    match serve(listen, config, seed).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::from(2)
        }
    }
}

async fn serve(
    listen: Option<SocketAddr>,
    file: Option<PathBuf>,
    seed: Option<u64>,
) -> std::io::Result<()> {
    let mut config = match file {
        None => Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 8090)),
            ..Config::sample()
        },
        Some(path) => serde_json::from_slice(&tokio::fs::read(path).await?)?,
    };
    config.listen = listen.unwrap_or(config.listen);
    config.seed = seed.unwrap_or(config.seed);
    let mock = MockWecom::start(config).await?;
    // Scripts read the port from this line, so it must not wait in a buffer.
    let mut out = std::io::stdout();
    writeln!(out, "mock-wecom listening on {}", mock.base_url())?;
    out.flush()?;
    stopped().await?;
    mock.shutdown().await;
    Ok(())
}

/// Waits for Ctrl-C or, on Unix, for SIGTERM.
async fn stopped() -> std::io::Result<()> {
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
