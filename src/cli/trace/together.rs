//! What a decision sends together with others: the mass-send tasks, and how far they are.

use anyhow::bail;

use super::{excerpt, stored};
use crate::app::{Reply, Request};
use crate::cli::access::Access;
use crate::cli::output::Terminal;
use crate::cli::{broadcasts, words};
use crate::store::{Broadcast, BroadcastQuery, PastRecord};

/// A task is looked for among so many of the newest.
const MOST: usize = 500;

/// A line for each of them.
pub(super) async fn lines(
    access: &Access,
    record: &PastRecord,
    terminal: &Terminal,
) -> anyhow::Result<Vec<String>> {
    let wanted = stored(record).broadcasts;
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let query = BroadcastQuery {
        limit: MOST,
        ..BroadcastQuery::default()
    };
    let Reply::Broadcasts(known) = access.ask(Request::Broadcasts(query)).await? else {
        bail!("unexpected answer");
    };
    let own = known.iter().filter(|one| one.head.record == record.id);
    let own: Vec<String> = own.map(|one| known_line(one, terminal)).collect();
    if !own.is_empty() {
        return Ok(own);
    }
    // Somebody else's decision began the task that they joined.
    let each = wanted.iter().map(|effect| {
        let what = words::what(effect.word(), terminal.lang);
        let content = excerpt(&words::content(effect, terminal.lang));
        let values = [("what", &*what), ("content", &*content)];
        terminal.lang.text("trace.together", &values)
    });
    Ok(each.collect())
}

fn known_line(broadcast: &Broadcast, terminal: &Terminal) -> String {
    let state = broadcasts::state(broadcast.state, *terminal);
    let messages = broadcast.head.messages.iter();
    let content: Vec<String> = messages
        .map(|message| words::written(message, terminal.lang))
        .collect();
    let line = format!(
        "{}  {state}  {}",
        broadcast.id,
        excerpt(&content.join("\n"))
    );
    match broadcast.why.as_deref() {
        Some(why) => format!("{line}  ({})", terminal.reason(why)),
        None => line,
    }
}
