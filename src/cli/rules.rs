//! `rules`: versions of the operators' files, and what differs between them.

use anyhow::{Context as _, bail};
use clap::Subcommand;

use super::access::{Access, local};
use super::output::Terminal;
use super::version_names::{VersionNames, told};
use super::words::padded;
use super::{ConfigArg, Ended, Format, import};
use crate::app::{Folders, History, Reply, Request, go_back, load_playbook, settle};
use crate::versions::{FileSet, Kept, Plan, Reason, Version, difference, plan, words};

/// Room for the name of a version: `123 · 3fa9c1`.
const NAME_COLUMNS: usize = 12;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: RulesVerb,
}

#[derive(Debug, Subcommand)]
enum RulesVerb {
    History(HistoryArgs),
    Diff(DiffArgs),
    Rollback(RollbackArgs),
    Import(import::Args),
}

#[derive(Debug, clap::Args)]
struct HistoryArgs {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(long, default_value_t = 20)]
    limit: usize,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, clap::Args)]
struct DiffArgs {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(value_name = "A")]
    old: Option<String>,
    #[arg(value_name = "B")]
    new: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, clap::Args)]
struct RollbackArgs {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(value_name = "N")]
    number: String,
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    match args.verb {
        RulesVerb::History(args) => history(&args, terminal).await,
        RulesVerb::Diff(args) => diff(&args, terminal).await,
        RulesVerb::Rollback(args) => rollback(&args, terminal).await,
        RulesVerb::Import(args) => import::run(&args, terminal),
    }
}

async fn history(args: &HistoryArgs, terminal: &Terminal) -> anyhow::Result<Ended> {
    let access = Access::open(&args.config, terminal).await?;
    let VersionNames(history) = VersionNames::of(&access).await?;
    let newest: Vec<&Version> = history.versions.iter().rev().take(args.limit).collect();
    if args.format == Format::Json {
        let rows: Vec<_> = newest
            .iter()
            .map(|version| {
                serde_json::json!({
                    "number": version.number,
                    "at_ms": version.at,
                    "hash": version.hash,
                    "reason": version.reason,
                    "in_force": history.in_force == Some(version.number),
                    "changes": version.changes,
                    "summary": summary(version, &history, terminal),
                })
            })
            .collect();
        terminal.json(&rows)?;
        return Ok(Ended::Good);
    }
    if newest.is_empty() {
        terminal.say("versions.none", &[]);
        return Ok(Ended::Good);
    }
    for version in newest {
        let in_force = history.in_force == Some(version.number);
        let name = padded(&told(version), NAME_COLUMNS);
        let at = local(version.at, &access.config.timezone);
        let what = summary(version, &history, terminal);
        let values = [
            ("mark", if in_force { "*" } else { " " }),
            ("version", name.as_str()),
            ("at", &at),
            ("what", &what),
        ];
        terminal.say("versions.row", &values);
    }
    terminal.say("versions.in_force", &[]);
    Ok(Ended::Good)
}

/// What a version brought, in a few words.
fn summary(version: &Version, history: &History, terminal: &Terminal) -> String {
    let lang = terminal.lang;
    let oldest = history.versions.first().map(|first| first.number) == Some(version.number);
    let mut what = if !version.changes.is_empty() {
        words::summary(&version.changes, lang)
    } else if oldest {
        lang.text("versions.first", &[])
    } else {
        lang.text("versions.same", &[])
    };
    if version.reason == Reason::BeforeRollback {
        what.push_str(&lang.text("versions.before_rollback", &[]));
    }
    what
}

