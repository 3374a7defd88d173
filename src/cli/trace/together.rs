//! What a decision sends together with others: the mass-send tasks, and how far they are.

use std::time::Duration;

use anyhow::bail;

use super::{excerpt, stored};
use crate::app::{Reply, Request};
use crate::cli::access::Access;
use crate::cli::output::Terminal;
use crate::cli::{broadcasts, words};
use crate::domain::clock::UnixMillis;
use crate::domain::effect::Effect;
use crate::domain::ids::{BroadcastId, RecordId};
use crate::store::{Broadcast, BroadcastQuery, BroadcastTarget, PastRecord};

/// A task is looked for among so many of the newest.
const MOST: usize = 500;
/// So many of those that say the same are looked into.
const MOST_ALIKE: usize = 20;
/// Decisions that are made at the same time are stored in any order.
const AT_ONCE: Duration = Duration::from_secs(60);

/// The decision that began a broadcast; none if there is no such broadcast.
pub(super) async fn began(access: &Access, id: BroadcastId) -> anyhow::Result<Option<RecordId>> {
    let Reply::Broadcast(detail) = access.ask(Request::Broadcast(id)).await? else {
        bail!("unexpected answer");
    };
    Ok(detail.map(|detail| detail.broadcast.head.record))
}

/// A line for each of them.
pub(super) async fn lines(
    access: &Access,
    record: &PastRecord,
    terminal: &Terminal,
) -> anyhow::Result<Vec<String>> {
    let trace = stored(record);
    if trace.broadcasts.is_empty() {
        return Ok(Vec::new());
    }
    let query = BroadcastQuery {
        limit: MOST,
        ..BroadcastQuery::default()
    };
    let Reply::Broadcasts(known) = access.ask(Request::Broadcasts(query)).await? else {
        bail!("unexpected answer");
    };
    let decided = trace
        .sop
        .as_ref()
        .map_or(record.received_at, |line| line.actual);
    let mut told: Vec<BroadcastId> = Vec::new();
    let mut lines = Vec::with_capacity(trace.broadcasts.len());
    for wanted in &trace.broadcasts {
        let alike = alike(&known, wanted, record.id, decided);
        let alike = alike.into_iter().filter(|one| !told.contains(&one.id));
        let alike: Vec<&Broadcast> = alike.take(MOST_ALIKE).collect();
        let (found, line) = line(access, &alike, record, wanted, terminal).await?;
        told.extend(found);
        lines.push(line);
    }
    Ok(lines)
}

/// Those that say what was wanted: the one that this decision began, then others that had
/// begun by then, the newest first.
fn alike<'b>(
    known: &'b [Broadcast],
    wanted: &Effect,
    record: RecordId,
    decided: UnixMillis,
) -> Vec<&'b Broadcast> {
    let Effect::MassSend { app, messages, .. } = wanted else {
        return Vec::new();
    };
    let is_own = |one: &Broadcast| one.head.record == record;
    let alike = known.iter().filter(|one| {
        let says_it = one.head.app == *app && one.head.messages == *messages;
        says_it && (is_own(one) || one.opened_at <= decided.after(AT_ONCE))
    });
    let mut alike: Vec<&Broadcast> = alike.collect();
    alike.sort_by_key(|one| (!is_own(one), std::cmp::Reverse(one.opened_at)));
    alike
}

/// The first of them that this decision began or whose target it concerns.
async fn line(
    access: &Access,
    alike: &[&Broadcast],
    record: &PastRecord,
    wanted: &Effect,
    terminal: &Terminal,
) -> anyhow::Result<(Option<BroadcastId>, String)> {
    for one in alike {
        let Reply::Broadcast(detail) = access.ask(Request::Broadcast(one.id)).await? else {
            bail!("unexpected answer");
        };
        let targets = detail.map(|detail| detail.targets).unwrap_or_default();
        let mut targets = targets.iter();
        let target = targets.find(|target| record.inbound.person.as_ref() == Some(&target.person));
        if target.is_some() || one.head.record == record.id {
            return Ok((Some(one.id), known_line(one, target, terminal)));
        }
    }
    // Older than those that are looked among, or not kept any more.
    let what = words::what(wanted.word(), terminal.lang);
    let content = excerpt(&words::content(wanted, terminal.lang));
    let values = [("what", &*what), ("content", &*content)];
    Ok((None, terminal.lang.text("trace.together", &values)))
}

/// A broadcast, the effect that makes its task, and what became of one target.
fn known_line(
    broadcast: &Broadcast,
    target: Option<&BroadcastTarget>,
    terminal: &Terminal,
) -> String {
    let state = broadcasts::state(broadcast.state, *terminal);
    let messages = broadcast.head.messages.iter();
    let content: Vec<String> = messages
        .map(|message| words::written(message, terminal.lang))
        .collect();
    let mut parts = vec![
        broadcast.id.to_string(),
        state,
        excerpt(&content.join("\n")),
    ];
    parts.extend(broadcast.effect.map(|effect| effect.to_string()));
    if let Some(target) = target {
        let state = broadcasts::word(target.delivery, *terminal);
        let values = [("who", target.person.id()), ("state", &*state)];
        parts.push(terminal.lang.text("trace.target", &values));
    }
    let why = target.and_then(|target| target.why.as_deref());
    if let Some(why) = broadcast.why.as_deref().or(why) {
        parts.push(format!("({})", terminal.reason(why)));
    }
    parts.join("  ")
}
