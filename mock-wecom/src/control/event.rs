//! Events that no other control call causes: the whole list of the official pages.

use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ControlError, Pushed, report};
use crate::config::Kind;
use crate::push::{Event, Push};
use crate::server::Shared;
use crate::state::World;
use crate::switches::Sender;

/// An event of the official list, to every receiver that gets such events.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlatformEvent {
    /// `change_contact`, `customer_acquisition`, `kf_account_auth_change`, …
    pub event: String,
    /// `create_user`, `link_unavailable`, …, for events that have one.
    pub change_type: Option<String>,
    /// The acting member, for events that have one.
    pub userid: Option<String>,
    /// The app, for app events.
    pub agent_id: Option<i64>,
    /// The event's own XML elements.
    pub fields: Map<String, Value>,
}

/// Who an event is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum From {
    Sys,
    Member,
    Nobody,
    /// The pages do not say; a switch does.
    Open,
}

/// One row of the official lists.
#[derive(Debug)]
struct Known {
    event: &'static str,
    /// `*` stands for any, `-` for none.
    change_type: &'static str,
    kind: Kind,
    from: From,
    /// The elements it may carry.
    elements: &'static str,
}

/// Every event of the official lists. A line that cannot be read is left out, which a test sees.
static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| LIST.lines().filter_map(row).collect());

/// Event, change type, receivers, sender and elements, each after a tab.
const LIST: &str = include_str!("events.tsv");

fn row(line: &'static str) -> Option<Known> {
    let mut cells = line.split('\t');
    let mut cell = || cells.next();
    Some(Known {
        event: cell()?,
        change_type: cell()?,
        kind: serde_json::from_value(json!(cell()?)).ok()?,
        from: serde_json::from_value(json!(cell()?)).ok()?,
        elements: cell()?,
    })
}

/// The row of an event; `*` takes any change type.
fn known(request: &PlatformEvent) -> Result<&'static Known, ControlError> {
    let change = request.change_type.as_deref().unwrap_or("-");
    let fits = |row: &&Known| {
        row.event == request.event && (row.change_type == change || row.change_type == "*")
    };
    KNOWN
        .iter()
        .find(fits)
        .ok_or_else(|| ControlError::new(format!("there is no event {} {change}", request.event)))
}

/// What the row and the switches demand of the elements.
fn check(world: &World, row: &Known, fields: &Map<String, Value>) -> Result<(), ControlError> {
    for name in fields.keys() {
        if !row.elements.split_whitespace().any(|known| known == name) {
            return Err(ControlError::new(format!(
                "{} has no element {name}; it has {}",
                row.event, row.elements
            )));
        }
    }
    let switches = &world.switches;
    if let Some(job) = fields.get("BatchJob").map(|job| &job["JobType"])
        && !switches.export_job_types.iter().any(|known| job == known)
    {
        return Err(ControlError::new(format!("there is no job type {job}")));
    }
    if row.event == "living_status_change"
        && let Some(status) = fields.get("Status").and_then(Value::as_i64)
        && !switches.living_statuses.contains(&status)
    {
        return Err(ControlError::new(format!("there is no status {status}")));
    }
    Ok(())
}

pub(crate) async fn send(
    shared: &Arc<Shared>,
    request: PlatformEvent,
) -> Result<Pushed, ControlError> {
    let now = shared.clock.now();
    let row = known(&request)?;
    let pushes = {
        let world = shared.world();
        check(&world, row, &request.fields)?;
        let member = || {
            let userid = request.userid.as_deref();
            userid.ok_or_else(|| ControlError::new("userid is missing"))
        };
        let from = match row.from {
            From::Sys => Some("sys"),
            From::Nobody => None,
            From::Member => Some(member()?),
            From::Open if world.switches.calendar_event_from == Sender::Sys => Some("sys"),
            From::Open => Some(member()?),
        };
        let head = Event {
            corp_id: &world.corp_id,
            from,
            now,
            name: row.event,
        };
        let body = |agent_id: Option<i64>| {
            let mut body = head.open();
            if let Some(change) = &request.change_type {
                body = body.text("ChangeType", change);
            }
            body = body.json(&request.fields);
            match agent_id {
                Some(id) if !request.fields.contains_key("AgentID") => {
                    body.number("AgentID", id).end()
                }
                _ => body.end(),
            }
        };
        let receivers = world.receivers_of(row.kind, request.agent_id);
        let push = |receiver: crate::config::ReceiverSpec| {
            let agent_id = request.agent_id.or(receiver.agent_id);
            let agent_id = agent_id.filter(|_| row.kind == Kind::App);
            let plain = body(agent_id);
            let mut push = Push::new(receiver, plain);
            push.agent_id = agent_id.or(push.agent_id);
            push
        };
        receivers.into_iter().map(push).collect()
    };
    Ok(report(shared, pushes, json!({})).await)
}

/// The list as a Markdown table, for the README.
pub(crate) fn markdown() -> String {
    let mut out =
        String::from("| event | change type | receivers | elements |\n|---|---|---|---|\n");
    for row in KNOWN.iter() {
        let kind = serde_json::to_value(row.kind).unwrap_or_default();
        let line = format!(
            "| `{}` | {} | {} | {} |\n",
            row.event,
            row.change_type.replace('*', "any").replace('-', ""),
            kind.as_str().unwrap_or_default(),
            row.elements,
        );
        out.push_str(&line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, LIST};

    #[test]
    fn every_line_of_the_list_is_read() {
        // The first line names the columns.
        assert_eq!(KNOWN.len(), LIST.lines().count() - 1);
        assert!(KNOWN.iter().any(|row| row.event == "kf_msg_or_event"));
    }
}