async fn diff(args: &DiffArgs, terminal: &Terminal) -> anyhow::Result<Ended> {
    let access = Access::open(&args.config, terminal).await?;
    let names = VersionNames::of(&access).await?;
    let old = match &args.old {
        Some(wanted) => wanted.clone(),
        None => match names.0.in_force {
            Some(number) => number.to_string(),
            None => {
                terminal.warn("versions.no_base", &[]);
                return Ok(Ended::FoundWrong);
            }
        },
    };
    let number = |version: &Version| {
        let n = told(version);
        terminal.lang.text("versions.number", &[("n", &n)])
    };
    let Some(before) = version(&access, &names, &old, terminal).await? else {
        return Ok(Ended::FoundWrong);
    };
    let (after, name) = match &args.new {
        None => {
            let now = terminal.lang.text("versions.now", &[]);
            (on_disk(&access)?, now)
        }
        Some(new) => match version(&access, &names, new, terminal).await? {
            None => return Ok(Ended::FoundWrong),
            Some(kept) => (kept.set, number(&kept.version)),
        },
    };
    let changes = difference(&before.set, &after);
    if args.format == Format::Json {
        terminal.json(&changes.list)?;
        return Ok(Ended::Good);
    }
    let old = number(&before.version);
    terminal.say("versions.compared", &[("old", &old), ("new", &name)]);
    if changes.is_empty() {
        terminal.say("versions.no_difference", &[]);
    }
    for line in words::lines(&changes, terminal.lang) {
        terminal.line(format_args!("  {line}"));
    }
    Ok(Ended::Good)
}

async fn rollback(args: &RollbackArgs, terminal: &Terminal) -> anyhow::Result<Ended> {
    let access = Access::open(&args.config, terminal).await?;
    let names = VersionNames::of(&access).await?;
    let Some(then) = version(&access, &names, &args.number, terminal).await? else {
        return Ok(Ended::FoundWrong);
    };
    let now = on_disk(&access)?;
    let way = plan(&now, &then.set);
    let number = then.version.number.to_string();
    let named = [("n", number.as_str())];
    if !way.missing.is_empty() {
        tell_missing(&way, &access, &number, terminal);
        return Ok(Ended::FoundWrong);
    }
    if way.is_empty() {
        terminal.say("versions.already", &named);
        return Ok(Ended::Good);
    }
    if args.dry_run {
        for line in words::lines(&difference(&now, &then.set), terminal.lang) {
            terminal.line(format_args!("  {line}"));
        }
        tell(
            &way,
            ("versions.would_write", "versions.would_remove"),
            terminal,
        );
        terminal.say("versions.preview", &[]);
        return Ok(Ended::Good);
    }
    // Nothing is written before what is there is safe.
    let keep = Request::KeepVersion(Box::new(now.clone()));
    let Reply::VersionKept(kept) = access.ask(keep).await? else {
        bail!("unexpected answer");
    };
    let kept = kept.to_string();
    terminal.say("versions.kept_before", &[("n", &kept)]);
    go_back(&way, &now, &then.set, &Folders::of(&access.config))?;
    tell(&way, ("versions.wrote", "versions.removed"), terminal);
    let (_, report) = load_playbook(&access.config);
    if report.has_errors() {
        terminal.report(&report);
        terminal.warn("versions.not_good", &named);
        return Ok(Ended::FoundWrong);
    }
    terminal.say("versions.back", &named);
    Ok(Ended::Good)
}

fn tell_missing(way: &Plan, access: &Access, number: &str, terminal: &Terminal) {
    terminal.warn("versions.missing", &[("n", number)]);
    for path in &way.missing {
        terminal.line(format_args!("  {path}"));
    }
    let folder = access.config.paths.templates.display().to_string();
    terminal.warn("versions.missing_help", &[("folder", &folder)]);
}

fn tell(way: &Plan, (write, remove): (&str, &str), terminal: &Terminal) {
    for (key, paths) in [(write, &way.write), (remove, &way.remove)] {
        for path in paths {
            terminal.say(key, &[("file", path)]);
        }
    }
}

/// A version with its files, by its number or hash; says so if there is none.
async fn version(
    access: &Access,
    names: &VersionNames,
    wanted: &str,
    terminal: &Terminal,
) -> anyhow::Result<Option<Kept>> {
    let kept = match names.find(wanted) {
        None => None,
        Some(number) => match access.ask(Request::Version(number)).await? {
            Reply::Version(kept) => kept,
            _ => bail!("unexpected answer"),
        },
    };
    if kept.is_none() {
        terminal.warn("versions.unknown", &[("n", wanted)]);
    }
    Ok(kept.map(|kept| *kept))
}

fn on_disk(access: &Access) -> anyhow::Result<FileSet> {
    let folders = Folders::of(&access.config);
    settle(&folders)?;
    folders.read().context("the folders of rules and templates")
}
