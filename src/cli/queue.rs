//! `queue`: what waits, what failed, what nobody knows; and what to do about it.

use anyhow::bail;
use clap::Subcommand;

use super::access::{Access, local};
use super::by_state::{self, ListArgs, OneArgs};
use super::output::Terminal;
use super::{Ended, words};
use crate::app::{Reply, Request};
use crate::store::{ItemState, QueueDetail, QueueFilter, QueueItem};

/// What its texts are called.
const AREA: &str = "queue";
/// How wide the columns of the list are.
const WIDTHS: [usize; 7] = [10, 9, 19, 18, 31, 5, 0];

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: QueueVerb,
}

#[derive(Debug, Subcommand)]
enum QueueVerb {
    List(ListArgs<ItemState>),
    Show(OneArgs),
    Redrive(OneArgs),
    Discard(DiscardArgs),
}

#[derive(Debug, clap::Args)]
struct DiscardArgs {
    #[command(flatten)]
    item: OneArgs,
    #[arg(long)]
    reason: String,
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    match args.verb {
        QueueVerb::List(args) => list(args, terminal).await,
        QueueVerb::Show(args) => show(args, terminal).await,
        QueueVerb::Redrive(args) => {
            let item = by_state::id(&args.id, AREA, terminal)?;
            let key = "queue.redriven";
            change(&args, Request::Redrive(item), key, terminal).await
        }
        QueueVerb::Discard(args) => {
            let item = by_state::id(&args.item.id, AREA, terminal)?;
            let request = Request::Discard(item, args.reason);
            change(&args.item, request, "queue.discarded", terminal).await
        }
    }
}

async fn list(args: ListArgs<ItemState>, terminal: &Terminal) -> anyhow::Result<Ended> {
    let access = Access::open(&args.config, terminal).await?;
    let filter = QueueFilter {
        states: args.state,
        limit: args.limit,
    };
    let Reply::Items(items) = access.ask(Request::List(filter)).await? else {
        bail!("unexpected answer");
    };
    let zone = &access.config.timezone;
    by_state::list(&items, args.format, (AREA, &WIDTHS), terminal, |item| {
        line(item, zone, terminal);
    })
}

async fn show(args: OneArgs, terminal: &Terminal) -> anyhow::Result<Ended> {
    let item = by_state::id(&args.id, AREA, terminal)?;
    let access = Access::open(&args.config, terminal).await?;
    let Reply::Detail(detail) = access.ask(Request::Show(item)).await? else {
        bail!("unexpected answer");
    };
    let zone = &access.config.timezone;
    by_state::one(detail, &args, AREA, terminal, |detail| {
        print(detail, zone, terminal)
    })
}

async fn change(
    args: &OneArgs,
    request: Request,
    done: &str,
    terminal: &Terminal,
) -> anyhow::Result<Ended> {
    let access = Access::open(&args.config, terminal).await?;
    let Reply::Changed(changed) = access.ask(request).await? else {
        bail!("unexpected answer");
    };
    terminal.changed(args.format, changed, (done, "queue.not_changed"), &args.id)
}

fn line(item: &QueueItem, zone: &jiff::tz::TimeZone, terminal: &Terminal) {
    let state = state(item.state, terminal);
    let at = local(item.at, zone);
    let whom = item.whom.as_deref().unwrap_or("-");
    let reason = item.reason.as_deref().map(|reason| terminal.reason(reason));
    let reason = reason.unwrap_or_default();
    let id = item.id.to_string();
    let what = words::what(&item.what, terminal.lang);
    let tries = item.attempts.to_string();
    terminal.line(words::columns(
        &WIDTHS,
        &[&id, &state, &at, &what, whom, &tries, &reason],
    ));
}

fn print(
    detail: &QueueDetail,
    zone: &jiff::tz::TimeZone,
    terminal: &Terminal,
) -> anyhow::Result<()> {
    line(&detail.item, zone, terminal);
    if let Some(due) = detail.item.due {
        terminal.say("queue.due", &[("at", &local(due, zone))]);
    }
    if let Some(record) = &detail.record {
        terminal.say("queue.record", &[]);
        terminal.json(record)?;
    }
    if let Some(effect) = &detail.effect {
        terminal.say("queue.effect", &[]);
        terminal.json(effect)?;
    }
    if let Some(origin) = &detail.origin {
        let (record, rule) = (origin.record.to_string(), origin.rule.to_string());
        terminal.say("queue.origin", &[("record", &record), ("rule", &rule)]);
    }
    if let Some(trace) = &detail.trace {
        terminal.say("queue.trace", &[]);
        terminal.json(trace)?;
    }
    for effect in &detail.effects {
        line(effect, zone, terminal);
    }
    Ok(())
}

/// A state in the operator's words.
pub(super) fn state(state: ItemState, terminal: &Terminal) -> String {
    let word = serde_json::to_value(state).ok();
    let word = word
        .as_ref()
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default();
    terminal.lang.text(&format!("queue.state_{word}"), &[])
}
