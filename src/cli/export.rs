//! `export`: the company's data in lines that people and scripts read.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};

use super::access::Access;
use super::contacts::{Customer, customer};
use super::output::Terminal;
use super::{ConfigArg, Ended};
use crate::backup::export::Export;
use crate::store::ArchiveRow;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(long, value_name = "ID|NAME")]
    contact: Option<String>,
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    let access = Access::open(&args.config, terminal).await?;
    let only = match &args.contact {
        None => None,
        Some(who) => match customer(&access, who, terminal).await? {
            Customer::One(contact) => Some(contact.person),
            Customer::Unknown | Customer::Refused => return Ok(Ended::FoundWrong),
        },
    };
    let mut export = Export::new(access.config.timezone.clone(), only);
    let mut sink: Box<dyn std::io::Write> = match &args.output {
        None => Box::new(std::io::stdout().lock()),
        Some(file) => {
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600);
            Box::new(
                options
                    .open(file)
                    .with_context(|| file.display().to_string())?,
            )
        }
    };
    let mut pieces = access.backup().await?;
    let (mut rest, mut lines, mut whole) = (Vec::new(), 0_u64, false);
    while let Some(piece) = pieces.next().await? {
        rest.extend_from_slice(&piece);
        let end = rest
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let tail = rest.split_off(end);
        for line in rest
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            whole = line.starts_with(b"{\"end\":");
            // Head and end are no rows.
            let Ok(row) = serde_json::from_slice::<ArchiveRow>(line) else {
                continue;
            };
            if let Some(line) = export.line(&row) {
                serde_json::to_writer(&mut sink, &line)?;
                sink.write_all(b"\n")?;
                lines += 1;
            }
        }
        rest = tail;
    }
    if !whole {
        bail!(terminal.lang.text("export.cut_off", &[]));
    }
    sink.flush()?;
    if let (0, Some(who)) = (lines, &args.contact) {
        terminal.warn("contacts.unknown", &[("who", who)]);
        return Ok(Ended::FoundWrong);
    }
    if args.output.is_some() {
        terminal.say("export.done", &[("lines", &lines.to_string())]);
    }
    Ok(Ended::Good)
}
