//! The command line: one file per verb.
//!
//! Exit codes: 0 good, 1 found something wrong, 2 could not run.

mod access;
mod arguments;
mod audit;
mod backup;
mod broadcasts;
mod by_state;
mod channels;
mod check;
mod contacts;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod erase;
mod explain;
mod export;
mod fix;
mod groups;
mod import;
mod init;
mod junit;
mod lists;
mod moved_clock;
mod operator;
mod outcome;
mod output;
mod panics;
mod preview;
mod queue;
mod replay;
mod restore;
mod rules;
mod samples;
mod schema;
mod serve;
mod since;
mod sop;
mod storage;
mod store;
mod sync;
mod test;
mod trace;
mod try_rules;
mod undo;
mod version_names;
mod words;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::lang::Lang;
use output::Terminal;

/// The program and its options.
#[derive(Debug, Parser)]
#[command(name = "wecom-agent", version, disable_help_subcommand = true)]
struct Cli {
    /// In which language to speak.
    #[arg(long, global = true, value_enum)]
    lang: Option<Lang>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    #[cfg(feature = "demo")]
    Demo(demo::Args),
    Init(init::Args),
    Serve(serve::Args),
    Check(check::Args),
    Test(test::Args),
    #[command(name = "try")]
    TryRules(try_rules::Args),
    Trace(trace::Args),
    Undo(undo::Args),
    Replay(replay::Args),
    Queue(queue::Args),
    Broadcasts(broadcasts::Args),
    Rules(rules::Args),
    Preview(preview::Args),
    Sop(sop::Args),
    Contacts(contacts::Args),
    Groups(groups::Args),
    Sync(sync::Args),
    Channels(channels::Args),
    Doctor(doctor::Args),
    Backup(backup::Args),
    Restore(restore::Args),
    Export(export::Args),
    Import(contacts::ImportArgs),
    Erase(erase::Args),
    Store(store::Args),
    Audit(audit::Args),
    Schema(schema::Args),
}

/// Where the config is.
#[derive(Debug, clap::Args)]
struct ConfigArg {
    #[arg(long, short, value_name = "FILE", default_value = "agent.toml")]
    config: PathBuf,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// For scripts.
    Json,
}

/// How a verb ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Good,
    FoundWrong,
    CouldNotRun,
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        Self::from(match ended {
            Ended::Good => 0,
            Ended::FoundWrong => 1,
            Ended::CouldNotRun => 2,
        })
    }
}

/// Runs the program with these arguments.
#[must_use]
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let lang = arguments::language(&arguments);
    let cli = match arguments::parse(arguments, lang) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let terminal = Terminal::new(cli.lang.unwrap_or(lang));
    panics::keep_quiet(terminal);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal.error(&anyhow::Error::new(error));
            return Ended::CouldNotRun.into();
        }
    };
    let result = runtime.block_on(dispatch(cli.verb, &terminal));
    match result {
        Ok(ended) => ended.into(),
        Err(error) => {
            terminal.error(&error);
            storage::advise(&error, &terminal);
            Ended::CouldNotRun.into()
        }
    }
}

async fn dispatch(verb: Verb, terminal: &Terminal) -> anyhow::Result<Ended> {
    match verb {
        #[cfg(feature = "demo")]
        Verb::Demo(args) => demo::run(args, terminal).await,
        Verb::Init(args) => init::run(&args, terminal),
        Verb::Serve(args) => serve::run(args, terminal).await,
        Verb::Check(args) => check::run(&args, terminal),
        Verb::Test(args) => test::run(&args, terminal),
        Verb::TryRules(args) => try_rules::run(args, terminal).await,
        Verb::Trace(args) => trace::run(args, terminal).await,
        Verb::Undo(args) => undo::run(args, terminal).await,
        Verb::Replay(args) => replay::run(args, terminal).await,
        Verb::Queue(args) => queue::run(args, terminal).await,
        Verb::Broadcasts(args) => broadcasts::run(args, terminal).await,
        Verb::Rules(args) => rules::run(args, terminal).await,
        Verb::Preview(args) => preview::run(args, terminal).await,
        Verb::Sop(args) => sop::run(args, terminal).await,
        Verb::Contacts(args) => contacts::run(args, terminal).await,
        Verb::Groups(args) => groups::run(args, terminal).await,
        Verb::Sync(args) => sync::run(args, terminal).await,
        Verb::Channels(args) => channels::run(args, terminal).await,
        Verb::Doctor(args) => doctor::run(&args, terminal).await,
        Verb::Backup(args) => backup::run(args, terminal).await,
        Verb::Restore(args) => restore::run(args, terminal).await,
        Verb::Export(args) => export::run(args, terminal).await,
        Verb::Import(args) => contacts::take_in(args, terminal).await,
        Verb::Erase(args) => erase::run(args, terminal).await,
        Verb::Store(args) => store::run(args, terminal).await,
        Verb::Audit(args) => audit::run(args, terminal).await,
        Verb::Schema(args) => schema::run(&args, terminal),
    }
}

/// Looks up environment variables for the config.
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
