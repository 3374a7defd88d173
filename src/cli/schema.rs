//! `schema`: JSON Schema for editors.

use clap::ValueEnum;
use serde_json::Value;

use super::Ended;
use super::output::Terminal;
use crate::config::ConfigFile;
use crate::receive::ingest;
use crate::{channels, rules, simulate, sops, templates};

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
    Ingest,
    Channels,
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
            Self::Channels => channels::schema(),
            Self::Ingest => ingest::schema(),
            Self::Config => schemars::schema_for!(ConfigFile).to_value(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{VSCODE, all};
    use crate::lang::Lang;

    fn keys(schema: &serde_json::Value, found: &mut BTreeSet<String>) {
        if let Some(properties) = schema["properties"].as_object() {
            found.extend(properties.keys().cloned());
        }
        let below = schema.as_object().into_iter().flat_map(|map| map.values());
        let listed = schema.as_array().into_iter().flatten();
        for schema in below.chain(listed) {
            keys(schema, found);
        }
    }

    #[test]
    fn differences_have_a_word_for_every_key() {
        let mut found = BTreeSet::new();
        for (_, schema) in all().iter().filter(|(name, _)| name != "config") {
            keys(schema, &mut found);
        }
        assert!(found.contains("start_sop"), "{found:?}");
        let silent = |key: &&String| Lang::Zh.lookup(&format!("diff.key_{key}")).is_none();
        let silent: Vec<_> = found.iter().filter(silent).collect();
        assert!(silent.is_empty(), "{silent:?}");
    }

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
