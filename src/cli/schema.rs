//! `schema`: JSON Schema for editors.

use clap::ValueEnum;

use super::Ended;
use super::output::Terminal;
use crate::config::ConfigFile;
use crate::{rules, simulate, sops, templates};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(value_enum)]
    file: File,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum File {
    Rules,
    Sops,
    Calendar,
    Template,
    Test,
    Config,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    let schema = match args.file {
        File::Rules => rules::schema(),
        File::Sops => sops::schema(),
        File::Calendar => rules::calendar_schema(),
        File::Template => templates::schema(),
        File::Test => simulate::schema(),
        File::Config => schemars::schema_for!(ConfigFile).to_value(),
    };
    terminal.json(&schema)?;
    Ok(Ended::Good)
}
