//! `backup`: everything in one file, while the server runs or not.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::access::{Access, Pieces, local};
use super::output::Terminal;
use super::{ConfigArg, Ended, Format};
use crate::backup::{Backup, BackupError};
use crate::lang::system_key;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long)]
    verify: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    if args.verify {
        return Ok(match Backup::verify(&args.file, None) {
            Ok(backup) => tell(&backup, "backup.whole", args.format, terminal)?,
            Err(error) => refuse(&args.file, &error, terminal),
        });
    }
    let access = Access::open(&args.config, terminal).await?;
    let part = beside(&args.file);
    let written = write(&part, access.backup().await?).await;
    let backup = match written {
        // What cannot be read back is no backup.
        Ok(()) => Backup::verify(&part, Some(&access.config.corp)),
        Err(error) => {
            drop(std::fs::remove_file(&part));
            return Err(error);
        }
    };
    let backup = match backup {
        Ok(backup) => backup,
        Err(error) => {
            drop(std::fs::remove_file(&part));
            return Ok(refuse(&args.file, &error, terminal));
        }
    };
    std::fs::rename(&part, &args.file)?;
    let folder = std::path::absolute(&args.file)?;
    if let Some(folder) = folder.parent() {
        File::open(folder)?.sync_all()?;
    }
    let backup = Backup {
        path: args.file,
        ..backup
    };
    tell(&backup, "backup.done", args.format, terminal)
}

/// Where it is until it is whole.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    file.with_file_name(name)
}

/// A file for our own account alone: customers' words are in it.
async fn write(part: &Path, mut pieces: Pieces) -> anyhow::Result<()> {
    let name = || part.display().to_string();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(part).with_context(name)?;
    while let Some(piece) = pieces.next().await? {
        file.write_all(&piece).with_context(name)?;
    }
    file.sync_all().with_context(name)
}

fn tell(backup: &Backup, key: &str, format: Format, terminal: &Terminal) -> anyhow::Result<Ended> {
    if format == Format::Json {
        terminal.json(&serde_json::json!({
            "file": backup.path,
            "corp": backup.head.corp,
            "program": backup.head.program,
            "at": backup.head.at,
            "rows": backup.rows,
            "sha256": backup.sha256,
        }))?;
        return Ok(Ended::Good);
    }
    let values = [
        ("file", backup.path.display().to_string()),
        ("corp", backup.head.corp.to_string()),
        ("at", local(backup.head.at, &jiff::tz::TimeZone::system())),
        ("rows", backup.count().to_string()),
        ("sha256", backup.sha256.clone()),
    ];
    let values = values
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    terminal.say(key, &values);
    Ok(Ended::Good)
}

fn system(error: &std::io::Error, terminal: &Terminal) -> String {
    let number = error.raw_os_error().unwrap_or_default().to_string();
    terminal
        .lang
        .text(system_key(error), &[("number", &number)])
}

/// Says what is wrong with a backup.
pub(super) fn refuse(file: &Path, error: &BackupError, terminal: &Terminal) -> Ended {
    let file = file.display().to_string();
    let detail = match error {
        BackupError::Newer { found } => found.to_string(),
        BackupError::Foreign { found } => found.to_string(),
        BackupError::CutOff { line } | BackupError::Damaged { line } => line.to_string(),
        BackupError::Io(error) => system(error, terminal),
        BackupError::NotOne => String::new(),
        BackupError::Store(error) => error.to_string(),
    };
    let key = match error {
        BackupError::NotOne => "backup.not_one",
        BackupError::Newer { .. } => "backup.newer",
        BackupError::Foreign { .. } => "backup.foreign",
        BackupError::CutOff { .. } => "backup.cut_off",
        BackupError::Damaged { .. } => "backup.damaged",
        BackupError::Io(_) => "backup.unreadable",
        BackupError::Store(crate::store::StoreError::NotEmpty) => "backup.not_empty",
        BackupError::Store(_) => "backup.store",
    };
    terminal.warn(key, &[("file", &file), ("detail", &detail)]);
    Ended::FoundWrong
}
