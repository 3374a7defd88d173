//! `init`: commented files to start from.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::output::Terminal;
use super::{Ended, samples, schema};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    let folder = &args.dir;
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let mut written = samples::write(folder).with_context(|| folder.display().to_string())?;
    let config = folder.join("agent.toml");
    samples::write_secret(&config, samples::CONFIG.as_bytes(), &mut written)
        .with_context(|| config.display().to_string())?;
    editors(folder, &mut written).with_context(|| folder.display().to_string())?;
    for path in &written.new {
        terminal.say("init.new", &[("path", &path.display().to_string())]);
    }
    for path in &written.kept {
        terminal.say("init.kept", &[("path", &path.display().to_string())]);
    }
    terminal.say("init.next", &[("config", &config.display().to_string())]);
    Ok(Ended::Good)
}

/// Schemas and settings, so that an editor completes keys and shows mistakes at once.
fn editors(folder: &Path, written: &mut samples::Written) -> std::io::Result<()> {
    let schemas = folder.join("schemas");
    std::fs::create_dir_all(&schemas)?;
    for (name, schema) in schema::all() {
        let text = format!("{schema:#}\n");
        let path = schemas.join(format!("{name}.json"));
        samples::write_one(&path, text.as_bytes(), written)?;
    }
    let settings = folder.join(".vscode");
    std::fs::create_dir_all(&settings)?;
    let path = settings.join("settings.json");
    samples::write_one(&path, schema::VSCODE.as_bytes(), written)
}
