//! `store migrate`: the data from one store into another.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Subcommand;

use super::output::Terminal;
use super::{ConfigArg, Ended, environment, operator};
use crate::app;
use crate::backup::move_rows::Move;
use crate::config::{Config, StoreKind};
use crate::domain::clock::{Clock as _, SystemClock};
use crate::domain::ids::CorpId;
use crate::store::{Deed, Store, StoreError};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: StoreVerb,
}

#[derive(Debug, Subcommand)]
enum StoreVerb {
    Migrate(MigrateArgs),
}

#[derive(Debug, clap::Args)]
struct MigrateArgs {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(long, value_name = "DIR")]
    from: String,
    #[arg(long, value_name = "KIND:DIR")]
    to: String,
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    match args.verb {
        StoreVerb::Migrate(args) => migrate(args, terminal).await,
    }
}

async fn migrate(args: MigrateArgs, terminal: &Terminal) -> anyhow::Result<Ended> {
    let (config, _) = Config::load(&args.config.config, &environment).map_err(|report| {
        terminal.report(&report);
        anyhow::anyhow!(terminal.lang.text("cli.bad_config", &[]))
    })?;
    let Some(old) = source(&args.from) else {
        terminal.warn("store.no_source", &[("place", &args.from)]);
        return Ok(Ended::CouldNotRun);
    };
    let Some(new) = target(&args.to) else {
        terminal.warn("store.bad_target", &[("place", &args.to)]);
        return Ok(Ended::CouldNotRun);
    };
    let open = |kind: &StoreKind, corp: &CorpId| match app::open_kind(kind, corp) {
        Err(StoreError::InUse { path }) => {
            terminal.warn("store.in_use", &[("place", &path)]);
            Ok(None)
        }
        opened => opened.map(Some),
    };
    let Some(from) = open(&old, &config.corp)? else {
        return Ok(Ended::CouldNotRun);
    };
    let Some(to) = open(&new, &config.corp)? else {
        return Ok(Ended::CouldNotRun);
    };
    if from.filling().await?.is_some() {
        terminal.warn("store.not_whole", &[("place", &args.from)]);
        return Ok(Ended::CouldNotRun);
    }
    let name = std::path::absolute(folder(&old))?.display().to_string();
    match moved(from.as_ref(), to.as_ref(), &name).await {
        Ok(Some(rows)) => {
            let by = operator::operator();
            let deed = Deed {
                who: by.who,
                what: by.what,
                result: format!("{rows} rows"),
            };
            to.note_deed(deed, SystemClock.now()).await?;
            let values = [("rows", rows.to_string()), ("place", args.to)];
            let values = values
                .each_ref()
                .map(|(name, value)| (*name, value.as_str()));
            terminal.say("store.moved", &values);
            Ok(Ended::Good)
        }
        Ok(None) => {
            terminal.warn("store.differs", &[("place", &args.to)]);
            Ok(Ended::FoundWrong)
        }
        Err(StoreError::NotEmpty) => {
            terminal.warn("store.not_empty", &[("place", &args.to)]);
            Ok(Ended::FoundWrong)
        }
        Err(error) => bail!(error),
    }
}

/// Moves all rows. How many there are; none if the two do not hold the same afterwards.
async fn moved(from: &dyn Store, to: &dyn Store, name: &str) -> Result<Option<u64>, StoreError> {
    let mut moving = Move::begin(from, to, name).await?;
    while moving.step().await? {}
    let (old, new) = moving.finish().await?;
    let rows = old.values().map(|tally| tally.rows).sum();
    Ok((old == new).then_some(rows))
}

fn folder(kind: &StoreKind) -> &Path {
    match kind {
        StoreKind::Redb(folder) | StoreKind::Sled(folder) => folder,
    }
}

/// The store in a folder, by what is in it.
fn source(place: &str) -> Option<StoreKind> {
    if let Some(kind) = named(place) {
        return folder(&kind).is_dir().then_some(kind);
    }
    let folder = PathBuf::from(place);
    if folder.join("store.redb").is_file() {
        Some(StoreKind::Redb(folder))
    } else if folder.join("sled").is_dir() || folder.join("sled.current").is_file() {
        Some(StoreKind::Sled(folder))
    } else {
        None
    }
}

/// The store that is to be: `redb:DIR`, `sled:DIR`.
fn target(place: &str) -> Option<StoreKind> {
    named(place).or_else(|| source(place))
}

fn named(place: &str) -> Option<StoreKind> {
    let (kind, folder) = place.split_once(':')?;
    match kind {
        "redb" => Some(StoreKind::Redb(folder.into())),
        "sled" => Some(StoreKind::Sled(folder.into())),
        _ => None,
    }
}
