//! `restore`: a backup into an empty data folder.

use std::path::PathBuf;

use super::access::local;
use super::backup::refuse;
use super::output::Terminal;
use super::{ConfigArg, Ended, environment, moved_clock, operator};
use crate::app;
use crate::backup::Backup;
use crate::backup::move_rows;
use crate::config::Config;
use crate::store::{Deed, StoreError};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long)]
    go_on: bool,
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    let (config, _) = Config::load(&args.config.config, &environment).map_err(|report| {
        terminal.report(&report);
        anyhow::anyhow!(terminal.lang.text("cli.bad_config", &[]))
    })?;
    // All of it is read before anything is written.
    let backup = match Backup::verify(&args.file, Some(&config.corp)) {
        Ok(backup) => backup,
        Err(error) => return Ok(refuse(&args.file, &error, terminal)),
    };
    let store = match app::open_store(&config).await {
        Ok(store) => store,
        Err(StoreError::InUse { path }) => {
            terminal.warn("restore.in_use", &[("folder", &path)]);
            return Ok(Ended::CouldNotRun);
        }
        Err(error) => return Err(error.into()),
    };
    if !store.is_alone().await? {
        let place = super::store::name(&config.store)?;
        terminal.warn("restore.in_use", &[("folder", &place)]);
        return Ok(Ended::CouldNotRun);
    }
    let Some(clock) = moved_clock::choose(&config.api_base, &environment) else {
        terminal.warn("serve.clock_refused", &[("name", moved_clock::VARIABLE)]);
        return Ok(Ended::CouldNotRun);
    };
    let now = clock.now();
    let hold = (!args.go_on).then_some(now);
    let rows = match move_rows::restore(&backup, store.as_ref(), hold).await {
        Ok(rows) => rows,
        Err(error) => return Ok(refuse(&args.file, &error, terminal)),
    };
    let by = operator::operator();
    let deed = Deed {
        who: by.who,
        what: by.what,
        result: format!("{rows} rows of {}", backup.head.at.timestamp()),
    };
    store.note_deed(deed, now).await?;
    let depths = store.depths(now).await?;
    let values = [
        ("rows", rows.to_string()),
        ("at", local(backup.head.at, &config.timezone)),
        ("dead", depths.dead.to_string()),
        ("unknown", depths.unknown.to_string()),
    ];
    let values = values
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    terminal.say("restore.done", &values);
    let key = if args.go_on {
        "restore.goes_on"
    } else {
        "restore.held"
    };
    terminal.say(key, &values);
    Ok(Ended::Good)
}
