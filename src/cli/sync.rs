//! `sync`: how far contacts are in step with WeCom, and reading them again now.

use anyhow::bail;

use super::access::{Access, local};
use super::output::Terminal;
use super::{ConfigArg, Ended, Format};
use crate::app::{Reply, Request};
use crate::receive::sync_contacts::{Counts, SyncStatus};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[arg(long)]
    full: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    let access = Access::open(&args.config, terminal).await?;
    let Reply::Sync(status) = access.ask(Request::Sync { full: args.full }).await? else {
        bail!("unexpected answer");
    };
    if args.format == Format::Json {
        terminal.json(&status)?;
    } else {
        tell(&status, &access.config.timezone, terminal);
    }
    let wrong =
        status.problem.is_some() || status.last.is_some_and(|last| !last.problems.is_empty());
    Ok(if wrong {
        Ended::FoundWrong
    } else {
        Ended::Good
    })
}

fn tell(status: &SyncStatus, zone: &jiff::tz::TimeZone, terminal: &Terminal) {
    if status.wished {
        terminal.say("sync.wished", &[]);
    }
    if let Some(problem) = &status.problem {
        terminal.say("sync.problem", &[("reason", &terminal.reason(problem))]);
    }
    if let Some(run) = &status.running {
        let phase = terminal
            .lang
            .text(&format!("sync.phase_{}", run.phase.word()), &[]);
        let (done, all) = (run.members_done.to_string(), run.members.to_string());
        let began = local(run.began_at, zone);
        let values = [
            ("at", began.as_str()),
            ("phase", &phase),
            ("done", &done),
            ("all", &all),
        ];
        terminal.say("sync.running", &values);
        counts(run.counts, terminal);
    }
    match &status.last {
        Some(last) => {
            let (began, ended) = (local(last.began_at, zone), local(last.ended_at, zone));
            terminal.say("sync.last", &[("began", &began), ("ended", &ended)]);
            counts(last.counts, terminal);
            for problem in &last.problems {
                let phase = format!("sync.phase_{}", problem.phase.word());
                let phase = terminal.lang.text(&phase, &[]);
                let reason = terminal.reason(&problem.reason);
                terminal.line(format!("  ! {phase}: {reason}"));
            }
        }
        None if status.running.is_none() => terminal.say("sync.never", &[]),
        None => {}
    }
}

fn counts(counts: Counts, terminal: &Terminal) {
    let texts = [counts.relations, counts.groups, counts.lost].map(|count| count.to_string());
    let values = [
        ("relations", texts[0].as_str()),
        ("groups", &texts[1]),
        ("lost", &texts[2]),
    ];
    terminal.say("sync.counts", &values);
}
