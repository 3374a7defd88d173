//! `init`: commented files to start from.

use std::path::PathBuf;

use anyhow::Context as _;

use super::output::Terminal;
use super::{Ended, samples};

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
    samples::write_one(&config, samples::CONFIG.as_bytes(), &mut written)
        .with_context(|| config.display().to_string())?;
    for path in &written.new {
        terminal.say("init.new", &[("path", &path.display().to_string())]);
    }
    for path in &written.kept {
        terminal.say("init.kept", &[("path", &path.display().to_string())]);
    }
    terminal.say("init.next", &[("config", &config.display().to_string())]);
    Ok(Ended::Good)
}
