//! What operators are told about a broadcast that came to an end which nobody wanted.

use crate::config::Config;
use crate::domain::clock::UnixMillis;
use crate::domain::ids::UserId;
use crate::store::{Broadcast, BroadcastState, NewRecord, alert_record};

/// So many members are named.
const NAMED: usize = 10;

/// The record that tells them, to be stored together with the end; none if it is an end that
/// somebody wanted, or if nobody is to be told.
pub(super) fn records(config: &Config, broadcast: &Broadcast, now: UnixMillis) -> Vec<NewRecord> {
    let key = match broadcast.state {
        BroadcastState::Expired => "alert.broadcast_expired",
        BroadcastState::Failed => "alert.broadcast_failed",
        BroadcastState::Unknown => "alert.broadcast_unknown",
        _ => return Vec::new(),
    };
    let Some(alerts) = &config.alerts else {
        return Vec::new();
    };
    let members: Vec<&str> = broadcast.unconfirmed().map(UserId::as_str).collect();
    let mut named = members[..members.len().min(NAMED)].join(", ");
    if members.len() > NAMED {
        named.push_str(" …");
    }
    let why = broadcast.why.as_deref().unwrap_or_default();
    let values = [
        ("id", broadcast.id.to_string()),
        ("rule", broadcast.head.rule.to_string()),
        ("count", broadcast.open().to_string()),
        ("members", named),
        ("why", alerts.lang.retell(why)),
    ];
    let values = values.each_ref().map(|(name, text)| (*name, text.as_str()));
    let text = alerts.lang.text(key, &values);
    // The revision tells a second failure, after a redrive, from the first.
    let name = format!("broadcast/{}/{}", broadcast.id, broadcast.revision);
    alert_record(config, &name, text, now).into_iter().collect()
}
