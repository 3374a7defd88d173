//! `audit`: what operators did.

use anyhow::bail;

use super::access::{Access, local};
use super::output::Terminal;
use super::{ConfigArg, Ended, Format, since, words};
use crate::app::{Reply, Request};
use crate::domain::clock::{Clock as _, SystemClock};
use crate::store::{AuditEntry, AuditQuery};

/// So many are asked for at once.
const PAGE: usize = 500;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(long, value_name = "TIME", default_value = "30d")]
    since: String,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    let access = Access::open(&args.config, terminal).await?;
    let zone = &access.config.timezone;
    let mut query = AuditQuery {
        since: since::past(&args.since, SystemClock.now(), zone, terminal)?,
        after: 0,
        limit: PAGE,
    };
    let mut entries: Vec<AuditEntry> = Vec::new();
    loop {
        let Reply::Deeds(page) = access.ask(Request::Deeds(query)).await? else {
            bail!("unexpected answer");
        };
        let Some(last) = page.last() else { break };
        query.after = last.id;
        entries.extend(page);
    }
    if args.format == Format::Json {
        terminal.json(&entries)?;
        return Ok(Ended::Good);
    }
    if entries.is_empty() {
        terminal.say("audit.empty", &[]);
    }
    for entry in &entries {
        let (at, deed) = (local(entry.at, zone), &entry.deed);
        let (who, what) = (words::padded(&deed.who, 16), words::padded(&deed.what, 44));
        let result = terminal.reason(&deed.result);
        terminal.line(format!("{at}  {who}  {what}  {result}").trim_end());
    }
    Ok(Ended::Good)
}
