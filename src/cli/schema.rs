//! `schema`: JSON Schema for editors.

use clap::ValueEnum;
use serde_json::Value;

use super::Ended;
use super::output::Terminal;
use crate::config::ConfigFile;
use crate::{rules, simulate, sops, templates};

/// Which schema is for which files, for editors that read `.vscode/settings.json`.
pub(super) const VSCODE: &str = include_str!("init/vscode.json");

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
    Roster,
    Template,
    Test,
    Config,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    terminal.json(&args.file.schema())?;
    Ok(Ended::Good)
}

/// Every schema with its name.
pub(super) fn all() -> Vec<(String, Value)> {
    let files = File::value_variants().iter();
    let named = files.filter_map(|file| {
        let name = file.to_possible_value()?.get_name().to_owned();
        Some((name, file.schema()))
    });
    named.collect()
}

impl File {
    fn schema(self) -> Value {
        match self {
            Self::Rules => rules::schema(),
            Self::Sops => sops::schema(),
            Self::Test => simulate::schema(),
            Self::Calendar => rules::calendar_schema(),
            Self::Roster => rules::roster_schema(),
            Self::Template => templates::schema(),
            Self::Config => schemars::schema_for!(ConfigFile).to_value(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{VSCODE, all};

    #[test]
    fn the_editor_settings_name_schemas_that_are_there() {
        let settings: serde_json::Value = serde_json::from_str(VSCODE).expect("JSON");
        let names: Vec<String> = all().into_iter().map(|(name, _)| name).collect();
        let schemas = settings["yaml.schemas"].as_object().expect("a map");
        for path in schemas.keys() {
            let name = path
                .strip_prefix("./schemas/")
                .and_then(|name| name.strip_suffix(".json"));
            let known = name.is_some_and(|name| names.iter().any(|known| known == name));
            assert!(known, "{path}");
        }
    }
}
