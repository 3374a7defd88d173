//! What `sop cancel` leaves with members.

use anyhow::bail;

use crate::app::{Reply, Request};
use crate::cli::Format;
use crate::cli::access::Access;
use crate::cli::output::Terminal;
use crate::sops::Sop;
use crate::store::{BroadcastQuery, BroadcastState};

/// What WeCom has already, members can still confirm: that is taken back one by one.
pub(super) async fn told(
    access: &Access,
    sop: &Sop,
    terminal: &Terminal,
    format: Format,
) -> anyhow::Result<()> {
    if format == Format::Json {
        return Ok(());
    }
    let query = BroadcastQuery {
        states: vec![BroadcastState::Created],
        before: None,
        limit: usize::MAX,
    };
    let Reply::Broadcasts(open) = access.ask(Request::Broadcasts(query)).await? else {
        bail!("unexpected answer");
    };
    let origin = sop.id.origin();
    let ours = open.iter().filter(|one| one.head.rule == origin);
    let ids: Vec<String> = ours.map(|one| one.id.to_string()).collect();
    if !ids.is_empty() {
        let (count, ids) = (ids.len().to_string(), ids.join(" "));
        let values = [("count", count.as_str()), ("ids", ids.as_str())];
        terminal.say("sops.cancel_leaves_tasks", &values);
    }
    Ok(())
}
