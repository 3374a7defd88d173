//! `store migrate`: the data from one store into another.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use clap::Subcommand;

use super::operator::masked;
use super::output::Terminal;
use super::{ConfigArg, Ended, environment, operator};
use crate::app;
use crate::backup::move_rows::Move;
use crate::config::{Config, SecretText, StoreKind};
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
    #[arg(long, value_name = "STORE")]
    from: String,
    #[arg(long, value_name = "STORE")]
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
    let places = (masked(&args.from), masked(&args.to));
    let Some(old) = source(&args.from) else {
        terminal.warn("store.no_source", &[("place", &places.0)]);
        return Ok(Ended::CouldNotRun);
    };
    let Some(new) = target(&args.to) else {
        terminal.warn("store.bad_target", &[("place", &places.1)]);
        return Ok(Ended::CouldNotRun);
    };
    let Some(from) = open(&old, &config.corp, terminal).await? else {
        return Ok(Ended::CouldNotRun);
    };
    let Some(to) = open(&new, &config.corp, terminal).await? else {
        return Ok(Ended::CouldNotRun);
    };
    let ended = between(&from, &to, &name(&old)?, &places, terminal).await;
    from.leave().await;
    to.leave().await;
    ended
}

/// Opens a store, unless another process has it.
async fn open(
    kind: &StoreKind,
    corp: &CorpId,
    terminal: &Terminal,
) -> anyhow::Result<Option<Arc<dyn Store>>> {
    match app::open_kind(kind, corp).await {
        Err(StoreError::InUse { path }) => {
            terminal.warn("store.in_use", &[("place", &path)]);
            Ok(None)
        }
        opened => Ok(opened.map(Some)?),
    }
}

async fn between(
    from: &Arc<dyn Store>,
    to: &Arc<dyn Store>,
    name: &str,
    (old, new): &(String, String),
    terminal: &Terminal,
) -> anyhow::Result<Ended> {
    if from.filling().await?.is_some() {
        terminal.warn("store.not_whole", &[("place", old)]);
        return Ok(Ended::CouldNotRun);
    }
    match moved((from.as_ref(), old), (to.as_ref(), new), name).await {
        Ok(Some(rows)) => {
            let by = operator::operator();
            let deed = Deed {
                who: by.who,
                what: by.what,
                result: format!("{rows} rows"),
            };
            to.note_deed(deed, SystemClock.now()).await?;
            let values = [("rows", rows.to_string()), ("place", new.clone())];
            let values = values
                .each_ref()
                .map(|(name, value)| (*name, value.as_str()));
            terminal.say("store.moved", &values);
            Ok(Ended::Good)
        }
        Ok(None) => {
            terminal.warn("store.differs", &[("place", new)]);
            Ok(Ended::FoundWrong)
        }
        Err(StoreError::NotEmpty) => {
            terminal.warn("store.not_empty", &[("place", new)]);
            Ok(Ended::FoundWrong)
        }
        Err(StoreError::InUse { path }) => {
            terminal.warn("store.in_use", &[("place", &path)]);
            Ok(Ended::CouldNotRun)
        }
        Err(error) => bail!(error),
    }
}

/// Moves all rows. How many there are; none if the two do not hold the same afterwards.
async fn moved(
    (from, old): (&dyn Store, &str),
    (to, new): (&dyn Store, &str),
    name: &str,
) -> Result<Option<u64>, StoreError> {
    alone(from, old).await?;
    alone(to, new).await?;
    let mut moving = Move::begin(from, to, name).await?;
    while moving.step().await? {}
    // What a server writes after the move has read it would be left behind.
    alone(from, old).await?;
    let (old, new) = moving.finish().await?;
    let rows = old.values().map(|tally| tally.rows).sum();
    Ok((old == new).then_some(rows))
}

/// Refuses while others work with a store. An embedded one is locked; a database lets
/// everybody in.
async fn alone(store: &dyn Store, place: &str) -> Result<(), StoreError> {
    if store.is_alone().await? {
        return Ok(());
    }
    let path = place.to_owned();
    Err(StoreError::InUse { path })
}

/// What tells the store from every other. A password is not part of it.
pub(super) fn name(kind: &StoreKind) -> std::io::Result<String> {
    Ok(match kind {
        StoreKind::Redb(folder) | StoreKind::Sled(folder) => {
            std::path::absolute(folder)?.display().to_string()
        }
        StoreKind::Postgres(url) => masked(url.expose()),
    })
}

/// The store in a folder, by what is in it, or the one that is named.
fn source(place: &str) -> Option<StoreKind> {
    if let Some(kind) = named(place) {
        return match &kind {
            StoreKind::Redb(folder) | StoreKind::Sled(folder) if !folder.is_dir() => None,
            _ => Some(kind),
        };
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

/// The store that is to be.
fn target(place: &str) -> Option<StoreKind> {
    named(place).or_else(|| source(place))
}

/// `redb:DIR`, `sled:DIR`, `postgres://…`, or `env:NAME` with such a URL in the variable: it
/// has a password in it, and whoever lists the processes sees arguments.
fn named(place: &str) -> Option<StoreKind> {
    let (kind, rest) = place.split_once(':')?;
    match kind {
        "redb" => Some(StoreKind::Redb(rest.into())),
        "sled" => Some(StoreKind::Sled(rest.into())),
        "env" => environment(rest).and_then(database),
        _ => database(place.to_owned()),
    }
}

fn database(url: String) -> Option<StoreKind> {
    let is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
    is_url.then(|| StoreKind::Postgres(SecretText::new(url)))
}

#[cfg(test)]
mod tests {
    use super::{StoreKind, name, named};

    #[test]
    fn a_database_is_named_without_its_password() {
        let kind = named("postgres://agent:geheim@db:5432/wecom?sslmode=require").unwrap();
        assert!(matches!(kind, StoreKind::Postgres(_)));
        assert_eq!(
            name(&kind).unwrap(),
            "postgres://agent:***@db:5432/wecom?sslmode=require"
        );
        assert_eq!(named("postgres:data"), None);
        assert_eq!(named("mysql://a/b"), None);
    }
}
