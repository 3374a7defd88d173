//! `broadcasts`: the mass-send tasks, how far each has got, and taking one back.

use anyhow::bail;
use clap::Subcommand;

use super::access::{Access, local};
use super::by_state::{self, ListArgs, OneArgs};
use super::output::Terminal;
use super::{Ended, words};
use crate::app::{BroadcastDetail, Reply, Request};
use crate::store::{Broadcast, BroadcastQuery, BroadcastState, Delivery};

/// What its texts are called.
const AREA: &str = "broadcasts";
/// How wide the columns of the list are.
const WIDTHS: [usize; 7] = [8, 9, 19, 14, 11, 24, 0];

/// Targets that were not reached, as far as they are listed for people.
const MOST_LISTED: usize = 30;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: BroadcastsVerb,
}

#[derive(Debug, Subcommand)]
enum BroadcastsVerb {
    List(ListArgs<BroadcastState>),
    Show(OneArgs),
    Cancel(OneArgs),
}

pub(super) async fn run(args: Args, terminal: &Terminal) -> anyhow::Result<Ended> {
    match args.verb {
        BroadcastsVerb::List(args) => list(args, terminal).await,
        BroadcastsVerb::Show(args) => show(args, terminal).await,
        BroadcastsVerb::Cancel(args) => cancel(args, terminal).await,
    }
}

async fn list(args: ListArgs<BroadcastState>, terminal: &Terminal) -> anyhow::Result<Ended> {
    let access = Access::open(&args.config, terminal).await?;
    let query = BroadcastQuery {
        states: args.state,
        before: None,
        limit: args.limit,
    };
    let Reply::Broadcasts(broadcasts) = access.ask(Request::Broadcasts(query)).await? else {
        bail!("unexpected answer");
    };
    let zone = &access.config.timezone;
    by_state::list(
        &broadcasts,
        args.format,
        (AREA, &WIDTHS),
        terminal,
        |broadcast| line(broadcast, zone, *terminal),
    )
}

async fn show(args: OneArgs, terminal: &Terminal) -> anyhow::Result<Ended> {
    let id = by_state::id(&args.id, AREA, terminal)?;
    let access = Access::open(&args.config, terminal).await?;
    let Reply::Broadcast(detail) = access.ask(Request::Broadcast(id)).await? else {
        bail!("unexpected answer");
    };
    let zone = &access.config.timezone;
    by_state::one(detail, &args, AREA, terminal, |detail| {
        print(detail, zone, *terminal);
        Ok(())
    })
}

async fn cancel(args: OneArgs, terminal: &Terminal) -> anyhow::Result<Ended> {
    let id = by_state::id(&args.id, AREA, terminal)?;
    let access = Access::open(&args.config, terminal).await?;
    let Reply::Changed(changed) = access.ask(Request::CancelBroadcast(id)).await? else {
        bail!("unexpected answer");
    };
    let keys = ("broadcasts.cancelled", "broadcasts.not_cancelled");
    terminal.changed(args.format, changed, keys, &args.id)
}

fn line(broadcast: &Broadcast, zone: &jiff::tz::TimeZone, terminal: Terminal) {
    let sender = broadcast.head.sender.as_ref();
    let reached = broadcast.counts.get(&Delivery::Delivered);
    let reached = format!("{}/{}", reached.copied().unwrap_or(0), broadcast.size());
    terminal.line(words::columns(
        &WIDTHS,
        &[
            &broadcast.id.to_string(),
            &state(broadcast.state, terminal),
            &local(broadcast.opened_at, zone),
            sender.map_or("-", |sender| sender.as_str()),
            &reached,
            broadcast.head.rule.as_str(),
            &reason(broadcast.why.as_deref(), terminal),
        ],
    ));
}

fn print(detail: &BroadcastDetail, zone: &jiff::tz::TimeZone, terminal: Terminal) {
    let broadcast = &detail.broadcast;
    line(broadcast, zone, terminal);
    for message in &broadcast.head.messages {
        let text = words::written(message, terminal.lang).replace('\n', "\n    ");
        terminal.line(format!("    {text}"));
    }
    if let Some(task) = &broadcast.task {
        terminal.say("broadcasts.task", &[("task", task)]);
    }
    if let Some(effect) = broadcast.effect {
        terminal.say("broadcasts.effect", &[("id", &effect.to_string())]);
    }
    if let Some(due) = broadcast.due {
        terminal.say("broadcasts.due", &[("at", &local(due, zone))]);
    }
    for (delivery, count) in &broadcast.counts {
        let word = word(*delivery, terminal);
        terminal.line(format!("  {word}  {count}"));
    }
    for member in &broadcast.members {
        let name = member.userid.as_str();
        match member.sent_at {
            Some(at) => {
                let at = local(at, zone);
                terminal.say("broadcasts.confirmed", &[("member", name), ("at", &at)]);
            }
            None => terminal.say("broadcasts.unconfirmed", &[("member", name)]),
        }
    }
    for at in &broadcast.reminded {
        terminal.say("broadcasts.reminded", &[("at", &local(*at, zone))]);
    }
    let missed = detail
        .targets
        .iter()
        .filter(|target| target.delivery != Delivery::Delivered);
    for target in missed.clone().take(MOST_LISTED) {
        let word = words::padded(&word(target.delivery, terminal), 10);
        let why = reason(target.why.as_deref(), terminal);
        terminal.line(format!("  {word}  {}  {why}", target.person.id()).trim_end());
    }
    let more = missed.count().saturating_sub(MOST_LISTED);
    if more > 0 {
        terminal.say("broadcasts.more", &[("count", &more.to_string())]);
    }
}

/// How far a task has got, in the operator's words.
pub(super) fn state(state: BroadcastState, terminal: Terminal) -> String {
    let key = format!("broadcasts.state_{}", state.word());
    terminal.lang.text(&key, &[])
}

/// How far a message has got, in the operator's words.
pub(super) fn word(delivery: Delivery, terminal: Terminal) -> String {
    let key = format!("broadcasts.delivery_{}", delivery.word());
    terminal.lang.text(&key, &[])
}

fn reason(why: Option<&str>, terminal: Terminal) -> String {
    why.map(|why| terminal.reason(why)).unwrap_or_default()
}
