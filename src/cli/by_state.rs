//! What `queue` and `broadcasts` have in common: a list by state, and one thing by its id.

use anyhow::anyhow;
use clap::ValueEnum;
use serde::Serialize;

use super::output::Terminal;
use super::{ConfigArg, Ended, Format, words};

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs<S: ValueEnum + Clone + Send + Sync + 'static> {
    #[command(flatten)]
    pub(super) config: ConfigArg,
    #[arg(long, value_enum)]
    pub(super) state: Vec<S>,
    #[arg(long, default_value_t = 50)]
    pub(super) limit: usize,
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

#[derive(Debug, clap::Args)]
pub(super) struct OneArgs {
    #[command(flatten)]
    pub(super) config: ConfigArg,
    #[arg(value_name = "ID")]
    pub(super) id: String,
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// Tells them all. `area` names the texts for the head of the table and for an empty list.
pub(super) fn list<T: Serialize>(
    all: &[T],
    format: Format,
    (area, widths): (&str, &[usize]),
    terminal: &Terminal,
    line: impl Fn(&T),
) -> anyhow::Result<Ended> {
    if format == Format::Json {
        terminal.json(&all)?;
        return Ok(Ended::Good);
    }
    if all.is_empty() {
        terminal.say(&format!("{area}.empty"), &[]);
    } else {
        words::head(terminal, &format!("{area}.head"), widths);
    }
    all.iter().for_each(line);
    Ok(Ended::Good)
}

/// Tells one, or that there is none.
pub(super) fn one<T: Serialize>(
    found: Option<T>,
    args: &OneArgs,
    area: &str,
    terminal: &Terminal,
    print: impl FnOnce(&T) -> anyhow::Result<()>,
) -> anyhow::Result<Ended> {
    let Some(found) = found else {
        terminal.warn(&format!("{area}.unknown"), &[("id", &args.id)]);
        return Ok(Ended::FoundWrong);
    };
    match args.format {
        Format::Json => terminal.json(&found)?,
        Format::Text => print(&found)?,
    }
    Ok(Ended::Good)
}

/// The id that was meant.
pub(super) fn id<I: std::str::FromStr>(
    text: &str,
    area: &str,
    terminal: &Terminal,
) -> anyhow::Result<I> {
    let bad = || {
        terminal
            .lang
            .text(&format!("{area}.bad_id"), &[("id", text)])
    };
    text.parse().map_err(|_| anyhow!(bad()))
}
